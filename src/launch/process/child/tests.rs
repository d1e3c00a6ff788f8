use std::convert::Infallible;
use std::os::unix::process::ExitStatusExt;
use std::time::Instant;

use super::*;
use crate::launch::process::signals::Signals;
use crate::launch::process::spawn::{JobCommand, Spawner};
use crate::launch::process::spawning_child::SpawningChild;

#[derive(Default)]
pub struct CapturedOutput {
    pub stdout: String,
    pub stderr: String,
}

impl Sink for CapturedOutput {
    type Fault = Infallible;
    fn stdout(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.stdout += &String::from_utf8_lossy(bytes);
        Ok(())
    }
    fn stderr(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.stderr += &String::from_utf8_lossy(bytes);
        Ok(())
    }
}

pub const UNLIMITED: Patience<'_> = Patience { abandoned: None, until: None };

fn spawned(script: &str) -> Child {
    let command = JobCommand {
        program: "/bin/sh".into(),
        name: "sh".into(),
        args: vec!["-c".into(), script.into()],
        env: vec![("GREETING".into(), "hello".into())],
    };
    let spawner = Spawner::new(&Signals::catch().unwrap()).unwrap();
    spawner.spawn(&command, &SpawningChild::default()).unwrap()
}

fn run(script: &str) -> (CapturedOutput, Reaped) {
    let (mut child, mut heard) = (spawned(script), CapturedOutput::default());
    let Ok(()) = child.follow(&mut heard, &mut [0; 4096], UNLIMITED);
    (heard, child.reap().unwrap())
}

#[test]
fn both_streams_the_environment_and_the_exit_code_come_through() {
    let (CapturedOutput { stdout: out, stderr: err }, reaped) = run("echo $GREETING; echo oh >&2; cat; exit 3");
    assert_eq!((out.as_str(), err.as_str(), reaped.status.code()), ("hello\n", "oh\n", Some(3)));
}

#[test]
fn a_child_is_waited_for_no_longer_than_there_is_patience() {
    let mut buffer = [0; 4096];
    let late = Patience { until: Some(Instant::now() + Duration::from_millis(10)), ..UNLIMITED };
    let (reader, writer) = io::pipe().unwrap();
    drop(writer);
    let abandoned = Patience { abandoned: Some(reader.as_fd()), ..UNLIMITED };
    for patience in [late, abandoned] {
        let (mut child, mut heard) = (spawned("echo up; sleep 600"), CapturedOutput::default());
        let Ok(()) = child.follow(&mut heard, &mut buffer, patience);
        assert!(!child.ends_within(Duration::ZERO));
        assert_eq!(child.reap().unwrap().status.signal(), Some(9));
    }
}

#[test]
fn a_grandchild_that_holds_stdout_open_is_not_waited_for() {
    let begun = Instant::now();
    let (CapturedOutput { stdout: out, .. }, reaped) = run("sleep 600 & setsid sleep 600 & echo $!; echo done");
    assert!(begun.elapsed() < Duration::from_secs(300));
    assert!(out.ends_with("done\n") && reaped.status.success());
    let stray = out.lines().next().unwrap().parse().ok().and_then(Pid::new).unwrap();
    crate::launch::process::syscalls::signal_group(stray, Signal::Kill);
}

#[test]
fn what_a_killed_child_said_last_is_heard() {
    let (CapturedOutput { stdout: out, .. }, reaped) = run("echo last; kill -9 $$");
    assert_eq!((out.as_str(), reaped.status.signal()), ("last\n", Some(9)));
}

#[test]
fn the_rest_of_the_group_goes_with_its_leader() {
    let (CapturedOutput { stdout: out, .. }, _) = run("sleep 600 > /dev/null 2>&1 & echo $!");
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", out.trim()));
    // Reaped by whoever adopts it; until then a zombie at most.
    let gone = |stat: String| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']));
    while !state().map_or(true, gone) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

use std::convert::Infallible;
use std::os::unix::process::ExitStatusExt;
use std::time::Instant;

use super::*;
use crate::launch::process::signals::Signals;
use crate::launch::process::spawn::{JobCommand, Spawner};
use crate::launch::process::spawning_child::SpawningChild;

#[derive(Default)]
pub struct TextOutput {
    pub stdout: String,
    pub stderr: String,
}

impl OutputSink for TextOutput {
    type Error = Infallible;
    fn stdout(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.stdout += &String::from_utf8_lossy(bytes);
        Ok(())
    }
    fn stderr(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.stderr += &String::from_utf8_lossy(bytes);
        Ok(())
    }
}

pub const UNLIMITED: WaitLimit<'_> = WaitLimit { abandoned: None, deadline: None };

fn spawned(script: &str) -> Child {
    let command = JobCommand {
        program: "/bin/sh".into(),
        name: "sh".into(),
        args: vec!["-c".into(), script.into()],
        env: vec![("GREETING".into(), "hello".into())],
        unset: vec![],
        directory: None,
    };
    let spawner = Spawner::new(&Signals::catch().unwrap()).unwrap();
    spawner.spawn(&command, &SpawningChild::default()).unwrap()
}

fn run(script: &str) -> (TextOutput, Reaped) {
    let (mut child, mut output) = (spawned(script), TextOutput::default());
    let Ok(()) = child.follow(&mut output, &mut [0; 4096], UNLIMITED);
    (output, child.reap().unwrap())
}

#[test]
fn both_streams_the_environment_and_the_exit_code_come_through() {
    let (TextOutput { stdout: out, stderr: err }, reaped) = run("echo $GREETING; echo oh >&2; cat; exit 3");
    assert_eq!((out.as_str(), err.as_str(), reaped.status.code()), ("hello\n", "oh\n", Some(3)));
}

#[test]
fn a_wait_ends_at_its_limit() {
    let mut buffer = [0; 4096];
    let late = WaitLimit { deadline: Some(Instant::now() + Duration::from_millis(10)), ..UNLIMITED };
    let (reader, writer) = io::pipe().unwrap();
    drop(writer);
    let abandoned = WaitLimit { abandoned: Some(reader.as_fd()), ..UNLIMITED };
    for limit in [late, abandoned] {
        let (mut child, mut output) = (spawned("echo up; sleep 600"), TextOutput::default());
        let Ok(()) = child.follow(&mut output, &mut buffer, limit);
        assert!(!child.ends_within(Duration::ZERO));
        assert_eq!(child.reap().unwrap().status.signal(), Some(9));
    }
}

#[test]
fn a_grandchild_that_holds_stdout_open_is_not_waited_for() {
    let start = Instant::now();
    let (TextOutput { stdout: out, .. }, reaped) = run("sleep 600 & setsid sleep 600 & echo $!; echo done");
    assert!(start.elapsed() < Duration::from_secs(300));
    assert!(out.ends_with("done\n") && reaped.status.success());
    let leftover = out.lines().next().unwrap().parse().ok().and_then(Pid::new).unwrap();
    crate::launch::process::syscalls::signal_group(leftover, Signal::Kill);
}

#[test]
fn the_last_output_of_a_killed_child_is_read() {
    let (TextOutput { stdout: out, .. }, reaped) = run("echo last; kill -9 $$");
    assert_eq!((out.as_str(), reaped.status.signal()), ("last\n", Some(9)));
}

#[test]
fn the_rest_of_the_group_is_killed_with_its_leader() {
    let (TextOutput { stdout: out, .. }, _) = run("sleep 600 > /dev/null 2>&1 & echo $!");
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", out.trim()));
    // A zombie until the process that adopted it reaps it.
    let gone = |stat: String| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']));
    while !state().map_or(true, gone) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

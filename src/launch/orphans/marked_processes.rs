//! Ends processes that are found by a mark in their environment, wherever they went: another process group or session hides none.
//!
//! A process is held by a pidfd before its environment is looked at, and signalled through it, so that no process is hit that was
//! given the number of another one. Neither this process nor one of its ancestors is ever signalled.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::mark::Mark;
use super::process_table::ProcessTable;
use crate::launch::process::pidfd::{self, ends_within, signal_group_of, signal_pidfd};
use crate::launch::process::syscalls::{Pid, Signal};

/// Between SIGTERM and SIGKILL.
const PATIENCE: Duration = Duration::from_secs(1);
/// For how long SIGKILL is repeated where processes are started faster than they are found.
const INSISTENCE: Duration = Duration::from_secs(5);
/// Longest time of all.
const LIMIT: Duration = Duration::from_secs(10);
/// How often to look.
const PAUSE: Duration = Duration::from_millis(50);

/// A process that stays the same one while this lives, whatever becomes of its number.
#[derive(Debug)]
pub struct HeldProcess {
    /// Its number; possibly another process's once it has been reaped.
    pub pid: Pid,
    pidfd: OwnedFd,
}

impl HeldProcess {
    /// Holds the process `pid` if `is_wanted` says so once it is held.
    pub fn open(pid: Pid, is_wanted: impl FnOnce(Pid) -> bool) -> Option<HeldProcess> {
        let pidfd = pidfd::pidfd(pid).ok()?;
        is_wanted(pid).then_some(HeldProcess { pid, pidfd })
    }

    fn signal(&self, signal: Signal) {
        signal_pidfd(self.pidfd.as_fd(), signal);
    }

    fn has_ended(&self) -> bool {
        ends_within(self.pidfd.as_fd(), Duration::ZERO)
    }
}

/// Which session the processes belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SearchScope {
    /// Those of this session. No process outside of it has its mark.
    CurrentSession,
    /// Those of an earlier session. A process that was started by us, or by an ancestor of ours that has the mark itself, may have
    /// inherited it from there, and is left alone.
    EarlierSession,
}

/// What is looked for, and what is left alone.
#[derive(Debug)]
pub struct MarkedProcesses {
    table: ProcessTable,
    marks: Vec<Mark>,
    /// This process and its ancestors.
    lineage: Vec<Pid>,
    /// Their descendants are left alone too.
    spared: Vec<Pid>,
}

impl MarkedProcesses {
    /// Looks for processes with one of `marks`.
    pub fn new(marks: Vec<Mark>, whose: SearchScope) -> MarkedProcesses {
        let own = i32::try_from(std::process::id()).ok().and_then(Pid::new);
        MarkedProcesses::from(ProcessTable::default(), own, marks, whose)
    }

    fn from(table: ProcessTable, own: Option<Pid>, marks: Vec<Mark>, whose: SearchScope) -> MarkedProcesses {
        let lineage: Vec<Pid> = own.into_iter().chain(own.into_iter().flat_map(|own| table.ancestors(own))).collect();
        let mut sweep = MarkedProcesses { table, marks, lineage, spared: Vec::new() };
        if whose == SearchScope::EarlierSession {
            let is_spared = |pid: &&Pid| Some(**pid) == own || sweep.is_marked(**pid);
            sweep.spared = sweep.lineage.iter().filter(is_spared).copied().collect();
        }
        sweep
    }

    /// Ends what is found: SIGTERM, after a second SIGKILL until nothing is left, for six seconds at most. How many processes
    /// there were.
    pub fn end(self) -> usize {
        self.end_with(Vec::new(), Vec::new())
    }

    /// Ends in the same way the process groups of `leaders`, and `others`, which need not be marked.
    pub fn end_with(self, leaders: Vec<HeldProcess>, others: Vec<HeldProcess>) -> usize {
        within_limit(move || self.sweep(&leaders, others)).unwrap_or(0)
    }

    fn sweep(&self, leaders: &[HeldProcess], others: Vec<HeldProcess>) -> usize {
        let (mut held, mut found) = (others, 0);
        let mut signal = Signal::Terminate;
        let begun = Instant::now();
        signal_groups(leaders, signal);
        held.iter().for_each(|process| process.signal(signal));
        loop {
            let new = self.find(&held);
            found += new.len();
            new.iter().for_each(|process| process.signal(signal));
            held.extend(new);
            held.retain(|process| !process.has_ended());
            if held.is_empty() || begun.elapsed() >= PATIENCE + INSISTENCE {
                break;
            }
            sleep(PAUSE);
            if begun.elapsed() >= PATIENCE {
                if signal == Signal::Terminate {
                    signal_groups(leaders, Signal::Kill);
                }
                signal = Signal::Kill;
                held.iter().for_each(|process| process.signal(signal));
            }
        }
        signal_groups(leaders, Signal::Kill);
        found
    }

    /// Marked processes that are not held yet.
    fn find(&self, held: &[HeldProcess]) -> Vec<HeldProcess> {
        let is_held = |pid: &Pid| held.iter().any(|process| process.pid == *pid);
        let new = self.select().into_iter().filter(|pid| !is_held(pid));
        new.filter_map(|pid| HeldProcess::open(pid, |pid| self.is_wanted(pid))).collect()
    }

    /// All that is to be ended now.
    fn select(&self) -> Vec<Pid> {
        self.table.pids().into_iter().filter(|pid| self.is_wanted(*pid)).collect()
    }

    fn is_wanted(&self, pid: Pid) -> bool {
        self.is_marked(pid) && !self.is_left_alone(pid)
    }

    fn is_marked(&self, pid: Pid) -> bool {
        let environment = self.table.environment(pid);
        environment.is_some_and(|environment| self.marks.iter().any(|mark| mark.is_on(&environment)))
    }

    fn is_left_alone(&self, pid: Pid) -> bool {
        let has_spared_ancestor = || self.table.ancestors(pid).iter().any(|ancestor| self.spared.contains(ancestor));
        self.lineage.contains(&pid) || !self.spared.is_empty() && has_spared_ancestor()
    }
}

/// Does `work` on a thread of its own: to read the environment of a process that is stuck in the kernel may take for ever, and is then
/// left to that thread. Where what is to be ended has taken all threads that there may be, it is done on this one.
fn within_limit<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (result, done) = mpsc::channel();
    let work = Arc::new(Mutex::new(Some(work)));
    let theirs = Arc::clone(&work);
    let on_thread = move || taken(&theirs).map(|work| result.send(work()));
    match thread::Builder::new().name("sweep".into()).spawn(on_thread) {
        Ok(_) => done.recv_timeout(LIMIT).ok(),
        Err(_) => taken(&work).map(|work| work()),
    }
}

fn taken<T>(shared: &Mutex<Option<T>>) -> Option<T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn signal_groups(leaders: &[HeldProcess], signal: Signal) {
    leaders.iter().for_each(|leader| signal_group_of(leader.pidfd.as_fd(), leader.pid, signal));
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::launch::orphans::mark::{JOB_VARIABLE, SESSION_VARIABLE, SessionMark};
    use crate::launch::orphans::process_table::tests::add;

    fn pid(number: i32) -> Pid {
        Pid::new(number).unwrap()
    }

    fn session(mark: &str) -> Vec<Mark> {
        vec![Mark::Session(SessionMark::parse(mark).unwrap())]
    }

    /// What is ended of processes given by number, parent and mark, when process 50 looks for the mark `1-1-1`.
    fn ended(whose: SearchScope, processes: &[(i32, i32, &str)]) -> Vec<i32> {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent, mark) in processes {
            add(dir.path(), *pid, *parent, &format!("{SESSION_VARIABLE}={mark}\0"));
        }
        let sweep = MarkedProcesses::from(ProcessTable::at(dir.path()), Some(pid(50)), session("1-1-1"), whose);
        let mut numbers: Vec<i32> = sweep.select().into_iter().map(Pid::number).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn neither_ancestors_nor_what_may_have_inherited_the_mark_from_them_is_ended() {
        let processes = [
            (10, 1, "0-0-0"),
            // A shell with the mark that runs us, its other child, and that one's child.
            (20, 10, "1-1-1"),
            (50, 20, "1-1-1"),
            (21, 20, "1-1-1"),
            (22, 21, "1-1-1"),
            // Our own child, started before.
            (51, 50, "1-1-1"),
            // Left over, and left over of a nested study.
            (30, 1, "1-1-1"),
            (31, 30, "1-1-1/0-0-1/2-2-2"),
            (40, 10, "2-2-2"),
        ];
        assert_eq!(ended(SearchScope::EarlierSession, &processes), [30, 31]);
    }

    #[test]
    fn children_of_our_own_are_ended_with_our_own_session() {
        // As the first process of a container we adopt what our jobs leave.
        let processes = [(50, 1, ""), (51, 50, "1-1-1"), (52, 51, "1-1-1"), (53, 50, "")];
        assert_eq!(ended(SearchScope::CurrentSession, &processes), [51, 52]);
    }

    #[test]
    fn a_number_that_was_given_to_another_process_is_let_go() {
        let mut child = Command::new("/bin/sleep").arg("600").spawn().unwrap();
        let number = pid(i32::try_from(child.id()).unwrap());
        // The environment that is read once the process is held is another one.
        assert!(HeldProcess::open(number, |_| false).is_none());
        let held = HeldProcess::open(number, |_| true).unwrap();
        assert!(!held.has_ended());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(held.has_ended());
        held.signal(Signal::Kill);
        assert!(HeldProcess::open(number, |_| true).is_none());
    }

    #[test]
    fn a_process_that_left_its_group_is_found_and_ended() {
        let value = format!("1-1-{}", std::process::id());
        let script = "trap '' TERM; setsid sh -c \"trap '' TERM; echo up; sleep 600; sleep 600\" & wait";
        let mut child = Command::new("/bin/sh")
            .args(["-c", script])
            .env(JOB_VARIABLE, &value)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut up).unwrap();
        let sweep = || MarkedProcesses::new(vec![Mark::Job(value.clone())], SearchScope::CurrentSession);
        assert!(sweep().end() >= 2);
        assert_eq!(sweep().select(), []);
        child.wait().unwrap();
    }
}

//! Finds processes by a mark in their environment, in any process group or session, and ends them with their descendants.
//!
//! A pidfd is opened before the environment is read, and the process is signalled through it, so that no other process with the same number is signalled.
//! This process and its ancestors are never signalled.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::mark::Mark;
use super::process_table::ProcessTable;
use super::process_tree::{ProcessId, ProcessTree};
use crate::launch::process::pidfd::{self, can_signal, ends_within, signal_group_of, signal_pidfd};
use crate::launch::process::syscalls::{Pid, Signal};

/// Time between SIGTERM and SIGKILL.
const TERM_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum time of repeated searches with SIGKILL, if new processes keep appearing.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum time in total, including reads of `/proc`.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two searches.
const SEARCH_INTERVAL: Duration = Duration::from_millis(50);

/// A process identified by a pidfd.
#[derive(Debug)]
pub struct HeldProcess {
    /// The number, which may be reused once the process has been reaped.
    pub pid: Pid,
    pidfd: OwnedFd,
}

impl HeldProcess {
    /// Opens the process `pid`. Returns `None` unless `is_wanted` is true after it was opened.
    pub fn open(pid: Pid, is_wanted: impl FnOnce(Pid) -> bool) -> Option<HeldProcess> {
        let pidfd = pidfd::pidfd(pid).ok()?;
        is_wanted(pid).then_some(HeldProcess { pid, pidfd })
    }

    /// Not a process of another user, which cannot be ended.
    pub fn can_be_signalled(&self) -> bool {
        can_signal(self.pidfd.as_fd())
    }

    fn signal(&self, signal: Signal) {
        signal_pidfd(self.pidfd.as_fd(), signal);
    }

    fn has_ended(&self) -> bool {
        ends_within(self.pidfd.as_fd(), Duration::ZERO)
    }
}

/// The session scope processes are searched for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SearchScope {
    /// This session. No other process has its mark.
    CurrentSession,
    /// An earlier session. Descendants of this process, and of ancestors with the mark, are excluded: they may have inherited the mark.
    EarlierSession,
}

/// A search for marked processes.
#[derive(Debug)]
pub struct MarkedProcesses {
    table: ProcessTable,
    marks: Vec<Mark>,
    /// This process and its ancestors.
    self_and_ancestors: Vec<Pid>,
    /// The part of them scope descendants are excluded.
    excluded_ancestors: Vec<Pid>,
}

impl MarkedProcesses {
    /// Searches for processes with one of `marks`.
    pub fn new(marks: Vec<Mark>, scope: SearchScope) -> MarkedProcesses {
        let own = i32::try_from(std::process::id()).ok().and_then(Pid::new);
        MarkedProcesses::from(ProcessTable::default(), own, marks, scope)
    }

    fn from(table: ProcessTable, own: Option<Pid>, marks: Vec<Mark>, scope: SearchScope) -> MarkedProcesses {
        let self_and_ancestors: Vec<Pid> =
            own.into_iter().chain(own.into_iter().flat_map(|own| table.ancestors(own))).collect();
        let mut search = MarkedProcesses { table, marks, self_and_ancestors, excluded_ancestors: Vec::new() };
        if scope == SearchScope::EarlierSession {
            let is_excluded = |pid: &&Pid| Some(**pid) == own || search.is_marked(**pid);
            search.excluded_ancestors = search.self_and_ancestors.iter().filter(is_excluded).copied().collect();
        }
        search
    }

    /// Ends the processes: SIGTERM, and SIGKILL after a second, until none are left or six seconds have passed. Returns their number.
    pub fn end(self) -> usize {
        self.end_with(Vec::new(), Vec::new())
    }

    /// Like [`end`](Self::end), and also ends the process groups of `leaders`, and `others`, which need not be marked.
    pub fn end_with(self, leaders: Vec<HeldProcess>, others: Vec<HeldProcess>) -> usize {
        within_limit(move || self.run(&leaders, others)).unwrap_or(0)
    }

    fn run(&self, leaders: &[HeldProcess], others: Vec<HeldProcess>) -> usize {
        let (mut held, mut known, mut found) = (others, Vec::new(), 0);
        let mut signal = Signal::Terminate;
        let start = Instant::now();
        // Before the first signal, because the children of a process that has exited get another parent; and before environments are
        // read, which may block.
        held.extend(self.find_descendants(leaders, &held, &mut known));
        signal_groups(leaders, signal);
        held.iter().for_each(|process| process.signal(signal));
        loop {
            let unsignalled = held.len();
            held.extend(self.find(&held));
            held.extend(self.find_descendants(leaders, &held, &mut known));
            found += held.len() - unsignalled;
            if signal == Signal::Terminate && start.elapsed() >= TERM_TIMEOUT {
                signal = Signal::Kill;
                signal_groups(leaders, signal);
            }
            let signalled_before = if signal == Signal::Kill { 0 } else { unsignalled };
            held[signalled_before..].iter().for_each(|process| process.signal(signal));
            held.retain(|process| !process.has_ended());
            if held.is_empty() || start.elapsed() >= TERM_TIMEOUT + KILL_TIMEOUT {
                break;
            }
            sleep(SEARCH_INTERVAL);
        }
        signal_groups(leaders, Signal::Kill);
        found
    }

    /// Marked processes that are not held yet.
    fn find(&self, held: &[HeldProcess]) -> Vec<HeldProcess> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        let is_held = |pid: &Pid| held.iter().any(|process| process.pid == *pid);
        let new = self.find_pids().into_iter().filter(|pid| !is_held(pid));
        new.filter_map(|pid| HeldProcess::open(pid, |pid| self.is_wanted(pid))).collect()
    }

    /// Descendants of `leaders`, of `held` and of the processes in `known`, to which all of them are added.
    fn find_descendants(
        &self,
        leaders: &[HeldProcess],
        held: &[HeldProcess],
        known: &mut Vec<ProcessId>,
    ) -> Vec<HeldProcess> {
        let tree = ProcessTree::read(&self.table);
        let running = leaders.iter().chain(held).filter(|process| !process.has_ended());
        known.extend(tree.identify(running.map(|process| process.pid)));
        known.sort_unstable_by_key(|process| (process.pid, process.start));
        known.dedup();
        let found = tree.descendants(known).into_iter().filter(|process| !self.is_excluded(process.pid));
        let open =
            |found: ProcessId| HeldProcess::open(found.pid, |pid| ProcessId::of(&self.table, pid) == Some(found));
        let new: Vec<HeldProcess> = found.filter_map(open).filter(HeldProcess::can_be_signalled).collect();
        known.extend(tree.identify(new.iter().map(|process| process.pid)));
        new
    }

    /// All matching processes.
    fn find_pids(&self) -> Vec<Pid> {
        self.table.pids().into_iter().filter(|pid| self.is_wanted(*pid)).collect()
    }

    fn is_wanted(&self, pid: Pid) -> bool {
        self.is_marked(pid) && !self.is_excluded(pid)
    }

    fn is_marked(&self, pid: Pid) -> bool {
        let environment = self.table.environment(pid);
        environment.is_some_and(|environment| self.marks.iter().any(|mark| mark.matches(&environment)))
    }

    fn is_excluded(&self, pid: Pid) -> bool {
        let has_excluded_ancestor =
            || self.table.ancestors(pid).iter().any(|ancestor| self.excluded_ancestors.contains(ancestor));
        self.self_and_ancestors.contains(&pid) || !self.excluded_ancestors.is_empty() && has_excluded_ancestor()
    }
}

/// Runs `work` on another thread and waits for at most [`TOTAL_TIMEOUT`]: reading the environment of a process that is stuck in the
/// kernel may block forever. Runs it on this thread if none can be started, for example because leftovers use up the limit of threads.
fn within_limit<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (result, done) = mpsc::channel();
    let work = Arc::new(Mutex::new(Some(work)));
    let shared = Arc::clone(&work);
    let on_thread = move || taken(&shared).map(|work| result.send(work()));
    match thread::Builder::new().name("leftovers".into()).spawn(on_thread) {
        Ok(_) => done.recv_timeout(TOTAL_TIMEOUT).ok(),
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

    /// Which of `processes`, given by number, parent and mark, process 50 ends in a search for the mark `1-1-1`.
    fn ended(scope: SearchScope, processes: &[(i32, i32, &str)]) -> Vec<i32> {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent, mark) in processes {
            add(dir.path(), *pid, *parent, &format!("{SESSION_VARIABLE}={mark}\0"));
        }
        let search = MarkedProcesses::from(ProcessTable::at(dir.path()), Some(pid(50)), session("1-1-1"), scope);
        let mut numbers: Vec<i32> = search.find_pids().into_iter().map(Pid::number).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn ancestors_and_processes_that_may_have_inherited_their_mark_are_not_ended() {
        let processes = [
            (10, 1, "0-0-0"),
            // A parent shell with the mark, its other child and grandchild.
            (20, 10, "1-1-1"),
            (50, 20, "1-1-1"),
            (21, 20, "1-1-1"),
            (22, 21, "1-1-1"),
            // A child of this process.
            (51, 50, "1-1-1"),
            // Leftovers of the study and of a nested one.
            (30, 1, "1-1-1"),
            (31, 30, "1-1-1/0-0-1/2-2-2"),
            (40, 10, "2-2-2"),
        ];
        assert_eq!(ended(SearchScope::EarlierSession, &processes), [30, 31]);
    }

    #[test]
    fn children_of_this_process_are_ended_with_its_session() {
        // The first process of a container adopts the processes that its jobs leave behind.
        let processes = [(50, 1, ""), (51, 50, "1-1-1"), (52, 51, "1-1-1"), (53, 50, "")];
        assert_eq!(ended(SearchScope::CurrentSession, &processes), [51, 52]);
    }

    #[test]
    fn a_process_with_a_reused_number_is_not_opened() {
        let mut child = Command::new("/bin/sleep").arg("600").spawn().unwrap();
        let number = pid(i32::try_from(child.id()).unwrap());
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
        // Not the start of the marks of other tests.
        let value = format!("1-2-{}", std::process::id());
        let script = "trap '' TERM; setsid sh -c \"trap '' TERM; echo up; sleep 600; sleep 600\" & wait";
        let mut child = Command::new("/bin/sh")
            .args(["-c", script])
            .env(JOB_VARIABLE, &value)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut up).unwrap();
        let search = || MarkedProcesses::new(vec![Mark::Job(value.clone())], SearchScope::CurrentSession);
        assert!(search().end() >= 2);
        assert_eq!(search().find_pids(), []);
        child.wait().unwrap();
    }
}

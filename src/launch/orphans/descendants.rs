//! The processes that a child started, found before it is signalled: once their parent has exited, only those with its mark in their
//! environment can be found.

use std::cell::OnceCell;

use super::marked_processes::{HeldProcess, MarkedProcesses, SearchScope};
use super::process_table::ProcessTable;
use super::process_tree::{ProcessId, ProcessTree};
use crate::launch::process::syscalls::Pid;

/// The processes at the first use; children that are signalled together need one look at `/proc`.
#[derive(Debug, Default)]
pub struct ProcessSnapshot(OnceCell<ProcessTree>);

impl ProcessSnapshot {
    fn tree(&self) -> &ProcessTree {
        self.0.get_or_init(|| ProcessTree::read(&ProcessTable::default()))
    }
}

/// The descendants of a child so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Descendants(Vec<ProcessId>);

impl Descendants {
    /// Adds the descendants of `child`, which has not been reaped, and of those known so far. Call it before each signal.
    pub fn add(&mut self, child: Pid, snapshot: &ProcessSnapshot) {
        let tree = snapshot.tree();
        let mut roots = tree.identify([child]);
        roots.extend(&self.0);
        self.0.extend(tree.descendants(&roots));
    }

    /// Ends those that still run, and the processes that they have started: SIGTERM, and SIGKILL after a second. Takes at most ten
    /// seconds.
    pub fn end(self) {
        let table = ProcessTable::default();
        let open = |known: &ProcessId| HeldProcess::open(known.pid, |pid| ProcessId::of(&table, pid) == Some(*known));
        let held: Vec<HeldProcess> = self.0.iter().filter_map(open).filter(HeldProcess::can_be_signalled).collect();
        if !held.is_empty() {
            MarkedProcesses::new(Vec::new(), SearchScope::CurrentSession).end_with(Vec::new(), held);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use super::*;

    fn number(child: &Child) -> Pid {
        Pid::new(i32::try_from(child.id()).unwrap()).unwrap()
    }

    /// Waits until `find` returns `count` descendants of `child`.
    fn wait_for(child: Pid, count: usize) -> Descendants {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mut found = Descendants::default();
            found.add(child, &ProcessSnapshot::default());
            if found.0.len() == count || Instant::now() > deadline {
                return found;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn runs(process: &ProcessId) -> bool {
        let table = ProcessTable::default();
        table.stat(process.pid).is_some_and(|stat| !stat.zombie && stat.start == process.start)
    }

    #[test]
    fn processes_without_the_mark_in_other_sessions_are_ended_after_their_parent() {
        // The shell in the other session starts one more process when it is ended.
        let inner = "trap 'env -i sleep 600 & exit' TERM; env -i setsid sleep 600 & wait; wait";
        let script =
            format!("env -i setsid sh -c \"{inner}\" & env -i setsid sh -c \"trap '' TERM; sleep 600\" & wait");
        let mut child = Command::new("/bin/sh").args(["-c", &script]).process_group(0).spawn().unwrap();
        let mut found = wait_for(number(&child), 4);
        assert_eq!(found.0.len(), 4, "{found:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found.0.iter().all(runs));
        let known = found.0.clone();
        found.add(number(&child), &ProcessSnapshot::default());
        assert_eq!(found.0, known, "the child was reaped, its descendants are known");
        found.end();
        assert_eq!(known.into_iter().filter(runs).collect::<Vec<_>>(), []);
    }

    #[test]
    fn a_later_process_with_the_number_of_a_descendant_is_not_ended() {
        let mut other = Command::new("/bin/sleep").arg("600").spawn().unwrap();
        let current = ProcessId::of(&ProcessTable::default(), number(&other)).unwrap();
        Descendants(vec![ProcessId { start: current.start - 1, ..current }]).end();
        assert_eq!(other.try_wait().unwrap(), None);
        Descendants(vec![current]).end();
        other.wait().unwrap();
    }
}

//! Which processes descend from others: by parent, and by session where a parent has exited.

use std::collections::{HashMap, HashSet};

use super::process_table::{ProcessTable, Stat};
use crate::launch::process::syscalls::Pid;

/// A process, told from a later one with the same number by its start time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProcessId {
    pub pid: Pid,
    /// In clock ticks since boot.
    pub start: u64,
}

impl ProcessId {
    /// The process that has the number `pid` now, also if it is a zombie.
    pub fn of(table: &ProcessTable, pid: Pid) -> Option<ProcessId> {
        table.stat(pid).map(|stat| ProcessId { pid, start: stat.start })
    }
}

/// Parents and sessions of all processes at one time.
#[derive(Debug)]
pub struct ProcessTree {
    processes: HashMap<Pid, Stat>,
    children: HashMap<i32, Vec<Pid>>,
    sessions: HashMap<i32, Vec<Pid>>,
}

impl ProcessTree {
    /// Reads the processes of `table`.
    pub fn read(table: &ProcessTable) -> ProcessTree {
        let stats = table.pids().into_iter().filter_map(|pid| Some((pid, table.stat(pid)?)));
        let mut tree = ProcessTree { processes: stats.collect(), children: HashMap::new(), sessions: HashMap::new() };
        for (pid, stat) in &tree.processes {
            tree.children.entry(stat.parent).or_default().push(*pid);
            tree.sessions.entry(stat.session).or_default().push(*pid);
        }
        tree
    }

    /// The processes that have the numbers `pids`.
    pub fn identify(&self, pids: impl IntoIterator<Item = Pid>) -> Vec<ProcessId> {
        let identity = |pid| self.processes.get(&pid).map(|stat| ProcessId { pid, start: stat.start });
        pids.into_iter().filter_map(identity).collect()
    }

    /// The descendants of `roots`, without these. Members of a session that a root or a descendant has started are among them, also
    /// if their parent has exited. `roots` may have exited.
    pub fn descendants(&self, roots: &[ProcessId]) -> Vec<ProcessId> {
        let is_other = |root: &ProcessId| self.processes.get(&root.pid).is_some_and(|stat| stat.start != root.start);
        let mut seen: HashSet<Pid> = roots.iter().filter(|root| !is_other(root)).map(|root| root.pid).collect();
        // A session has the number of its first process, which is not reused while the session has members (setsid(2), credentials(7)).
        let led = seen.iter().map(|pid| pid.number()).flat_map(|number| members(&self.sessions, number));
        let mut next: Vec<Pid> = seen.iter().copied().chain(led).collect();
        let mut found = Vec::new();
        while let Some(pid) = next.pop() {
            let Some(stat) = self.processes.get(&pid) else { continue };
            if seen.insert(pid) {
                found.push(ProcessId { pid, start: stat.start });
            }
            let unseen = members(&self.children, pid.number()).filter(|child| !seen.contains(child));
            for child in unseen {
                next.push(child);
                if let Some(started) = self.processes.get(&child).filter(|child| child.session != stat.session) {
                    next.extend(members(&self.sessions, started.session).filter(|member| !seen.contains(member)));
                }
            }
        }
        found
    }
}

fn members(groups: &HashMap<i32, Vec<Pid>>, number: i32) -> impl Iterator<Item = Pid> {
    groups.get(&number).into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::orphans::process_table::tests::add_in_session;

    fn process(number: i32, start: u64) -> ProcessId {
        ProcessId { pid: Pid::new(number).unwrap(), start }
    }

    /// The descendants of `roots` among `processes`, given by number, parent and session.
    fn descendants(roots: &[ProcessId], processes: &[(i32, i32, i32)]) -> Vec<i32> {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent, session) in processes {
            add_in_session(dir.path(), *pid, *parent, *session, "");
        }
        let found = ProcessTree::read(&ProcessTable::at(dir.path())).descendants(roots);
        let mut numbers: Vec<i32> = found.iter().map(|found| found.pid.number()).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn descendants_are_found_in_other_sessions_and_without_their_parents() {
        let processes = [
            // The driver, another job, and a process of the same session without a parent.
            (10, 1, 7),
            (20, 10, 7),
            (21, 1, 7),
            // A job, its child, and one that started a session whose next process has exited.
            (30, 10, 7),
            (31, 30, 7),
            (32, 31, 32),
            (33, 1, 32),
            (34, 33, 32),
            // The first process of this session has exited, one of its members has not left the job.
            (35, 31, 99),
            (36, 1, 99),
        ];
        assert_eq!(descendants(&[process(30, 1234)], &processes), [31, 32, 33, 34, 35, 36]);
        assert_eq!(descendants(&[process(20, 1234), process(20, 1234)], &processes), [0; 0]);
    }

    #[test]
    fn the_session_of_a_root_that_exited_is_searched_and_another_process_with_its_number_is_not_a_root() {
        let processes = [(41, 1, 40), (42, 41, 42), (50, 1, 50), (51, 50, 50)];
        assert_eq!(descendants(&[process(40, 9)], &processes), [41, 42]);
        assert_eq!(descendants(&[process(50, 1234)], &processes), [51]);
        assert_eq!(descendants(&[process(50, 9)], &processes), [0; 0]);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        assert_eq!(descendants(&[process(60, 1234)], &[(60, 62, 7), (61, 60, 7), (62, 61, 7)]), [61, 62]);
    }
}

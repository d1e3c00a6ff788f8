//! Which nodes jobs avoid.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::types::ids::JobKey;

/// Failures in a row after which a node is excluded.
const MAX_FAILURES: u32 = 3;

/// The failures of nodes in this session.
#[derive(Debug, Default)]
pub struct NodeHealth(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// All nodes; empty outside of an allocation.
    nodes: BTreeSet<String>,
    /// Failures in a row.
    failures: HashMap<String, u32>,
    /// Nodes that no job runs on.
    excluded: BTreeSet<String>,
    /// Nodes on which an attempt of a job has failed.
    avoided: HashMap<JobKey, BTreeSet<String>>,
}

impl NodeHealth {
    /// Sets the nodes of the allocation.
    pub fn set(&self, nodes: Vec<String>) {
        self.lock().nodes = nodes.into_iter().collect();
    }

    /// Excludes the nodes of the allocation that are not in `nodes`. Returns how many were not excluded before.
    pub fn retain(&self, nodes: &[String]) -> usize {
        let mut state = self.lock();
        let lost: Vec<String> = state.nodes.iter().filter(|node| !nodes.contains(node)).cloned().collect();
        lost.into_iter().filter(|node| state.excluded.insert(node.clone())).count()
    }

    /// Excludes `node` for the rest of the session, if it is a node of the allocation.
    pub fn exclude(&self, node: &str) {
        let mut state = self.lock();
        if state.nodes.contains(node) {
            state.excluded.insert(node.to_owned());
        }
    }

    /// The nodes that no job runs on.
    pub fn excluded(&self) -> Vec<String> {
        self.lock().excluded.iter().cloned().collect()
    }

    /// An attempt of `job` failed because of `node`.
    pub fn failed(&self, node: &str, job: JobKey) {
        let mut state = self.lock();
        let failures = state.failures.entry(node.to_owned()).or_default();
        *failures += 1;
        if *failures >= MAX_FAILURES {
            state.excluded.insert(node.to_owned());
        }
        state.avoided.entry(job).or_default().insert(node.to_owned());
    }

    /// `job` ended on `node` by itself.
    pub fn worked(&self, node: &str, job: JobKey) {
        let mut state = self.lock();
        state.failures.remove(node);
        state.avoided.remove(&job);
    }

    /// The nodes that the next attempt of `job` must not run on. Nodes on which only this job has failed are among them if others
    /// remain.
    pub fn excluded_for(&self, job: JobKey) -> Vec<String> {
        let state = self.lock();
        let avoided = state.avoided.get(&job).cloned().unwrap_or_default();
        let all: BTreeSet<String> = state.excluded.union(&avoided).cloned().collect();
        let chosen = if state.nodes.is_empty() || state.nodes.iter().any(|node| !all.contains(node)) {
            &all
        } else {
            &state.excluded
        };
        chosen.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::{Rung, TrialId};

    fn job(trial: u64) -> JobKey {
        JobKey { trial: TrialId(trial), rung: Rung(0) }
    }

    fn nodes(count: usize) -> NodeHealth {
        let health = NodeHealth::default();
        health.set((1..=count).map(|n| format!("n{n}")).collect());
        health
    }

    #[test]
    fn a_job_avoids_nodes_where_it_failed_while_there_are_others() {
        let health = nodes(2);
        health.failed("n1", job(0));
        assert_eq!((health.excluded_for(job(0)), health.excluded_for(job(1))), (vec!["n1".to_owned()], vec![]));
        health.failed("n2", job(0));
        assert_eq!(health.excluded_for(job(0)), [""; 0]);
    }

    #[test]
    fn a_node_is_excluded_after_three_failures_in_a_row() {
        let health = nodes(3);
        (0..2).for_each(|trial| health.failed("n1", job(trial)));
        health.worked("n1", job(2));
        (3..5).for_each(|trial| health.failed("n1", job(trial)));
        assert_eq!(health.excluded_for(job(9)), [""; 0]);
        health.failed("n1", job(5));
        assert_eq!(health.excluded_for(job(9)), ["n1"]);
    }

    #[test]
    fn nodes_that_left_the_allocation_are_excluded_once() {
        let health = nodes(3);
        health.exclude("n2");
        health.exclude("n2x");
        assert_eq!(health.retain(&["n1".to_owned()]), 1);
        assert_eq!(health.retain(&["n1".to_owned()]), 0);
        assert_eq!(health.excluded_for(job(0)), ["n2", "n3"]);
    }
}

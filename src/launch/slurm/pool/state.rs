//! Which allocations there are, what runs in them, and which are to be submitted or cancelled. Knows neither Slurm nor a clock.

use std::collections::{HashMap, HashSet};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::listing::{ListedAllocation, ListedState};
use crate::types::units::Resource;

/// How long after its start an allocation takes jobs that may need longer than it lasts: none has more time left.
const FRESH: Duration = Duration::from_secs(60);
/// How long an allocation is kept without a job that needs it; the next rung may have some.
const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// A job that has not asked for this long waits no more: it was killed. Longer than the pause between two attempts to start a job.
const WAITING_LIMIT: Duration = Duration::from_secs(10);

/// The allocations and the jobs of a session.
#[derive(Debug)]
pub struct PoolState {
    /// Most allocations.
    most: usize,
    /// Jobs at once in an allocation that has not started.
    jobs_each: usize,
    /// The time limit of each job, if it has one.
    time_limit: Option<Duration>,
    allocations: Vec<PooledAllocation>,
    /// Ids of allocations that are not used any more; Slurm may still list them.
    removed: HashSet<String>,
    waiting: HashMap<String, WaitingJob>,
    running: HashMap<String, RunningJob>,
    runs: Vec<LongestRuns>,
}

/// The longest runs so far at a resource.
#[derive(Debug)]
struct LongestRuns {
    resource: Resource,
    /// Of jobs that exited with 0.
    complete: Option<Duration>,
    /// Of all jobs: some end with their allocation.
    any: Duration,
}

#[derive(Debug)]
struct PooledAllocation {
    id: String,
    /// `None` while it is queued.
    running: Option<RunningAllocation>,
    /// Why it is queued, in Slurm's word.
    reason: String,
    unneeded_since: Option<Instant>,
}

#[derive(Debug)]
struct RunningAllocation {
    nodes: Vec<String>,
    slots: usize,
    since: Instant,
    /// `None` without a time limit.
    end: Option<Instant>,
}

#[derive(Debug)]
struct WaitingJob {
    resource: Resource,
    last_attempt: Instant,
}

#[derive(Debug)]
struct RunningJob {
    allocation: String,
    resource: Resource,
    /// When it printed its start.
    since: Option<Instant>,
}

/// What a running allocation holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contents {
    pub nodes: Vec<String>,
    /// Jobs at once.
    pub slots: usize,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PoolPlan {
    /// So many allocations are to be submitted.
    pub submit: usize,
    /// These are to be cancelled; they are not used any more.
    pub cancel: Vec<String>,
}

impl PoolState {
    pub fn new(most: usize, jobs_each: usize, time_limit: Option<Duration>) -> PoolState {
        PoolState {
            most,
            jobs_each: jobs_each.max(1),
            time_limit,
            allocations: Vec::new(),
            removed: HashSet::new(),
            waiting: HashMap::new(),
            running: HashMap::new(),
            runs: Vec::new(),
        }
    }

    /// `job` is about to be started.
    pub fn add(&mut self, job: &str, resource: Resource, now: Instant) {
        self.waiting.insert(job.to_owned(), WaitingJob { resource, last_attempt: now });
    }

    /// Takes a place for `job` in the fullest allocation that has one, so that others become idle, and returns its id.
    pub fn take(&mut self, job: &str, excluded: &[String], now: Instant) -> Option<String> {
        let waiting = self.waiting.get_mut(job)?;
        waiting.last_attempt = now;
        let resource = waiting.resource;
        let fitting = self.allocations.iter().filter(|allocation| self.free(allocation, resource, excluded, now) > 0);
        let id = fitting.max_by_key(|allocation| self.used(&allocation.id))?.id.clone();
        self.waiting.remove(job);
        self.running.insert(job.to_owned(), RunningJob { allocation: id.clone(), resource, since: None });
        Some(id)
    }

    /// The process of `job` could not be started.
    pub fn give_back(&mut self, job: &str, now: Instant) {
        if let Some(running) = self.running.remove(job) {
            self.add(job, running.resource, now);
        }
    }

    /// `job` has printed its start.
    pub fn started(&mut self, job: &str, now: Instant) {
        if let Some(job) = self.running.get_mut(job) {
            job.since = Some(now);
        }
    }

    /// `job` has ended. Returns the id of its allocation.
    pub fn finished(&mut self, job: &str, status: Option<ExitStatus>, now: Instant) -> Option<String> {
        let RunningJob { allocation, resource, since } = self.running.remove(job)?;
        let duration = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let known = self.runs.iter().position(|runs| runs.resource == resource).unwrap_or_else(|| {
            self.runs.push(LongestRuns { resource, complete: None, any: Duration::ZERO });
            self.runs.len() - 1
        });
        let runs = &mut self.runs[known];
        runs.any = duration.max(runs.any);
        if status.is_some_and(|status| status.success()) && since.is_some() {
            runs.complete = runs.complete.max(Some(duration));
        }
        Some(allocation)
    }

    /// Adds an allocation that was submitted.
    pub fn submitted(&mut self, id: String) {
        if !self.removed.contains(&id) && self.allocations.iter().all(|known| known.id != id) {
            let reason = "submitted".to_owned();
            self.allocations.push(PooledAllocation { id, running: None, reason, unneeded_since: None });
        }
    }

    /// The allocation `id` has ended, or is not used any more.
    pub fn remove(&mut self, id: &str) {
        self.allocations.retain(|allocation| allocation.id != id);
        self.removed.insert(id.to_owned());
    }

    /// Takes over what Slurm lists. Returns the ids of allocations that have started, whose contents [`PoolState::set`] expects.
    pub fn update(&mut self, listed: &[ListedAllocation], now: Instant) -> Vec<String> {
        let is_listed = |id: &str| listed.iter().any(|row| row.id == id && row.state != ListedState::Over);
        let ended: Vec<String> =
            self.allocations.iter().filter(|known| !is_listed(&known.id)).map(|known| known.id.clone()).collect();
        ended.iter().for_each(|id| self.remove(id));
        // Also those whose submission was not answered.
        listed.iter().filter(|row| row.state != ListedState::Over).for_each(|row| self.submitted(row.id.clone()));
        let mut started = Vec::new();
        for allocation in &mut self.allocations {
            let Some(row) = listed.iter().find(|row| row.id == allocation.id) else { continue };
            match (&row.state, &mut allocation.running) {
                (ListedState::Queued(reason), _) => allocation.reason.clone_from(reason),
                (ListedState::Running(left), Some(running)) => running.end = left.map(|left| now + left),
                (ListedState::Running(_), None) => started.push(allocation.id.clone()),
                (ListedState::Over, _) => {}
            }
        }
        started
    }

    /// Sets what the allocation `id` holds, which has started and has `left` until its time limit.
    pub fn set(&mut self, id: &str, contents: Contents, left: Option<Duration>, now: Instant) {
        let Some(allocation) = self.allocations.iter_mut().find(|allocation| allocation.id == id) else { return };
        let Contents { nodes, slots } = contents;
        self.jobs_each = slots.max(1);
        allocation.running = Some(RunningAllocation { nodes, slots, since: now, end: left.map(|left| now + left) });
    }

    /// Decides what is to be submitted and cancelled.
    pub fn plan(&mut self, excluded: &[String], now: Instant) -> PoolPlan {
        let is_waiting = |job: &&WaitingJob| now.saturating_duration_since(job.last_attempt) < WAITING_LIMIT;
        let (mut left, mut resources) = (0_usize, Vec::new());
        for job in self.waiting.values().filter(is_waiting) {
            left += 1;
            if !resources.contains(&job.resource) {
                resources.push(job.resource);
            }
        }
        let mut plan = PoolPlan::default();
        let mut needed = Vec::with_capacity(self.allocations.len());
        for allocation in &self.allocations {
            let free = match allocation.running {
                Some(_) => resources.iter().map(|resource| self.free(allocation, *resource, excluded, now)).max(),
                None => Some(self.jobs_each),
            };
            let is_needed = self.used(&allocation.id) > 0 || (left > 0 && free.is_some_and(|free| free > 0));
            let is_useless = allocation.running.is_some() && !is_needed && left > 0;
            left = left.saturating_sub(free.unwrap_or(0));
            needed.push((is_needed, is_useless));
        }
        for (allocation, (is_needed, is_useless)) in self.allocations.iter_mut().zip(needed) {
            let since = (!is_needed).then(|| *allocation.unneeded_since.get_or_insert(now));
            allocation.unneeded_since = since;
            let is_idle = since.is_some_and(|since| now.saturating_duration_since(since) >= IDLE_LIMIT);
            if is_useless || is_idle {
                plan.cancel.push(allocation.id.clone());
            }
        }
        plan.cancel.iter().for_each(|id| self.remove(id));
        plan.submit = left.div_ceil(self.jobs_each).min(self.most.saturating_sub(self.allocations.len()));
        plan
    }

    /// Whether there is an allocation.
    pub fn has_allocations(&self) -> bool {
        !self.allocations.is_empty()
    }

    /// What the jobs without a place wait for, as a sentence without a full stop.
    pub fn obstacle(&self) -> String {
        let queued: Vec<&PooledAllocation> = self.allocations.iter().filter(|one| one.running.is_none()).collect();
        match (queued.first(), self.allocations.len()) {
            (Some(first), all) => {
                format!("{} of {all} allocations wait in the queue of Slurm ({})", queued.len(), first.reason)
            }
            (None, 0) => "no allocation is there yet".to_owned(),
            (None, _) => "the allocations have no room, or too little time left".to_owned(),
        }
    }

    /// Jobs that run in the allocation `id`.
    fn used(&self, id: &str) -> usize {
        self.running.values().filter(|job| job.allocation == id).count()
    }

    /// Further jobs at `resource` that may be started in `allocation` now.
    fn free(&self, allocation: &PooledAllocation, resource: Resource, excluded: &[String], now: Instant) -> usize {
        let Some(running) = &allocation.running else { return 0 };
        let is_fresh = now.saturating_duration_since(running.since) < FRESH;
        let has_time = running.end.is_none_or(|end| end.saturating_duration_since(now) > self.needed(resource));
        let is_excluded = running.nodes.iter().any(|node| excluded.contains(node));
        if is_excluded || !(is_fresh || has_time) {
            return 0;
        }
        running.slots.saturating_sub(self.used(&allocation.id))
    }

    /// How long a job at `resource` is known to take.
    fn needed(&self, resource: Resource) -> Duration {
        let runs = self.runs.iter().find(|runs| runs.resource == resource);
        let expected = runs.and_then(|runs| runs.complete).or(self.time_limit).unwrap_or(Duration::ZERO);
        runs.map_or(expected, |runs| expected.max(runs.any))
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;

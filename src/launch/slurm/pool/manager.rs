//! The thread that submits, watches and cancels the allocations of a pool.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::listing::{ListedAllocation, ListedState, list};
use super::shared::Shared;
use super::state::{Contents, PoolPlan};
use super::watcher::Watcher;
use crate::launch::slurm::allocation::NodeAllocation;
use crate::launch::slurm::batch::{BatchSize, submitted_id};
use crate::launch::slurm::messages::{StartMessage, start_message, text};
use crate::launch::slurm::query::{QueryError, query, query_with_input};
use crate::launch::slurm::queue::reports::Waiting;

/// Time between two decisions.
const TICK: Duration = Duration::from_millis(250);
/// Time between two questions to the controller: soon after a submission, then more rarely.
const FIRST_QUERY: Duration = Duration::from_millis(500);
const LONGEST_QUERY: Duration = Duration::from_secs(10);
/// Pause after a submission that failed.
const SUBMIT_RETRY: Duration = Duration::from_secs(5);
/// Most failed submissions in a row before the session ends. A controller that does not answer is waited for.
const MAX_REFUSALS: u32 = 20;
/// The script of an allocation, which ends with it.
const SCRIPT: &str = "#!/bin/sh\nwhile :; do sleep 86400; done\n";

/// The state of the thread.
struct Manager<'a> {
    shared: &'a Shared,
    watcher: Option<Watcher>,
    next_query: Instant,
    query_pause: Duration,
    next_submission: Instant,
    refusals: u32,
}

/// The thread. Ends when the pool is closed.
pub fn run(shared: &Shared) {
    let now = Instant::now();
    let mut manager =
        Manager { shared, watcher: None, next_query: now, query_pause: FIRST_QUERY, next_submission: now, refusals: 0 };
    loop {
        let state = shared.state();
        let waited = shared.changed.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner);
        let (is_closed, name) = (waited.0.is_closed, waited.0.name.clone());
        drop(waited);
        match name {
            Some(name) if is_closed => return manager.close(&name),
            None if is_closed => return,
            Some(name) => manager.tick(&name),
            None => {}
        }
    }
}

impl Manager<'_> {
    fn tick(&mut self, name: &str) {
        let now = Instant::now();
        if now >= self.next_query && self.shared.state().pool.has_allocations() {
            // Without an answer nothing changes.
            if let Ok(listed) = list(name) {
                self.update(&listed);
            }
            self.query_pause = (2 * self.query_pause).min(LONGEST_QUERY);
            self.next_query = Instant::now() + self.query_pause;
        }
        let excluded = self.shared.nodes.excluded();
        let PoolPlan { submit, cancel } = self.shared.state().pool.plan(&excluded, Instant::now());
        if !cancel.is_empty() {
            let ids = cancel.iter().map(String::as_str);
            // One that is not cancelled now is cancelled at the end of the session.
            let _ = query("scancel", &["--quiet"].into_iter().chain(ids).collect::<Vec<_>>());
        }
        for _ in 0..submit {
            if Instant::now() < self.next_submission || self.shared.state().is_closed {
                return;
            }
            self.submit(name, &excluded);
        }
    }

    fn update(&self, listed: &[ListedAllocation]) {
        let queued = listed.iter().filter_map(|row| match &row.state {
            ListedState::Queued(reason) => Some((row.id.as_str(), reason.as_str())),
            ListedState::Running(_) | ListedState::Over => None,
        });
        // That they wait for their turn is said where jobs ask for a place.
        self.shared.state().reports.add(Waiting::Allocations, &queued.collect::<Vec<_>>(), Duration::ZERO);
        let started = self.shared.state().pool.update(listed, Instant::now());
        for id in started {
            let left = listed.iter().find_map(|row| match row.state {
                ListedState::Running(left) if row.id == id => left,
                _ => None,
            });
            // Without an answer it is asked again.
            let Ok(allocation) = NodeAllocation::query(&id) else { continue };
            let nodes = allocation.nodes();
            if nodes.is_empty() {
                continue;
            }
            match allocation.slots(&self.shared.options) {
                Ok(slots) => {
                    let contents = Contents { nodes, slots: slots as usize };
                    self.shared.state().pool.set(&id, contents, left, Instant::now());
                }
                Err(message) => self.shared.state().failure = Some(message),
            }
        }
    }

    fn submit(&mut self, name: &str, excluded: &[String]) {
        if self.watcher.is_none() {
            match Watcher::start(name) {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => return self.not_submitted(format!("cannot start sh: {error}")),
            }
        }
        let options = self.options(name, excluded);
        let args: Vec<&str> = options.iter().map(String::as_str).collect();
        match query_with_input("sbatch", &args, SCRIPT) {
            Ok(answer) => {
                self.refusals = 0;
                (self.query_pause, self.next_query) = (FIRST_QUERY, Instant::now() + FIRST_QUERY);
                let mut state = self.shared.state();
                state.problem = None;
                state.pool.submitted(submitted_id(&answer));
            }
            Err(QueryError::Failed { message, .. }) => self.refused(&message),
            Err(error @ QueryError::Run { .. }) => self.shared.state().failure = Some(error.to_string()),
            Err(error @ QueryError::Timeout { .. }) => self.not_submitted(error.to_string()),
        }
    }

    /// sbatch failed with `message`.
    fn refused(&mut self, message: &str) {
        let lines: Vec<&str> = message.split("; ").collect();
        let meaning = start_message(&lines);
        let reason = meaning.map_or_else(|| text(message), |(_, line)| text(line));
        match meaning.map(|(meaning, _)| meaning) {
            Some(StartMessage::Unreachable) => self.not_submitted(reason),
            Some(StartMessage::Rejected | StartMessage::NotPlaced) => self.shared.state().failure = Some(reason),
            Some(StartMessage::Over | StartMessage::Cancelled) | None => {
                self.refusals += 1;
                if self.refusals >= MAX_REFUSALS {
                    self.shared.state().failure = Some(reason);
                } else {
                    self.not_submitted(reason);
                }
            }
        }
    }

    fn not_submitted(&mut self, reason: String) {
        self.next_submission = Instant::now() + SUBMIT_RETRY;
        self.shared.state().problem = Some(format!("no allocation can be submitted: {reason}"));
    }

    /// The options of sbatch.
    fn options(&self, name: &str, excluded: &[String]) -> Vec<String> {
        let Shared { options, request, .. } = self.shared;
        let size = match options.nodes {
            Some(nodes) => BatchSize::WholeNodes(nodes.get()),
            None => BatchSize::Jobs(options.jobs.map_or(1, |jobs| jobs.get())),
        };
        let mut all = vec!["--parsable".to_owned(), format!("--job-name={name}")];
        all.extend(["--output=/dev/null".to_owned(), "--no-requeue".to_owned()]);
        all.push(format!("--time={}", request.minutes()));
        all.extend(size.options(options));
        if !excluded.is_empty() {
            all.push(format!("--exclude={}", excluded.join(",")));
        }
        all
    }

    /// Cancels all allocations.
    fn close(self, name: &str) {
        let Some(watcher) = self.watcher else { return };
        if query("scancel", &["--quiet", "--name", name]).is_ok() {
            watcher.dismiss();
        }
        // If it runs still, it tries again after the end of its stdin.
    }
}

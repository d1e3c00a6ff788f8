//! What a free slot gets: jobs to run again first, then what the schedule says, with a configuration for every new trial.

use std::sync::Arc;

use super::event::{Command, FinishReason, Launch, LimitKind};
use super::job::ScheduledJob;
use super::state::{ActiveTrial, Engine, PendingSuggestion, Phase, Printed, RunningJob, TunerState};
use crate::schedule::{Next, Start};
use crate::search::Proposal;
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, Slot, TrialId};
use crate::types::units::{Moment, Resource};

/// What to do with a free slot.
enum Pick {
    Run(ScheduledJob),
    Ask(Start),
    Nothing,
}

/// A new trial's configuration, as far as it is known at once.
pub(super) enum Configured {
    Ready(Arc<Assignment>),
    Outside,
    Exhausted,
}

impl Engine {
    /// Gives every free slot something to do, as long as there is something.
    pub(super) fn fill(&mut self, now: Moment, out: &mut Vec<Command>) {
        let mut trials = Vec::new();
        while self.slots.any_free() {
            let pick = self.pick(now, out);
            if matches!(pick, Pick::Nothing) {
                break;
            }
            let Some(slot) = self.slots.take() else { break };
            match pick {
                Pick::Run(job) => self.launch(job, Some(slot), out),
                Pick::Ask(start) => {
                    trials.push((start.key.trial, start.bracket, start.resource));
                    self.asked.insert(start.key.trial, PendingSuggestion { start, slot });
                }
                Pick::Nothing => {}
            }
        }
        if !trials.is_empty() {
            out.push(Command::Suggest { trials });
        }
    }

    fn pick(&mut self, now: Moment, out: &mut Vec<Command>) -> Pick {
        if let Some(job) = self.starts_again().then(|| self.again.pop(now)).flatten() {
            return Pick::Run(job);
        }
        while self.phase == Phase::Open {
            let next = self.held.pop_front().map_or_else(|| self.scheduler.next(), Next::Start);
            let Next::Start(start) = next else { break };
            if let Some(limit) = self.no_room_for(&start) {
                self.held.push_front(start);
                if limit != LimitKind::Resource || !self.may_leave_resource() {
                    self.stop(FinishReason::Limit { limit }, out);
                }
                break;
            }
            match self.configure(&start) {
                Configured::Ready(assignment) => return Pick::Run(ScheduledJob::first(start, assignment)),
                Configured::Outside => return Pick::Ask(start),
                Configured::Exhausted => {
                    let verdicts = self.close(&[start.key.trial]);
                    self.announce(verdicts, out);
                }
            }
        }
        Pick::Nothing
    }

    /// The trial's configuration: its own if it ran before, a starting point, or the searcher's proposal.
    pub(super) fn configure(&mut self, start: &Start) -> Configured {
        let trial = start.key.trial;
        if let Some(live) = self.trials.get(&trial) {
            return Configured::Ready(live.assignment.clone());
        }
        if let Some(point) = self.complete_starting_point(trial) {
            return Configured::Ready(Arc::new(point));
        }
        match self.searcher.propose(&TrialRequest { trial, bracket: start.bracket, resource: start.resource }) {
            Proposal::Ready(proposal) => Configured::Ready(Arc::new(self.with_starting_point(trial, proposal))),
            Proposal::External if self.tuner == TunerState::Answers => Configured::Outside,
            Proposal::External | Proposal::Exhausted => Configured::Exhausted,
        }
    }

    /// The starting point of `trial` if it leaves nothing to be drawn, in file order. Without parameters there is nothing to tell
    /// whether it does.
    pub(super) fn complete_starting_point(&self, trial: TrialId) -> Option<Assignment> {
        let point = self.starting_point(trial)?;
        let params = &self.experiment.space.params;
        if params.is_empty() {
            return None;
        }
        params.iter().map(|p| Some((p.name.clone(), point.get(&p.name)?.clone()))).collect()
    }

    /// `proposal` with the values that the starting point of `trial` fixes.
    pub(super) fn with_starting_point(&self, trial: TrialId, mut proposal: Assignment) -> Assignment {
        for (name, value) in self.starting_point(trial).into_iter().flat_map(Assignment::iter) {
            proposal.set(Arc::from(name), value.clone());
        }
        proposal
    }

    fn starting_point(&self, trial: TrialId) -> Option<&Assignment> {
        self.experiment.initial.get(usize::try_from(trial.0).ok()?)
    }

    /// Starts the job: on `slot`, or on paper in a replay.
    pub(super) fn launch(&mut self, job: ScheduledJob, slot: Option<Slot>, out: &mut Vec<Command>) {
        let id = job.id();
        if !self.trials.contains_key(&id.key.trial) {
            self.searcher.register(id.key.trial, &job.assignment);
            let live = ActiveTrial { assignment: job.assignment.clone(), bracket: job.start.bracket };
            self.trials.insert(id.key.trial, live);
        }
        self.tally.launched(&job);
        if job.attempt == Attempt(1) {
            self.early_failures.launched(id.key, &job.assignment);
        }
        self.policies.launched(id.key);
        if let Some(slot) = slot {
            out.push(Command::Launch(Launch {
                job: id,
                bracket: job.start.bracket,
                resource: job.start.resource,
                previous: job.start.previous.unwrap_or(Resource::ZERO),
                slot,
                assignment: job.assignment.clone(),
            }));
        }
        self.running.insert(id.key, RunningJob { job, slot, killed: false, printed: Printed::Nothing });
        if self.supply.is_some_and(|supply| self.tally.trials() >= supply) {
            let verdicts = self.close(&[]);
            debug_assert!(verdicts.is_empty(), "the rung of the trial just launched is not full");
        }
    }
}

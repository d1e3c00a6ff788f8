//! Fills free slots: first with jobs that are launched again, then with jobs from the schedule.

use std::sync::Arc;

use super::event::{Command, FinishReason, Launch, LimitKind};
use super::job::ScheduledJob;
use super::state::{Engine, PendingSuggestion, ReadingState, RunningJob, StudyPhase, TunerState};
use crate::schedule::{Next, Start};
use crate::search::Proposal;
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, Slot, TrialId};
use crate::types::origin::ConfigOrigin;
use crate::types::stream::{Purpose, stream};
use crate::types::units::{Moment, Resource};

/// The use of a free slot.
enum SlotAction {
    Launch(ScheduledJob),
    /// Ask the external tuner for a configuration.
    Suggest(Start),
    Idle,
}

/// The configuration of a trial.
pub(super) enum TrialConfig {
    /// With its origin, if it is new.
    Ready(Arc<Assignment>, Option<ConfigOrigin>),
    /// The external tuner must be asked.
    External,
    /// The sampler has no more configurations.
    Exhausted,
}

impl Engine {
    /// Launches jobs and requests suggestions until no slot is free or nothing can start.
    pub(super) fn fill_slots(&mut self, now: Moment, out: &mut Vec<Command>) {
        let mut trials = Vec::new();
        while !self.slots.is_empty() {
            let action = self.next_action(now, out);
            if matches!(action, SlotAction::Idle) {
                break;
            }
            let Some(slot) = self.slots.acquire() else { break };
            match action {
                SlotAction::Launch(job) => self.launch(job, Some(slot), out),
                SlotAction::Suggest(start) => {
                    trials.push((start.key.trial, start.bracket, start.resource));
                    self.pending_suggestions.insert(start.key.trial, PendingSuggestion { start, slot });
                }
                SlotAction::Idle => {}
            }
        }
        if !trials.is_empty() {
            out.push(Command::Suggest { trials });
        }
    }

    fn next_action(&mut self, now: Moment, out: &mut Vec<Command>) -> SlotAction {
        if let Some(job) = self.may_relaunch().then(|| self.retry_queue.pop(now)).flatten() {
            return SlotAction::Launch(job);
        }
        while self.phase == StudyPhase::Open {
            let next = self.deferred_starts.pop_front().map_or_else(|| self.scheduler.next(), Next::Start);
            let Next::Start(start) = next else { break };
            if let Some(limit) = self.exceeded_limit(&start) {
                self.deferred_starts.push_front(start);
                if limit != LimitKind::Resource || !self.may_release_resource() {
                    self.stop(FinishReason::Limit { limit }, out);
                }
                break;
            }
            if self.is_out_of_patience(&start) {
                self.deferred_starts.push_front(start);
                self.stop(FinishReason::Limit { limit: LimitKind::Patience }, out);
                break;
            }
            match self.configuration_for(&start) {
                TrialConfig::Ready(assignment, origin) => {
                    return SlotAction::Launch(ScheduledJob::new(start, assignment).with_origin(origin));
                }
                TrialConfig::External => return SlotAction::Suggest(start),
                TrialConfig::Exhausted => {
                    let verdicts = self.close_scheduler(&[start.key.trial]);
                    self.emit_verdicts(verdicts, out);
                }
            }
        }
        SlotAction::Idle
    }

    /// The trial's existing configuration, else its starting point if that is complete, else the searcher's proposal.
    pub(super) fn configuration_for(&mut self, start: &Start) -> TrialConfig {
        let trial = start.key.trial;
        if let Some(assignment) = self.trials.get(&trial) {
            return TrialConfig::Ready(assignment.clone(), None);
        }
        if let Some(point) = self.complete_starting_point(trial) {
            return TrialConfig::Ready(Arc::new(point), Some(ConfigOrigin::StartingPoint));
        }
        match self.searcher.propose(&TrialRequest { trial, bracket: start.bracket, resource: start.resource }) {
            Proposal::Ready(proposal) => {
                let origin = self.origin(trial, self.searcher.origin());
                TrialConfig::Ready(Arc::new(self.with_starting_point(trial, proposal)), Some(origin))
            }
            Proposal::External if self.tuner == TunerState::Active => TrialConfig::External,
            Proposal::External | Proposal::Exhausted => TrialConfig::Exhausted,
        }
    }

    /// The starting point of `trial` in file order, if it has a value for every parameter. `None` if the space has no parameters,
    /// because completeness is then unknown.
    pub(super) fn complete_starting_point(&self, trial: TrialId) -> Option<Assignment> {
        let point = self.starting_point(trial)?;
        let params = &self.experiment.space.params;
        if params.is_empty() {
            return None;
        }
        if self.experiment.space.has_rules() {
            return self.experiment.space.complete(point).ok();
        }
        params.iter().map(|p| Some((p.name.clone(), point.get(&p.name)?.clone()))).collect()
    }

    /// `proposal` with the values of the starting point of `trial`. Where they contradict the proposal, the rest is drawn.
    pub(super) fn with_starting_point(&self, trial: TrialId, mut proposal: Assignment) -> Assignment {
        let Some(point) = self.starting_point(trial) else { return proposal };
        let space = &self.experiment.space;
        if space.has_rules() {
            let mut stream = stream(self.experiment.seed, trial, Purpose::StartingPoint);
            return space.sample_near(point, &proposal, &mut stream).unwrap_or(proposal);
        }
        for (name, value) in point.iter() {
            proposal.set(Arc::from(name), value.clone());
        }
        proposal
    }

    /// The origin of a configuration that has the values of the starting point of `trial`, if there is one, and others of `proposal`.
    pub(super) fn origin(&self, trial: TrialId, proposal: ConfigOrigin) -> ConfigOrigin {
        let has_values = self.starting_point(trial).is_some_and(|point| !point.is_empty());
        if has_values { ConfigOrigin::PartialStartingPoint } else { proposal }
    }

    fn starting_point(&self, trial: TrialId) -> Option<&Assignment> {
        self.experiment.initial.get(usize::try_from(trial.0).ok()?)
    }

    /// Launches the job on `slot`. In a replay, `slot` is `None` and no command is sent.
    pub(super) fn launch(&mut self, job: ScheduledJob, slot: Option<Slot>, out: &mut Vec<Command>) {
        let id = job.id();
        if !self.trials.contains_key(&id.key.trial) {
            self.searcher.register(id.key.trial, &job.assignment);
            self.trials.insert(id.key.trial, job.assignment.clone());
        }
        self.counters.add_launch(&job);
        if job.attempt == Attempt(1) {
            self.early_failures.add_launch(id.key, &job.assignment);
        }
        self.policies.add_launch(id.key);
        if let Some(slot) = slot {
            out.push(Command::Launch(Launch {
                job: id,
                bracket: job.start.bracket,
                resource: job.start.resource,
                previous: job.start.previous.unwrap_or(Resource::ZERO),
                slot,
                assignment: job.assignment.clone(),
                origin: job.origin.clone(),
            }));
        }
        self.running.insert(id.key, RunningJob { job, slot, killed: false, reading_state: ReadingState::NoReading });
        if self.max_trials.is_some_and(|most| self.counters.trials() >= most) {
            let verdicts = self.close_scheduler(&[]);
            debug_assert!(verdicts.is_empty(), "the rung of the trial just launched is not full");
        }
    }
}

//! Limits of the study.
//!
//! A job counts once, however many attempts it has, and is launched again beyond a limit. Resource counts as far as it was trained,
//! in all attempts ([`Allocation::spent`](crate::types::allocation::Allocation::spent)), as in the summary; a launched job counts in
//! full until it ends. The resource that a stopped job has not spent is available to others: if a job exceeds the limit, the study
//! waits for the running jobs before it ends. At the time limit, running jobs are killed ([`AtLimit::EndRunning`]) and launched again when the study is resumed.

pub(super) mod patience;

use self::patience::REPORTED_PATIENCE;
use super::event::{Command, FinishReason, LimitKind, PatienceHint};
use super::experiment::AtLimit;
use super::state::{Engine, PendingSuggestion, StudyPhase};
use crate::schedule::{Start, finite};
use crate::search::{GainEstimate, GainRequest};
use crate::types::ids::TrialId;
use crate::types::objective::Score;
use crate::types::outcome::StopRule;
use crate::types::units::Moment;

/// Relative tolerance for rounding errors in sums of resources.
const TOLERANCE: f64 = 1e-9;

impl Engine {
    /// The limit that a launch of `start` would exceed.
    pub(super) fn exceeded_limit(&self, start: &Start) -> Option<LimitKind> {
        let limits = &self.experiment.limits;
        let (pending, pending_cost) = self.pending_cost();
        let cost = pending_cost + self.experiment.promoted.cost(start.resource, start.previous);
        let jobs = limits.jobs.is_some_and(|most| self.counters.jobs() + pending >= most);
        let resource =
            limits.resource.is_some_and(|most| self.counters.committed_resource() + cost > most * (1.0 + TOLERANCE));
        match (jobs, resource) {
            (true, _) => Some(LimitKind::Jobs),
            (_, true) => Some(LimitKind::Resource),
            _ => None,
        }
    }

    /// Whether a job that has not ended may spend less than its resource.
    pub(super) fn may_release_resource(&self) -> bool {
        !self.running.is_empty() || !self.retry_queue.is_empty() || !self.pending_suggestions.is_empty()
    }

    /// The moment of the time limit.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.experiment.limits.time.map(|time| Moment::default().after(time))
    }

    /// The number of pending suggestions and the resource of their jobs.
    fn pending_cost(&self) -> (u64, f64) {
        let cost = |pending: &PendingSuggestion| {
            let start = &pending.start;
            self.experiment.promoted.cost(start.resource, start.previous)
        };
        (self.pending_suggestions.len() as u64, self.pending_suggestions.values().map(cost).sum())
    }

    /// Ends the study if the time limit is reached.
    pub(super) fn check_time_limit(&mut self, now: Moment, out: &mut Vec<Command>) {
        if !self.may_relaunch() {
            return;
        }
        if let Some(deadline) = self.deadline().filter(|deadline| *deadline <= now) {
            self.stop(FinishReason::Limit { limit: LimitKind::Time }, out);
            if self.experiment.limits.at_limit == AtLimit::EndRunning {
                let seconds = |moment: Moment| Some(moment.since(Moment::default()).as_secs_f64());
                self.kill_all(None, &StopRule::new(StopRule::LIMIT, seconds(now), seconds(deadline)), out);
            }
        }
    }

    /// Whether waiting jobs may be launched again: in an open study, and in one that a limit of jobs or resource ends.
    pub(super) fn may_relaunch(&self) -> bool {
        match &self.phase {
            StudyPhase::Open => true,
            StudyPhase::Ending(FinishReason::Limit { limit }) => *limit != LimitKind::Time,
            StudyPhase::Ending(_) | StudyPhase::Finished(_) => false,
        }
    }
}

/// The limit of patience; see `patience`.
impl Engine {
    /// The job of `start` ended for good.
    pub(super) fn add_result(&mut self, start: &Start, score: Option<Score>) {
        if start.resource != self.experiment.max_resource() {
            return;
        }
        let direction = self.experiment.metric.as_ref().map(|metric| metric.direction);
        let cost = direction.zip(score).map(|(direction, score)| direction.cost(score));
        self.patience.add(start.bracket, cost);
    }

    /// Whether the limit ends the study instead of the new trial of `start`.
    pub(super) fn is_out_of_patience(&mut self, start: &Start) -> bool {
        let limit = self.experiment.limits.patience;
        let is_known = limit.is_none() && self.patience.hint.is_some();
        if start.previous.is_some() || is_known || !self.patience.is_due() {
            return false;
        }
        let patience = limit.unwrap_or(REPORTED_PATIENCE);
        let ends = self.expected_share(start.key.trial, patience).is_some_and(|share| share < patience);
        if ends && limit.is_none() {
            let (jobs, resource) = (self.counters.jobs(), self.counters.committed_resource());
            self.patience.hint = Some(PatienceHint { patience, jobs, resource });
        }
        ends && limit.is_some()
    }

    /// When the limit would have ended the study, if there is none and it would.
    pub fn patience_hint(&self) -> Option<PatienceHint> {
        self.patience.hint
    }

    fn expected_share(&mut self, trial: TrialId, patience: f64) -> Option<f64> {
        let spent = self.counters.committed_resource();
        let left = self.resource_left().unwrap_or(spent);
        let trials = (left / self.experiment.max_resource().amount()).max(1.0);
        match self.searcher.expected_gain(&GainRequest { trial, trials, enough: patience }) {
            GainEstimate::Share(share) => Some(share),
            GainEstimate::Unknown => None,
            GainEstimate::NoModel => self.patience.share_of_draws(left / spent),
        }
    }

    /// The resource that the plan and the other limits leave; `None` if only a limit of time or the user ends the study.
    fn resource_left(&self) -> Option<f64> {
        let limits = &self.experiment.limits;
        let spent = self.counters.committed_resource();
        let plan = self.experiment.method.schedule.with_length(self.length).plan(self.max_trials);
        let planned = finite(plan.trials()).map(|_| self.experiment.totals(&plan).resource - spent);
        let per_job = spent / self.counters.jobs().max(1) as f64;
        let jobs = limits.jobs.map(|most| most.saturating_sub(self.counters.jobs()) as f64 * per_job);
        let left = [planned, limits.resource.map(|most| most - spent), jobs];
        left.into_iter().flatten().reduce(f64::min).map(|left| left.max(0.0))
    }
}

//! Limits of the study.
//!
//! Jobs and resource are counted when a job is first launched; further attempts of it are free, so that a study resumed after a
//! crash reaches the same point as one that never crashed. A job launched within these limits has been paid for and runs to its
//! end. What a job that was cut off has not spent is free for others: where a job does not fit, the study waits for those that
//! run before it ends. Time is different: when it is over, running jobs are ended ([`AtLimit::EndRunning`]) and run again when the study goes on.

use super::event::{Command, FinishReason, LimitKind};
use super::experiment::AtLimit;
use super::state::PendingSuggestion;
use super::state::{Engine, Phase};
use crate::schedule::Start;
use crate::types::outcome::StopRule;
use crate::types::units::Moment;

/// Room for rounding in sums of resources.
const SLACK: f64 = 1e-9;

impl Engine {
    /// Which limit keeps a new job from being launched now.
    pub(super) fn no_room_for(&self, start: &Start) -> Option<LimitKind> {
        let limits = &self.experiment.limits;
        let (asked, asked_cost) = self.promised();
        let cost = asked_cost + self.experiment.promoted.cost(start.resource, start.previous);
        let jobs = limits.jobs.is_some_and(|most| self.tally.jobs() + asked >= most);
        let resource = limits.resource.is_some_and(|most| self.tally.given() + cost > most * (1.0 + SLACK));
        match (jobs, resource) {
            (true, _) => Some(LimitKind::Jobs),
            (_, true) => Some(LimitKind::Resource),
            _ => None,
        }
    }

    /// Whether jobs that have not ended for good may yet leave some of their resource to others.
    pub(super) fn may_leave_resource(&self) -> bool {
        !self.running.is_empty() || !self.again.is_empty() || !self.asked.is_empty()
    }

    /// When the time limit comes.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.experiment.limits.time.map(|time| Moment::default().after(time))
    }

    /// Jobs that wait for an outside tuner's answer, and their resource.
    fn promised(&self) -> (u64, f64) {
        let cost =
            |asked: &PendingSuggestion| self.experiment.promoted.cost(asked.start.resource, asked.start.previous);
        (self.asked.len() as u64, self.asked.values().map(cost).sum())
    }

    /// Ends the study if its time is over.
    pub(super) fn check_time(&mut self, now: Moment, out: &mut Vec<Command>) {
        if !self.starts_again() {
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

    /// Whether jobs that are to run again may do so: always, except when time or patience is over.
    pub(super) fn starts_again(&self) -> bool {
        match &self.phase {
            Phase::Open => true,
            Phase::Ending(FinishReason::Limit { limit }) => *limit != LimitKind::Time,
            Phase::Ending(_) | Phase::Finished(_) => false,
        }
    }
}

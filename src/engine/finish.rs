//! The end of a job: another attempt, or a result for the schedule and the searcher. The end of the study.

use super::event::{Command, FinishReason, LimitKind};
use super::job::ScheduledJob;
use super::retry;
use super::state::{Engine, StudyPhase};
use crate::kinds::SearcherAdvisor;
use crate::schedule::{Next, Verdict};
use crate::search::Observation;
use crate::types::allocation::Allocation;
use crate::types::ids::{JobId, TrialId};
use crate::types::outcome::{CurvePoint, Failure, Outcome, StopRule};
use crate::types::units::Moment;

/// Earlier than any other due moment.
pub(super) const DUE_IMMEDIATELY: Moment = Moment(0);

/// How a job ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobEnd<'a> {
    pub outcome: &'a Outcome,
    /// The objective's learning curve.
    pub curve: &'a [CurvePoint],
    /// The resource in its last reading.
    pub step: Option<f64>,
}

impl Engine {
    /// Applies the end of a job and checks whether the study ends.
    pub(super) fn on_job_end(&mut self, now: Moment, id: JobId, end: &JobEnd<'_>, out: &mut Vec<Command>) {
        let Some(verdicts) = self.apply_end(now, id, end) else { return };
        self.emit_verdicts(verdicts, out);
        let promotions = self.decide();
        self.emit_verdicts(promotions, out);
        self.check_final_value(id, end.outcome, out);
        self.check_first_failures(out);
        self.check_failure_share(out);
    }

    /// Releases the slot, then finishes the job or queues its next attempt. `None` if the job is not running.
    pub(super) fn apply_end(&mut self, now: Moment, id: JobId, end: &JobEnd<'_>) -> Option<Vec<Verdict>> {
        let outcome = end.outcome;
        if self.running.get(&id.key)?.job.attempt != id.attempt {
            return None;
        }
        let running = self.running.remove(&id.key)?;
        if let Some(slot) = running.slot {
            self.slots.release(slot);
        }
        self.policies.add_end(id.key, outcome);
        match self.next_attempt_due(now, &running.job, outcome) {
            Some(due) => {
                self.counters.add_attempt(outcome, self.allocation(&running.job), end.step);
                self.retry_queue.push(due, running.job.failed(outcome).next_attempt());
                Some(Vec::new())
            }
            None => Some(self.finish_job(&running.job, end)),
        }
    }

    pub(super) fn allocation(&self, job: &ScheduledJob) -> Allocation {
        self.experiment.promoted.allocation(job.start.resource, job.start.previous)
    }

    /// When the next attempt of the job is due; `None` if its end is final.
    fn next_attempt_due(&self, now: Moment, job: &ScheduledJob, outcome: &Outcome) -> Option<Moment> {
        if outcome.runs_again() {
            return Some(DUE_IMMEDIATELY);
        }
        let Outcome::Failed { failure } = outcome else { return None };
        if let Failure::Infrastructure(_) = failure {
            return retry::infrastructure_pause(job.infrastructure_failures).map(|pause| now.after(pause));
        }
        self.retries.allow(job.failures, failure).then(|| now.after(retry::pause(&self.retries, job.failures + 1)))
    }

    /// Gives the final result of the job to the searcher and the scheduler.
    fn finish_job(&mut self, job: &ScheduledJob, end: &JobEnd<'_>) -> Vec<Verdict> {
        let &JobEnd { outcome, curve, step } = end;
        let key = job.start.key;
        let score = outcome.score();
        let allocation = self.allocation(job);
        self.searcher.observe(&Observation {
            trial: key.trial,
            assignment: &job.assignment,
            resource: allocation.observed(outcome, curve),
            score,
            curve,
        });
        self.counters.add_end(outcome, allocation, step);
        self.add_result(&job.start, score);
        self.early_failures.add_end(key, outcome);
        let verdicts = match self.unscheduled.remove(&key) {
            true => vec![Verdict::Retire(key.trial)],
            false => self.scheduler.finish(key, score),
        };
        self.remove_retired_trials(&verdicts);
        verdicts
    }

    /// The verdicts that the scheduler reaches with the searcher's advice.
    pub(super) fn decide(&mut self) -> Vec<Verdict> {
        let verdicts = self.scheduler.decide(&mut SearcherAdvisor(&mut *self.searcher));
        self.remove_retired_trials(&verdicts);
        verdicts
    }

    /// Tells the scheduler to start no more trials. The trials in `never_run` were started by it but not launched.
    pub(super) fn close_scheduler(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        let verdicts = self.scheduler.close(never_run);
        self.remove_retired_trials(&verdicts);
        verdicts
    }

    pub(super) fn remove_retired_trials(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            if let Verdict::Retire(trial) = verdict
                && !self.scheduler.may_return(*trial)
            {
                self.trials.remove(trial);
            }
        }
    }

    pub(super) fn emit_verdicts(&mut self, verdicts: Vec<Verdict>, out: &mut Vec<Command>) {
        out.extend(verdicts.into_iter().map(|verdict| match verdict {
            Verdict::Promote(trial) => Command::Promoted { trial, skips_to: None },
            Verdict::PromoteTo(trial, rung) => Command::Promoted { trial, skips_to: Some(rung) },
            Verdict::Retire(trial) => Command::Retired(trial),
        }));
    }

    /// Finishes the study if no job is running and none will, else requests the next wake-up.
    pub(super) fn finish_or_wait(&mut self, now: Moment, out: &mut Vec<Command>) {
        if let Some(reason) = self.reason_to_finish() {
            self.phase = StudyPhase::Finished(reason.clone());
            out.push(Command::Finish(reason));
            return;
        }
        if self.next_wakeup.is_some_and(|wakeup| wakeup <= now) {
            self.next_wakeup = None;
        }
        let retry = self.retry_queue.next_due().filter(|due| self.may_relaunch() && *due > now);
        let earliest = [retry, self.deadline().filter(|_| self.may_relaunch())].into_iter().flatten().min();
        if let Some(moment) = earliest
            && self.next_wakeup.is_none_or(|wakeup| moment < wakeup)
        {
            self.next_wakeup = Some(moment);
            out.push(Command::WakeAt(moment));
        }
    }

    /// The reason to finish the study now; `None` if it does not finish. Requires that free slots were filled before.
    fn reason_to_finish(&mut self) -> Option<FinishReason> {
        let is_waiting = !self.retry_queue.is_empty() || !self.pending_suggestions.is_empty();
        if !self.running.is_empty() || (self.may_relaunch() && is_waiting) {
            return None;
        }
        match self.phase.clone() {
            StudyPhase::Open => Some(FinishReason::Completed),
            StudyPhase::Ending(FinishReason::Limit { limit: LimitKind::Time }) if !self.has_unstarted_work() => {
                Some(FinishReason::Completed)
            }
            StudyPhase::Ending(reason) => Some(reason),
            StudyPhase::Finished(_) => None,
        }
    }

    /// Whether the time limit prevents a job from starting.
    fn has_unstarted_work(&mut self) -> bool {
        if !self.retry_queue.is_empty() || !self.deferred_starts.is_empty() || !self.pending_suggestions.is_empty() {
            return true;
        }
        let Next::Start(start) = self.scheduler.next() else { return false };
        self.deferred_starts.push_back(start);
        true
    }

    /// Kills every running job. `first` is killed before the others, even if it was killed already, because the first kill in the
    /// journal identifies the job that met a metric condition.
    pub(super) fn kill_all(&mut self, first: Option<JobId>, why: &StopRule, out: &mut Vec<Command>) {
        let first = first.map(|id| id.key);
        let others = self.running.keys().copied().filter(|key| Some(*key) != first);
        for key in first.into_iter().chain(others).collect::<Vec<_>>() {
            if let Some(running) = self.running.get_mut(&key)
                && (!std::mem::replace(&mut running.killed, true) || Some(key) == first)
            {
                out.push(Command::Kill { job: running.job.id(), why: why.clone() });
            }
        }
    }
}

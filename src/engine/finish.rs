//! What the end of a job means: another attempt, or a value for its rung and for the searcher; and the end of the study.

use super::event::{Command, FinishReason, LimitKind};
use super::job::ScheduledJob;
use super::retry;
use super::state::{Engine, Phase};
use crate::kinds::SearcherAdvisor;
use crate::schedule::{Next, Verdict};
use crate::search::Observation;
use crate::types::ids::{JobId, TrialId};
use crate::types::outcome::{CurvePoint, Outcome, StopRule};
use crate::types::units::Moment;

/// Due before everything else.
pub(super) const AT_ONCE: Moment = Moment(0);

/// The end of a job, as it was observed.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobEnd<'a> {
    pub outcome: &'a Outcome,
    /// The objective on the way.
    pub curve: &'a [CurvePoint],
    /// The resource that its last reading named.
    pub step: Option<f64>,
}

impl Engine {
    /// Live: the end of a job, told to the world.
    pub(super) fn end(&mut self, now: Moment, id: JobId, end: &JobEnd<'_>, out: &mut Vec<Command>) {
        let Some(verdicts) = self.take_end(now, id, end) else { return };
        self.announce(verdicts, out);
        let advised = self.decide();
        self.announce(advised, out);
        self.check_final_value(id, end.outcome, out);
        self.judge_first_failures(out);
        self.judge_failure_share(out);
    }

    /// Frees the slot and settles what becomes of the job; `None` where it does not run.
    pub(super) fn take_end(&mut self, now: Moment, id: JobId, end: &JobEnd<'_>) -> Option<Vec<Verdict>> {
        let outcome = end.outcome;
        if self.running.get(&id.key)?.job.attempt != id.attempt {
            return None;
        }
        let running = self.running.remove(&id.key)?;
        if let Some(slot) = running.slot {
            self.slots.give_back(slot);
        }
        self.policies.ended(id.key, outcome);
        match self.next_attempt_due(now, &running.job, outcome) {
            Some(due) => {
                let counts = u32::from(!outcome.runs_again());
                let job = ScheduledJob { failures: running.job.failures + counts, ..running.job };
                self.tally.stops_running();
                self.again.push(due, job.next_attempt());
                Some(Vec::new())
            }
            None => Some(self.conclude(&running.job, end)),
        }
    }

    /// When the job may be launched again; `None` where its end is final.
    fn next_attempt_due(&self, now: Moment, job: &ScheduledJob, outcome: &Outcome) -> Option<Moment> {
        if outcome.runs_again() {
            return Some(AT_ONCE);
        }
        let Outcome::Failed { failure } = outcome else { return None };
        let again = self.retries.allow(job.failures, failure);
        again.then(|| now.after(retry::pause(&self.retries, job.failures + 1)))
    }

    /// The job is over for good: the searcher learns from it, the schedule decides on its rung.
    fn conclude(&mut self, job: &ScheduledJob, end: &JobEnd<'_>) -> Vec<Verdict> {
        let &JobEnd { outcome, curve, step } = end;
        let key = job.start.key;
        let score = outcome.score();
        let allocation = self.experiment.promoted.allocation(job.start.resource, job.start.previous);
        self.searcher.observe(&Observation {
            trial: key.trial,
            assignment: &job.assignment,
            resource: allocation.observed(outcome, curve),
            score,
            curve,
        });
        self.tally.ended(job, outcome, allocation, step);
        self.early_failures.ended(key, outcome);
        let verdicts = self.scheduler.finish(key, score);
        self.forget_retired(&verdicts);
        verdicts
    }

    /// What the schedule decides with the searcher's advice.
    pub(super) fn decide(&mut self) -> Vec<Verdict> {
        let verdicts = self.scheduler.decide(&mut SearcherAdvisor(&mut *self.searcher));
        self.forget_retired(&verdicts);
        verdicts
    }

    /// No new trials from here on, and those in `never_run` that were handed out already are taken back.
    pub(super) fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        let verdicts = self.scheduler.close(never_run);
        self.forget_retired(&verdicts);
        verdicts
    }

    pub(super) fn forget_retired(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            if let Verdict::Retire(trial) = verdict
                && let Some(live) = self.trials.remove(trial)
            {
                self.tally.retired(*trial, live.bracket);
            }
        }
    }

    pub(super) fn announce(&mut self, verdicts: Vec<Verdict>, out: &mut Vec<Command>) {
        out.extend(verdicts.into_iter().map(|verdict| match verdict {
            Verdict::Promote(trial) => Command::Promoted(trial),
            Verdict::Retire(trial) => Command::Retired(trial),
        }));
    }

    /// After an event: asks for the next wake-up, or finishes the study if nothing runs and nothing will.
    pub(super) fn settle(&mut self, now: Moment, out: &mut Vec<Command>) {
        if let Some(reason) = self.ended_by() {
            self.phase = Phase::Finished(reason.clone());
            out.push(Command::Finish(reason));
            return;
        }
        if self.wake.is_some_and(|asked| asked <= now) {
            self.wake = None;
        }
        let retry = self.again.next_due().filter(|due| self.starts_again() && *due > now);
        let wanted = [retry, self.deadline().filter(|_| self.starts_again())].into_iter().flatten().min();
        if let Some(moment) = wanted
            && self.wake.is_none_or(|asked| moment < asked)
        {
            self.wake = Some(moment);
            out.push(Command::WakeAt(moment));
        }
    }

    /// Why the study is over, once nothing runs. Slots were filled just before, so what has not started will not.
    fn ended_by(&mut self) -> Option<FinishReason> {
        let comes = !self.again.is_empty() || !self.asked.is_empty();
        if !self.running.is_empty() || (self.starts_again() && comes) {
            return None;
        }
        match self.phase.clone() {
            Phase::Open => Some(FinishReason::Completed),
            Phase::Ending(FinishReason::Limit { limit: LimitKind::Time }) if !self.work_is_left() => {
                Some(FinishReason::Completed)
            }
            Phase::Ending(reason) => Some(reason),
            Phase::Finished(_) => None,
        }
    }

    /// Whether the plan has anything left that a limit keeps from starting.
    fn work_is_left(&mut self) -> bool {
        if !self.again.is_empty() || !self.held.is_empty() || !self.asked.is_empty() {
            return true;
        }
        let Next::Start(start) = self.scheduler.next() else { return false };
        self.held.push_back(start);
        true
    }

    /// Asks for the end of every running job, `first` before the others and in any case, so that the journal's first kill for a
    /// metric condition names the job that met it.
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

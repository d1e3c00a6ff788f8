//! Random histories of jobs, for property tests of code that tracks the incumbent.

use proptest::prelude::*;

use super::Candidate;
use crate::types::allocation::Allocation;
use crate::types::ids::{JobKey, Rung, TrialId};
use crate::types::objective::Score;
use crate::types::outcome::{Failure, Outcome, StopRule};
use crate::types::units::Resource;

/// One event of a history.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum HistoryEvent {
    Launched(JobKey),
    Ended {
        job: JobKey,
        allocation: Allocation,
        outcome: Outcome,
        step: Option<f64>,
    },
    Retired(TrialId),
    Decided(JobKey),
    /// The study ended; the last event.
    Finished,
}

/// A random valid history of 8 trials.
pub(crate) fn history() -> impl Strategy<Value = Vec<HistoryEvent>> {
    let choice = (0u64..8, 0u8..12, 0u8..5, 0u8..5);
    prop::collection::vec(choice, 0..80).prop_map(|choices| {
        let mut builder = HistoryBuilder::default();
        for (trial, action, value, step) in choices {
            builder.choose(TrialId(trial), action, f64::from(value), f64::from(step) * 2.0);
        }
        builder.close();
        builder.steps
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum TrialState {
    #[default]
    New,
    Running,
    Ended,
    Retired,
}

#[derive(Default)]
struct HistoryBuilder {
    steps: Vec<HistoryEvent>,
    trials: [(TrialState, u32); 8],
    decided: bool,
}

impl HistoryBuilder {
    fn choose(&mut self, trial: TrialId, action: u8, value: f64, step: f64) {
        let (state, rung) = self.trials[trial.0 as usize];
        let job = JobKey { trial, rung: Rung(rung) };
        match (state, action) {
            (TrialState::New, _) if !self.decided => self.launch(job),
            (TrialState::Running, 0..11) => {
                self.end(job, outcome(action, value), action.is_multiple_of(3).then_some(step))
            }
            (TrialState::Running, _) => self.decide(job),
            (TrialState::Ended, 0..4) if !self.decided && rung < 3 => {
                self.launch(JobKey { trial, rung: Rung(rung + 1) })
            }
            // launched again: a retry, or a resume after a limit
            (TrialState::Ended, 4..6) if !self.decided => self.launch(job),
            (TrialState::Ended, 6..8) => self.retire(trial),
            (TrialState::Ended, 8) if self.last_ended() == Some(job) => self.decide(job),
            _ => {}
        }
    }

    fn launch(&mut self, job: JobKey) {
        self.trials[job.trial.0 as usize] = (TrialState::Running, job.rung.0);
        self.steps.push(HistoryEvent::Launched(job));
    }

    fn end(&mut self, job: JobKey, outcome: Outcome, step: Option<f64>) {
        self.trials[job.trial.0 as usize].0 = TrialState::Ended;
        let resource = |rung: u32| Resource::new(f64::from(3u32.pow(rung))).unwrap_or(Resource::ZERO);
        let from = job.rung.0.checked_sub(1).map_or(Resource::ZERO, resource);
        let allocation = Allocation { from, to: resource(job.rung.0) };
        self.steps.push(HistoryEvent::Ended { job, allocation, outcome, step });
    }

    fn retire(&mut self, trial: TrialId) {
        self.trials[trial.0 as usize].0 = TrialState::Retired;
        self.steps.push(HistoryEvent::Retired(trial));
    }

    fn decide(&mut self, job: JobKey) {
        if !std::mem::replace(&mut self.decided, true) {
            self.steps.push(HistoryEvent::Decided(job));
        }
    }

    fn last_ended(&self) -> Option<JobKey> {
        self.steps
            .iter()
            .rev()
            .find_map(|step| if let HistoryEvent::Ended { job, .. } = step { Some(*job) } else { None })
    }

    /// If a metric condition was met, ends the running jobs and the study.
    fn close(&mut self) {
        if !self.decided {
            return;
        }
        for trial in (0..8).map(TrialId) {
            let (state, rung) = self.trials[trial.0 as usize];
            if state == TrialState::Running {
                let by = StopRule::new(StopRule::STUDY_FINISHED, None, None);
                let score = Score::new(trial.0 as f64 % 3.0);
                self.end(JobKey { trial, rung: Rung(rung) }, Outcome::Stopped { score, by }, Some(2.0));
                self.retire(trial);
            }
        }
        self.steps.push(HistoryEvent::Finished);
    }
}

/// Coarse scores, so that ties are frequent.
fn outcome(action: u8, value: f64) -> Outcome {
    let score = Score::new(value);
    let stopped = |rule: &str| Outcome::Stopped { score, by: StopRule::new(rule, None, None) };
    match action {
        0..4 => Outcome::Succeeded { score },
        4..7 => stopped("median"),
        7 => stopped(StopRule::LIMIT),
        8 => Outcome::Failed { failure: Failure::Lost },
        _ => Outcome::Failed { failure: Failure::Exit(1) },
    }
}

/// The candidates after `steps`, which are the last end of each job unless it was launched again, and the decisive job.
pub(crate) fn candidates(steps: &[HistoryEvent]) -> (Vec<Candidate>, Option<JobKey>) {
    let (mut candidates, mut decisive): (Vec<Candidate>, _) = (Vec::new(), None);
    for step in steps {
        match step {
            HistoryEvent::Launched(job) => candidates.retain(|candidate| candidate.job != *job),
            HistoryEvent::Ended { job, allocation, outcome, step } => {
                candidates.extend(Candidate::new(*job, outcome, *allocation, *step));
            }
            HistoryEvent::Decided(job) => decisive = Some(*job),
            HistoryEvent::Retired(_) | HistoryEvent::Finished => {}
        }
    }
    (candidates, decisive)
}

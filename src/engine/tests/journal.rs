//! A journal in memory, and what the tests compute from it.

use std::collections::BTreeMap;

use crate::engine::event::{FinishReason, Launch};
use crate::engine::experiment::Experiment;
use crate::engine::replay::ReplayRecord;
use crate::types::assignment::Assignment;
use crate::types::ids::{JobId, JobKey, Rung, TrialId};
use crate::types::incumbent::{self, Candidate};
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Outcome, StopRule};
use crate::types::units::{Moment, Resource};

#[derive(Clone, Debug)]
pub(super) enum TestRecord {
    Launch(Launch, Moment),
    Kill(JobId, StopRule),
    Ended(JobId, Outcome, Moment, Vec<CurvePoint>),
    Promoted(TrialId, Option<Rung>),
    Retired(TrialId),
    Length(u64),
    RunAgain(Vec<JobKey>),
    Finish(FinishReason, Moment),
}

impl TestRecord {
    pub fn to_replay(&self) -> ReplayRecord<'_> {
        match self {
            TestRecord::Launch(launch, at) => ReplayRecord::Launch {
                job: launch.job,
                bracket: launch.bracket,
                resource: launch.resource,
                previous: launch.previous,
                slot: launch.slot,
                assignment: Some(&launch.assignment),
                at: *at,
            },
            TestRecord::Kill(job, why) => ReplayRecord::Kill { job: *job, why },
            TestRecord::Ended(job, outcome, at, curve) => ReplayRecord::Ended {
                job: *job,
                outcome,
                curve,
                step: last_step(curve),
                readings: Some(curve),
                at: *at,
            },
            TestRecord::Promoted(trial, rung) => ReplayRecord::Promoted(*trial, *rung),
            TestRecord::Retired(trial) => ReplayRecord::Retired(*trial),
            TestRecord::Length(length) => ReplayRecord::Length(*length),
            TestRecord::RunAgain(jobs) => ReplayRecord::RunAgain(jobs),
            TestRecord::Finish(reason, at) => ReplayRecord::Finish(reason, *at),
        }
    }

    /// The moment of a launch, an end or a finish.
    pub fn moment(&self) -> Option<Moment> {
        match self {
            TestRecord::Launch(_, at) | TestRecord::Ended(_, _, at, _) | TestRecord::Finish(_, at) => Some(*at),
            TestRecord::Kill(..)
            | TestRecord::Promoted(..)
            | TestRecord::Retired(_)
            | TestRecord::Length(_)
            | TestRecord::RunAgain(_) => None,
        }
    }
}

/// The step of the last reading.
pub(super) fn last_step(curve: &[CurvePoint]) -> Option<f64> {
    curve.last().map(|point| point.step)
}

/// The result of a study, which must not depend on crashes, slots or the order of events.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct StudyResult {
    pub configurations: BTreeMap<TrialId, Assignment>,
    pub outcomes: BTreeMap<JobKey, Outcome>,
    pub promotions: BTreeMap<TrialId, usize>,
    pub incumbent: Option<(TrialId, Score, Resource)>,
    pub finish: Option<FinishReason>,
}

pub(super) fn result(journal: &[TestRecord], incumbent: Option<Candidate>) -> StudyResult {
    let incumbent = incumbent.map(|best| (best.job.trial, best.score, best.reached));
    let mut result = StudyResult { incumbent, finish: finish(journal).cloned(), ..StudyResult::default() };
    for record in journal {
        match record {
            TestRecord::Launch(launch, _) => {
                result.configurations.insert(launch.job.key.trial, (*launch.assignment).clone());
            }
            TestRecord::Ended(job, outcome, ..) if !outcome.runs_again() => {
                let earlier = result.outcomes.insert(job.key, outcome.clone());
                assert!(earlier.is_none_or(|outcome| matches!(outcome, Outcome::Failed { .. })));
            }
            TestRecord::Promoted(trial, _) => *result.promotions.entry(*trial).or_default() += 1,
            _ => {}
        }
    }
    result
}

/// The reason of the last record, if that is a finish.
pub(super) fn finish(journal: &[TestRecord]) -> Option<&FinishReason> {
    match journal.last() {
        Some(TestRecord::Finish(reason, _)) => Some(reason),
        _ => None,
    }
}

/// The incumbent, from the last end of each job that was not launched again.
pub(super) fn incumbent(
    journal: &[TestRecord],
    experiment: &Experiment,
    decisive: Option<JobKey>,
) -> Option<Candidate> {
    let mut launches: BTreeMap<JobKey, &Launch> = BTreeMap::new();
    let mut candidates: BTreeMap<JobKey, Candidate> = BTreeMap::new();
    for record in journal {
        match record {
            TestRecord::Launch(launch, _) => {
                launches.insert(launch.job.key, launch);
                candidates.remove(&launch.job.key);
            }
            TestRecord::Ended(job, outcome, _, curve) => {
                let launch = launches[&job.key];
                let allocation = experiment.promoted.allocation(launch.resource, Some(launch.previous));
                let candidate = Candidate::new(job.key, outcome, allocation, last_step(curve));
                candidates.extend(candidate.map(|candidate| (job.key, candidate)));
            }
            _ => {}
        }
    }
    incumbent::best(experiment.metric.as_ref()?.direction, candidates.into_values(), decisive)
}

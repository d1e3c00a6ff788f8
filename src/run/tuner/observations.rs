//! Makes the tuner's observations from the journal's records: one for the last attempt of every job.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::engine::experiment::Retries;
use crate::journal::record::{EndRecord, LaunchRecord, Record};
use crate::search::PriorObservation;
use crate::space::{Param, Space};
use crate::types::allocation::Allocation;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobKey, TrialId};
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Outcome};
use crate::types::units::ResourceSpec;

/// One job, as a JSON object in a request.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct JobObservation {
    /// Null for jobs of an earlier study.
    trial: Option<TrialId>,
    /// Absent for jobs of an earlier study.
    #[serde(flatten)]
    bracket: Option<BracketId>,
    /// Resource at which `value` was observed ([`Allocation::observed`]), less than the allotted one if the job was stopped early. Null
    /// where nothing is allotted.
    resource: Option<Value>,
    params: Assignment,
    status: ObservationStatus,
    /// The metric.
    value: Option<Score>,
    /// All metrics of its last reading.
    #[serde(skip_serializing_if = "Map::is_empty")]
    metrics: Map<String, Value>,
    /// Learning curve of the metric, thinned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    curve: Vec<CurvePoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

impl JobObservation {
    /// Gives each parameter of `space` that the configuration lacks the middle of its values.
    pub fn complete(&mut self, space: &Space) {
        let value = |param: &Param| {
            let value = self.params.get(&param.name).cloned();
            (param.name.clone(), value.unwrap_or_else(|| param.domain.from_unit(0.5)))
        };
        self.params = space.params.iter().map(value).collect();
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum ObservationStatus {
    Succeeded,
    Stopped,
    Failed,
}

/// A trial that is not retired.
#[derive(Debug)]
struct TrialInfo {
    bracket: BracketId,
    params: Assignment,
}

/// Observations that were not sent yet.
#[derive(Debug)]
pub struct ObservationQueue {
    resource: Option<ResourceSpec>,
    retries: Retries,
    trials: HashMap<TrialId, TrialInfo>,
    promoted: PromotedStart,
    allocations: HashMap<JobKey, Allocation>,
    /// Number of failed attempts of jobs that are retried.
    failures: HashMap<JobKey, u32>,
    /// Trials whose last job failed. They may run again, so their configurations are kept.
    failed: HashSet<TrialId>,
    pending: Vec<JobObservation>,
}

impl ObservationQueue {
    /// `prior` are observations of earlier studies; they come first.
    pub fn new(
        resource: Option<ResourceSpec>,
        promoted: PromotedStart,
        retries: Retries,
        prior: &[PriorObservation],
    ) -> ObservationQueue {
        ObservationQueue {
            pending: prior.iter().map(|prior| from_prior(prior, resource.as_ref())).collect(),
            resource,
            retries,
            promoted,
            trials: HashMap::new(),
            allocations: HashMap::new(),
            failures: HashMap::new(),
            failed: HashSet::new(),
        }
    }

    /// Updates the queue with `record`.
    pub fn record(&mut self, record: &Record) {
        match record {
            Record::Launch(launch) => self.launched(launch),
            Record::End(end) => self.ended(end),
            Record::Retired { trial } if !self.failed.contains(trial) => drop(self.trials.remove(trial)),
            Record::Session(session) => self.retries.max = session.retries,
            Record::Study(_)
            | Record::Length(_)
            | Record::RunAgain { .. }
            | Record::Started { .. }
            | Record::Kill { .. }
            | Record::Promoted { .. }
            | Record::Retired { .. }
            | Record::Finish { .. } => {}
        }
    }

    /// Removes and returns all observations, in the order of the journal.
    pub fn take(&mut self) -> Vec<JobObservation> {
        std::mem::take(&mut self.pending)
    }

    fn launched(&mut self, launch: &LaunchRecord) {
        self.allocations.insert(launch.job.key, self.promoted.allocation(launch.resource, Some(launch.previous)));
        if let Some(params) = &launch.params {
            let trial = TrialInfo { bracket: launch.bracket, params: params.clone() };
            self.trials.insert(launch.job.key.trial, trial);
        }
    }

    fn ended(&mut self, end: &EndRecord) {
        if self.is_retried(end) {
            return;
        }
        let key = end.job.key;
        self.failures.remove(&key);
        match end.outcome {
            Outcome::Failed { .. } => self.failed.insert(key.trial),
            _ => self.failed.remove(&key.trial),
        };
        let (Some(trial), Some(allocation)) = (self.trials.get(&key.trial), self.allocations.remove(&key)) else {
            return;
        };
        let (status, failure) = match &end.outcome {
            Outcome::Succeeded { .. } => (ObservationStatus::Succeeded, None),
            Outcome::Stopped { .. } => (ObservationStatus::Stopped, None),
            Outcome::Failed { failure } => (ObservationStatus::Failed, Some(failure.to_string())),
        };
        self.pending.push(JobObservation {
            trial: Some(key.trial),
            bracket: Some(trial.bracket),
            resource: self
                .resource
                .as_ref()
                .map(|spec| spec.value(allocation.observed(&end.outcome, &end.readings.curve))),
            params: trial.params.clone(),
            status,
            value: end.outcome.score(),
            metrics: end.readings.metrics.clone(),
            curve: end.readings.curve.clone(),
            failure,
        });
    }

    /// Whether the job is retried, by the same rule as in the engine.
    fn is_retried(&mut self, end: &EndRecord) -> bool {
        if end.outcome.runs_again() {
            return true;
        }
        let Outcome::Failed { failure } = &end.outcome else { return false };
        let failures = self.failures.entry(end.job.key).or_default();
        let is_retried = self.retries.allow(*failures, failure);
        *failures += 1;
        is_retried
    }
}

fn from_prior(prior: &PriorObservation, resource: Option<&ResourceSpec>) -> JobObservation {
    JobObservation {
        trial: None,
        bracket: None,
        resource: resource.map(|spec| spec.value(prior.resource)),
        params: prior.params.clone(),
        status: if prior.score.is_some() { ObservationStatus::Succeeded } else { ObservationStatus::Failed },
        value: prior.score,
        metrics: Map::new(),
        curve: prior.curve.clone(),
        failure: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::journal::record::{ProcessUsage, SessionRecord};
    use crate::types::ids::{Attempt, JobId, Rung, Slot};
    use crate::types::outcome::{Failure, Readings};
    use crate::types::units::{Moment, Resource};

    fn job(attempt: u32) -> JobId {
        JobId { key: JobKey { trial: TrialId(4), rung: Rung(0) }, attempt: Attempt(attempt) }
    }

    fn launch(attempt: u32) -> Record {
        Record::Launch(Box::new(LaunchRecord {
            job: job(attempt),
            bracket: BracketId { round: 0, bracket: 2 },
            resource: Resource::ONE,
            previous: Resource::ZERO,
            slot: Slot(0),
            params: (attempt == 1).then(|| [("x".into(), json!(0.5))].into_iter().collect()),
            origin: None,
            at: Moment(0),
        }))
    }

    fn end(attempt: u32, outcome: Outcome) -> Record {
        Record::End(Box::new(EndRecord {
            job: job(attempt),
            outcome,
            readings: Readings::default(),
            usage: ProcessUsage::default(),
            stderr_tail: String::new(),
            at: Moment(0),
        }))
    }

    fn taken(queue: &mut ObservationQueue) -> String {
        queue.take().iter().map(|o| serde_json::to_string(o).unwrap()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn only_the_last_attempt_of_a_job_is_observed_and_only_once() {
        let mut queue =
            ObservationQueue::new(None, PromotedStart::FromScratch, Retries { max: 9, pause: Duration::ZERO }, &[]);
        queue.record(&Record::Session(Box::new(SessionRecord { pid: 7, retries: 1, ..SessionRecord::default() })));
        let failed = |failure| Outcome::Failed { failure };
        let ends = [failed(Failure::Lost), failed(Failure::Exit(1)), failed(Failure::Exit(2))];
        for (attempt, outcome) in (1..).zip(ends) {
            assert_eq!(taken(&mut queue), "");
            queue.record(&launch(attempt));
            queue.record(&end(attempt, outcome));
        }
        insta::assert_snapshot!(taken(&mut queue), @r#"{"trial":4,"round":0,"bracket":2,"resource":null,"params":{"x":0.5},"status":"failed","value":null,"failure":"exit code 2"}"#);
        queue.record(&Record::Retired { trial: TrialId(4) });
        queue.record(&end(3, Outcome::Succeeded { score: Score::new(1.0) }));
        assert_eq!(taken(&mut queue), "");
    }
}

//! What the tuner has to be told: one observation for every job that ended for good, made from the journal's records.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::engine::experiment::{PromotedStart, Retries};
use crate::journal::record::{EndRecord, LaunchRecord, Record};
use crate::search::PriorObservation;
use crate::types::allocation::Allocation;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobKey, TrialId};
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Outcome};
use crate::types::units::ResourceSpec;

/// One job, as the tuner reads it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Observation {
    /// Whose; null in an earlier study.
    trial: Option<TrialId>,
    /// Its bracket; absent in an earlier study.
    #[serde(flatten)]
    bracket: Option<BracketId>,
    /// Where its value belongs ([`Allocation::observed`]): what it was given, less where it was stopped early. Null where nothing is
    /// allotted.
    resource: Option<Value>,
    /// What it ran with.
    params: Assignment,
    /// How it ended.
    status: Status,
    /// The metric; null where there is none.
    value: Option<Score>,
    /// Everything in its last reading.
    #[serde(skip_serializing_if = "Map::is_empty")]
    metrics: Map<String, Value>,
    /// The metric on the way, thinned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    curve: Vec<CurvePoint>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Succeeded,
    Stopped,
    Failed,
}

/// A trial that is not over.
#[derive(Debug)]
struct Live {
    bracket: BracketId,
    params: Assignment,
}

/// What was recorded and not told yet.
#[derive(Debug)]
pub struct Notes {
    resource: Option<ResourceSpec>,
    retries: Retries,
    live: HashMap<TrialId, Live>,
    promoted: PromotedStart,
    given: HashMap<JobKey, Allocation>,
    /// Failed attempts of jobs that run again.
    failures: HashMap<JobKey, u32>,
    untold: Vec<Observation>,
}

impl Notes {
    /// Earlier studies' jobs are told first.
    pub fn new(
        resource: Option<ResourceSpec>,
        promoted: PromotedStart,
        retries: Retries,
        prior: &[PriorObservation],
    ) -> Notes {
        Notes {
            untold: prior.iter().map(|prior| earlier(prior, resource.as_ref())).collect(),
            resource,
            retries,
            promoted,
            live: HashMap::new(),
            given: HashMap::new(),
            failures: HashMap::new(),
        }
    }

    /// Notes what the tuner has to know of `record`.
    pub fn record(&mut self, record: &Record) {
        match record {
            Record::Launch(launch) => self.launched(launch),
            Record::End(end) => self.ended(end),
            Record::Retired { trial } => drop(self.live.remove(trial)),
            Record::Session { retries, .. } => self.retries.max = *retries,
            Record::Study(_) | Record::Kill { .. } | Record::Promoted { .. } | Record::Finish { .. } => {}
        }
    }

    /// What was not told yet, in the journal's order; from now on it counts as told.
    pub fn take(&mut self) -> Vec<Observation> {
        std::mem::take(&mut self.untold)
    }

    fn launched(&mut self, launch: &LaunchRecord) {
        self.given.insert(launch.job.key, self.promoted.allocation(launch.resource, Some(launch.previous)));
        if let Some(params) = &launch.params {
            let live = Live { bracket: launch.bracket, params: params.clone() };
            self.live.insert(launch.job.key.trial, live);
        }
    }

    fn ended(&mut self, end: &EndRecord) {
        if self.runs_again(end) {
            return;
        }
        let key = end.job.key;
        self.failures.remove(&key);
        let (Some(live), Some(given)) = (self.live.get(&key.trial), self.given.remove(&key)) else { return };
        let (status, failure) = match &end.outcome {
            Outcome::Succeeded { .. } => (Status::Succeeded, None),
            Outcome::Stopped { .. } => (Status::Stopped, None),
            Outcome::Failed { failure } => (Status::Failed, Some(failure.to_string())),
        };
        self.untold.push(Observation {
            trial: Some(key.trial),
            bracket: Some(live.bracket),
            resource: self.resource.as_ref().map(|spec| spec.value(given.observed(&end.outcome, &end.readings.curve))),
            params: live.params.clone(),
            status,
            value: end.outcome.score(),
            metrics: end.readings.metrics.clone(),
            curve: end.readings.curve.clone(),
            failure,
        });
    }

    /// Whether this end is not final; the engine decides likewise.
    fn runs_again(&mut self, end: &EndRecord) -> bool {
        if end.outcome.runs_again() {
            return true;
        }
        let Outcome::Failed { failure } = &end.outcome else { return false };
        let failures = self.failures.entry(end.job.key).or_default();
        let again = self.retries.allow(*failures, failure);
        *failures += 1;
        again
    }
}

fn earlier(prior: &PriorObservation, resource: Option<&ResourceSpec>) -> Observation {
    Observation {
        trial: None,
        bracket: None,
        resource: resource.map(|spec| spec.value(prior.resource)),
        params: prior.params.clone(),
        status: if prior.score.is_some() { Status::Succeeded } else { Status::Failed },
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
    use crate::journal::record::ProcessUsage;
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

    fn told(notes: &mut Notes) -> String {
        notes.take().iter().map(|o| serde_json::to_string(o).unwrap()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn only_the_last_attempt_of_a_job_is_told_and_only_once() {
        let mut notes = Notes::new(None, PromotedStart::FromScratch, Retries { max: 9, pause: Duration::ZERO }, &[]);
        let started_at = String::new();
        notes.record(&Record::Session {
            pid: 7,
            mark: String::new(),
            concurrency: 1,
            retries: 1,
            started_at,
            at: Moment(0),
        });
        let failed = |failure| Outcome::Failed { failure };
        let ends = [failed(Failure::Lost), failed(Failure::Exit(1)), failed(Failure::Exit(2))];
        for (attempt, outcome) in (1..).zip(ends) {
            assert_eq!(told(&mut notes), "");
            notes.record(&launch(attempt));
            notes.record(&end(attempt, outcome));
        }
        insta::assert_snapshot!(told(&mut notes), @r#"{"trial":4,"round":0,"bracket":2,"resource":null,"params":{"x":0.5},"status":"failed","value":null,"failure":"exit code 2"}"#);
        notes.record(&Record::Retired { trial: TrialId(4) });
        notes.record(&end(3, Outcome::Succeeded { score: Score::new(1.0) }));
        assert_eq!(told(&mut notes), "");
    }
}

//! Studies for tests, made record by record.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::best::repetition::Repetition;
use super::view::{StudyView, ViewBuilder, ViewDetail};
use crate::engine::event::FinishReason;
use crate::journal::record::{
    EndRecord, FORMAT, Header, LaunchRecord, PlanTotals, ProcessUsage, Record, SessionRecord,
};
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::objective::{Direction, Metric, Score};
use crate::types::origin::ConfigOrigin;
use crate::types::outcome::{Failure, Outcome, Readings};
use crate::types::placement::Placement;
use crate::types::units::{Moment, Resource, ResourceKind, ResourceSpec};

/// A journal under construction; each end is a second after the record before it.
pub struct StudyFixture {
    records: Vec<Record>,
    now: Moment,
}

impl StudyFixture {
    /// A study that minimizes `loss` over `epochs`, with its first session started.
    pub fn new() -> StudyFixture {
        let metric = Metric { name: "loss".into(), direction: Direction::Minimize };
        StudyFixture::with_metric(Some(metric))
    }

    /// The same with another metric, or none.
    pub fn with_metric(metric: Option<Metric>) -> StudyFixture {
        let header = Header {
            format: FORMAT,
            sampling_rules: 1,
            version: "0.1.0".into(),
            matrix_path: "matrix.yaml".into(),
            matrix: String::new(),
            directory: String::new(),
            study: String::new(),
            component: None,
            command: vec!["python3".into(), "train.py".into()],
            options: Value::Null,
            seed: 7,
            metric,
            collector: None,
            resource: Some(ResourceSpec { name: "epochs".into(), kind: ResourceKind::Int }),
            promoted: Default::default(),
            params: Vec::new(),
            log_params: Vec::new(),
            prior: Vec::new(),
            sampler_choice: None,
            plan: PlanTotals { trials: 3, jobs: 4, resource: 6.0, full_resource: 9.0 },
            started_at: "2026-03-01T10:00:00Z".into(),
        };
        let mut sample = StudyFixture { records: vec![Record::Study(Box::new(header))], now: Moment(0) };
        sample.session();
        sample
    }

    /// A session starts whose jobs Slurm runs, in the batch job `batch_job`.
    pub fn slurm_session(&mut self, batch_job: &str) -> &mut StudyFixture {
        self.session();
        if let Some(Record::Session(session)) = self.records.last_mut() {
            (session.launcher, session.batch_job) = ("slurm".to_owned(), Some(batch_job.to_owned()));
        }
        self
    }

    /// A session starts.
    pub fn session(&mut self) -> &mut StudyFixture {
        let started_at = "2026-03-01T10:00:00Z".to_owned();
        let pid = std::process::id();
        let session = SessionRecord { pid, concurrency: 2, started_at, at: self.now, ..SessionRecord::default() };
        self.records.push(Record::Session(Box::new(session)));
        self
    }

    /// A job is launched; trial n has lr = n / 10.
    pub fn launch(&mut self, trial: u64, rung: u32, attempt: u32, resource: f64) -> &mut StudyFixture {
        let params: Assignment = [(Arc::from("lr"), json!(trial as f64 / 10.0))].into_iter().collect();
        self.records.push(Record::Launch(Box::new(LaunchRecord {
            job: job(trial, rung, attempt),
            bracket: BracketId { round: 0, bracket: 1 },
            resource: Resource::new(resource).expect("a test's resource is finite"),
            previous: Resource::ZERO,
            slot: Slot(0),
            params: (rung == 0 && attempt == 1).then_some(params),
            origin: (rung == 0 && attempt == 1).then_some(ConfigOrigin::Random),
            at: self.now,
        })));
        self
    }

    /// A scheduler starts a job on `node`, a second later.
    pub fn started(&mut self, trial: u64, rung: u32, node: &str, id: &str) -> &mut StudyFixture {
        self.now = self.now.after(Duration::from_secs(1));
        let placement = Placement { node: node.to_owned(), scheduler_id: id.to_owned() };
        self.records.push(Record::Started { job: job(trial, rung, 1), placement, at: self.now });
        self
    }

    /// A job ends with this outcome, a second later.
    pub fn end(&mut self, trial: u64, rung: u32, attempt: u32, outcome: Outcome, stderr: &str) -> &mut StudyFixture {
        self.now = self.now.after(Duration::from_secs(1));
        let metrics: Map<String, Value> =
            outcome.score().into_iter().map(|s| ("loss".to_owned(), json!(s.value()))).collect();
        let exit_code = match &outcome {
            Outcome::Failed { failure: Failure::Exit(code) } => Some(*code),
            Outcome::Succeeded { .. } => Some(0),
            _ => None,
        };
        self.records.push(Record::End(Box::new(EndRecord {
            job: job(trial, rung, attempt),
            outcome,
            readings: Readings { metrics, ..Readings::default() },
            usage: ProcessUsage {
                duration_s: 1.0,
                exit_code,
                signal: None,
                max_rss_bytes: Some(9 << 20),
                cpu_s: Some(0.5),
            },
            stderr_tail: stderr.to_owned(),
            at: self.now,
        })));
        self
    }

    /// A job ends with this value.
    pub fn succeed(&mut self, trial: u64, rung: u32, value: f64) -> &mut StudyFixture {
        self.end(trial, rung, 1, Outcome::Succeeded { score: Score::new(value) }, "")
    }

    /// A job ends without a value.
    pub fn fail(&mut self, trial: u64, rung: u32, failure: Failure, stderr: &str) -> &mut StudyFixture {
        self.end(trial, rung, 1, Outcome::Failed { failure }, stderr)
    }

    /// A trial is retired.
    pub fn retire(&mut self, trial: u64) -> &mut StudyFixture {
        self.records.push(Record::Retired { trial: TrialId(trial) });
        self
    }

    /// A trial is promoted.
    pub fn promote(&mut self, trial: u64) -> &mut StudyFixture {
        self.records.push(Record::Promoted { trial: TrialId(trial), rung: None });
        self
    }

    /// The session ends.
    pub fn finish(&mut self, reason: FinishReason) -> &mut StudyFixture {
        self.records.push(Record::Finish { reason, at: self.now, patience_hint: None });
        self
    }

    /// The records so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The view of these records, in full detail but without curves.
    pub fn view(&self) -> StudyView {
        self.view_with(ViewDetail::Full)
    }

    /// The view of these records.
    pub fn view_with(&self, detail: ViewDetail) -> StudyView {
        let mut builder = ViewBuilder::new(detail);
        self.records.iter().cloned().for_each(|r| builder.push(r));
        builder.finish(Path::new("matrix.study")).expect("a sample has a header")
    }
}

/// Three trials at 1 epoch, one of which fails; trial 2 is promoted to 3 epochs.
pub fn halving() -> StudyFixture {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).launch(2, 0, 1, 1.0);
    sample.succeed(0, 0, 0.5).fail(1, 0, Failure::Exit(1), "ValueError: lr").succeed(2, 0, 0.25);
    sample.promote(2).retire(0).retire(1).launch(2, 1, 1, 3.0).succeed(2, 1, 0.125).retire(2);
    sample.finish(FinishReason::Completed);
    sample
}

/// A job with the command `line` in the directory `/project`.
pub fn repetition(line: &str) -> Repetition {
    Repetition {
        command: line.split(' ').map(str::to_owned).collect(),
        directory: "/project".into(),
        env: [("HYPERTUNE_SEED".to_owned(), "7".to_owned())].into(),
        unset: Vec::new(),
        checkpoint: None,
        folder: "matrix.study/trials/2".into(),
        shell: line.to_owned(),
    }
}

fn job(trial: u64, rung: u32, attempt: u32) -> JobId {
    JobId { key: JobKey { trial: TrialId(trial), rung: Rung(rung) }, attempt: Attempt(attempt) }
}

//! The remaining time of studies in virtual time.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand_distr::StandardNormal;

use super::StudyProgress;
use crate::engine::event::Launch;
use crate::engine::experiment::Experiment;
use crate::journal::record::{EndRecord, LaunchRecord, ProcessUsage, Record, SessionRecord};
use crate::matrix::command_line::overrides::Overrides;
use crate::matrix::load;
use crate::sim::{JobModel, SimulatedJob, simulate};
use crate::types::objective::Score;
use crate::types::outcome::{Outcome, Readings};
use crate::types::stream::{Purpose, stream};
use crate::types::units::Moment;

const SLOTS: u32 = 4;
/// Of a job, seconds.
const START_UP: f64 = 0.2;
const PER_UNIT: f64 = 0.05;

/// Jobs whose durations vary by factors of exp(`sigma`·z), z standard normal; it keeps the records of a study.
struct RecordedJobs {
    sigma: f64,
    records: Vec<(Moment, Record)>,
}

impl JobModel for RecordedJobs {
    fn launch(&mut self, now: Moment, launch: &Launch) -> SimulatedJob {
        let mut draws = stream(u64::from(launch.job.key.rung.0), launch.job.key.trial, Purpose::Simulation);
        let (z, value): (f64, f64) = (draws.sample(StandardNormal), draws.random());
        let seconds = (START_UP + PER_UNIT * launch.resource.amount()) * libm::exp(self.sigma * z);
        let (run_time, outcome) = (Duration::from_secs_f64(seconds), Outcome::Succeeded { score: Score::new(value) });
        let at = now.after(run_time);
        let launched = LaunchRecord {
            job: launch.job,
            bracket: launch.bracket,
            resource: launch.resource,
            previous: launch.previous,
            slot: launch.slot,
            params: None,
            origin: None,
            at: now,
        };
        let usage = ProcessUsage { duration_s: seconds, exit_code: Some(0), ..ProcessUsage::default() };
        let (job, readings, stderr_tail) = (launch.job, Readings::default(), String::new());
        let ended = EndRecord { job, outcome: outcome.clone(), readings, usage, stderr_tail, at };
        self.records.push((now, Record::Launch(Box::new(launched))));
        self.records.push((at, Record::End(Box::new(ended))));
        SimulatedJob { run_time, outcome, curve: Vec::new() }
    }
}

fn experiment(method: &str) -> Experiment {
    let text = format!(
        "{method}\nresource: {{name: epochs, type: int}}\nmetric: {{name: loss, optimization: minimize}}\nseed: 1\n\
         params: {{lr: {{kind: uniform, value: [0, 1]}}}}\n"
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.yaml");
    std::fs::write(&path, text).unwrap();
    load::load(&path, &Overrides::default()).unwrap().experiment
}

/// The errors of the remaining time at 25, 50 and 75 % of the study, as shares of the whole time: by simulation, and by the rate at which
/// the resource was spent so far.
fn errors(method: &str, sigma: f64) -> Vec<(f64, f64)> {
    let experiment = experiment(method);
    let mut jobs = RecordedJobs { sigma, records: Vec::new() };
    let whole = simulate(Arc::new(experiment.clone()), SLOTS, &mut jobs).whole.span.as_secs_f64();
    let mut records = jobs.records;
    // A job ends before another one takes its slot.
    records.sort_by_key(|(at, record)| (*at, matches!(record, Record::Launch(_))));
    let errors = [0.25, 0.5, 0.75].map(|share| {
        let now = Moment::default().after(Duration::from_secs_f64(whole * share));
        let mut progress = StudyProgress::of(&experiment);
        let session = SessionRecord { concurrency: SLOTS, ..SessionRecord::default() };
        progress.record(&Record::Session(Box::new(session)));
        for (_, record) in records.iter().filter(|(at, _)| *at <= now) {
            progress.record(record);
        }
        let left = whole * (1.0 - share);
        let done = progress.resource_done();
        let at_rate = (progress.expected.resource.unwrap() - done) * whole * share / done;
        let error = |estimate: f64| (estimate - left).abs() / whole;
        (error(progress.time_left(now).unwrap()), error(at_rate))
    });
    errors.to_vec()
}

const HYPERBAND: &str = "kind: hyperband\nmaxIterations: 81\neta: 3";

#[test]
fn the_remaining_time_is_right_where_a_constant_rate_is_not() {
    let errors = errors(HYPERBAND, 0.0);
    assert!(errors.iter().all(|(simulated, _)| *simulated < 0.01), "{errors:?}");
    assert!(errors[0].1 > 0.2, "{errors:?}");
}

#[test]
fn the_remaining_time_is_nearly_right_for_jobs_that_vary() {
    for method in [HYPERBAND, "kind: hyperband\nmaxIterations: 81\neta: 3\nrounds: 3"] {
        let errors = errors(method, 0.2);
        assert!(errors.iter().all(|(simulated, _)| *simulated < 0.06), "{method}: {errors:?}");
    }
}

#[test]
fn a_limit_shortens_the_remaining_time() {
    let mut experiment = experiment(HYPERBAND);
    experiment.limits.jobs = Some(8);
    let mut jobs = RecordedJobs { sigma: 0.0, records: Vec::new() };
    let whole = simulate(Arc::new(experiment.clone()), SLOTS, &mut jobs).whole.span;
    let mut progress = StudyProgress::of(&experiment);
    progress.record(&Record::Session(Box::new(SessionRecord { concurrency: SLOTS, ..SessionRecord::default() })));
    jobs.records.sort_by_key(|(at, record)| (*at, matches!(record, Record::Launch(_))));
    let half = Moment::default().after(whole / 2);
    for (_, record) in jobs.records.iter().filter(|(at, _)| *at <= half) {
        progress.record(record);
    }
    assert!((progress.time_left(half).unwrap() - whole.as_secs_f64() / 2.0).abs() < 1e-6);
}

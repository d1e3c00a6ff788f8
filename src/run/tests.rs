//! Whole sessions without processes: a scripted launcher takes the place of jobs.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::change::StudyChange;
use super::error::RunError;
use super::observer::Observer;
use super::options::RunOptions;
use super::session;
use super::study::StudyInput;
use crate::command::style::catalogue::ArgStyle;
use crate::command::template::Renderer;
use crate::engine::event::FinishReason;
use crate::engine::experiment::{Experiment, FirstFailures, Interval, Limits, Policy, Retries, Rule, Stopping};
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::{FORMAT, Header, PlanTotals, Record};
use crate::kinds::Method;
use crate::launch::error::SpawnError;
use crate::launch::fake::{Fake, FakeEnd, FakeJob};
use crate::launch::process::signals::tests::without_raised_signals;
use crate::launch::process::spawn::JobCommand;
use crate::launch::process::syscalls::Signal;
use crate::schedule::full_budget::FullBudget;
use crate::search::random::Random;
use crate::space::Space;
use crate::types::allocation::PromotedStart;
use crate::types::objective::{Direction, Metric, Score};
use crate::types::outcome::{Failure, Outcome};

const SUCCEEDS: FakeJob = FakeJob { stdout: "{\"loss\": 0.5}\n", stderr: "", end: FakeEnd::Exit(0) };

#[derive(Default)]
struct Recorder {
    records: Mutex<Vec<Record>>,
}

impl Observer for Recorder {
    fn record(&self, record: &Record) {
        self.records.lock().unwrap().push(record.clone());
    }
    fn note(&self, _: &str) {}

    fn warn(&self, _: &str) {}
}

impl Recorder {
    /// Outcomes in the order in which jobs ended.
    fn outcomes(&self) -> Vec<Outcome> {
        let records = self.records.lock().unwrap();
        let outcomes = records.iter().filter_map(|record| match record {
            Record::End(end) => Some(end.outcome.clone()),
            _ => None,
        });
        outcomes.collect()
    }
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed { failure }
}

fn succeeded(score: f64) -> Outcome {
    Outcome::Succeeded { score: Score::new(score) }
}

/// A study of `trials` jobs that minimizes `loss`.
fn experiment(trials: u64) -> Experiment {
    Experiment {
        collector: None,
        counted_reading: Default::default(),
        method: Method { kind: "test", schedule: Arc::new(FullBudget::new(trials)), sampler: Arc::new(Random) },
        space: Arc::new(Space::default()),
        metric: Some(metric()),
        resource: None,
        seed: 7,
        promoted: PromotedStart::default(),
        stopping: Stopping::default(),
        limits: Limits::default(),
        retries: Retries::default(),
        first_failures: FirstFailures::KeepGoing,
        job_timeout: None,
        initial: Vec::new(),
        prior: Arc::default(),
    }
}

fn metric() -> Metric {
    Metric { name: "loss".into(), direction: Direction::Minimize }
}

fn header() -> Header {
    Header {
        collector: None,
        format: FORMAT,
        sampling_rules: 1,
        version: String::new(),
        matrix_path: String::new(),
        matrix: String::new(),
        directory: String::new(),
        study: String::new(),
        component: None,
        command: Vec::new(),
        options: Value::Null,
        seed: 7,
        metric: Some(metric()),
        resource: None,
        promoted: PromotedStart::default(),
        params: Vec::new(),
        log_params: Vec::new(),
        prior: Vec::new(),
        sampler_choice: None,
        plan: PlanTotals::default(),
        started_at: String::new(),
    }
}

/// Longer than a fake job takes to end, on a busy machine too.
const GRACE: Duration = Duration::from_secs(20);

fn options(fake: &Arc<Fake>) -> RunOptions {
    RunOptions { launcher: fake.clone(), guard: None, grace: GRACE, ..RunOptions::default() }
}

/// Runs `experiment` in `folder` until no job runs.
fn run(
    folder: &Path,
    experiment: Experiment,
    options: &RunOptions,
    fake: &Fake,
) -> (Result<FinishReason, RunError>, Recorder) {
    // The program is looked up, but never started.
    let renderer = Renderer::new(vec!["/bin/sh".into()], ArgStyle::default().into(), Default::default()).unwrap();
    let study = StudyInput {
        experiment: Arc::new(experiment),
        renderer: &renderer,
        folder: StudyFolder::new(folder),
        header: header(),
        tuner: None,
        change: StudyChange::default(),
        files: Vec::new(),
    };
    let recorder = Recorder::default();
    let result = without_raised_signals(|| session::run(&study, options, &recorder));
    assert_eq!(fake.running(), 0);
    (result, recorder)
}

fn outcomes(experiment: Experiment, fake: Fake) -> (Vec<Outcome>, Arc<Fake>) {
    outcomes_with_grace(GRACE, experiment, fake)
}

fn outcomes_with_grace(grace: Duration, experiment: Experiment, fake: Fake) -> (Vec<Outcome>, Arc<Fake>) {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Arc::new(fake));
    let options = RunOptions { grace, ..options(&fake) };
    let (result, recorder) = run(folder.path(), experiment, &options, &fake);
    assert_eq!(result.unwrap(), FinishReason::Completed);
    (recorder.outcomes(), fake)
}

fn variable(command: &JobCommand, name: &str) -> String {
    let found = command.env.iter().find(|(key, _)| *key == name);
    found.unwrap_or_else(|| panic!("no {name}")).1.to_str().unwrap().to_owned()
}

#[test]
fn a_failed_job_is_retried_and_one_that_ran_out_of_memory_is_recognized() {
    let fake = Fake::new(|command| match variable(command, "HYPERTUNE_ATTEMPT").as_str() {
        "1" => Ok(FakeJob { stdout: "", stderr: "MemoryError\n", end: FakeEnd::Exit(1) }),
        "2" => Ok(FakeJob { stdout: "{\"loss\": 0.1}\n", stderr: "", end: FakeEnd::Exit(3) }),
        _ => Ok(SUCCEEDS),
    });
    let retries = Retries { max: 2, pause: Duration::ZERO };
    let (outcomes, fake) = outcomes(Experiment { retries, ..experiment(1) }, fake);
    let memory = Failure::OutOfMemory("MemoryError".into());
    assert_eq!(outcomes, [failed(memory), failed(Failure::Exit(3)), succeeded(0.5)]);
    assert_eq!((fake.signals(), fake.searches()), (vec![], 0));
}

#[test]
fn a_job_that_ignores_sigterm_at_its_timeout_is_killed_after_the_grace_period() {
    let fake = Fake::new(|_| Ok(FakeJob { end: FakeEnd::OnSignal(Signal::Kill), ..SUCCEEDS }));
    let job_timeout = Some(Duration::from_millis(5));
    let (outcomes, fake) =
        outcomes_with_grace(Duration::from_millis(5), Experiment { job_timeout, ..experiment(1) }, fake);
    assert_eq!(outcomes, [failed(Failure::Timeout)]);
    assert_eq!(fake.signals(), [Signal::Terminate, Signal::Kill]);
    assert_eq!(fake.searches(), 1, "what a killed job started is searched for");
}

#[test]
fn a_policy_ends_a_job_by_its_readings_while_it_runs() {
    let fake = Fake::new(|command| match variable(command, "HYPERTUNE_TRIAL").as_str() {
        "0" => Ok(SUCCEEDS),
        _ => Ok(FakeJob { stdout: "{\"loss\": 9}\n", stderr: "", end: FakeEnd::OnSignal(Signal::Terminate) }),
    });
    let policy = Policy {
        metric: "loss".into(),
        direction: Direction::Minimize,
        interval: Interval { every: 1, from: 1 },
        rule: Rule::Diff { percent: 10.0 },
    };
    let stopping = Stopping { policies: vec![policy], ..Stopping::default() };
    let (outcomes, fake) = outcomes(Experiment { stopping, ..experiment(2) }, fake);
    assert_eq!(outcomes[0], succeeded(0.5));
    let Outcome::Stopped { score, by } = &outcomes[1] else { panic!("{outcomes:?}") };
    assert_eq!((*score, by.rule.as_str()), (Score::new(9.0), "diff"));
    assert_eq!(fake.signals(), [Signal::Terminate]);
}

#[test]
fn a_refused_start_is_repeated_and_ends_the_session_after_the_launch_timeout() {
    let refuse = || Err(SpawnError::Process(std::io::Error::from_raw_os_error(libc::EAGAIN)));
    let starts = Mutex::new(0);
    let fake = Fake::new(move |_| {
        *starts.lock().unwrap() += 1;
        if *starts.lock().unwrap() == 1 { refuse() } else { Ok(SUCCEEDS) }
    });
    assert_eq!(outcomes(experiment(1), fake).0, [succeeded(0.5)]);

    let folder = tempfile::tempdir().unwrap();
    let fake = Arc::new(Fake::new(move |_| refuse()));
    let refused = RunOptions { launch_timeout: Duration::ZERO, ..options(&fake) };
    let (result, recorder) = run(folder.path(), experiment(1), &refused, &fake);
    assert!(matches!(result, Err(RunError::Refused { .. })), "{result:?}");
    assert_eq!(recorder.outcomes(), []);

    // The same study is resumed, by another launcher.
    let fake = Arc::new(Fake::new(|_| Ok(SUCCEEDS)));
    let (result, recorder) = run(folder.path(), experiment(1), &options(&fake), &fake);
    assert_eq!(result.unwrap(), FinishReason::Completed);
    assert_eq!(recorder.outcomes(), [failed(Failure::Lost), succeeded(0.5)]);
}

#[test]
fn a_command_is_wrapped_before_its_program_is_looked_up() {
    let mut fake = Fake::new(|command| {
        assert_eq!(command.name, "/bin/true");
        assert_eq!(command.args[..2], ["wrapped", "/bin/sh"]);
        Ok(SUCCEEDS)
    });
    fake.prefix = vec!["/bin/true".into(), "wrapped".into()];
    assert_eq!(outcomes(experiment(1), fake).0, [succeeded(0.5)]);
}

#[test]
fn the_session_record_names_the_launcher() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Arc::new(Fake::new(|_| Ok(SUCCEEDS))));
    let (_, recorder) = run(folder.path(), experiment(1), &options(&fake), &fake);
    let records = recorder.records.into_inner().unwrap();
    assert!(records.iter().any(|record| matches!(record, Record::Session(session) if session.launcher == "fake")));
}

//! Progress without a terminal: a line per ended job, a few per second at most, one per finished rung, and one each minute.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::first_job::{self, FirstJob};
use super::job::ProgressJob;
use super::line_limit::LineLimit;
use super::stderr::{print_message, print_progress};
use super::verbosity::Verbosity;
use super::{job, line};
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Record;
use crate::report::study_progress::StudyProgress;
use crate::run::observer::Observer;
use crate::types::ids::{JobId, TrialId};
use crate::types::outcome::Outcome;

/// Time between two lines about the whole study.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// Prints to stderr.
#[derive(Debug)]
pub struct PlainProgress {
    shared: Arc<Shared>,
    folder: StudyFolder,
    verbosity: Verbosity,
}

/// What observers share with the thread that prints what is due later.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    progress: StudyProgress,
    /// The last job of each trial that is not retired.
    launched: HashMap<TrialId, ProgressJob>,
    /// The column in which the results of jobs begin.
    result_column: usize,
    ended: LineLimit,
    failed: LineLimit,
    /// When the last record was received.
    received: Instant,
    heartbeat: Instant,
    first_job: FirstJob,
    /// When the output of the first job is shown next, if it runs so long.
    first_shown: Duration,
    is_closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PlainProgress {
    /// For a study in `folder` that is counted by `progress`.
    pub fn new(progress: StudyProgress, folder: StudyFolder, verbosity: Verbosity) -> PlainProgress {
        let now = Instant::now();
        let shared = Arc::new(Shared { state: Mutex::new(State::new(progress, now)), changed: Condvar::new() });
        // Without the thread, lines that are due later are missing; the study does not depend on them.
        let _ = thread::Builder::new().name("progress".into()).spawn({
            let (shared, folder) = (shared.clone(), folder.clone());
            move || print_later(&shared, &folder)
        });
        PlainProgress { shared, folder, verbosity }
    }
}

/// Prints the number of dropped lines and heartbeats when they are due.
fn print_later(shared: &Shared, folder: &StudyFolder) {
    let mut state = shared.lock();
    while !state.is_closed {
        let now = Instant::now();
        state.report_dropped(now);
        if let Some(line) = state.heartbeat_line(now) {
            print_progress(&line);
        }
        if let Some((job, elapsed)) = state.take_first_job(now) {
            let (metric, resource) = state.progress.names();
            drop(state);
            // Reads files, so no lock is held.
            print_progress(&first_job::line(folder, job, elapsed, metric.as_deref(), resource.as_deref()));
            state = shared.lock();
            continue;
        }
        let first = state.first_job.due().map(|due| due + (state.first_shown - first_job::DELAY));
        let due =
            [state.ended.report_at(), state.failed.report_at(), first].into_iter().flatten().chain([state.heartbeat]);
        let pause = due.min().map_or(HEARTBEAT, |due| due.saturating_duration_since(now));
        state = shared.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl State {
    fn new(progress: StudyProgress, now: Instant) -> State {
        State {
            progress,
            launched: HashMap::new(),
            result_column: 0,
            ended: LineLimit::new(now),
            failed: LineLimit::new(now),
            received: now,
            heartbeat: now + HEARTBEAT,
            first_job: FirstJob::default(),
            first_shown: first_job::DELAY,
            is_closed: false,
        }
    }

    fn report_dropped(&mut self, now: Instant) {
        for (limit, what) in [(&mut self.ended, ""), (&mut self.failed, " failed")] {
            if let Some(dropped) = limit.take_dropped(now) {
                print_progress(&format!("… and {dropped} more{what}"));
            }
        }
    }

    /// The first job, if its output is due: after [`first_job::DELAY`], and then each [`HEARTBEAT`].
    fn take_first_job(&mut self, now: Instant) -> Option<(JobId, Duration)> {
        let shown = self.first_job.shown(now).filter(|(_, elapsed)| *elapsed >= self.first_shown)?;
        self.first_shown = shown.1 + HEARTBEAT;
        Some(shown)
    }

    /// The line about the whole study, if it is due at `now`.
    fn heartbeat_line(&mut self, now: Instant) -> Option<String> {
        if now < self.heartbeat {
            return None;
        }
        self.heartbeat = now + HEARTBEAT;
        let study_time = self.progress.now.after(now.saturating_duration_since(self.received));
        self.progress.is_live().then(|| line::study(&self.progress, study_time, usize::MAX))
    }

    fn has_dropped(&self) -> bool {
        self.ended.report_at().is_some() || self.failed.report_at().is_some()
    }

    /// Keeps the last jobs of trials that may have further jobs.
    fn keep_launched(&mut self, record: &Record) {
        match record {
            Record::Launch(launch) => {
                let known = self.launched.remove(&launch.job.key.trial);
                let params = launch.params.as_ref().map(job::params_text).or(known.map(|known| known.params));
                let (bracket, resource) = (launch.bracket, launch.resource);
                let job = ProgressJob { params: params.unwrap_or_default(), bracket, resource };
                self.launched.insert(launch.job.key.trial, job);
            }
            Record::Retired { trial } => drop(self.launched.remove(trial)),
            _ => {}
        }
    }

    /// The line of a job that ended now, if it is to be printed: that of a new best trial is never left out.
    fn job_line(
        &mut self,
        record: &Record,
        folder: &StudyFolder,
        verbosity: Verbosity,
        now: Instant,
    ) -> Option<String> {
        let Record::End(end) = record else { return None };
        let failed = matches!(end.outcome, Outcome::Failed { .. });
        let is_best = self.progress.best().is_some_and(|best| best.job == end.job.key);
        let limit = if failed { &mut self.failed } else { &mut self.ended };
        if verbosity != Verbosity::Verbose && (end.outcome.runs_again() || !(is_best || limit.admits(now))) {
            return None;
        }
        let launched = self.launched.get(&end.job.key.trial);
        Some(job::plain_line(&self.progress, end, launched, folder, &mut self.result_column))
    }
}

impl Observer for PlainProgress {
    fn record(&self, record: &Record) {
        let mut state = self.shared.lock();
        let now = Instant::now();
        let full = state.progress.record(record);
        state.received = now;
        state.keep_launched(record);
        if !state.progress.is_live() {
            return;
        }
        let first_job = state.first_job;
        state.first_job.record(record, now);
        if state.first_job != first_job {
            self.shared.changed.notify_all();
        }
        state.report_dropped(now);
        let was_due = state.has_dropped();
        if let Some(line) = state.job_line(record, &self.folder, self.verbosity, now) {
            print_progress(&line);
        }
        if let Some(rung) = full.filter(|_| !state.progress.open_ended) {
            print_progress(&line::full_rung(&state.progress, &rung));
        }
        if state.has_dropped() && !was_due {
            self.shared.changed.notify_all();
        }
    }

    fn note(&self, text: &str) {
        print_message(&format!("note: {text}"));
    }

    fn warn(&self, text: &str) {
        print_message(&format!("warning: {text}"));
    }
}

impl Drop for PlainProgress {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        // Everything that was dropped is reported, the current second included.
        state.report_dropped(Instant::now() + HEARTBEAT);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;
    use crate::report::study_progress::expected_totals::ExpectedTotals;
    use crate::schedule::Plan;

    fn state(start: Instant) -> State {
        let totals = ExpectedTotals {
            jobs: Some(4),
            resource: Some(6.0),
            time: None,
            jobs_are_limited: false,
            resource_is_limited: false,
        };
        let plan = Plan { brackets: Vec::new(), rounds: 1, open_ended: false };
        State::new(StudyProgress::new(&plan, totals), start)
    }

    #[test]
    fn the_line_of_a_new_best_trial_is_never_left_out() {
        let start = Instant::now();
        let (mut state, mut fixture) = (state(start), StudyFixture::new());
        for trial in 0..30 {
            let value = if trial == 29 { 0.25 } else { 0.5 };
            fixture.launch(trial, 0, 1, 1.0).succeed(trial, 0, value);
        }
        let folder = StudyFolder::new("m.study");
        let mut lines = Vec::new();
        for record in fixture.records() {
            state.progress.record(record);
            state.keep_launched(record);
            lines.extend(state.job_line(record, &folder, Verbosity::Normal, start));
        }
        assert!(lines.len() < 20, "{lines:?}");
        assert!(
            lines.last().is_some_and(|line| line.starts_with("trial 29, bracket 1, rung 0 (epochs=1): loss 0.25")),
            "{lines:?}"
        );
    }

    #[test]
    fn a_line_about_the_study_is_due_each_minute() {
        let start = Instant::now();
        let mut state = state(start);
        let mut fixture = StudyFixture::new();
        fixture.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).succeed(0, 0, 0.5);
        for record in fixture.records() {
            state.progress.record(record);
        }
        let mut at = |seconds| state.heartbeat_line(start + Duration::from_secs(seconds));
        assert_eq!(at(59), None);
        let line = at(61).expect("a minute is over");
        assert!(line.starts_with("1 of 4 jobs, 1 running · best loss 0.5 (trial 0)"), "{line}");
        assert_eq!(at(62), None);
        assert!(at(122).is_some());
    }
}

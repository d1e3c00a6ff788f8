//! What the first job of a session prints, shown until a job has ended: a study whose jobs print nothing is noticed early.

use std::time::{Duration, Instant};

use crate::journal::folder::layout::{LogStream, StudyFolder};
use crate::journal::folder::log_tail::last_lines;
use crate::journal::readings;
use crate::journal::record::Record;
use crate::launch::catalogue;
use crate::report::text;
use crate::types::ids::JobId;
use crate::types::printable::printable;

/// How long the first job runs before its output is shown.
pub const DELAY: Duration = Duration::from_secs(10);
/// The part of `readings.jsonl` that is searched, bytes.
const TAIL: u64 = 64 << 10;
/// Most columns of a line of output.
const COLUMNS: usize = 100;

/// The first job of a session, until a job of the session has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FirstJob {
    /// No job was launched yet.
    #[default]
    Waiting,
    /// No job runs yet: a scheduler starts them.
    Queued,
    /// It runs since then, and no job has ended.
    Running(JobId, Instant),
    /// A job has ended.
    Ended,
}

impl FirstJob {
    /// Follows a record of this session.
    pub fn record(&mut self, record: &Record, now: Instant) {
        match (&self, record) {
            (FirstJob::Waiting, Record::Session(session)) if catalogue::reports_start(&session.launcher) => {
                *self = FirstJob::Queued;
            }
            (FirstJob::Queued, Record::Started { job, .. }) => *self = FirstJob::Running(*job, now),
            (FirstJob::Waiting, Record::Launch(launch)) => *self = FirstJob::Running(launch.job, now),
            (FirstJob::Queued | FirstJob::Running(..), Record::End(_)) => *self = FirstJob::Ended,
            _ => {}
        }
    }

    /// When its output is to be shown.
    pub fn due(self) -> Option<Instant> {
        match self {
            FirstJob::Running(_, since) => Some(since + DELAY),
            FirstJob::Waiting | FirstJob::Queued | FirstJob::Ended => None,
        }
    }

    /// The job, if its output is to be shown at `now`, and how long it has run.
    pub fn shown(self, now: Instant) -> Option<(JobId, Duration)> {
        match self {
            FirstJob::Running(job, since) if now >= since + DELAY => Some((job, now - since)),
            _ => None,
        }
    }
}

/// `trial 0, rung 0, after 12s: loss 0.34 at epochs=2`, or the last line of its log, or that there is none. Reads files of the study.
pub fn line(
    folder: &StudyFolder,
    job: JobId,
    elapsed: Duration,
    metric: Option<&str>,
    resource: Option<&str>,
) -> String {
    let name = format!("trial {}, rung {}, after {}", job.key.trial, job.key.rung, text::span(elapsed));
    let log = |stream| last_lines(&folder.log(job, stream)).pop();
    let printed = reading(folder, job, metric, resource)
        .or_else(|| log(LogStream::Stdout))
        .or_else(|| log(LogStream::Stderr))
        .unwrap_or_else(|| "it has printed nothing yet".to_owned());
    format!("{name}: {}", text::cut(&printed, COLUMNS))
}

/// The metric in the last reading of `job`, and its step.
fn reading(folder: &StudyFolder, job: JobId, metric: Option<&str>, resource: Option<&str>) -> Option<String> {
    let (readings, _) = readings::read_tail(folder, TAIL).ok()?;
    let metric = metric?;
    let last = readings.iter().rfind(|reading| reading.job == job && reading.number(metric).is_some())?;
    let step = match (last.step, resource) {
        (Some(step), Some(resource)) => format!(" at {}={}", printable(resource), text::amount(step)),
        _ => format!(" in reading {}", last.ordinal),
    };
    Some(format!("{} {}{step}", printable(metric), text::short(last.number(metric)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;
    use crate::types::ids::{Attempt, JobKey, Rung, TrialId};
    use crate::types::outcome::Reading;

    #[test]
    fn the_first_job_is_shown_after_ten_seconds_until_a_job_ends() {
        let mut fixture = StudyFixture::new();
        fixture.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).succeed(1, 0, 0.5);
        let (mut first, start) = (FirstJob::default(), Instant::now());
        let records = fixture.records();
        records[..records.len() - 1].iter().for_each(|record| first.record(record, start));
        assert_eq!(first.shown(start + DELAY / 2), None);
        assert_eq!(first.shown(start + DELAY).map(|(job, elapsed)| (job.key.trial.0, elapsed)), Some((0, DELAY)));
        first.record(&records[records.len() - 1], start);
        assert_eq!((first.due(), first.shown(start + DELAY)), (None, None));
    }

    #[test]
    fn a_job_that_waits_for_a_scheduler_is_not_the_first_one() {
        let mut fixture = StudyFixture::new();
        fixture.slurm_session("7").launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0);
        let (mut first, start) = (FirstJob::default(), Instant::now());
        fixture.records()[2..].iter().for_each(|record| first.record(record, start));
        assert_eq!((first.due(), first.shown(start + 2 * DELAY)), (None, None));
        fixture.started(1, 0, "n2", "7.3");
        first.record(fixture.records().last().unwrap(), start + DELAY);
        assert_eq!(first.shown(start + 2 * DELAY).map(|(job, elapsed)| (job.key.trial.0, elapsed)), Some((1, DELAY)));
    }

    #[test]
    fn readings_come_before_logs() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let job = JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) };
        let shown = || line(&folder, job, Duration::from_secs(12), Some("loss"), Some("epochs"));
        assert_eq!(shown(), "trial 0, rung 0, after 12s: it has printed nothing yet");
        std::fs::create_dir_all(folder.trial(TrialId(0))).unwrap();
        std::fs::write(folder.log(job, LogStream::Stderr), "loading\u{7}\n").unwrap();
        assert_eq!(shown(), "trial 0, rung 0, after 12s: loading");
        let mut lines = Vec::new();
        let reading = Reading { step: Some(2.0), numbers: vec![("loss".into(), 0.25)] };
        readings::write_line(&mut lines, job, 1, reading).unwrap();
        std::fs::write(folder.readings(), &lines).unwrap();
        assert_eq!(shown(), "trial 0, rung 0, after 12s: loss 0.25 at epochs=2");
    }
}

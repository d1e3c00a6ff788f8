//! Decides about the study in the folder: a command line continues it, makes it longer, replaces it or is refused.

use std::path::Path;

use anyhow::anyhow;

use super::definition::{StudyDefinition, StudyOptions};
use super::identity::difference::{Difference, NOT_GIVEN};
use super::identity::length::LengthChange;
use super::identity::{Compared, compare};
use super::session;
use crate::cli::error::CliError;
use crate::cli::options::launcher::LastSlots;
use crate::engine::event::FinishReason;
use crate::journal::folder::lock;
use crate::journal::record::LengthRecord;
use crate::progress::{Verbosity, print_message};
use crate::report::text;
use crate::report::view::{JobStatus, JobView, StudyView};
use crate::run::change::{Rerun, StudyChange};
use crate::schedule::Length;
use crate::types::allocation::PromotedStart;
use crate::types::outcome::StopRule;

/// What to do with the study in the folder.
pub enum Decision {
    /// Continue it as the study of the command line, with a change, where the jobs of its last session ran.
    Continue(StudyDefinition, StudyChange, Option<LastSlots>),
    /// Discard it and start the one of the command line.
    StartAgain(StudyDefinition),
}

/// Compares the command line `now` with the study in `view`.
///
/// # Errors
/// The differences, if the command line defines another study and a job of the recorded one has succeeded.
pub fn decide(
    view: &StudyView,
    now: StudyDefinition,
    rerun: Option<Rerun>,
    verbosity: Verbosity,
) -> Result<Decision, CliError> {
    let directory = Path::new(&now.source.name).parent().unwrap_or(Path::new(""));
    let recorded = StudyDefinition::recorded_in(&view.header, now.folder.clone(), directory)?;
    // A journal of an earlier version names no collector: its study continues with the one it was started with.
    let given = now.experiment.collector.clone();
    let now = match (&view.header.collector, &given) {
        (None, None) => now.with_collector(recorded.experiment.collector.clone()).with_version_0_1_arguments(),
        _ => now,
    };
    let now = now.with_recorded_choice(&view.header);
    let without_prior = now.experiment.clone();
    // earlier studies change the schedule, and a study that continues keeps those of its start
    let mut now = now.with_prior(&view.header.prior);
    let Compared { differences, length } = compare(&view.header, &recorded, &now);
    let has_ended = view.has_ended() && rerun.is_none();
    let has_results = has_succeeded(view) || holds_training(view) || lock::is_held(&now.folder);
    if (!differences.is_empty() || has_ended) && !has_results {
        if verbosity != Verbosity::Quiet {
            let folder = now.folder.root().display();
            print_message(&format!(
                "note: no job of the study in {folder} has succeeded; it is discarded and a new one starts"
            ));
        }
        now.experiment = without_prior;
        return Ok(Decision::StartAgain(now.with_collector(given)));
    }
    if !differences.is_empty() {
        return Err(different_study(&now, &differences));
    }
    let mut change = unchanged(view, &recorded);
    change.rerun = rerun;
    if let Some(length) = length {
        check_length(view, &now, &length)?;
        change.length = Some(Box::new(length_record(&now, &recorded)?));
        if verbosity != Verbosity::Quiet && view.finish.as_ref().is_none_or(|reason| change.continues(reason)) {
            let LengthChange { field, recorded, now } = length;
            print_message(&format!("note: {field}: the study had {recorded}, now it has {now}"));
        }
    }
    let last = last_slots(view, &recorded, &now);
    Ok(Decision::Continue(now, change, last))
}

/// The change of a session that continues the study in `view` as it is; `recorded` is its definition.
pub fn unchanged(view: &StudyView, recorded: &StudyDefinition) -> StudyChange {
    let length = recorded.experiment.method.schedule.length().amount();
    StudyChange { initial_length: Some(view.initial_length.unwrap_or(length)), ..StudyChange::default() }
}

/// Where the jobs of the last session of the study in `view` ran; `recorded` is its definition, and `now` that of the command line.
pub fn last_slots(view: &StudyView, recorded: &StudyDefinition, now: &StudyDefinition) -> Option<LastSlots> {
    let session = view.last_session.as_ref()?;
    Some(LastSlots::new(session, recorded.launcher.as_ref(), now.launcher.as_ref()))
}

/// Whether a job has run to its end or was ended by a rule, so that a result would be lost. A job that ended because the study did has no
/// result, unless the study ended because a metric was reached.
fn has_succeeded(view: &StudyView) -> bool {
    let is_reached = matches!(view.finish, Some(FinishReason::MetricReached { .. }));
    view.jobs.iter().any(|job| match job.status {
        JobStatus::Succeeded => true,
        JobStatus::Stopped => is_reached || job.reason.as_deref() != Some(StopRule::STUDY_FINISHED),
        _ => false,
    })
}

/// Whether an interrupted job may have left a checkpoint from which it would continue.
fn holds_training(view: &StudyView) -> bool {
    let is_unfinished = |job: &JobView| job.interrupted || job.status == JobStatus::Running;
    view.header.promoted == PromotedStart::FromCheckpoint && view.jobs.iter().any(is_unfinished)
}

/// Checks that the study of the command line is not shorter than what has run.
fn check_length(view: &StudyView, now: &StudyDefinition, change: &LengthChange) -> Result<(), CliError> {
    let length = now.experiment.method.schedule.length();
    let started = match length {
        Length::Trials(_) => view.jobs.iter().map(|job| job.job.key.trial.0 + 1).max(),
        Length::Rounds(_) => view.jobs.iter().map(|job| u64::from(job.bracket.round) + 1).max(),
    };
    let started = started.unwrap_or(0);
    if length.amount() >= started {
        return Ok(());
    }
    let (unit, field) = match length {
        Length::Trials(_) => ("trial", &change.field),
        Length::Rounds(_) => ("round", &change.field),
    };
    Err(CliError::usage(anyhow!(
        "{field}: the study cannot be shortened to {}, because {} already started",
        text::counted(length.amount(), unit),
        text::counted(started, unit),
    ))
    .hint("give at least as many, or start another study with --study OTHER"))
}

fn length_record(now: &StudyDefinition, recorded: &StudyDefinition) -> Result<LengthRecord, CliError> {
    let amount = |study: &StudyDefinition| study.experiment.method.schedule.length().amount();
    let header = session::header(now)?;
    // The observations of earlier studies stay those in the header.
    let warm_start = recorded.options.warm_start.clone();
    Ok(LengthRecord {
        before: amount(recorded),
        length: amount(now),
        matrix_path: header.matrix_path,
        matrix: header.matrix,
        component: header.component,
        options: StudyOptions { warm_start, ..now.options.clone() }.to_value(),
        plan: header.plan,
    })
}

/// The error for a command line that differs from the study in its folder.
fn different_study(study: &StudyDefinition, differences: &[Difference]) -> CliError {
    let folder = study.folder.root();
    let error = CliError::usage(anyhow!("this command line differs from the study in {}", folder.display()));
    let error = differences.iter().fold(error, |error, difference| {
        let Difference { field, recorded, now, location } = difference;
        let location = location.as_ref().map(|location| format!(" ({location})")).unwrap_or_default();
        error.hint(match (recorded.as_str(), now.as_str()) {
            (NOT_GIVEN, now) => format!("{field}: not given when the study started, now {now}{location}"),
            (recorded, NOT_GIVEN) => format!("{field}: started with {recorded}, now not given{location}"),
            (recorded, now) => format!("{field}: started with {recorded}, now {now}{location}"),
        })
    });
    let warm_start = text::command_line(["--study", "OTHER", "--warm-start", &folder.to_string_lossy()]);
    error
        .hint("start another study with --study OTHER, or discard this one with --overwrite")
        .hint(format!("start another study that learns from this one with {warm_start}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;
    use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};
    use crate::types::objective::Score;
    use crate::types::outcome::{Failure, Outcome};

    #[test]
    fn a_job_that_ended_with_the_study_is_no_success() {
        let study = |rule: &str, finish: FinishReason| {
            let mut sample = StudyFixture::new();
            sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).fail(0, 0, Failure::Exit(1), "");
            let outcome = Outcome::Stopped { score: Score::new(0.5), by: StopRule::new(rule, None, None) };
            has_succeeded(&sample.end(1, 0, 1, outcome, "").finish(finish).view())
        };
        let job = JobId { key: JobKey { trial: TrialId(1), rung: Rung(0) }, attempt: Attempt(1) };
        let reached = FinishReason::MetricReached { job, metric: "loss".into(), value: 0.5, threshold: 0.6 };
        assert!(!study(StopRule::STUDY_FINISHED, FinishReason::Completed));
        assert!(study("median", FinishReason::Completed));
        assert!(study(StopRule::STUDY_FINISHED, reached));
    }
}

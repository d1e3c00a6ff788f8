//! The best trial of a study.

use std::path::Path;

use serde::Serialize;

use self::repetition::Repetition;
use super::number;
use super::view::{JobView, StudyView};
use crate::engine::event::FinishReason;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::incumbent::{self, Candidate};
use crate::types::units::Resource;

/// The incumbent of `view`: see [`crate::types::incumbent`].
pub fn best_job(view: &StudyView) -> Option<(Candidate, &JobView)> {
    let best = incumbent::best(view.direction()?, view.candidates().map(|(candidate, _)| candidate), view.decisive())?;
    // A candidate is the last launch of its job.
    view.jobs.iter().rfind(|job| job.job.key == best.job).map(|job| (best, job))
}

/// The best trial.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BestView<'a> {
    /// Its id.
    pub trial: TrialId,
    /// Its value at `resource`.
    pub value: f64,
    /// The metric's name.
    pub metric: &'a str,
    /// The resource it reached.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// Its configuration.
    pub params: &'a Assignment,
    /// How its job is repeated.
    #[serde(flatten)]
    pub repetition: Repetition,
    /// The study's folder.
    pub study: &'a Path,
}

impl<'a> BestView<'a> {
    /// `None` while no job has a value, and in a study without a metric. `repeat` says how a job is repeated.
    pub fn new(view: &'a StudyView, repeat: impl FnOnce(&JobView) -> Repetition) -> Option<BestView<'a>> {
        let (candidate, job) = best_job(view)?;
        Some(BestView {
            trial: job.job.key.trial,
            value: candidate.score.value(),
            metric: &view.header.metric.as_ref()?.name,
            resource: candidate.reached,
            params: &job.params,
            repetition: repeat(job),
            study: &view.study,
        })
    }
}

/// The best trial so far and whether a better one may follow, as `best --format json` prints them.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BestReport<'a> {
    /// The best trial.
    #[serde(flatten)]
    pub best: BestView<'a>,
    /// Whether the study has ended; false while it runs, after a crash, and where a limit, a signal or its tuner ended the last session.
    pub ended: bool,
    /// Why the last session ended, as in the summary; null while one runs and after a crash.
    pub finished: Option<&'a FinishReason>,
}

impl<'a> BestReport<'a> {
    /// `None` where [`BestView::new`] returns it.
    pub fn new(view: &'a StudyView, repeat: impl FnOnce(&JobView) -> Repetition) -> Option<BestReport<'a>> {
        Some(BestReport { best: BestView::new(view, repeat)?, ended: view.has_ended(), finished: view.finish.as_ref() })
    }
}

pub mod repetition;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{StudyFixture, halving, repetition};
    use crate::types::ids::{Attempt, JobId, JobKey, Rung};
    use crate::types::objective::Score;
    use crate::types::outcome::{Failure, Outcome, StopRule};

    fn best(sample: &StudyFixture) -> Option<u64> {
        best_job(&sample.view()).map(|(candidate, _)| candidate.job.trial.0)
    }

    fn stopped(value: f64) -> Outcome {
        let by = StopRule { rule: "study_finished".into(), value: None, threshold: None };
        Outcome::Stopped { score: Score::new(value), by }
    }

    #[test]
    fn a_job_at_a_higher_resource_beats_a_better_value_below() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 3.0).succeed(0, 0, 0.1).succeed(1, 0, 0.9);
        assert_eq!(best(&sample), Some(1));
    }

    #[test]
    fn ties_go_to_the_lower_trial_whichever_ended_first() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).succeed(1, 0, 0.5).succeed(0, 0, 0.5);
        assert_eq!(best(&sample), Some(0));
    }

    #[test]
    fn failures_at_a_higher_resource_do_not_hide_results_below() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 3.0).succeed(0, 0, 0.5).fail(1, 0, Failure::Exit(1), "");
        assert_eq!(best(&sample), Some(0));
    }

    #[test]
    fn jobs_ended_early_count_only_if_none_finished() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 3.0).end(1, 0, 1, stopped(0.1), "");
        assert_eq!(best(&sample), Some(1));
        sample.succeed(0, 0, 0.5);
        assert_eq!(best(&sample), Some(0));
    }

    #[test]
    fn the_job_that_ended_the_study_competes_at_any_resource() {
        let job = JobId { key: JobKey { trial: TrialId(1), rung: Rung(0) }, attempt: Attempt(1) };
        let best_of = |metric: &str, value: f64| {
            let mut sample = StudyFixture::new();
            sample.launch(0, 0, 1, 3.0).launch(1, 0, 1, 1.0).succeed(0, 0, 0.5).end(1, 0, 1, stopped(value), "");
            sample.finish(FinishReason::MetricReached { job, metric: metric.into(), value: 0.97, threshold: 0.95 });
            best(&sample)
        };
        assert_eq!(
            [best_of("loss", 0.01), best_of("accuracy", 0.01), best_of("accuracy", 0.6)],
            [Some(1), Some(1), Some(0)]
        );
    }

    #[test]
    fn no_metric_no_best() {
        let mut sample = StudyFixture::with_metric(None);
        sample.launch(0, 0, 1, 1.0).end(0, 0, 1, Outcome::Succeeded { score: None }, "");
        assert_eq!(best(&sample), None);
    }

    #[test]
    fn the_json_has_the_documented_keys() {
        let view = halving().view();
        let best = BestReport::new(&view, |_| repetition("python3 train.py")).expect("trial 2 finished");
        let json = serde_json::to_string(&best).expect("a view serializes");
        insta::assert_snapshot!(json, @r#"{"trial":2,"value":0.125,"metric":"loss","resource":3,"params":{"lr":0.2},"command":["python3","train.py"],"directory":"/project","env":{"HYPERTUNE_SEED":"7"},"unset":[],"checkpoint":null,"folder":"matrix.study/trials/2","shell":"python3 train.py","study":"matrix.study","ended":true,"finished":{"reason":"completed"}}"#);
    }

    #[test]
    fn a_study_that_can_be_resumed_has_not_ended() {
        let ended = |sample: &StudyFixture| {
            BestReport::new(&sample.view(), |_| Repetition::default()).map(|report| report.ended)
        };
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5);
        assert_eq!(ended(&sample), Some(false));
        assert_eq!(ended(sample.finish(FinishReason::Interrupted { signal: 2 })), Some(false));
        assert_eq!(ended(sample.session().finish(FinishReason::Completed)), Some(true));
    }
}

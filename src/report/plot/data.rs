//! The part of a study that plots show.

use std::collections::BTreeMap;

use super::figure::MarkClass;
use super::scale::Scale;
use crate::report::view::{JobStatus, JobView, StudyView};
use crate::types::ids::TrialId;
use crate::types::incumbent;
use crate::types::objective::Direction;
use crate::types::outcome::CurvePoint;

/// A study by trials.
#[derive(Debug)]
pub struct PlotData<'a> {
    /// The study.
    pub view: &'a StudyView,
    /// The trials, in order of their ids.
    pub trials: Vec<PlotTrial<'a>>,
    /// The metric's name; `value` in a study without a metric.
    pub metric: &'a str,
    /// Whether lower or higher values are better; lower in a study without a metric.
    pub direction: Direction,
    /// The resource's name; `resource` if nothing is allotted.
    pub resource: &'a str,
}

/// A trial.
#[derive(Debug)]
pub struct PlotTrial<'a> {
    /// Its id.
    pub id: TrialId,
    /// Its state.
    pub class: MarkClass,
    /// Its launches in order, retries included.
    pub jobs: Vec<&'a JobView>,
}

impl<'a> PlotData<'a> {
    /// The data of `view`, which has [`crate::report::view::ViewDetail::Curves`].
    pub fn new(view: &'a StudyView) -> PlotData<'a> {
        let direction = view.direction().unwrap_or(Direction::Minimize);
        let best = incumbent::best(direction, view.candidates().map(|(candidate, _)| candidate), view.decisive());
        let highest = view.jobs.iter().map(|job| job.resource.amount()).fold(0.0, f64::max);
        let mut jobs: BTreeMap<TrialId, Vec<&JobView>> = BTreeMap::new();
        for job in &view.jobs {
            jobs.entry(job.job.key.trial).or_default().push(job);
        }
        let trial = |(id, jobs): (TrialId, Vec<&'a JobView>)| {
            let is_best = best.is_some_and(|best| best.job.trial == id);
            PlotTrial { id, class: if is_best { MarkClass::Best } else { class(&jobs, highest) }, jobs }
        };
        PlotData {
            trials: jobs.into_iter().map(trial).collect(),
            metric: view.header.metric.as_ref().map_or("value", |metric| metric.name.as_str()),
            direction,
            resource: view.header.resource_name().unwrap_or("resource"),
            view,
        }
    }

    /// At most about `most` of `trials`, for plots in which more would cover each other: all but the dropped ones if they are few, and an
    /// even selection of the others.
    pub(super) fn drawn<'b>(trials: Vec<&'b PlotTrial<'a>>, most: usize) -> Vec<&'b PlotTrial<'a>> {
        let survivors = trials.iter().filter(|trial| trial.class != MarkClass::Dropped).count();
        let keeps =
            |class: MarkClass| class == MarkClass::Best || (class != MarkClass::Dropped && survivors <= most / 2);
        let kept = trials.iter().filter(|trial| keeps(trial.class)).count();
        let stride = (trials.len() - kept).div_ceil(most.saturating_sub(kept).max(1)).max(1);
        let mut others = 0;
        let is_drawn = |trial: &&PlotTrial<'_>| {
            others += usize::from(!keeps(trial.class));
            keeps(trial.class) || others % stride == 0
        };
        trials.into_iter().filter(is_drawn).collect()
    }

    /// The names of the parameters of any trial, in the order of the matrix.
    pub fn params(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for trial in &self.trials {
            for (name, _) in trial.jobs[0].params.iter() {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// A scale for the values of the parameter `name` in `trials`.
    pub(super) fn scale_of<'b>(&self, name: &str, trials: impl IntoIterator<Item = &'b PlotTrial<'a>>) -> Scale
    where
        'a: 'b,
    {
        let values = trials.into_iter().filter_map(|trial| trial.jobs[0].params.get(name));
        if self.view.header.log_params.iter().any(|log| log == name) {
            Scale::of_logarithmic(values)
        } else {
            Scale::of_values(values)
        }
    }
}

impl PlotTrial<'_> {
    /// The job with the value that counts for the trial: its last one with a value.
    pub fn scored(&self) -> Option<&JobView> {
        self.jobs.iter().rev().copied().find(|job| job.score.is_some())
    }

    /// Its value.
    pub fn value(&self) -> Option<f64> {
        Some(self.scored()?.score?.value())
    }

    /// Whether [`PlotTrial::curve`] has a point.
    pub fn has_curve(&self) -> bool {
        self.jobs.iter().any(|job| !job.curve.is_empty() || job.score.is_some())
    }

    /// Its learning curve over all rungs; of jobs without readings their values.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let mut points: Vec<CurvePoint> = Vec::new();
        for job in &self.jobs {
            let first = job.curve.first().map_or(job.reached.amount(), |point| point.step);
            // A job that trains from scratch, or again, replaces what it repeats.
            points.retain(|point| point.step < first);
            points.extend(&job.curve);
            let ended = job.score.filter(|_| job.curve.is_empty());
            points.extend(ended.map(|score| CurvePoint { step: job.reached.amount(), value: score.value() }));
        }
        points
    }
}

fn class(jobs: &[&JobView], highest: f64) -> MarkClass {
    let Some(last) = jobs.last() else { return MarkClass::Dropped };
    match last.status {
        JobStatus::Running => MarkClass::Running,
        JobStatus::Failed | JobStatus::Timeout | JobStatus::Lost => MarkClass::Failed,
        JobStatus::Stopped | JobStatus::Interrupted => MarkClass::Stopped,
        JobStatus::Succeeded if last.resource.amount() >= highest => MarkClass::Finished,
        JobStatus::Succeeded => MarkClass::Dropped,
    }
}

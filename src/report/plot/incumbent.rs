//! The best value so far, over time and over the resource spent.

use super::data::PlotData;
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use crate::report::view::JobView;
use crate::types::ids::TrialId;
use crate::types::incumbent::{self, Candidate};

/// An end of a job with a value.
struct Ended<'a> {
    candidate: Candidate,
    job: &'a JobView,
    /// Study time, seconds.
    time: f64,
    /// The resource that all jobs that ended until then spent.
    spent: f64,
}

/// The best trial after one more end.
struct Step {
    trial: TrialId,
    value: f64,
    time: f64,
    spent: f64,
}

/// Two panels with the same steps: over time, and over the resource.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let ended = ended(data);
    let steps = steps(data, &ended);
    let last = ended.last()?;
    let y = Scale::of_most(ended.iter().map(|end| end.candidate.score.value()));
    let time: fn(&Step) -> f64 = |step| step.time;
    let spent: fn(&Step) -> f64 = |step| step.spent;
    let (unit, seconds) = unit(last.time);
    let over_time = panel(60.0, &steps, time, last.time, &y);
    let over_resource = panel(550.0, &steps, spent, last.spent, &y);
    let axes = |panel: Panel, label: String, scale: Scale| Panel {
        axes: vec![
            PlotAxis { side: Side::Left, scale: y.clone(), label: data.metric.to_owned() },
            PlotAxis { side: Side::Bottom, scale, label },
        ],
        ..panel
    };
    let panels = vec![
        axes(over_time, format!("time, {unit}"), Scale::from_zero(last.time / seconds)),
        axes(over_resource, format!("{} spent", data.resource), Scale::from_zero(last.spent)),
    ];
    let legend = vec![(MarkClass::Best, "best so far"), (MarkClass::Dropped, "a job with a value")];
    let panels =
        panels.into_iter().zip([time_of, spent_of]).map(|(panel, x)| with_ends(panel, &ended, x, &y)).collect();
    Some(Figure { title: format!("Best {} so far", data.metric), width: 960.0, height: 330.0, panels, legend })
}

fn time_of(end: &Ended<'_>) -> f64 {
    end.time
}

fn spent_of(end: &Ended<'_>) -> f64 {
    end.spent
}

/// The ends with a value, in order of their time.
fn ended<'a>(data: &'a PlotData<'_>) -> Vec<Ended<'a>> {
    let time = |job: &JobView| job.launched.0 as f64 * 1e-9 + job.usage.map_or(0.0, |usage| usage.duration_s);
    let mut jobs: Vec<&JobView> = data.view.jobs.iter().filter(|job| job.usage.is_some()).collect();
    jobs.sort_by(|a, b| time(a).total_cmp(&time(b)));
    let mut spent = 0.0;
    let ends = jobs.into_iter().filter_map(|job| {
        spent += job.spent;
        Some(Ended { candidate: job.candidate()?, job, time: time(job), spent })
    });
    ends.collect()
}

/// The changes of the best trial or its value.
fn steps(data: &PlotData<'_>, ended: &[Ended<'_>]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut best: Option<Candidate> = None;
    for end in ended {
        let first = incumbent::best(data.direction, best.into_iter().chain([end.candidate]), data.view.decisive());
        if first != best
            && let Some(new) = first
        {
            steps.push(Step { trial: new.job.trial, value: new.score.value(), time: end.time, spent: end.spent });
        }
        best = first;
    }
    steps
}

/// A panel with the steps as one line that extends to `end`.
fn panel(left: f64, steps: &[Step], x: fn(&Step) -> f64, end: f64, y: &Scale) -> Panel {
    let mut panel = Panel { left, top: 48.0, width: 390.0, height: 240.0, axes: Vec::new(), marks: Vec::new() };
    let scale = Scale::from_zero(end);
    let mut points = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let until = steps.get(i + 1).map_or(end, x);
        let both = [x(step), until].map(|x| Some(panel.point(scale.position(x)?, y.position(step.value)?)));
        points.extend(both.into_iter().flatten());
    }
    let line = PlotMark { trial: None, points };
    panel.marks = MarkGroup::by_class(Shape::Line, [(MarkClass::Best, line)]);
    let dot = |step: &Step| {
        let at = panel.point(scale.position(x(step))?, y.position(step.value)?);
        Some((MarkClass::Best, PlotMark { trial: Some(step.trial), points: vec![at] }))
    };
    let dots = MarkGroup::by_class(Shape::Dot, steps.iter().filter_map(dot));
    panel.marks.extend(dots);
    panel
}

/// Adds a dot for each end, below the other marks.
fn with_ends(mut panel: Panel, ended: &[Ended<'_>], x: fn(&Ended<'_>) -> f64, y: &Scale) -> Panel {
    let scale = Scale::from_zero(ended.last().map_or(1.0, x));
    let dot = |end: &Ended<'_>| {
        let at = panel.point(scale.position(x(end))?, y.position(end.candidate.score.value())?);
        Some((MarkClass::Dropped, PlotMark { trial: Some(end.job.job.key.trial), points: vec![at] }))
    };
    let dots = MarkGroup::by_class(Shape::Dot, ended.iter().filter_map(dot));
    panel.marks.splice(0..0, dots);
    panel
}

/// The unit of time in which `seconds` is a small number, and its length.
pub fn unit(seconds: f64) -> (&'static str, f64) {
    match seconds {
        s if s < 120.0 => ("seconds", 1.0),
        s if s < 7200.0 => ("minutes", 60.0),
        s if s < 48.0 * 3600.0 => ("hours", 3600.0),
        _ => ("days", 86400.0),
    }
}

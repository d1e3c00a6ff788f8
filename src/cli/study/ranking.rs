//! Reads a study whose jobs are ranked by the metric of `--metric`.

use std::path::Path;

use anyhow::anyhow;

use super::definition::StudyDefinition;
use super::view;
use crate::cli::error::CliError;
use crate::cli::options::overrides::metric_text;
use crate::journal::folder::layout::StudyFolder;
use crate::matrix::command_line::overrides::MetricOverride;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::report::view::{StudyView, ViewDetail};
use crate::report::{metrics, ranking};
use crate::types::objective::{Direction, Metric};

/// Reads the study in folder `study`, ranked by `wanted`, else by its own metric.
///
/// # Errors
/// No job recorded the metric, or its direction is neither given nor recorded.
pub fn read(study: &Path, wanted: Option<&MetricOverride>, detail: ViewDetail) -> Result<StudyView, CliError> {
    let Some(wanted) = wanted else { return view::read(study, detail) };
    let mut view = view::read(study, ViewDetail::Full)?;
    let direction = wanted.direction.or_else(|| recorded_direction(&view, &wanted.name));
    let is_own = view.header.metric.as_ref().is_some_and(|own| own.name == wanted.name);
    let metric = Metric { name: wanted.name.clone(), direction: direction.unwrap_or(Direction::Minimize) };
    if ranking::rank_by(&mut view, metric) {
        view::add_curves(&mut view, &StudyFolder::new(study));
        ranking::add_from_curves(&mut view);
    }
    if !is_own && view.jobs.iter().all(|job| job.score.is_none()) {
        return Err(unknown_metric(&view, &wanted.name));
    }
    match direction {
        Some(_) => Ok(view),
        None => Err(no_direction(&wanted.name)),
    }
}

fn unknown_metric(view: &StudyView, name: &str) -> CliError {
    let error = CliError::usage(anyhow!("{}: no job recorded the metric {}", view.study.display(), quoted(name)));
    let known = metrics::names(view);
    suggestion(name, known.iter().map(String::as_str)).into_iter().fold(error, CliError::hint)
}

fn no_direction(name: &str) -> CliError {
    let [minimize, maximize] = [Direction::Minimize, Direction::Maximize]
        .map(|direction| metric_text(&MetricOverride { name: name.to_owned(), direction: Some(direction) }));
    CliError::usage(anyhow!("the study does not record whether small or large values of {} are better", quoted(name)))
        .hint(format!("write --metric {minimize} or --metric {maximize}"))
}

/// The direction of the study's own metric or of one in its early stopping.
fn recorded_direction(view: &StudyView, name: &str) -> Option<Direction> {
    if let Some(own) = view.header.metric.as_ref().filter(|own| own.name == name) {
        return Some(own.direction);
    }
    let study = StudyDefinition::recorded(&view.header, StudyFolder::new(&view.study)).ok()?;
    let stopping = &study.experiment.stopping;
    let policies = stopping.policies.iter().map(|policy| (&policy.metric, policy.direction));
    let conditions = stopping.conditions.iter().map(|condition| (&condition.metric, condition.direction));
    policies.chain(conditions).find(|(metric, _)| *metric == name).map(|(_, direction)| direction)
}

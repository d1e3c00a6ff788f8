//! Loads a matrix file with the overrides of the command line.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::command_line::bind;
use super::command_line::command;
use super::command_line::definition;
use super::command_line::overrides::{self, Overrides};
use super::diagnostics::diagnostic::{Diagnostic, Source};
use super::diagnostics::findings::{Findings, InvalidFileError};
use super::diagnostics::flag_texts::COMMAND_LINE;
use super::foreign;
use super::metric_checks;
use super::polyaxon::command_from::CommandFrom;
use super::polyaxon::component::Component;
use super::polyaxon::component_file::{parse_source, read_component};
use super::polyaxon::ignored::IgnoredFields;
use super::polyaxon::operation::{self, Operation};
use super::sections::constraints::{self, UselessConstraints};
use super::sections::grid_coverage;
use super::sections::initial;
use super::sections::matrix::{self, MatrixSection, MetricFrom};
use super::sections::params::{DeclaredParam, guess};
use super::sections::tuner::TunerSpec;
use super::yaml::emit;
use super::yaml::fields::duplicate_keys;
use super::yaml::file::read_file;
use super::yaml::node::{Node, Span};
use super::yaml::parse::ReadError;
use crate::command::dialect::Dialect;
use crate::command::template::Renderer;
use crate::engine::experiment::{Experiment, FirstFailures, Limits, Retries};
use crate::journal::folder::layout::StudyFolder;
use crate::launch::catalogue::LauncherChoice;
use crate::space::Space;
use crate::types::args::PathSegment;

/// A valid matrix file.
#[derive(Debug)]
pub struct LoadedMatrix {
    /// The experiment. Its seed is 0 if [`LoadedMatrix::seed`] is `None`.
    pub experiment: Experiment,
    /// The seed on the command line or in the file.
    pub seed: Option<u64>,
    /// The number of slots on the command line or in the file.
    pub concurrency: Option<u32>,
    /// How jobs are started, if the file says it.
    pub launcher: Option<LauncherChoice>,
    /// The operation's name.
    pub name: Option<String>,
    /// The command, if there is one.
    pub renderer: Option<Renderer>,
    /// The external tuner.
    pub tuner: Option<TunerSpec>,
    /// The kind that was chosen because none is given, with the reason.
    pub chosen: Option<String>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// The matrix file.
    pub source: Arc<Source>,
    /// The component file, if the matrix file refers to one.
    pub component: Option<Arc<Source>>,
}

/// Reads and checks the file at `path`.
///
/// # Errors
/// All errors in the file, in its component file and in the overrides.
pub fn load(path: &Path, overrides: &Overrides) -> Result<LoadedMatrix, InvalidFileError> {
    let name = path.display().to_string();
    let unreadable =
        |error: io::Error| InvalidFileError::of(&name, format!("the matrix file cannot be read: {error}"), None);
    if StudyFolder::new(path).journal().is_file() {
        let hint = format!("`hypertune resume {name}` continues it, `hypertune status {name}` shows it");
        return Err(InvalidFileError::of(&name, "this is the folder of a study, not a matrix file", Some(hint)));
    }
    let bytes = read_file(path).map_err(unreadable)?;
    load_bytes(&name, &bytes, path.parent().unwrap_or(Path::new("")), overrides)
}

/// Checks the bytes of a file called `name`. Its `pathRef` is relative to `folder`.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(
    name: &str,
    bytes: &[u8],
    folder: &Path,
    overrides: &Overrides,
) -> Result<LoadedMatrix, InvalidFileError> {
    let (source, root) = parse_source(name, bytes);
    let mut findings = Findings::new(source.clone());
    let mut root = root.map_err(|error| invalid_file(error, source.clone()))?;
    if let Some(foreign) = foreign::recognize(&root) {
        let message = format!("the file is {}, not a matrix", foreign.format.what());
        findings.error_with(foreign.span, message, Some(foreign.format.hint(name)));
        return Err(findings.into_error());
    }
    duplicate_keys(&root, &mut findings);
    if !overrides.matrix.is_empty() {
        let applied = definition::apply(&overrides.matrix, root);
        applied.errors.into_iter().for_each(|error| findings.push(error));
        applied.warnings.into_iter().for_each(|warning| findings.push(warning));
        findings.set_flags(applied.texts);
        root = applied.root;
    }
    load_root(&root, folder, overrides, findings)
}

/// Checks the matrix that the options of the command line define without a file. Its text is the equivalent file.
///
/// # Errors
/// All errors in the options.
pub fn load_options(overrides: &Overrides) -> Result<LoadedMatrix, InvalidFileError> {
    let built = definition::build(&overrides.matrix, overrides.metric.as_ref(), overrides.sampler.as_deref());
    let source = Arc::new(Source { name: COMMAND_LINE.to_owned(), text: emit::document(&built.root) });
    let mut findings = Findings::new(source);
    if !built.errors.is_empty() {
        built.errors.into_iter().for_each(|error| findings.push(error));
        return Err(findings.into_error());
    }
    built.warnings.into_iter().for_each(|warning| findings.push(warning));
    findings.set_flags(built.texts);
    let loaded = load_root(&built.root, Path::new(""), overrides, findings)?;
    Ok(LoadedMatrix { chosen: built.chosen, ..loaded })
}

/// Checks the parsed file.
fn load_root(
    root: &Node,
    folder: &Path,
    overrides: &Overrides,
    mut findings: Findings,
) -> Result<LoadedMatrix, InvalidFileError> {
    let source = findings.source().clone();
    let from = match overrides.dialect() {
        _ if overrides.command.is_some() => CommandFrom::CommandLine,
        Dialect::Polyaxon => CommandFrom::File,
        Dialect::Plain => CommandFrom::EarlierFile,
    };
    let mut ignored_fields = IgnoredFields::default();
    let mut operation = operation::read(root, from, &mut ignored_fields, &mut findings);
    let mut section = read_matrix(&operation, overrides, &mut findings);
    let recorded = overrides.component.as_deref();
    let mut component = read_component(&operation, folder, recorded, from, &mut ignored_fields, &mut findings);
    ignored_fields.report(&mut findings);
    operation.termination = operation.termination.or(component.termination);
    let renderer = bind_names(&operation, &mut section, &mut component, overrides, folder, &mut findings);
    metric_checks::check_metric_path(&section, renderer.as_ref(), &mut findings);
    let mut loaded = finish(operation, section, renderer, overrides, findings)?;
    loaded.component = Some(component.source).filter(|file| !Arc::ptr_eq(file, &source));
    Ok(loaded)
}

fn invalid_file(error: ReadError, source: Arc<Source>) -> InvalidFileError {
    let mut findings = Findings::new(source);
    findings.read_error(error);
    findings.into_error()
}

fn read_matrix(operation: &Operation<'_>, overrides: &Overrides, findings: &mut Findings) -> MatrixSection {
    let metric_from = if overrides.metric.is_some() { MetricFrom::CommandLine } else { MetricFrom::File };
    let Some((node, span)) = &operation.matrix else { return MatrixSection::default() };
    let mut section = matrix::read(node, span.clone(), metric_from, findings);
    if let Some(given) = &overrides.metric {
        section.metric = Some(overrides::override_metric(given, section.metric.as_ref(), findings));
    }
    if overrides.collector.is_some() {
        section.collector.clone_from(&overrides.collector);
    }
    metric_checks::warn_opposite_direction(&section, findings);
    if let (Some(name), Some(method)) = (&overrides.sampler, &mut section.method)
        && overrides::override_sampler(name, method, findings)
    {
        section.tuner = None;
    }
    section
}

/// Binds values to parameters and inputs and compiles the command.
fn bind_names(
    operation: &Operation<'_>,
    section: &mut MatrixSection,
    component: &mut Component,
    overrides: &Overrides,
    folder: &Path,
    findings: &mut Findings,
) -> Option<Renderer> {
    bind::bind_operation_params(operation, section, component, findings);
    bind::bind_overrides(overrides, section, component, findings);
    if overrides.command.is_none() {
        bind::check_types(section, component, findings);
    }
    let renderer = command::renderer(section, component, overrides, folder, findings);
    if let Some(renderer) = &renderer {
        let from = if overrides.command.is_some() { CommandFrom::CommandLine } else { CommandFrom::File };
        bind::check_coverage(section, component, renderer, from, findings);
    }
    renderer
}

fn finish(
    operation: Operation<'_>,
    mut section: MatrixSection,
    renderer: Option<Renderer>,
    overrides: &Overrides,
    mut findings: Findings,
) -> Result<LoadedMatrix, InvalidFileError> {
    let source = findings.source().clone();
    let seed = overrides.seed.or(section.seed);
    let concurrency = overrides.concurrency.or(section.concurrency);
    let (tuner, launcher) = (section.tuner.take(), section.launcher.take());
    let name = operation.name.clone();
    let useless = if overrides.values.is_empty() { UselessConstraints::Warn } else { UselessConstraints::Accept };
    let experiment = experiment(operation, section, (seed.unwrap_or(0), useless), &mut findings);
    match experiment {
        Some(experiment) if findings.error_count() == 0 => {
            let warnings = findings.into_error().diagnostics;
            Ok(LoadedMatrix {
                experiment,
                seed,
                concurrency,
                launcher,
                name,
                renderer,
                tuner,
                warnings,
                source,
                component: None,
                chosen: None,
            })
        }
        _ => Err(findings.into_error()),
    }
}

/// Builds the space and checks its constraints, whose positions are returned too, and the starting points.
fn build_space(
    section: &mut MatrixSection,
    useless: UselessConstraints,
    findings: &mut Findings,
) -> (Space, Vec<Span>) {
    let params = std::mem::take(&mut section.params).into_iter().map(|DeclaredParam { param, .. }| param).collect();
    let constraints = std::mem::take(&mut section.constraints).into_iter();
    let (constraints, spans) = constraints.unzip::<_, _, Vec<_>, Vec<_>>();
    let space = Space::with_rules(params, std::mem::take(&mut section.conditions), constraints);
    if findings.error_count() == 0 {
        constraints::check(&space, &spans, useless, findings);
    }
    if findings.error_count() == 0 {
        initial::apply_rules(&mut section.initial, &section.initial_item_spans, &space, findings);
    }
    (space, spans)
}

/// Builds the experiment and checks its sampler and plan. `None` if the matrix has no valid method.
fn experiment(
    operation: Operation<'_>,
    mut section: MatrixSection,
    (seed, useless): (u64, UselessConstraints),
    findings: &mut Findings,
) -> Option<Experiment> {
    let method = section.method.take()?;
    let spans: Vec<Span> = section.params.iter().map(|declared| declared.span.clone()).collect();
    let guess_span = section.params.iter().find_map(|declared| declared.guess_span.clone());
    let (space, constraint_spans) = build_space(&mut section, useless, findings);
    guess::warn_without_effect(&method, &space, guess_span, findings);
    let space = Arc::new(space);
    let errors = method.sampler.check(&space);
    if findings.error_count() == 0 {
        // after the sampler's check, which may have evaluated them for each configuration
        constraints::check_all(&space, &constraint_spans, findings);
    }
    for error in &errors {
        let named = |name: &String| space.params.iter().position(|param| *param.name == **name);
        let index =
            error.path.first().and_then(|step| if let PathSegment::Key(name) = step { named(name) } else { None });
        let span = index.and_then(|index| spans.get(index)).unwrap_or(&section.kind_span);
        findings.error_with(span.clone(), error.message.clone(), error.hint.clone());
    }
    let retries = Retries { max: operation.termination.max_retries.unwrap_or(0), ..Retries::default() };
    let mut experiment = Experiment {
        method,
        space,
        metric: section.metric,
        collector: section.collector,
        counted_reading: section.counted_reading,
        resource: section.resource,
        seed,
        promoted: section.promoted,
        stopping: section.stopping,
        limits: Limits { patience: section.patience, ..Limits::default() },
        retries,
        first_failures: FirstFailures::default(),
        job_timeout: operation.termination.timeout,
        initial: section.initial,
        prior: Arc::default(),
    };
    if findings.error_count() == 0 {
        experiment.choose_sampler(None);
    }
    if errors.is_empty()
        && findings.error_count() == 0
        && let Err(error) = experiment.plan().check_size()
    {
        findings.error(section.kind_span, error.to_string());
    }
    grid_coverage::warn_fixed_params(&experiment, &spans, findings);
    Some(experiment)
}

#[cfg(test)]
mod tests;

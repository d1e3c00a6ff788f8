//! Loads a matrix file with the overrides of the command line.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::command_line::bind;
use super::command_line::command;
use super::command_line::overrides::{self, Overrides};
use super::diagnostics::diagnostic::{Diagnostic, Source};
use super::diagnostics::findings::{Findings, InvalidFileError};
use super::diagnostics::suggest::quoted;
use super::foreign;
use super::polyaxon::command_from::CommandFrom;
use super::polyaxon::component::{self, Component};
use super::polyaxon::ignored::IgnoredFields;
use super::polyaxon::operation::{self, ComponentSource, Operation};
use super::sections::constraints::{self, UselessConstraints};
use super::sections::grid_coverage;
use super::sections::initial;
use super::sections::matrix::{self, MatrixSection, MetricFrom};
use super::sections::params::DeclaredParam;
use super::sections::tuner::TunerSpec;
use super::yaml::fields::duplicate_keys;
use super::yaml::file::read_file;
use super::yaml::node::{Node, Span};
use super::yaml::parse::{ReadError, decode, parse};
use crate::collect::catalogue::ConfiguredCollector;
use crate::collect::collector::MetricSource;
use crate::command::dialect::Dialect;
use crate::command::template::Renderer;
use crate::engine::experiment::{Experiment, FirstFailures, Limits, MetricCondition, Retries};
use crate::space::Space;
use crate::types::args::PathSegment;
use crate::types::objective::Direction;

/// A valid matrix file.
#[derive(Debug)]
pub struct LoadedMatrix {
    /// The experiment. Its seed is 0 if [`LoadedMatrix::seed`] is `None`.
    pub experiment: Experiment,
    /// The seed on the command line or in the file.
    pub seed: Option<u64>,
    /// The number of slots on the command line or in the file.
    pub concurrency: Option<u32>,
    /// The operation's name.
    pub name: Option<String>,
    /// The command, if there is one.
    pub renderer: Option<Renderer>,
    /// The external tuner.
    pub tuner: Option<TunerSpec>,
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
    let root = root.map_err(|error| invalid_file(error, source.clone()))?;
    if let Some(foreign) = foreign::recognize(&root) {
        let message = format!("the file is {}, not a matrix", foreign.format.what());
        findings.error_with(foreign.span, message, Some(foreign.format.hint(name)));
        return Err(findings.into_error());
    }
    duplicate_keys(&root, &mut findings);
    let from = match overrides.dialect() {
        _ if overrides.command.is_some() => CommandFrom::CommandLine,
        Dialect::Polyaxon => CommandFrom::File,
        Dialect::Plain => CommandFrom::EarlierFile,
    };
    let mut ignored_fields = IgnoredFields::default();
    let mut operation = operation::read(&root, from, &mut ignored_fields, &mut findings);
    let mut section = read_matrix(&operation, overrides, &mut findings);
    let recorded = overrides.component.as_deref();
    let mut component = read_component(&operation, folder, recorded, from, &mut ignored_fields, &mut findings);
    ignored_fields.report(&mut findings);
    operation.termination = operation.termination.or(component.termination);
    let renderer = bind_names(&operation, &mut section, &mut component, overrides, folder, &mut findings);
    check_metric_path(&section, renderer.as_ref(), &mut findings);
    let mut loaded = finish(operation, section, renderer, overrides, findings)?;
    loaded.component = Some(component.source).filter(|file| !Arc::ptr_eq(file, &source));
    Ok(loaded)
}

fn parse_source(name: &str, bytes: &[u8]) -> (Arc<Source>, Result<Node, ReadError>) {
    let text = decode(bytes);
    let root = text.as_ref().map_err(Clone::clone).and_then(|text| parse(text));
    (Arc::new(Source { name: name.to_owned(), text: text.unwrap_or_default().to_owned() }), root)
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
    warn_opposite_direction(&section, findings);
    if let (Some(name), Some(method)) = (&overrides.sampler, &mut section.method)
        && overrides::override_sampler(name, method, findings)
    {
        section.tuner = None;
    }
    section
}

/// Warns about an early-stopping condition that wants small values of a metric that is maximized, or large ones of one that is
/// minimized.
fn warn_opposite_direction(section: &MatrixSection, findings: &mut Findings) {
    let Some(metric) = &section.metric else { return };
    let is_opposite =
        |condition: &&MetricCondition| condition.metric == metric.name && condition.direction != metric.direction;
    if let Some(condition) = section.stopping.conditions.iter().find(is_opposite) {
        let word = |direction| if direction == Direction::Minimize { "minimize" } else { "maximize" };
        let message = format!(
            "the early-stopping condition has `optimization: {}` for {}, but the study has `{}`",
            word(condition.direction),
            quoted(&metric.name),
            word(metric.direction)
        );
        let hint = format!("a job that reaches {} from the wrong side ends the study", condition.value);
        findings.warn(section.stopping_span.clone(), message, Some(hint));
    }
}

/// Checks the path from which metrics are read.
fn check_metric_path(section: &MatrixSection, renderer: Option<&Renderer>, findings: &mut Findings) {
    let source = section.collector.as_ref().map(ConfiguredCollector::source);
    let (Some(MetricSource::File(path) | MetricSource::EventFiles(path)), Some(renderer)) = (source, renderer) else {
        return;
    };
    for error in Renderer::of_path(&path, renderer).err().into_iter().flatten() {
        let message = format!("`path` of the collector: {}", error.message);
        findings.error(section.metric_span.clone(), message);
    }
}

/// Reads the component, which is in the same file or in its own. `recorded` is the text that the study has recorded for the latter.
fn read_component(
    operation: &Operation<'_>,
    folder: &Path,
    recorded: Option<&str>,
    from: CommandFrom,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Component {
    match &operation.component {
        ComponentSource::None => Component::empty(findings.source().clone()),
        ComponentSource::Inline(entry) => {
            component::read(&entry.value, entry.key_span.clone(), from, ignored_fields, findings)
        }
        ComponentSource::Root(node) => {
            component::read(node, operation::first_key_span(node), from, ignored_fields, findings)
        }
        ComponentSource::File(name, span) => {
            let path = folder.join(name.trim_start_matches("./"));
            read_component_file(&path, recorded, span.clone(), from, findings)
        }
    }
}

fn read_component_file(
    path: &Path,
    recorded: Option<&str>,
    span: Span,
    from: CommandFrom,
    findings: &mut Findings,
) -> Component {
    let name = path.display().to_string();
    let bytes = match recorded.map_or_else(|| read_file(path), |text| Ok(text.into())) {
        Ok(bytes) => bytes,
        Err(error) => {
            from.refuse(span, &format!("{name} cannot be read: {error}"), "name a component file", findings);
            return Component::empty(findings.source().clone());
        }
    };
    let (source, root) = parse_source(&name, &bytes);
    findings.in_source(&source, |findings| match root {
        Ok(root) => {
            duplicate_keys(&root, findings);
            let mut ignored_fields = IgnoredFields::default();
            let component =
                component::read(&root, operation::first_key_span(&root), from, &mut ignored_fields, findings);
            ignored_fields.report(findings);
            component
        }
        Err(error) => {
            findings.read_error(error);
            Component::empty(source.clone())
        }
    })
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
    let tuner = section.tuner.take();
    let name = operation.name.clone();
    let useless = if overrides.values.is_empty() { UselessConstraints::Warn } else { UselessConstraints::Accept };
    let experiment = experiment(operation, section, (seed.unwrap_or(0), useless), &mut findings);
    match experiment {
        Some(experiment) if findings.error_count() == 0 => {
            let warnings = findings.into_error().diagnostics;
            Ok(LoadedMatrix { experiment, seed, concurrency, name, renderer, tuner, warnings, source, component: None })
        }
        _ => Err(findings.into_error()),
    }
}

/// Builds the space and checks its constraints and the starting points.
fn build_space(section: &mut MatrixSection, useless: UselessConstraints, findings: &mut Findings) -> Space {
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
    space
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
    let space = Arc::new(build_space(&mut section, useless, findings));
    let errors = method.sampler.check(&space);
    for error in &errors {
        let named = |name: &String| space.params.iter().position(|param| *param.name == **name);
        let index =
            error.path.first().and_then(|step| if let PathSegment::Key(name) = step { named(name) } else { None });
        let span = index.and_then(|index| spans.get(index)).unwrap_or(&section.kind_span);
        findings.error_with(span.clone(), error.message.clone(), error.hint.clone());
    }
    let retries = Retries { max: operation.termination.max_retries.unwrap_or(0), ..Retries::default() };
    let experiment = Experiment {
        method,
        space,
        metric: section.metric,
        collector: section.collector,
        counted_reading: section.counted_reading,
        resource: section.resource,
        seed,
        promoted: section.promoted,
        stopping: section.stopping,
        limits: Limits::default(),
        retries,
        first_failures: FirstFailures::default(),
        job_timeout: operation.termination.timeout,
        initial: section.initial,
        prior: Arc::default(),
    };
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

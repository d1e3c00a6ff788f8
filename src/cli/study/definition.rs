//! Defines a study from a command line, or from the header of its journal.

mod choices;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::advice::command::{self, MissingProgram};
use super::argument_lists::ArgumentLists;
use super::earlier_study::EarlierStudy;
use super::location;

use crate::cli::args::study::StudyArgs;
use crate::cli::error::CliError;
use crate::cli::findings;
use crate::cli::options::overrides;
use crate::collect::catalogue::ConfiguredCollector;
use crate::command::config::ConfigFile;
use crate::command::dialect::Dialect;
use crate::command::style::catalogue::ArgStyle;
use crate::command::template::Renderer;
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Header;
use crate::launch::catalogue::LauncherChoice;
use crate::launch::launcher::JobHost;
use crate::matrix::command_line::matrix_options::MatrixOptions;
use crate::matrix::command_line::overrides::{ConfigSource, Overrides};
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity, Source};
use crate::matrix::diagnostics::findings::InvalidFileError;
use crate::matrix::load;
use crate::matrix::sections::initial;
use crate::matrix::sections::tuner::TunerSpec;
use crate::report::view::JobView;
use crate::search::PriorObservation;
use crate::types::assignment::Assignment;

/// The options that define the study, as recorded in the journal's header; options that are not given are omitted.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StudyOptions {
    /// `--metric`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// `--collect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collect: Option<Value>,
    /// `-P`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub param: Vec<String>,
    /// The options that change the matrix of a file; none for a matrix without a file, whose text is recorded.
    #[serde(flatten)]
    pub matrix: MatrixOptions,
    /// `--arg-style`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arg_style: Option<ArgStyle>,
    /// The configuration file of `--config-template` or the matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_template: Option<ConfigFile>,
    /// `--workdir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workdir: Option<String>,
    /// How the templates of the command write values.
    #[serde(skip_serializing_if = "is_default")]
    pub dialect: Dialect,
    /// `--sampler`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler: Option<String>,
    /// The contents of the `--enqueue` files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enqueue: Vec<Assignment>,
    /// `--warm-start`. The observations from these studies are in another field of the header.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warm_start: Vec<EarlierStudy>,
}

fn given_folder(folder: &Path) -> EarlierStudy {
    EarlierStudy::Folder(folder.to_string_lossy().into_owned())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl StudyOptions {
    fn of(args: &StudyArgs) -> StudyOptions {
        StudyOptions {
            metric: args.metric.as_ref().map(overrides::metric_text),
            collect: args.collect.as_ref().map(ConfiguredCollector::to_json),
            param: args.params.iter().map(overrides::param_text).collect(),
            matrix: args.matrix.as_ref().map(|_| args.options.options()).unwrap_or_default(),
            arg_style: args.arg_style,
            config_template: None,
            workdir: args.workdir.clone(),
            dialect: Dialect::default(),
            sampler: args.sampler.clone(),
            enqueue: Vec::new(),
            warm_start: args.warm_start.iter().map(|study| given_folder(study)).collect(),
        }
    }

    /// The value for the header.
    pub fn to_value(&self) -> Value {
        // Text and lists of text always serialize.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The overrides of the matrix, or the message for an invalid option.
    fn overrides(&self, command: Option<Vec<String>>, seed: Option<u64>) -> Result<Overrides, String> {
        Ok(Overrides {
            command,
            style: self.arg_style,
            config: self.config_template.clone().map(ConfigSource::Recorded),
            workdir: self.workdir.clone(),
            metric: self.metric.as_deref().map(overrides::metric).transpose()?,
            collector: self.collect.as_ref().and_then(ConfiguredCollector::from_json),
            seed,
            concurrency: None,
            values: self.param.iter().map(|p| overrides::param(p)).collect::<Result<_, _>>()?,
            sampler: self.sampler.clone(),
            matrix: self.matrix.clone(),
            dialect: Some(self.dialect),
            component: None,
        })
    }
}

/// A checked study and its folder.
#[derive(Debug)]
pub struct StudyDefinition {
    pub experiment: Arc<Experiment>,
    /// The command; `None` if neither the matrix nor the command line has one.
    pub renderer: Option<Renderer>,
    /// An external tuner.
    pub tuner: Option<TunerSpec>,
    /// The folder as given, not made absolute.
    pub folder: StudyFolder,
    /// The seed of the command line or the matrix.
    pub seed: Option<u64>,
    /// The number of concurrent jobs in the matrix.
    pub concurrency: Option<u32>,
    /// How the matrix starts jobs.
    pub launcher: Option<LauncherChoice>,
    /// The kind that was chosen because none is given, with the reason.
    pub chosen: Option<String>,
    /// Findings that are not errors.
    pub warnings: Vec<Diagnostic>,
    /// The matrix file and its text.
    pub source: Arc<Source>,
    /// The component file and its text, if the matrix file names one.
    pub component: Option<Arc<Source>>,
    pub options: StudyOptions,
}

impl StudyDefinition {
    /// The study in `args`.
    pub fn load(args: &StudyArgs) -> Result<StudyDefinition, InvalidFileError> {
        StudyDefinition::load_in(args, None)
    }

    fn load_in(args: &StudyArgs, dialect: Option<Dialect>) -> Result<StudyDefinition, InvalidFileError> {
        let options = StudyOptions::of(args);
        let command = (!args.command.is_empty()).then(|| args.command.clone());
        let overrides = Overrides {
            command,
            style: args.arg_style,
            config: args.config_template.clone().map(ConfigSource::Path),
            workdir: args.workdir.clone(),
            metric: args.metric.clone(),
            collector: args.collect.clone(),
            seed: args.seed,
            concurrency: None,
            values: args.params.clone(),
            sampler: args.sampler.clone(),
            matrix: args.options.options(),
            dialect,
            component: None,
        };
        let loaded = match &args.matrix {
            Some(path) => load::load(path, &overrides)?,
            None => load::load_options(&overrides)?,
        };
        let folder = args.study.clone().unwrap_or_else(|| location::default_folder(args));
        let options = StudyOptions { dialect: overrides.dialect(), ..options };
        let mut study = StudyDefinition::new(loaded, StudyFolder::new(folder), options);
        study.options.enqueue =
            initial::read_enqueued(&args.enqueue, &study.experiment.method, &study.experiment.space)?;
        Ok(study.with_enqueued())
    }

    /// The study in `folder`, whose journal starts with `header`.
    pub fn recorded(header: &Header, folder: StudyFolder) -> Result<StudyDefinition, CliError> {
        let directory = Path::new(&header.matrix_path).parent().unwrap_or(Path::new(""));
        StudyDefinition::recorded_in(header, folder, directory)
    }

    /// [`StudyDefinition::recorded`] with the matrix file in `directory`; the path of the component file is relative to it.
    pub fn recorded_in(header: &Header, folder: StudyFolder, directory: &Path) -> Result<StudyDefinition, CliError> {
        let context = || format!("{}: invalid options in the header", folder.journal().display());
        let options: StudyOptions =
            serde_json::from_value(header.options.clone()).with_context(context).map_err(CliError::internal)?;
        let command = (!header.command.is_empty()).then(|| header.command.clone());
        let overrides = options.overrides(command, Some(header.seed)).map_err(anyhow::Error::msg);
        let overrides = overrides.with_context(context).map_err(CliError::internal)?;
        let collector = recorded_collector(header).with_context(context).map_err(CliError::internal)?;
        let overrides = Overrides { component: header.component.clone(), ..overrides };
        let loaded = load::load_bytes(&header.matrix_path, header.matrix.as_bytes(), directory, &overrides);
        let study = StudyDefinition::new(loaded.map_err(findings::invalid_file)?, folder, options);
        let study = study.with_enqueued().with_prior(&header.prior).with_collector(Some(collector));
        let study = study.with_recorded_choice(header);
        // Headers of version 0.1 name no collector.
        Ok(if header.collector.is_none() { study.with_version_0_1_arguments() } else { study })
    }

    /// Gives jobs the command lines that version 0.1 gave them.
    pub fn with_version_0_1_arguments(mut self) -> StudyDefinition {
        self.renderer = self.renderer.map(Renderer::with_version_0_1_arguments);
        self
    }

    fn new(loaded: load::LoadedMatrix, folder: StudyFolder, options: StudyOptions) -> StudyDefinition {
        let config_template = loaded.renderer.as_ref().and_then(|renderer| Some(renderer.config()?.file().clone()));
        StudyDefinition {
            experiment: Arc::new(loaded.experiment),
            renderer: loaded.renderer,
            tuner: loaded.tuner,
            folder,
            seed: loaded.seed,
            concurrency: loaded.concurrency,
            launcher: loaded.launcher,
            chosen: loaded.chosen,
            warnings: loaded.warnings,
            source: loaded.source,
            component: loaded.component,
            options: StudyOptions { config_template, ..options },
        }
    }

    /// Adds the initial configurations of `--enqueue` after those of the matrix.
    fn with_enqueued(mut self) -> StudyDefinition {
        let experiment = Arc::make_mut(&mut self.experiment);
        experiment.initial.extend(self.options.enqueue.iter().cloned());
        self.warnings.extend(initial::warn_excess_points(experiment, &self.source));
        self
    }

    /// Sets the observations of earlier studies that the sampler learns from.
    pub fn with_prior(mut self, prior: &[PriorObservation]) -> StudyDefinition {
        let experiment = Arc::make_mut(&mut self.experiment);
        experiment.prior = prior.into();
        let method = &mut experiment.method;
        let has_studies = !method.sampler.ignores_observations() && prior.iter().any(|prior| prior.study.is_some());
        if let Some(schedule) = method.schedule.with_earlier_studies().filter(|_| has_studies) {
            method.schedule = schedule;
        }
        self
    }

    /// Sets how readings are collected; `None`: by the default collector.
    pub fn with_collector(mut self, collector: Option<ConfiguredCollector>) -> StudyDefinition {
        Arc::make_mut(&mut self.experiment).collector = collector;
        self
    }

    /// Sets the seed of all random draws.
    pub fn with_seed(mut self, seed: u64) -> StudyDefinition {
        Arc::make_mut(&mut self.experiment).seed = seed;
        self.seed = Some(seed);
        self
    }

    /// The warning about a study without a metric, for commands that run nothing.
    pub fn missing_metric(&self) -> Option<Diagnostic> {
        self.experiment.metric.is_none().then(|| Diagnostic {
            severity: Severity::Warning,
            message: "there is no metric, so the trials will not be ranked".to_owned(),
            hint: Some("add `metric: {name: …, optimization: minimize}`, or --metric NAME:minimize".to_owned()),
            source: self.source.clone(),
            span: None,
        })
    }

    /// The error if the command's program cannot be started from the current directory.
    pub fn missing_program(&self) -> Option<MissingProgram> {
        let launcher = self.launcher.as_ref().and_then(|launcher| launcher.build().ok());
        if launcher.is_some_and(|launcher| launcher.job_host() != JobHost::Machine) {
            return None;
        }
        command::missing_program(self.renderer.as_ref()?.command())
    }

    /// Checks that the command's program can be started, if `host`, where it runs, is this machine.
    pub fn check_program(&self, host: JobHost) -> Result<(), CliError> {
        if host != JobHost::Machine {
            return Ok(());
        }
        let missing = self.renderer.as_ref().and_then(|renderer| command::missing_program(renderer.command()));
        let Some(MissingProgram { error, hint }) = missing else { return Ok(()) };
        Err(hint.into_iter().fold(CliError::usage(error), CliError::hint))
    }

    /// The command lines of the first jobs; none without a command.
    pub fn first_commands(&self) -> Result<Vec<Vec<String>>, CliError> {
        let folder = self.folder.absolute()?;
        self.argument_lists(&folder).map_or(Ok(Vec::new()), |lists| lists.first())
    }

    /// The argument list of `job`; empty if it cannot be rendered.
    pub fn repeat(&self, job: &JobView) -> Vec<String> {
        let Ok(folder) = self.folder.absolute() else { return Vec::new() };
        self.argument_lists(&folder).and_then(|lists| lists.repeat(job).ok()).unwrap_or_default()
    }

    /// Renders jobs of the study in `folder`, an absolute path; `None` without a command.
    pub fn argument_lists<'a>(&'a self, folder: &'a StudyFolder) -> Option<ArgumentLists<'a>> {
        let renderer = self.renderer.as_ref()?;
        Some(ArgumentLists { experiment: &self.experiment, renderer, folder })
    }
}

/// The collector of the study that `header` describes. Journals of earlier versions name none.
pub fn recorded_collector(header: &Header) -> anyhow::Result<ConfiguredCollector> {
    match &header.collector {
        None => Ok(ConfiguredCollector::first()),
        Some(value) => {
            ConfiguredCollector::from_json(value).ok_or_else(|| anyhow::anyhow!("the collector {value} is unknown"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_are_not_given_are_not_recorded() {
        let options = StudyOptions { metric: Some("acc:maximize".into()), ..StudyOptions::default() };
        insta::assert_snapshot!(options.to_value(), @r#"{"metric":"acc:maximize"}"#);
        let back: StudyOptions = serde_json::from_value(options.to_value()).expect("it reads back");
        assert_eq!(back, options);
        assert_eq!(serde_json::from_str::<StudyOptions>("{}").expect("empty"), StudyOptions::default());
    }
}

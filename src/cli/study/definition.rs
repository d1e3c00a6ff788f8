//! A study from what was typed, or from what a journal's header kept of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::argument_lists::ArgumentLists;
use super::earlier_study::EarlierStudy;
use crate::cli::args::StudyArgs;
use crate::cli::error::CliError;
use crate::cli::findings;
use crate::cli::options::overrides;
use crate::command::program::{LocateError, locate};
use crate::command::style::ArgStyle;
use crate::command::template::Renderer;
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Header;
use crate::matrix::command_line::overrides::Overrides;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Source};
use crate::matrix::diagnostics::findings::InvalidFileError;
use crate::matrix::load;
use crate::matrix::sections::initial;
use crate::matrix::sections::tuner::TunerSpec;
use crate::report::view::JobView;
use crate::search::PriorObservation;
use crate::types::assignment::Assignment;

/// The options that change what runs, as the journal's header keeps them: what was not given is not there.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StudyOptions {
    /// `--metric`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// `-P`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub param: Vec<String>,
    /// `--arg-style`.
    #[serde(skip_serializing_if = "is_default")]
    pub arg_style: ArgStyle,
    /// `--sampler`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler: Option<String>,
    /// What the files of `--enqueue` hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enqueue: Vec<Assignment>,
    /// `--warm-start`. What was learnt from these studies is in the header beside these options.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warm_start: Vec<EarlierStudy>,
}

fn typed_folder(folder: &Path) -> EarlierStudy {
    EarlierStudy::Folder(folder.to_string_lossy().into_owned())
}

fn is_default(style: &ArgStyle) -> bool {
    *style == ArgStyle::default()
}

impl StudyOptions {
    fn of(args: &StudyArgs) -> StudyOptions {
        StudyOptions {
            metric: args.metric.as_ref().map(overrides::metric_text),
            param: args.params.iter().map(overrides::param_text).collect(),
            arg_style: args.arg_style,
            sampler: args.sampler.clone(),
            enqueue: Vec::new(),
            warm_start: args.warm_start.iter().map(|study| typed_folder(study)).collect(),
        }
    }

    /// In the header's form.
    pub fn to_value(&self) -> Value {
        // names with text and lists of text: nothing that JSON cannot hold
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What the matrix takes over its file, or a sentence on what cannot be read.
    fn overrides(&self, command: Option<Vec<String>>, seed: Option<u64>) -> Result<Overrides, String> {
        Ok(Overrides {
            command,
            style: self.arg_style,
            metric: self.metric.as_deref().map(overrides::metric).transpose()?,
            seed,
            concurrency: None,
            values: self.param.iter().map(|p| overrides::param(p)).collect::<Result<_, _>>()?,
            sampler: self.sampler.clone(),
            component: None,
        })
    }
}

/// A checked study with the folder it lives in.
#[derive(Debug)]
pub struct StudyDefinition {
    /// What the engine needs.
    pub experiment: Arc<Experiment>,
    /// The command; `None` where neither file nor line gives one.
    pub renderer: Option<Renderer>,
    /// An outside tuner.
    pub tuner: Option<TunerSpec>,
    /// Its folder, as the user wrote it.
    pub folder: StudyFolder,
    /// The seed of the line or the file.
    pub seed: Option<u64>,
    /// Jobs at once, as the file says.
    pub concurrency: Option<u32>,
    /// What is legal and worth knowing.
    pub warnings: Vec<Diagnostic>,
    /// The matrix file and its text.
    pub source: Arc<Source>,
    /// The component file and its text, where the matrix file names one.
    pub component: Option<Arc<Source>>,
    /// The options that change what runs.
    pub options: StudyOptions,
}

impl StudyDefinition {
    /// The study that `args` describe.
    pub fn load(args: &StudyArgs) -> Result<StudyDefinition, InvalidFileError> {
        let options = StudyOptions::of(args);
        let command = (!args.command.is_empty()).then(|| args.command.clone());
        let overrides = Overrides {
            command,
            style: args.arg_style,
            metric: args.metric.clone(),
            seed: args.seed,
            concurrency: None,
            values: args.params.clone(),
            sampler: args.sampler.clone(),
            component: None,
        };
        let loaded = load::load(&args.matrix, &overrides)?;
        let folder = args.study.clone().unwrap_or_else(|| default_folder(&args.matrix));
        let mut study = StudyDefinition::new(loaded, StudyFolder::new(folder), options);
        study.options.enqueue =
            initial::read_enqueued(&args.enqueue, &study.experiment.method, &study.experiment.space)?;
        Ok(study.with_points())
    }

    /// The study whose journal in `folder` begins with `header`.
    pub fn recorded(header: &Header, folder: StudyFolder) -> Result<StudyDefinition, CliError> {
        let beside = Path::new(&header.matrix_path).parent().unwrap_or(Path::new(""));
        StudyDefinition::recorded_beside(header, folder, beside)
    }

    /// The same with the matrix file in the folder `beside`, to which the component's file is relative.
    pub fn recorded_beside(header: &Header, folder: StudyFolder, beside: &Path) -> Result<StudyDefinition, CliError> {
        let unreadable = || format!("{}: the recorded options cannot be read", folder.journal().display());
        let options: StudyOptions =
            serde_json::from_value(header.options.clone()).with_context(unreadable).map_err(CliError::internal)?;
        let command = (!header.command.is_empty()).then(|| header.command.clone());
        let overrides = options.overrides(command, Some(header.seed)).map_err(anyhow::Error::msg);
        let overrides = overrides.with_context(unreadable).map_err(CliError::internal)?;
        let overrides = Overrides { component: header.component.clone(), ..overrides };
        let loaded = load::load_bytes(&header.matrix_path, header.matrix.as_bytes(), beside, &overrides);
        let study = StudyDefinition::new(loaded.map_err(findings::refused)?, folder, options);
        Ok(study.with_points().with_prior(&header.prior))
    }

    fn new(loaded: load::LoadedMatrix, folder: StudyFolder, options: StudyOptions) -> StudyDefinition {
        StudyDefinition {
            experiment: Arc::new(loaded.experiment),
            renderer: loaded.renderer,
            tuner: loaded.tuner,
            folder,
            seed: loaded.seed,
            concurrency: loaded.concurrency,
            warnings: loaded.warnings,
            source: loaded.source,
            component: loaded.component,
            options,
        }
    }

    /// The file's starting points, then those of `--enqueue`.
    fn with_points(mut self) -> StudyDefinition {
        let experiment = Arc::make_mut(&mut self.experiment);
        experiment.initial.extend(self.options.enqueue.iter().cloned());
        self.warnings.extend(initial::warn_excess_points(experiment, &self.source));
        self
    }

    /// Lets the sampler learn from these jobs of earlier studies.
    pub fn with_prior(mut self, prior: &[PriorObservation]) -> StudyDefinition {
        Arc::make_mut(&mut self.experiment).prior = prior.into();
        self
    }

    /// Lets every draw come from `seed`.
    pub fn with_seed(mut self, seed: u64) -> StudyDefinition {
        Arc::make_mut(&mut self.experiment).seed = seed;
        self.seed = Some(seed);
        self
    }

    /// Why the command's program cannot be started from here, if it cannot.
    pub fn missing_program(&self) -> Option<LocateError> {
        let first = self.renderer.as_ref()?.command().first().filter(|first| !first.contains("{{"))?;
        locate(first).err()
    }

    /// The first argument lists; none without a command.
    pub fn first_commands(&self) -> Result<Vec<Vec<String>>, CliError> {
        let folder = self.folder.absolute()?;
        self.argument_lists(&folder).map_or(Ok(Vec::new()), |lists| lists.first())
    }

    /// The argument list that runs `job` again; empty where it cannot be made.
    pub fn repeat(&self, job: &JobView) -> Vec<String> {
        let Ok(folder) = self.folder.absolute() else { return Vec::new() };
        self.argument_lists(&folder).and_then(|lists| lists.repeat(job).ok()).unwrap_or_default()
    }

    fn argument_lists<'a>(&'a self, folder: &'a StudyFolder) -> Option<ArgumentLists<'a>> {
        let renderer = self.renderer.as_ref()?;
        Some(ArgumentLists { experiment: &self.experiment, renderer, folder })
    }
}

/// The matrix file's stem with `.study`, in the current folder.
fn default_folder(matrix: &Path) -> PathBuf {
    let mut name = matrix.file_stem().unwrap_or_default().to_owned();
    name.push(".study");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_were_not_given_are_not_recorded() {
        let options = StudyOptions { metric: Some("acc:maximize".into()), ..StudyOptions::default() };
        insta::assert_snapshot!(options.to_value(), @r#"{"metric":"acc:maximize"}"#);
        let back: StudyOptions = serde_json::from_value(options.to_value()).expect("it reads back");
        assert_eq!(back, options);
        assert_eq!(serde_json::from_str::<StudyOptions>("{}").expect("empty"), StudyOptions::default());
    }

    #[test]
    fn the_folder_is_named_after_the_matrix_file() {
        assert_eq!(default_folder(Path::new("a/b/lr.search.yaml")), Path::new("lr.search.study"));
    }
}

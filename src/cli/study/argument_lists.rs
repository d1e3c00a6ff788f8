//! Renders the command lines and variables of jobs for plans and for repeating the best trial.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::command::JobContext;
use crate::command::environment::Variable;
use crate::command::rendered::RenderedCommand;
use crate::command::template::{Renderer, TemplateError, is_template};
use crate::engine::Engine;
use crate::engine::event::{Command, Event, Launch};
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::report::view::JobView;
use crate::run::process::ports::Ports;
use crate::types::units::Moment;

/// Number of command lines in a plan.
const MAX_COMMANDS: u32 = 3;

/// Whether jobs share a working directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DirectoryUse {
    #[default]
    Shared,
    /// Its path is a template.
    PerJob,
}

/// The argument list and the variables of a job, apart from those of its device and of processes.
#[derive(Clone, Debug, Default)]
pub struct RenderedJob {
    pub argv: Vec<String>,
    /// The working directory; `None` for the driver's.
    pub directory: Option<PathBuf>,
    pub directory_use: DirectoryUse,
    /// The path of its configuration file.
    pub config: Option<PathBuf>,
    pub variables: Vec<Variable>,
    /// The names of those that parameters or the component set.
    pub own: BTreeSet<String>,
    /// Variables that the job does not inherit.
    pub unset: Vec<String>,
}

/// Renders the argument lists of one study.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentLists<'a> {
    pub experiment: &'a Arc<Experiment>,
    pub renderer: &'a Renderer,
    /// An absolute path.
    pub folder: &'a StudyFolder,
}

impl ArgumentLists<'_> {
    /// The argument lists of the first jobs, which a new engine launches.
    pub fn first(&self) -> Result<Vec<Vec<String>>, CliError> {
        if self.renderer.command().is_empty() {
            return Ok(Vec::new());
        }
        let commands = Engine::new(self.experiment.clone(), MAX_COMMANDS).handle(Moment(0), Event::Start);
        let launches = commands.iter().filter_map(|command| match command {
            Command::Launch(launch) => Some(launch),
            _ => None,
        });
        launches.map(|launch| self.render(launch)).collect()
    }

    /// What `job` was started with by a driver in the directory `base`.
    pub fn of(&self, job: &JobView, base: &Path) -> Result<RenderedJob, CliError> {
        self.in_context(&launch(job), |context| {
            let mut variables = self.renderer.environment(context)?;
            variables.push(("HYPERTUNE_SLOT".into(), job.slot.to_string().into()));
            let own = self.renderer.own_environment(context)?.into_iter().map(|(name, _)| name.into_owned()).collect();
            let unset = self.renderer.unset_variables(context)?;
            let RenderedCommand { argv, directory, config } = self.renderer.rendered(context, base)?;
            let config = config.map(|copy| copy.path);
            let is_template = self.renderer.directory_template().is_some_and(is_template);
            let directory_use = if is_template { DirectoryUse::PerJob } else { DirectoryUse::Shared };
            Ok(RenderedJob { argv, directory, directory_use, config, variables, own, unset })
        })
    }

    /// The argument list of `job`, with its variables as arguments of `env`.
    pub fn repeat(&self, job: &JobView) -> Result<Vec<String>, CliError> {
        self.render(&launch(job))
    }

    fn render(&self, launch: &Launch) -> Result<Vec<String>, CliError> {
        let base = env::current_dir()?;
        self.in_context(launch, |context| {
            let argv = self.renderer.rendered(context, &base)?.argv;
            Ok(with_variables(&self.renderer.own_environment(context)?, self.renderer.unset_variables(context)?, argv))
        })
    }

    fn in_context<T>(
        &self,
        launch: &Launch,
        render: impl FnOnce(&JobContext<'_>) -> Result<T, TemplateError>,
    ) -> Result<T, CliError> {
        let trial = launch.job.key.trial;
        let context = JobContext {
            launch,
            seed: self.experiment.trial_seed(trial),
            study_dir: self.folder.root(),
            trial_dir: &self.folder.trial(trial),
            checkpoint_dir: &self.folder.checkpoint(trial),
            port: Ports::first_free(),
        };
        render(&context).map_err(CliError::usage)
    }
}

fn launch(job: &JobView) -> Launch {
    Launch {
        job: job.job,
        bracket: job.bracket,
        resource: job.resource,
        previous: job.previous,
        slot: job.slot,
        assignment: job.params.clone(),
        origin: None,
    }
}

/// `argv` as an argument of `env`, which sets `variables` and unsets `unset`.
fn with_variables(variables: &[Variable], unset: Vec<String>, argv: Vec<String>) -> Vec<String> {
    if variables.is_empty() && unset.is_empty() {
        return argv;
    }
    let assignments = variables.iter().map(|(name, value)| format!("{name}={}", value.to_string_lossy()));
    let unset = unset.into_iter().flat_map(|name| ["-u".to_owned(), name]);
    std::iter::once("env".to_owned()).chain(unset).chain(assignments).chain(argv).collect()
}

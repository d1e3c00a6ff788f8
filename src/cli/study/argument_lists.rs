//! Renders command lines for plans and for repeating the best trial.

use std::env;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::command::JobContext;
use crate::command::environment::Variable;
use crate::command::template::Renderer;
use crate::engine::Engine;
use crate::engine::event::{Command, Event, Launch};
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::report::view::JobView;
use crate::run::process::ports::Ports;
use crate::types::ids::Slot;
use crate::types::units::Moment;

/// Number of command lines in a plan.
const MAX_COMMANDS: u32 = 3;

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

    /// The argument list that repeats `job`.
    pub fn repeat(&self, job: &JobView) -> Result<Vec<String>, CliError> {
        self.render(&Launch {
            job: job.job,
            bracket: job.bracket,
            resource: job.resource,
            previous: job.previous,
            slot: Slot(0),
            assignment: job.params.clone(),
            origin: None,
        })
    }

    fn render(&self, launch: &Launch) -> Result<Vec<String>, CliError> {
        let trial = launch.job.key.trial;
        let context = JobContext {
            launch,
            seed: self.experiment.trial_seed(trial),
            study_dir: self.folder.root(),
            trial_dir: &self.folder.trial(trial),
            checkpoint_dir: &self.folder.checkpoint(trial),
            port: Ports::new(1).assign(Slot(0)),
        };
        let base = env::current_dir()?;
        let argv = self.renderer.rendered(&context, &base).map_err(CliError::usage)?.argv;
        let variables = self.renderer.own_environment(&context).map_err(CliError::usage)?;
        Ok(with_variables(&variables, argv))
    }
}

/// `argv` as an argument of `env`, which sets `variables`.
fn with_variables(variables: &[Variable], argv: Vec<String>) -> Vec<String> {
    if variables.is_empty() {
        return argv;
    }
    let assignments = variables.iter().map(|(name, value)| format!("{name}={}", value.to_string_lossy()));
    std::iter::once("env".to_owned()).chain(assignments).chain(argv).collect()
}

//! Starts the process of a job: prepares its checkpoint, renders its command, locates its program.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustix::fs::{Access, access};

use super::checkpoints::{FileError, Prepared};
use super::error::RunError;
use super::job::JobRunner;
use super::output::restore::{is_displaced, restore};
use super::process::machine_errors::{MachineError, machine_error};
use super::process::programs::JobProgram;
use super::process::slot_table::SpawnResult;
use super::process::start_retry::StartError;
use crate::command::JobContext;
use crate::command::environment::Variable;
use crate::command::rendered::RenderedCommand;
use crate::engine::event::Launch;
use crate::launch::error::{LaunchError, SpawnError};
use crate::launch::launcher::{CommandLine, JobIdentity};
use crate::launch::orphans::mark::{JOB_VARIABLE, SESSION_VARIABLE};
use crate::launch::process::child::Child;
use crate::launch::process::spawn::JobCommand;

impl JobRunner<'_> {
    /// Starts the job of `launch` and returns its process with the start time. Retries errors of the machine.
    pub(super) fn start(&self, launch: &Launch) -> Result<(Child, Instant), StartError> {
        self.retrying(launch, || self.prepare(launch))?;
        let (program, command) = self.retrying(launch, || self.command(launch))?;
        let mut attempts = 0;
        self.retrying(launch, || {
            attempts += 1;
            self.spawn(launch, &program, &command, attempts)
        })
    }

    fn prepare(&self, launch: &Launch) -> Result<(), StartError> {
        let prepared = match self.checkpoints.prepare(launch, &|| self.slot_table.is_killed(launch.slot)) {
            Err(error) if is_displaced(&error.source) => {
                let folder = self.folder.checkpoint(launch.job.key.trial);
                restore(self.folder.root(), &folder)
                    .map_err(|source| checkpoint_error(FileError { path: folder, source }))?;
                self.checkpoints.prepare(launch, &|| self.slot_table.is_killed(launch.slot))
            }
            prepared => prepared,
        };
        match prepared.map_err(|error| self.study_error(error).map_or_else(checkpoint_error, StartError::Session))? {
            Prepared::Ready => Ok(()),
            Prepared::AfterJournalSync => self.journal.sync().map_err(|error| StartError::Session(error.into())),
        }
    }

    /// The error of the folder of all trials, if no trial can be written because of it; else `error`.
    fn study_error(&self, error: FileError) -> Result<RunError, FileError> {
        let trials = self.folder.trials();
        match access(&trials, Access::WRITE_OK | Access::EXEC_OK) {
            Err(source) if error.source.kind() == io::ErrorKind::PermissionDenied => {
                Ok(RunError::file(trials, source.into()))
            }
            _ => Err(error),
        }
    }

    fn retrying<T>(&self, launch: &Launch, attempt: impl FnMut() -> Result<T, StartError>) -> Result<T, StartError> {
        self.start_retry.run(launch.slot, self.observer, attempt)
    }

    fn spawn(
        &self,
        launch: &Launch,
        program: &JobProgram,
        command: &JobCommand,
        attempts: u32,
    ) -> Result<(Child, Instant), StartError> {
        self.leftovers.ready().map_err(StartError::NotReady)?;
        self.working_directory.enter().map_err(|source| {
            let operation = format!("enter the working directory {}", self.working_directory.path().display());
            StartError::Refused { operation, source }
        })?;
        if let Some(directory) = &command.directory {
            fs::create_dir_all(directory).map_err(|error| directory_error("create", directory, error))?;
        }
        let start = Instant::now();
        let spawn = |spawning: &_| self.launcher.start(command, spawning).map(|child| (child.pid(), child));
        match self.slot_table.spawn(launch.slot, spawn) {
            SpawnResult::Running(child) => {
                program.set_started();
                Ok((child, start))
            }
            SpawnResult::Cancelled => Err(StartError::Cancelled),
            SpawnResult::Failed(SpawnError::Command(e)) => {
                Err(StartError::Job(format!("{}: {e}", command.program.display())))
            }
            SpawnResult::Failed(SpawnError::Directory(error)) => {
                Err(directory_error("enter", command.directory.as_deref().unwrap_or(Path::new("")), error))
            }
            SpawnResult::Failed(SpawnError::Process(source)) => {
                Err(StartError::Refused { operation: format!("start {}", command.program.display()), source })
            }
            SpawnResult::Failed(SpawnError::NotReady(reason)) => Err(StartError::NotReady(reason)),
            SpawnResult::Failed(SpawnError::Queued(reason)) => Err(StartError::Queued(reason)),
            SpawnResult::Failed(SpawnError::Unusable(message)) => {
                Err(StartError::Session(LaunchError::Unusable { name: self.launcher.name(), message }.into()))
            }
            SpawnResult::Failed(SpawnError::Program(e)) => Err(program.spawn_error(e, attempts)),
        }
    }

    /// The values that templates may use.
    pub(super) fn context<'c>(
        &'c self,
        launch: &'c Launch,
        trial_dir: &'c Path,
        checkpoint_dir: &'c Path,
    ) -> JobContext<'c> {
        let seed = self.experiment.trial_seed(launch.job.key.trial);
        let port = self.ports.of(launch.slot);
        JobContext { launch, seed, study_dir: self.folder.root(), trial_dir, checkpoint_dir, port }
    }

    fn command(&self, launch: &Launch) -> Result<(Arc<JobProgram>, JobCommand), StartError> {
        let trial = launch.job.key.trial;
        let (trial_dir, checkpoint_dir) = (self.folder.trial(trial), self.folder.checkpoint(trial));
        self.ports.assign(launch.slot);
        let context = self.context(launch, &trial_dir, &checkpoint_dir);
        let base = self.working_directory.path();
        let rendered = self.renderer.rendered(&context, base).map_err(|error| StartError::Job(error.message))?;
        let RenderedCommand { argv, directory, config } = rendered;
        if let Some(copy) = config {
            self.write_config(launch, &copy)?;
        }
        let variables = self.renderer.environment(&context).map_err(|error| StartError::Job(error.message))?;
        let slot = self.slots.get(launch.slot.0 as usize).into_iter().flatten();
        let [defaults, slot] = [self.defaults.iter().collect(), slot.collect::<Vec<_>>()]
            .map(|all| all.into_iter().map(|(name, value)| ((*name).into(), value.clone())));
        let session = (SESSION_VARIABLE.into(), OsString::from(self.session.as_str()));
        let mark = self.session.job(launch.job);
        let job = (JOB_VARIABLE.into(), OsString::from(&mark));
        let env = last_of_each(defaults.chain(variables).chain(slot).chain([session, job]).collect());
        let identity = JobIdentity {
            slot: launch.slot,
            job: launch.job,
            resource: launch.resource,
            mark: &mark,
            directory: directory.as_deref().unwrap_or(base),
        };
        let unset = self.renderer.unset_variables(&context).map_err(|error| StartError::Job(error.message))?;
        let CommandLine { argv, env, unset } = self.launcher.wrap(CommandLine { argv, env, unset }, &identity);
        let mut argv = argv.into_iter();
        let name = argv.next().ok_or_else(|| StartError::Job("the command is empty".into()))?;
        let program = self.programs.find(&name)?;
        let command = JobCommand {
            // A folder of PATH may be relative.
            program: if directory.is_some() { base.join(program.path()) } else { program.path().to_owned() },
            name: name.into(),
            args: argv.map(OsString::from).collect(),
            env,
            unset,
            directory,
        };
        Ok((program, command))
    }
}

/// The error of an attempt to create or enter (`verb`) the working directory of a job.
fn directory_error(verb: &str, directory: &Path, source: io::Error) -> StartError {
    let operation = format!("{verb} the working directory {}", directory.display());
    if let Some(file) = directory.ancestors().find(|part| part.is_file()) {
        let hint = "name another folder with --workdir, or move the file";
        return StartError::Job(format!("cannot {operation}: {} is a file; {hint}", file.display()));
    }
    match machine_error(&source) {
        Some(_) => StartError::Refused { operation, source },
        None => StartError::Job(format!("cannot {operation}: {source}")),
    }
}

/// Of several variables with one name, the last.
fn last_of_each(variables: Vec<Variable>) -> Vec<Variable> {
    let is_last = |at: usize| variables[at + 1..].iter().all(|(name, _)| *name != variables[at].0);
    let last: Vec<bool> = (0..variables.len()).map(is_last).collect();
    variables.into_iter().zip(last).filter(|(_, is_last)| *is_last).map(|(variable, _)| variable).collect()
}

fn checkpoint_error(error: FileError) -> StartError {
    if !error.is_machine_error() {
        return StartError::Job(format!("cannot prepare its checkpoint: {error}"));
    }
    match machine_error(&error.source) {
        Some(MachineError::Shortage) => {
            StartError::Refused { operation: format!("write {}", error.path.display()), source: error.source }
        }
        _ => StartError::Session(error.into()),
    }
}

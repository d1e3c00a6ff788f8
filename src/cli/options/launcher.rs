//! The launcher of a session, and the slots that it has.

use std::env;
use std::sync::Arc;

use anyhow::anyhow;

use crate::cli::args::execution::ExecutionArgs;
use crate::cli::error::CliError;
use crate::journal::record::SessionRecord;
use crate::launch::catalogue::{self, LAUNCHER_VARIABLE, LAUNCHERS, LauncherChoice};
use crate::launch::launcher::{Capacity, Launcher};
use crate::launch::slurm;
use crate::run::process::default_variables::processors;
use crate::run::process::gpus::{self, Gpus, Sharing, Slots};

/// How and where the jobs of a session run.
#[derive(Clone, Debug)]
pub struct SessionSlots {
    pub launcher: Arc<dyn Launcher>,
    pub slots: Slots,
    /// That the launcher is the one of the study's last session.
    pub note: Option<String>,
}

/// Where the jobs of a study's last session ran; a session without other instructions continues there.
#[derive(Clone, PartialEq, Debug)]
pub struct LastSlots {
    /// `None` if the matrix has another launcher than when the study started, or if the launcher does not exist any more.
    launcher: Option<LauncherChoice>,
    /// The name of the launcher that it had.
    name: String,
    count: u32,
}

impl LastSlots {
    /// Those of `session`, for a study whose matrix had the launcher `recorded` and now has `now`.
    pub fn new(session: &SessionRecord, recorded: Option<&LauncherChoice>, now: Option<&LauncherChoice>) -> LastSlots {
        let launcher = LauncherChoice::recorded(&session.launcher, session.launcher_options.clone());
        LastSlots {
            launcher: launcher.filter(|_| recorded == now),
            name: session.launcher.clone(),
            count: session.concurrency,
        }
    }

    /// Its launcher, if neither the command line nor the environment names one and the matrix would choose another one.
    fn launcher(&self, args: &ExecutionArgs, in_file: Option<&LauncherChoice>) -> Option<&LauncherChoice> {
        let is_given = args.launcher.is_some() || env::var_os(LAUNCHER_VARIABLE).is_some_and(|name| !name.is_empty());
        let last = self.launcher.as_ref().filter(|_| !is_given)?;
        let is_same = in_file.map_or(last.name() == LAUNCHERS[0].name, |in_file| in_file == last);
        (!is_same).then_some(last)
    }
}

impl SessionSlots {
    /// The number of slots.
    pub fn count(&self) -> u32 {
        u32::try_from(self.slots.environments.len()).unwrap_or(u32::MAX)
    }

    /// Those of a study whose matrix has `in_file`, and whose last session had `last`. Runs `nvidia-smi`, or asks a scheduler, unless
    /// the options make it unnecessary.
    pub fn find(
        args: &ExecutionArgs,
        concurrency: Option<u32>,
        in_file: Option<&LauncherChoice>,
        last: Option<&LastSlots>,
    ) -> Result<SessionSlots, CliError> {
        let continued = last.and_then(|last| last.launcher(args, in_file));
        let note = continued.map(|last| {
            format!(
                "jobs run by the launcher `{}`, as in the study's last session; --launcher names another",
                last.name()
            )
        });
        let launcher = match chosen(args, continued.or(in_file))? {
            Some(choice) => choice.build().map_err(CliError::usage)?,
            None => catalogue::default(),
        };
        let queued = last.filter(|last| last.name == launcher.name()).map(|last| last.count);
        let slots = slots(args, args.concurrency.or(concurrency), queued, &*launcher)?;
        Ok(SessionSlots { launcher, slots, note })
    }
}

/// The launcher of the command line, of the environment or of the matrix, in this order; an empty variable counts as none. A name
/// without options keeps those of the matrix, and `--allocation` is added to them; it implies the launcher that has this option.
pub fn chosen(args: &ExecutionArgs, in_file: Option<&LauncherChoice>) -> Result<Option<LauncherChoice>, CliError> {
    let in_environment = || {
        let name = env::var_os(LAUNCHER_VARIABLE).filter(|name| !name.is_empty())?;
        Some(LauncherChoice::without_options(&name.to_string_lossy(), LAUNCHER_VARIABLE))
    };
    let given = match &args.launcher {
        Some(launcher) => Some(launcher.clone()),
        None => in_environment().transpose().map_err(CliError::usage)?,
    };
    let keeps =
        |given: &LauncherChoice, in_file: &LauncherChoice| given.name() == in_file.name() && given.has_no_options();
    let chosen = match (given, in_file) {
        (Some(given), Some(in_file)) if keeps(&given, in_file) => Some(in_file.clone()),
        (given, in_file) => given.or_else(|| in_file.cloned()),
    };
    match &args.allocation {
        Some(allocation) => with_allocation(chosen, allocation).map(Some),
        None => Ok(chosen),
    }
}

fn with_allocation(chosen: Option<LauncherChoice>, allocation: &str) -> Result<LauncherChoice, CliError> {
    let choice = match chosen {
        Some(choice) => choice,
        None => LauncherChoice::without_options(slurm::NAME, "--allocation").map_err(CliError::usage)?,
    };
    choice.with_option(slurm::options::ALLOCATION, allocation.into()).map_err(|errors| {
        let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
        CliError::usage(anyhow!("invalid value {allocation:?} for --allocation: {}", messages.join("; ")))
    })
}

/// The slots of `concurrency` jobs, or as many as the launcher holds. A queue holds any number: `queued` if that is
/// not given.
fn slots(
    args: &ExecutionArgs,
    concurrency: Option<u32>,
    queued: Option<u32>,
    launcher: &dyn Launcher,
) -> Result<Slots, CliError> {
    let sharing = Sharing { gpus_per_job: args.gpus_per_job, jobs_per_gpu: args.jobs_per_gpu };
    let capacity = launcher.capacity().map_err(CliError::usage)?;
    if capacity == Capacity::Machine {
        return gpus::slots(args.gpus.as_ref(), sharing, concurrency, processors()).map_err(CliError::usage);
    }
    let name = launcher.name();
    if args.gpus.as_ref().is_some_and(|gpus| *gpus != Gpus::None) || sharing != Sharing::default() {
        let message = format!("--gpus, --gpus-per-job and --jobs-per-gpu do not apply to the launcher `{name}`");
        return Err(CliError::usage(anyhow!(message)).hint(launcher.gpu_hint()));
    }
    let is_queue = capacity == Capacity::Queue;
    let (count, note) = match (capacity, concurrency.or(queued.filter(|_| is_queue))) {
        (Capacity::Jobs(most), Some(wanted)) if wanted > most => {
            (most, Some(format!("the launcher `{name}` holds {most} jobs at once, fewer than {wanted} (-j)")))
        }
        (Capacity::Jobs(most), wanted) => (wanted.unwrap_or(most), None),
        (_, Some(wanted)) => (wanted, None),
        (Capacity::Processors, None) => (processors(), None),
        (_, None) => {
            let message = format!("outside of an allocation the launcher `{name}` needs a number of jobs");
            return Err(CliError::usage(anyhow!(message)).hint("add -j N: at most N jobs are in the queue or running"));
        }
    };
    let slots = gpus::slots(Some(&Gpus::None), Sharing::default(), Some(count), count).map_err(CliError::usage)?;
    Ok(Slots { note: slots.note.or(note), ..slots })
}

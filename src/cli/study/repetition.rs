//! How a job of a study is repeated: as `best` and the summary print it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::argument_lists::{DirectoryUse, RenderedJob};
use super::definition::StudyDefinition;
use indexmap::IndexSet;

use crate::command::files::used_variables::UsedVariables;
use crate::journal::folder::layout::StudyFolder;
use crate::report::best::repetition::{Repetition, ShellLine, StartDirectory};
use crate::report::view::JobView;

/// How `job` of the study in `folder` is repeated. Its driver ran in `directory`; `None`: in the current one.
///
/// The line for a shell sets variables that parameters or the component set, and those whose names the command or its files contain.
pub fn of(
    study: Option<&StudyDefinition>,
    folder: &StudyFolder,
    job: &JobView,
    directory: Option<PathBuf>,
) -> Repetition {
    let trial = job.job.key.trial;
    let base = directory.or_else(|| env::current_dir().ok()).unwrap_or_default();
    let rendered = study.and_then(|study| rendered(study, job, &base)).unwrap_or_default();
    let directory = rendered.directory.clone().unwrap_or(base);
    let variables = rendered.variables.iter();
    let env: BTreeMap<String, String> =
        variables.map(|(name, value)| (name.to_string(), value.to_string_lossy().into_owned())).collect();
    let checkpoint = folder.checkpoint(trial);
    let shell = shell(&rendered, &env, &directory);
    Repetition {
        command: rendered.argv,
        directory,
        env,
        unset: rendered.unset,
        checkpoint: Some(checkpoint).filter(|folder| has_entries(folder)),
        folder: folder.trial(trial),
        shell,
    }
}

fn rendered(study: &StudyDefinition, job: &JobView, base: &Path) -> Option<RenderedJob> {
    let folder = study.folder.absolute().ok()?;
    study.argument_lists(&folder)?.of(job, base).ok()
}

fn shell(job: &RenderedJob, env: &BTreeMap<String, String>, directory: &Path) -> String {
    if job.argv.is_empty() {
        return String::new();
    }
    let used = UsedVariables::of(&job.argv, directory);
    let is_set = |name: &str| job.own.contains(name) || used.contains(name);
    let names: IndexSet<&str> = job.variables.iter().map(|(name, _)| &**name).collect();
    let variables = names.into_iter().filter_map(|name| Some((name, env.get(name)?.as_str())));
    let folder = |name: &str| env.get(name).map(String::as_str).unwrap_or_default();
    let config = job.config.as_ref().map(|path| path.to_string_lossy());
    ShellLine {
        directory: match job.directory_use {
            DirectoryUse::Shared => StartDirectory::Shared(directory),
            DirectoryUse::PerJob => StartDirectory::Own(directory),
        },
        variables: variables.filter(|(name, _)| is_set(name)).collect(),
        unset: &job.unset,
        argv: &job.argv,
        checkpoint: folder("HYPERTUNE_CHECKPOINT_DIR"),
        trial: folder("HYPERTUNE_TRIAL_DIR"),
        config: config.as_deref(),
    }
    .render()
}

fn has_entries(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

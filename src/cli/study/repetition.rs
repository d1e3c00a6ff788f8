//! How a job of a study is repeated: as `best` and the summary print it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::argument_lists::RenderedJob;
use super::definition::StudyDefinition;
use indexmap::IndexSet;

use crate::command::used_variables::UsedVariables;
use crate::journal::folder::layout::StudyFolder;
use crate::report::best::repetition::{Repetition, ShellLine};
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
    let current = env::current_dir().unwrap_or_default();
    let base = directory.unwrap_or_else(|| current.clone());
    let rendered = study.and_then(|study| rendered(study, job, &base)).unwrap_or_default();
    let directory = rendered.directory.clone().unwrap_or(base);
    let variables = rendered.variables.iter();
    let env: BTreeMap<String, String> =
        variables.map(|(name, value)| (name.to_string(), value.to_string_lossy().into_owned())).collect();
    let checkpoint = folder.checkpoint(trial);
    let shell = shell(&rendered, &env, &directory, &current);
    Repetition {
        command: rendered.argv,
        directory,
        env,
        checkpoint: Some(checkpoint).filter(|folder| has_entries(folder)),
        folder: folder.trial(trial),
        shell,
    }
}

fn rendered(study: &StudyDefinition, job: &JobView, base: &Path) -> Option<RenderedJob> {
    let folder = study.folder.absolute().ok()?;
    study.argument_lists(&folder)?.of(job, base).ok()
}

fn shell(job: &RenderedJob, env: &BTreeMap<String, String>, directory: &Path, current: &Path) -> String {
    if job.argv.is_empty() {
        return String::new();
    }
    let used = UsedVariables::of(&job.argv, directory);
    let is_set = |name: &str| job.own.contains(name) || used.contains(name);
    let names: IndexSet<&str> = job.variables.iter().map(|(name, _)| &**name).collect();
    let variables = names.into_iter().filter_map(|name| Some((name, env.get(name)?.as_str())));
    ShellLine {
        directory: Some(directory).filter(|directory| !is_same(directory, current)),
        variables: variables.filter(|(name, _)| is_set(name)).collect(),
        argv: &job.argv,
        checkpoint: env.get("HYPERTUNE_CHECKPOINT_DIR").map(String::as_str).unwrap_or_default(),
    }
    .render()
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

fn has_entries(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

//! All launchers. A new one needs a file or a folder beside this one and a line here.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::LaunchError;
use super::kind::{BuildResult, LauncherKind};
use super::launcher::{Launcher, StartReport};
use super::local::Local;
use super::slurm;
use super::ssh;
use super::std_process::StdProcess;
use super::template;
use crate::types::args::{ArgError, Args, PathSegment};

/// The environment variable that names the launcher.
pub const LAUNCHER_VARIABLE: &str = "HYPERTUNE_LAUNCHER";

/// All launchers. The first is the default.
pub static LAUNCHERS: [LauncherKind; 5] = [
    of_machine("local", |_| Ok(Arc::new(Local::default()))),
    of_machine("std", |_| Ok(Arc::new(StdProcess::default()))),
    slurm::KIND,
    template::KIND,
    ssh::KIND,
];

/// A launcher of this machine, which has no options.
const fn of_machine(name: &'static str, build: fn(&Args) -> BuildResult) -> LauncherKind {
    LauncherKind { name, options: &[], start_report: StartReport::AtSpawn, build }
}

/// The default launcher.
pub fn default() -> Arc<dyn Launcher> {
    Arc::new(Local::default())
}

/// The launcher `name`, as given in `origin`: an option, a variable or a field.
///
/// # Errors
/// No launcher has this name; the message lists the names.
pub fn named(name: &str, origin: &'static str) -> Result<&'static LauncherKind, LaunchError> {
    let known = || LAUNCHERS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    let found = LAUNCHERS.iter().find(|kind| kind.name == name);
    found.ok_or_else(|| LaunchError::Unknown { name: name.to_owned(), origin, known: known() })
}

/// Whether jobs of the launcher `name` print their start, so that those without one are queued.
pub fn reports_start(name: &str) -> bool {
    LAUNCHERS.iter().any(|kind| kind.name == name && kind.start_report == StartReport::Printed)
}

/// Removes the name of a launcher from its mapping: the field `kind`, which a mapping with `template` does not need.
pub fn take_name(options: &mut Map<String, Value>) -> Option<String> {
    match options.shift_remove("kind") {
        Some(Value::String(name)) => Some(name),
        Some(_) => None,
        None => options.contains_key(template::TEMPLATE).then(|| template::NAME.to_owned()),
    }
}

/// A launcher's name with its options, checked.
#[derive(Clone, PartialEq, Debug)]
pub struct LauncherChoice {
    name: &'static str,
    options: Map<String, Value>,
}

impl LauncherChoice {
    /// `kind` with `options`, or what is wrong with them.
    pub fn new(kind: &'static LauncherKind, options: Map<String, Value>) -> Result<LauncherChoice, Vec<ArgError>> {
        let unknown = options.keys().filter(|name| !kind.options.contains(&name.as_str())).map(|name| {
            let known: Vec<String> = kind.options.iter().map(|known| format!("`{known}`")).collect();
            let hint = (!known.is_empty()).then(|| format!("its options are {}", known.join(", ")));
            let message = format!("the launcher `{}` has no option `{name}`", kind.name);
            ArgError { path: vec![PathSegment::Key(name.clone())], message, hint }
        });
        let errors: Vec<ArgError> = unknown.collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let choice = LauncherChoice { name: kind.name, options };
        choice.build_with(kind).map(|_| choice)
    }

    /// The launcher `name` without options, as given in `origin`.
    ///
    /// # Errors
    /// As [`named`].
    pub fn without_options(name: &str, origin: &'static str) -> Result<LauncherChoice, LaunchError> {
        Ok(LauncherChoice { name: named(name, origin)?.name, options: Map::new() })
    }

    /// The launcher `name` with `options`, as a journal records them; `None` if they are not valid any more.
    pub fn recorded(name: &str, options: Map<String, Value>) -> Option<LauncherChoice> {
        LauncherChoice::new(LAUNCHERS.iter().find(|kind| kind.name == name)?, options).ok()
    }

    /// The same with the option `name`.
    ///
    /// # Errors
    /// As [`LauncherChoice::new`].
    pub fn with_option(mut self, name: &str, value: Value) -> Result<LauncherChoice, Vec<ArgError>> {
        let known = LAUNCHERS.iter().find(|kind| kind.name == self.name);
        let Some(kind) = known else { return Ok(self) };
        self.options.insert(name.to_owned(), value);
        LauncherChoice::new(kind, self.options)
    }

    /// The launcher's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether no option is given.
    pub fn has_no_options(&self) -> bool {
        self.options.is_empty()
    }

    /// The launcher.
    ///
    /// # Errors
    /// The environment does not suit it.
    pub fn build(&self) -> Result<Arc<dyn Launcher>, LaunchError> {
        let kind = named(self.name, LAUNCHER_VARIABLE)?;
        self.build_with(kind).map_err(|errors| {
            let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
            LaunchError::Options { name: kind.name, message: messages.join("; ") }
        })
    }

    fn build_with(&self, kind: &LauncherKind) -> BuildResult {
        (kind.build)(&self.options.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_launcher_is_found_by_its_name_and_an_unknown_name_is_an_error_that_lists_them() {
        let required = [("template", json!({"template": ["nice", "{{ command }}"]})), ("ssh", json!({"hosts": ["a"]}))];
        for kind in &LAUNCHERS {
            let options = required.iter().find(|(name, _)| *name == kind.name).map(|(_, options)| options.clone());
            let options = options.and_then(|options| options.as_object().cloned()).unwrap_or_default();
            let launcher = LauncherChoice::new(kind, options).unwrap().build().unwrap();
            assert_eq!((launcher.name(), launcher.start_report()), (kind.name, kind.start_report));
        }
        assert_eq!(default().name(), "local");
        let error = named("slrum", LAUNCHER_VARIABLE).unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown launcher `slrum` in HYPERTUNE_LAUNCHER; known launchers: local, std, slurm, template, ssh"
        );
    }

    #[test]
    fn options_are_checked_and_recorded_by_the_launcher() {
        let choice = |name: &str, options: Value| {
            LauncherChoice::new(named(name, LAUNCHER_VARIABLE).unwrap(), options.as_object().unwrap().clone())
        };
        let error = |name, options| choice(name, options).unwrap_err().remove(0).message;
        assert_eq!(error("local", json!({"cpus": 2})), "the launcher `local` has no option `cpus`");
        assert_eq!(error("slurm", json!({"cpu": 2})), "the launcher `slurm` has no option `cpu`");
        let given = json!({"cpus": 2, "gpus": "a100:2", "mem": "4G", "extra": ["--nice"]});
        let launcher = choice("slurm", given.clone()).unwrap().build().unwrap();
        assert_eq!(Value::Object(launcher.options()), given);
    }
}

//! How a job is repeated outside of hypertune: its command, directory and variables, and a line for a shell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::report::text::{is_plain_option, quoted_word};

const CHECKPOINT: &str = "HYPERTUNE_CHECKPOINT_DIR";
const TRIAL: &str = "HYPERTUNE_TRIAL_DIR";
/// The amount of resource that a repeated job starts from is 0.
const PREVIOUS: &str = "HYPERTUNE_PREVIOUS_RESOURCE";
const NEW_FOLDER: &str = r#""$(mktemp -d)""#;

/// A job as it ran, and how it is repeated.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Repetition {
    /// The argument list; empty if it cannot be rendered any more.
    pub command: Vec<String>,
    /// The working directory.
    pub directory: PathBuf,
    /// The variables that hypertune set for the job, apart from devices, numbers of threads and marks of processes.
    pub env: BTreeMap<String, String>,
    /// The variables that hypertune unset for the job: their parameters are null or not active.
    pub unset: Vec<String>,
    /// The folder with the trial's checkpoint, if one was kept.
    pub checkpoint: Option<PathBuf>,
    /// The trial's folder.
    pub folder: PathBuf,
    /// A line for any POSIX shell that trains from the start and overwrites nothing that was kept; empty without a command.
    pub shell: String,
}

/// The directory of a repeated job.
#[derive(Clone, Copy, Debug)]
pub enum StartDirectory<'a> {
    /// All jobs of the study share it.
    Shared(&'a Path),
    /// It belongs to the job: the repeated one gets a copy.
    Own(&'a Path),
}

/// The parts of [`Repetition::shell`].
#[derive(Clone, Debug)]
pub struct ShellLine<'a> {
    /// The directory to change to.
    pub directory: StartDirectory<'a>,
    /// The variables to set, in this order.
    pub variables: Vec<(&'a str, &'a str)>,
    /// The variables to unset.
    pub unset: &'a [String],
    /// The argument list.
    pub argv: &'a [String],
    /// The job's checkpoint folder, which a new folder replaces; may be empty.
    pub checkpoint: &'a str,
    /// The trial's folder, which a new folder replaces; may be empty.
    pub trial: &'a str,
    /// The job's configuration file in the trial's folder, which stays.
    pub config: Option<&'a str>,
}

impl ShellLine<'_> {
    /// The line.
    pub fn render(&self) -> String {
        let (StartDirectory::Shared(directory) | StartDirectory::Own(directory)) = self.directory;
        let directory = directory.to_string_lossy();
        let values =
            self.variables.iter().filter(|(name, _)| ![CHECKPOINT, TRIAL].contains(name)).map(|(_, value)| *value);
        let texts: Vec<&str> = self.argv.iter().map(String::as_str).chain(values).chain([&*directory]).collect();
        let exported: Vec<&str> =
            [CHECKPOINT, TRIAL].into_iter().filter(|name| texts.iter().any(|text| self.names(text, name))).collect();
        // Before the command, because the shell expands the command's arguments first.
        let mut commands: Vec<String> =
            exported.iter().map(|name| format!("{name}={NEW_FOLDER} && export {name}")).collect();
        commands.extend(self.enter(&directory));
        let variables: Vec<String> =
            self.variables.iter().filter_map(|variable| self.assignment(*variable, &exported)).collect();
        let unset: Vec<String> = self.unset.iter().map(|name| format!("-u {}", quoted_word(name))).collect();
        let env = (!variables.is_empty() || !unset.is_empty()).then(|| "env".to_owned());
        let argv = self.argv.iter().enumerate().map(|(at, word)| self.word(word, at > 0));
        commands.push(env.into_iter().chain(unset).chain(variables).chain(argv).collect::<Vec<_>>().join(" "));
        commands.join(" && ")
    }

    /// The commands that enter the directory.
    fn enter(&self, directory: &str) -> Vec<String> {
        let word = self.word(directory, false);
        match self.directory {
            _ if self.parts(directory).len() > 1 => vec![format!("mkdir -p {word}"), format!("cd {word}")],
            StartDirectory::Shared(_) => vec![format!("cd {word}")],
            StartDirectory::Own(_) => {
                let copy = format!("cp -R {word}/. \"$dir\"");
                vec![format!("dir={NEW_FOLDER}"), copy, "cd \"$dir\"".to_owned()]
            }
        }
    }

    fn assignment(&self, (name, value): (&str, &str), exported: &[&str]) -> Option<String> {
        match name {
            _ if exported.contains(&name) => None,
            CHECKPOINT | TRIAL => Some(format!("{name}={NEW_FOLDER}")),
            PREVIOUS => Some(format!("{PREVIOUS}=0")),
            _ => Some(format!("{}={}", quoted_word(name), self.word(value, true))),
        }
    }

    /// Whether `text` has the folder that the variable `name` replaces.
    fn names(&self, text: &str, name: &str) -> bool {
        self.parts(text).contains(&Part::Folder(name))
    }

    /// `text` quoted for a shell, with new folders for those of the trial. An argument keeps its `=` unquoted.
    fn word(&self, text: &str, is_argument: bool) -> String {
        let quoted = |part: &str| match part {
            part if is_argument && is_plain_option(part) => part.to_owned(),
            part => quoted_word(part),
        };
        let parts = self.parts(text).into_iter().map(|part| match part {
            Part::Text(text) => quoted(text),
            Part::Folder(name) => format!("\"${name}\""),
        });
        parts.collect()
    }

    /// The parts of `text`: the folders of the trial, where they are not the beginning of a longer name, and what is between them.
    fn parts<'t>(&self, text: &'t str) -> Vec<Part<'t>> {
        let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
        while let Some(first) = text[at..].chars().next() {
            let Some((name, length)) = self.folder_at(&text[at..]) else {
                at += first.len_utf8();
                continue;
            };
            if start < at {
                parts.push(Part::Text(&text[start..at]));
            }
            parts.push(Part::Folder(name));
            (start, at) = (at + length, at + length);
        }
        if start < text.len() || parts.is_empty() {
            parts.push(Part::Text(&text[start..]));
        }
        parts
    }

    /// The variable of the folder at the start of `text`, and the length of its path; of two folders, the longer.
    fn folder_at(&self, text: &str) -> Option<(&'static str, usize)> {
        let is_longer = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        let is_at_start = |folder: &str| {
            !folder.is_empty() && text.strip_prefix(folder).is_some_and(|rest| !rest.starts_with(is_longer))
        };
        if self.config.is_some_and(is_at_start) {
            return None;
        }
        let folders = [(CHECKPOINT, self.checkpoint), (TRIAL, self.trial)].into_iter();
        let found = folders.filter(|(_, folder)| is_at_start(folder)).max_by_key(|(_, folder)| folder.len());
        found.map(|(name, folder)| (name, folder.len()))
    }
}

/// A part of an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part<'t> {
    Text(&'t str),
    /// A folder of the trial, by the variable with the new one.
    Folder(&'t str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(directory: StartDirectory<'_>, variables: &[(&str, &str)], argv: &[&str]) -> String {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let (trial, config) = ("/s/trials/0", Some("/s/trials/0/rung-0.config.yaml"));
        let (variables, checkpoint) = (variables.to_vec(), "/s/trials/0/checkpoint");
        ShellLine { directory, variables, unset: &[], argv: &argv, checkpoint, trial, config }.render()
    }

    fn shared(directory: &str) -> StartDirectory<'_> {
        StartDirectory::Shared(Path::new(directory))
    }

    #[test]
    fn the_directory_and_the_variables_come_first() {
        assert_eq!(
            line(shared("/p"), &[], &["python3", "t.py", "--lr=0.1", "a b"]),
            "cd /p && python3 t.py --lr=0.1 'a b'"
        );
        let variables =
            [(CHECKPOINT, "/s/trials/0/checkpoint"), (TRIAL, "/s/trials/0"), (PREVIOUS, "9"), ("LR", "1 $x")];
        assert_eq!(
            line(shared("/my project"), &variables, &["./t"]),
            "cd '/my project' && env HYPERTUNE_CHECKPOINT_DIR=\"$(mktemp -d)\" HYPERTUNE_TRIAL_DIR=\"$(mktemp -d)\" \
             HYPERTUNE_PREVIOUS_RESOURCE=0 LR='1 $x' ./t"
        );
    }

    #[test]
    fn variables_that_the_job_did_not_have_are_unset() {
        let (unset, argv) = (["WD".to_owned()], ["t".to_owned()]);
        let line = |variables: &[(&'static str, &'static str)]| {
            let variables = variables.to_vec();
            let directory = shared("/p");
            ShellLine { directory, variables, unset: &unset, argv: &argv, checkpoint: "", trial: "", config: None }
                .render()
        };
        assert_eq!(line(&[]), "cd /p && env -u WD t");
        assert_eq!(line(&[("LR", "1")]), "cd /p && env -u WD LR=1 t");
    }

    #[test]
    fn the_folders_of_the_trial_in_arguments_are_new_ones_everywhere() {
        let variables = [(CHECKPOINT, "/s/trials/0/checkpoint"), ("OUT", "/s/trials/0/checkpoint/o")];
        let argv = ["t", "--to=/s/trials/0/checkpoint/m 1", "/s/trials/0/checkpoints", "/s/trials/0/checkpoint"];
        assert_eq!(
            line(shared("/p"), &variables, &argv),
            "HYPERTUNE_CHECKPOINT_DIR=\"$(mktemp -d)\" && export HYPERTUNE_CHECKPOINT_DIR && \
             HYPERTUNE_TRIAL_DIR=\"$(mktemp -d)\" && export HYPERTUNE_TRIAL_DIR && cd /p && \
             env OUT=\"$HYPERTUNE_CHECKPOINT_DIR\"/o t --to=\"$HYPERTUNE_CHECKPOINT_DIR\"'/m 1' \
             \"$HYPERTUNE_TRIAL_DIR\"/checkpoints \"$HYPERTUNE_CHECKPOINT_DIR\""
        );
        assert_eq!(
            line(shared("/p"), &[], &["t", "--config=/s/trials/0/rung-0.config.yaml", "/s/trials/01", "/s/trials/0.5"]),
            "cd /p && t --config=/s/trials/0/rung-0.config.yaml /s/trials/01 /s/trials/0.5"
        );
    }

    #[test]
    fn a_directory_of_the_job_is_a_new_one() {
        assert_eq!(
            line(StartDirectory::Own(Path::new("/s/trials/0/a b")), &[], &["t"]),
            "HYPERTUNE_TRIAL_DIR=\"$(mktemp -d)\" && export HYPERTUNE_TRIAL_DIR && \
             mkdir -p \"$HYPERTUNE_TRIAL_DIR\"'/a b' && cd \"$HYPERTUNE_TRIAL_DIR\"'/a b' && t"
        );
        assert_eq!(
            line(StartDirectory::Own(Path::new("/runs/0")), &[], &["t"]),
            "dir=\"$(mktemp -d)\" && cp -R /runs/0/. \"$dir\" && cd \"$dir\" && t"
        );
    }
}

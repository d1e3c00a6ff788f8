//! How a job is repeated outside of hypertune: its command, directory and variables, and a line for a shell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::report::text::{command_line, is_plain_option, quoted_word};

/// The variable whose value is replaced by a new folder.
const CHECKPOINT: &str = "HYPERTUNE_CHECKPOINT_DIR";
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
    /// The folder with the trial's checkpoint, if one was kept.
    pub checkpoint: Option<PathBuf>,
    /// The trial's folder.
    pub folder: PathBuf,
    /// A line for a shell that trains from the start and overwrites no kept checkpoint; empty without a command.
    pub shell: String,
}

/// The parts of [`Repetition::shell`].
#[derive(Clone, Debug)]
pub struct ShellLine<'a> {
    /// The directory to change to, if it is not the current one.
    pub directory: Option<&'a Path>,
    /// The variables to set, in this order.
    pub variables: Vec<(&'a str, &'a str)>,
    /// The argument list.
    pub argv: &'a [String],
    /// The job's checkpoint folder. A new folder takes its place.
    pub checkpoint: &'a str,
}

impl ShellLine<'_> {
    /// The line.
    pub fn render(&self) -> String {
        let values = self.variables.iter().filter(|(name, _)| *name != CHECKPOINT).map(|(_, value)| *value);
        let in_text = self.argv.iter().map(String::as_str).chain(values).any(|text| self.names_checkpoint(text));
        let mut commands = Vec::new();
        if let Some(directory) = self.directory {
            commands.push(command_line(["cd", &directory.to_string_lossy()]));
        }
        if in_text {
            // Exported before the command, because the shell expands the command's arguments first.
            commands.push(format!("export {CHECKPOINT}={NEW_FOLDER}"));
        }
        let variables: Vec<String> =
            self.variables.iter().filter_map(|variable| self.assignment(*variable, in_text)).collect();
        let env = (!variables.is_empty()).then(|| "env".to_owned());
        let argv = self.argv.iter().enumerate().map(|(at, word)| self.word(word, at > 0));
        commands.push(env.into_iter().chain(variables).chain(argv).collect::<Vec<_>>().join(" "));
        commands.join(" && ")
    }

    fn assignment(&self, (name, value): (&str, &str), is_exported: bool) -> Option<String> {
        match name {
            CHECKPOINT if is_exported => None,
            CHECKPOINT => Some(format!("{CHECKPOINT}={NEW_FOLDER}")),
            PREVIOUS => Some(format!("{PREVIOUS}=0")),
            _ => Some(format!("{}={}", quoted_word(name), self.word(value, true))),
        }
    }

    fn names_checkpoint(&self, text: &str) -> bool {
        self.split(text).len() > 1
    }

    /// `text` quoted for a shell, with the new folder for the checkpoint folder. An argument keeps its `=` unquoted.
    fn word(&self, text: &str, is_argument: bool) -> String {
        let quoted = |part: &str| match part {
            part if is_argument && is_plain_option(part) => part.to_owned(),
            part => quoted_word(part),
        };
        match self.split(text).as_slice() {
            [_] => quoted(text),
            parts => {
                let parts = parts.iter().map(|part| if part.is_empty() { String::new() } else { quoted(part) });
                parts.collect::<Vec<_>>().join(&format!(r#""${CHECKPOINT}""#))
            }
        }
    }

    /// The parts of `text` around the checkpoint folder, where it is not the beginning of a longer name.
    fn split<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut parts = Vec::new();
        let (mut start, mut from) = (0, 0);
        while let Some(at) =
            text[from..].find(self.checkpoint).map(|at| from + at).filter(|_| !self.checkpoint.is_empty())
        {
            from = at + self.checkpoint.len();
            let is_longer = |c: char| c.is_alphanumeric() || "_-.".contains(c);
            if !text[from..].starts_with(is_longer) {
                parts.push(&text[start..at]);
                start = from;
            }
        }
        parts.push(&text[start..]);
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(directory: Option<&str>, variables: &[(&str, &str)], argv: &[&str]) -> String {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let directory = directory.map(Path::new);
        ShellLine { directory, variables: variables.to_vec(), argv: &argv, checkpoint: "/s/trials/0/checkpoint" }
            .render()
    }

    #[test]
    fn a_command_alone_is_itself() {
        assert_eq!(line(None, &[], &["python3", "t.py", "--lr=0.1", "a b"]), "python3 t.py --lr=0.1 'a b'");
    }

    #[test]
    fn the_directory_and_the_variables_come_first() {
        let variables = [(CHECKPOINT, "/s/trials/0/checkpoint"), (PREVIOUS, "9"), ("LR", "1 $x")];
        assert_eq!(
            line(Some("/my project"), &variables, &["./t"]),
            r#"cd '/my project' && env HYPERTUNE_CHECKPOINT_DIR="$(mktemp -d)" HYPERTUNE_PREVIOUS_RESOURCE=0 LR='1 $x' ./t"#
        );
    }

    #[test]
    fn the_checkpoint_folder_in_an_argument_is_the_new_one_everywhere() {
        let variables = [(CHECKPOINT, "/s/trials/0/checkpoint"), ("OUT", "/s/trials/0/checkpoint/o")];
        let argv = ["t", "--to=/s/trials/0/checkpoint/m 1", "/s/trials/0/checkpoints", "/s/trials/0/checkpoint"];
        assert_eq!(
            line(None, &variables, &argv),
            "export HYPERTUNE_CHECKPOINT_DIR=\"$(mktemp -d)\" && env OUT=\"$HYPERTUNE_CHECKPOINT_DIR\"/o \
             t --to=\"$HYPERTUNE_CHECKPOINT_DIR\"'/m 1' /s/trials/0/checkpoints \"$HYPERTUNE_CHECKPOINT_DIR\""
        );
    }
}

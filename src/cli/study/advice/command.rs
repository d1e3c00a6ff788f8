//! What to write instead of a command that only a shell would understand. No shell reads the command of a study.

use std::path::Path;

use crate::command::program::{LocateError, locate};
use crate::command::template::is_template;
use crate::report::text::command_line;

/// Words that a shell carries out itself.
const BUILTINS: [&str; 12] =
    [".", "alias", "cd", "eval", "exec", "export", "if", "for", "set", "source", "ulimit", "while"];

/// Characters by which a shell redirects, expands or combines commands.
const OPERATORS: [char; 9] = ['|', '&', ';', '<', '>', '$', '*', '`', '~'];

/// Why the program of a command cannot be started, and what to write instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingProgram {
    pub error: LocateError,
    /// A lowercase sentence.
    pub hint: Option<String>,
}

/// Checks the program of `command`, as far as it is known before parameters are put in. `None` if it can be started.
pub fn missing_program(command: &[String]) -> Option<MissingProgram> {
    let (first, rest) = command.split_first()?;
    let hint = advice(first, rest);
    if is_template(first) {
        return is_whole_command(first).then(|| MissingProgram { error: LocateError::NotInPath(first.clone()), hint });
    }
    let error = locate(first).err()?;
    let hint = match error {
        LocateError::NoSuchFile(_) | LocateError::NotInPath(_) => hint,
        LocateError::Directory(_) => Some("name the program in it; a Python package is run by python3".to_owned()),
        _ => None,
    };
    Some(MissingProgram { error, hint })
}

fn advice(first: &str, rest: &[String]) -> Option<String> {
    let is_one_word = !first.contains(char::is_whitespace);
    if is_variable(first) && (is_one_word || !rest.is_empty()) {
        let line = command_line(["env", first].into_iter().chain(rest.iter().map(String::as_str)));
        return Some(format!("no shell reads the command, so write `env` before the variable: {line}"));
    }
    if BUILTINS.contains(&first) || (!is_one_word && outside_of_templates(first).contains(OPERATORS)) {
        return Some(
            r#"no shell reads the command; to use one, write: sh -c 'cd src && python3 train.py "$@"' sh"#.to_owned(),
        );
    }
    if is_variable(first.split(char::is_whitespace).next().unwrap_or_default()) {
        return Some(format!("leave the quotes out, and write `env` before the variable: env {first}"));
    }
    if !is_one_word {
        return Some(format!("leave the quotes out, each argument is a word of its own: {first}"));
    }
    if first.starts_with('~') {
        return Some("no shell reads the command, so write your home folder in full".to_owned());
    }
    if first.starts_with('-') {
        return Some("the program comes first after the two dashes, options of hypertune go before them".to_owned());
    }
    beside(first)
}

/// For a file of the current folder, which is not searched for programs.
fn beside(first: &str) -> Option<String> {
    let path = Path::new(first);
    if first.contains('/') || !path.exists() {
        return None;
    }
    let hint = match path.extension().and_then(|extension| extension.to_str()) {
        _ if path.is_dir() => format!("`{first}` is a folder; name the program in it"),
        Some("py") => format!("write python3 {first}"),
        Some("sh") => format!("write sh {first}"),
        _ => format!("the current folder is not searched: write ./{first}"),
    };
    Some(hint)
}

/// `NAME=VALUE`, which a shell takes for the setting of a variable.
fn is_variable(word: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// `word` without its `{{ … }}`, in which `|` and `*` are those of templates.
fn outside_of_templates(word: &str) -> String {
    let parts = word.split("{{").enumerate();
    parts.map(|(at, part)| if at == 0 { part } else { part.split_once("}}").map_or("", |(_, after)| after) }).collect()
}

/// Whether a template such as `python3 t.py --lr={{ lr }}` begins with the name of a program and a space.
fn is_whole_command(template: &str) -> bool {
    let program = template.split(char::is_whitespace).next().unwrap_or_default();
    program.len() < template.len() && !program.contains('{') && (is_variable(program) || locate(program).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(command: &[&str]) -> String {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        missing_program(&command).map_or_else(|| "found".to_owned(), |missing| missing.hint.unwrap_or_default())
    }

    #[test]
    fn commands_for_a_shell_are_explained() {
        let commands: [&[&str]; 13] = [
            &["sh", "t.sh"],
            &["sh t.sh"],
            &["sh t.sh", "--fast"],
            &["SEED=1", "sh", "my t.sh"],
            &["SEED=1 sh t.sh"],
            &["cd", "src"],
            &["sh t.sh > log"],
            &["sh t.sh --x={{ x | int }}"],
            &["{{ shell }}", "t.sh"],
            &["/dir with/{{ shell }}"],
            &["~/t.sh"],
            &["/"],
            &["src"],
        ];
        insta::assert_snapshot!(commands.map(hint).join("\n"), @r#"
        found
        leave the quotes out, each argument is a word of its own: sh t.sh
        leave the quotes out, each argument is a word of its own: sh t.sh
        no shell reads the command, so write `env` before the variable: env SEED=1 sh 'my t.sh'
        leave the quotes out, and write `env` before the variable: env SEED=1 sh t.sh
        no shell reads the command; to use one, write: sh -c 'cd src && python3 train.py "$@"' sh
        no shell reads the command; to use one, write: sh -c 'cd src && python3 train.py "$@"' sh
        leave the quotes out, each argument is a word of its own: sh t.sh --x={{ x | int }}
        found
        found
        no shell reads the command, so write your home folder in full
        name the program in it; a Python package is run by python3
        `src` is a folder; name the program in it
        "#);
    }
}

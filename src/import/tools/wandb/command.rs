//! `program` and `command` of a sweep.

use serde_json::{Value, json};

use crate::import::command::literal;
use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::section::Section;
use crate::import::study::{ImportedCommand, ImportedStudy};
use crate::matrix::yaml::node::{Entry, Node};

/// The default of `command`.
const DEFAULT: [&str; 4] = ["${env}", "${interpreter}", "${program}", "${args}"];

/// What `${interpreter}` is.
const INTERPRETER: &str = "python";

/// Reads the command and how parameters are passed.
pub fn read(fields: &mut Section<'_>, study: &mut ImportedStudy, reader: &mut Reader) {
    let program = fields.entry(&["program"]);
    let given = fields.entry(&["command"]);
    let program_text = program.and_then(|entry| reader.text(&entry.value, "`program`"));
    if program.is_none() && given.is_none() {
        study.notes.push(Note::without_line("the sweep has no command", "give it after `--`"));
        return;
    }
    let words: Vec<String> = match given {
        Some(entry) => word_list(entry, reader),
        None => DEFAULT.map(str::to_owned).to_vec(),
    };
    let entry = given.or(program);
    let mut command = Words { program: program_text, out: ImportedCommand::default(), passed: Passed::Nothing };
    for (index, word) in words.iter().enumerate() {
        command.push(word, words.get(index + 1).map(String::as_str), index + 1 == words.len(), entry, reader);
    }
    let Words { mut out, passed, .. } = command;
    if passed == Passed::Nothing {
        let message = "the command has no `${args}`, so W&B passes nothing; hypertune appends `--NAME=VALUE`";
        let action =
            "a script that reads `wandb.config` must take the options, or `argStyle: none` and HYPERTUNE_PARAMS";
        out.notes.extend(entry.map(|entry| reader.note(&entry.key_span, message, action)));
    }
    set_style(passed, study);
    study.command = Some(out);
}

fn word_list(entry: &Entry, reader: &mut Reader) -> Vec<String> {
    if let Some(text) = entry.value.text() {
        return shlex::split(text).unwrap_or_else(|| vec![text.to_owned()]);
    }
    let word = |node: &Node| match reader.json(node) {
        Value::String(text) => text,
        other => other.to_string(),
    };
    entry.value.list().unwrap_or_default().iter().map(word).collect()
}

/// How the sweep passes parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Passed {
    Nothing,
    Options,
    Flags,
    Words,
    Json,
}

struct Words<'n> {
    program: Option<&'n str>,
    out: ImportedCommand,
    passed: Passed,
}

impl Words<'_> {
    fn push(&mut self, word: &str, next: Option<&str>, is_last: bool, entry: Option<&Entry>, reader: &mut Reader) {
        let passed = match word {
            "${env}" => {
                // without a variable, `env` changes nothing
                if next.is_some_and(|next| next.contains('=') && !next.starts_with('-')) {
                    self.out.words.push("/usr/bin/env".to_owned());
                }
                return;
            }
            "${interpreter}" => return self.out.words.push(INTERPRETER.to_owned()),
            "${program}" => return self.push_program(entry, reader),
            "${args}" => Passed::Options,
            "${args_no_boolean_flags}" => Passed::Flags,
            "${args_no_hyphens}" => Passed::Words,
            "${args_json}" | "${args_json_file}" => Passed::Json,
            _ => {
                self.note_variable(word, entry, reader);
                return self.out.words.push(literal(word));
            }
        };
        self.passed = passed;
        if passed == Passed::Json {
            let message = format!(
                "`{word}` is not carried over: hypertune has the values as JSON in the variable HYPERTUNE_PARAMS"
            );
            self.note(message, "read it in the script", entry, reader);
        } else if !is_last {
            self.out.words.push("{{ params.as_args }}".to_owned());
        }
    }

    fn push_program(&mut self, entry: Option<&Entry>, reader: &mut Reader) {
        match (self.program, entry) {
            (Some(program), _) => self.out.words.push(literal(program)),
            (None, Some(entry)) => {
                reader.error(&entry.key_span, "the sweep has no `program`, which its command names", "")
            }
            (None, None) => {}
        }
    }

    fn note_variable(&mut self, word: &str, entry: Option<&Entry>, reader: &Reader) {
        if word.contains("${") {
            let message = format!("`{word}` is passed as it is: hypertune expands no variables");
            self.note(message, "write its value, or run the command with `sh -c`", entry, reader);
        }
    }

    fn note(&mut self, message: String, action: &str, entry: Option<&Entry>, reader: &Reader) {
        self.out.notes.extend(entry.map(|entry| reader.note(&entry.key_span, message, action)));
    }
}

/// Booleans and None are written as Python writes them.
fn set_style(passed: Passed, study: &mut ImportedStudy) {
    let mut settings = serde_json::Map::new();
    let any = |is: fn(&Value) -> bool| study.params.iter().any(|param| has(&param.domain.value, is));
    match passed {
        Passed::Words => drop(settings.insert("style".to_owned(), "assign".into())),
        Passed::Json => drop(settings.insert("style".to_owned(), "none".into())),
        Passed::Flags if any(Value::is_boolean) => drop(settings.insert("booleans".to_owned(), "flag".into())),
        _ => {}
    }
    if matches!(passed, Passed::Options | Passed::Words) && any(Value::is_boolean) {
        settings.insert("booleans".to_owned(), "True".into());
    }
    if matches!(passed, Passed::Options | Passed::Words | Passed::Flags) && any(Value::is_null) {
        settings.insert("nulls".to_owned(), "None".into());
    }
    if !settings.is_empty() {
        study.set("arguments", json!(settings));
    }
}

/// Whether the value or an element of the list is of a type.
fn has(value: &Value, is: fn(&Value) -> bool) -> bool {
    is(value) || value.as_array().is_some_and(|items| items.iter().any(is))
}

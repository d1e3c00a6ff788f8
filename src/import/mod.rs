//! Converts the files of other tools into matrices.
//!
//! `import` recognizes a file by `matrix::foreign`, reads it with the reader of its format in `tools` into an
//! `study::ImportedStudy`, and writes that with `writer`. What cannot be carried over becomes a `note::Note`, a comment at its
//! place in the matrix.

mod command;
mod domain;
mod expression;
mod file;
pub mod note;
mod reader;
mod resource;
mod section;
mod study;
mod tools;
mod writer;

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::matrix::command_line::overrides::Overrides;
use crate::matrix::diagnostics::diagnostic::Source;
use crate::matrix::diagnostics::findings::{Findings, InvalidFileError};
use crate::matrix::foreign::{ForeignFormat, recognize};
use crate::matrix::load;
use crate::matrix::yaml::fields::duplicate_keys;
use crate::matrix::yaml::file::read_file;
use crate::matrix::yaml::node::Node;
use note::Note;
use reader::Reader;
use study::ImportedStudy;
use tools::READERS;

/// An imported file.
#[derive(Debug)]
pub struct Imported {
    /// The format of the file.
    pub format: ForeignFormat,
    /// The matrix, as YAML with comments.
    pub matrix: String,
    /// What was not carried over, each with the field of the matrix that it is about.
    pub notes: Vec<(Option<String>, Note)>,
    /// The names of the parameters.
    pub params: Vec<String>,
}

impl Imported {
    /// `{"format","matrix","params","notes":[…]}`.
    pub fn to_json(&self) -> Value {
        let notes: Vec<Value> = self.notes.iter().map(|(at, note)| note.to_json(at.as_deref())).collect();
        json!({ "format": self.format.what(), "matrix": self.matrix, "params": self.params, "notes": notes })
    }
}

/// Reads and converts the file at `path`.
///
/// # Errors
/// All errors of the file; a file that is that of no known tool.
pub fn import(path: &Path) -> Result<Imported, InvalidFileError> {
    let name = path.display().to_string();
    let unreadable = |error: io::Error| InvalidFileError::of(&name, format!("the file cannot be read: {error}"), None);
    let bytes = read_file(path).map_err(unreadable)?;
    import_bytes(&name, &bytes, path.parent().unwrap_or(Path::new("")))
}

/// Converts the bytes of a file called `name`. Files that it names are relative to `folder`.
///
/// # Errors
/// As [`import`].
pub fn import_bytes(name: &str, bytes: &[u8], folder: &Path) -> Result<Imported, InvalidFileError> {
    let (text, root) = file::parse(bytes);
    let mut findings = Findings::new(Arc::new(Source { name: name.to_owned(), text }));
    let root = match root {
        Ok(root) => root,
        Err(error) => {
            findings.read_error(error);
            return Err(findings.into_error());
        }
    };
    duplicate_keys(&root, &mut findings);
    let Some(foreign) = recognize(&root) else {
        return Err(unknown_format(&root, findings));
    };
    let Some((_, read)) = READERS.iter().find(|(format, _)| *format == foreign.format) else {
        let message = format!("the file is {}, which cannot be imported", foreign.format.what());
        findings.error_with(foreign.span, message, Some(foreign.format.hint(name)));
        return Err(findings.into_error());
    };
    let mut reader = Reader::new(findings);
    let mut study = read(&root, folder, &mut reader);
    reject_repeated_names(&study, &mut reader);
    if study.params.is_empty() && reader.findings.error_count() == 0 {
        reader.error(&foreign.span, "the file has no parameters", "");
    }
    if reader.findings.error_count() > 0 {
        return Err(reader.findings.into_error());
    }
    note_constants(&mut study);
    study.notes.dedup();
    let origin = format!("Imported by hypertune from {name}, {}.", foreign.format.what());
    let mut matrix = writer::yaml(&study, &origin);
    let has_conditions = study.params.iter().any(|param| !param.when.is_empty());
    if has_conditions && check(name, &matrix).is_err() {
        drop_conditions(&mut study, &reader);
        matrix = writer::yaml(&study, &origin);
    }
    check(name, &matrix)?;
    Ok(Imported {
        format: foreign.format,
        matrix,
        notes: notes(&study),
        params: study.params.into_iter().map(|param| param.name).collect(),
    })
}

fn unknown_format(root: &Node, mut findings: Findings) -> InvalidFileError {
    let is_matrix = root.get("matrix").is_some() || root.get("kind").is_some() || root.get("params").is_some();
    let (message, hint) = if is_matrix {
        ("the file is a matrix, which need not be imported", "run it: hypertune run FILE")
    } else {
        (
            "the file is that of no known tool",
            "W&B sweeps, experiments of Katib, NNI and Ray Tune, Oríon and Hydra configurations, Polyaxon files of before 1.0 and \
             dictionaries of search expressions can be imported",
        )
    };
    findings.error_without_span(message, Some(hint.to_owned()));
    findings.into_error()
}

/// Replaces the conditions of parameters, which the matrix refused, by notes.
fn drop_conditions(study: &mut ImportedStudy, reader: &Reader) {
    for param in &mut study.params {
        let conditions: Vec<String> =
            param.when.drain(..).map(|(name, values)| format!("{name}: {}", json!(values))).collect();
        if !conditions.is_empty() {
            let message = format!("only used with {}, but drawn always", conditions.join(", "));
            param.notes.push(reader.note(&param.span, message, "ignore it otherwise"));
        }
    }
}

/// Notes that all parameters are constants.
fn note_constants(study: &mut ImportedStudy) {
    if study.params.iter().all(|param| param.domain.kind.is_none()) {
        let message = "no parameter of the file varies: all trials have the same configuration";
        study.notes.push(Note::without_line(message, "give some of them a kind and a value, or add others"));
    }
}

fn reject_repeated_names(study: &ImportedStudy, reader: &mut Reader) {
    let mut names = HashSet::new();
    for param in &study.params {
        if !names.insert(&param.name) {
            reader.error(&param.span, format!("two parameters are called `{}`", param.name), "");
        }
    }
}

/// Checks that the matrix is valid. Its faults are those of the file that were not found at their line.
fn check(name: &str, matrix: &str) -> Result<(), InvalidFileError> {
    let written = format!("the matrix imported from {name}");
    load::load_bytes(&written, matrix.as_bytes(), Path::new(""), &Overrides::default()).map(drop)
}

fn notes(study: &ImportedStudy) -> Vec<(Option<String>, Note)> {
    let of_file = study.notes.iter().map(|note| (None, note.clone()));
    let of_fields = study
        .fields
        .iter()
        .flat_map(|field| field.notes.iter().map(|note| (Some(field.name.to_owned()), note.clone())));
    let of_params = study
        .params
        .iter()
        .flat_map(|param| param.notes.iter().map(|note| (Some(format!("params.{}", param.name)), note.clone())));
    let of_command = study.command.iter().flat_map(|command| {
        command.notes.iter().map(|note| (Some("component.container.command".to_owned()), note.clone()))
    });
    of_file.chain(of_fields).chain(of_params).chain(of_command).collect()
}

#[cfg(test)]
mod tests;

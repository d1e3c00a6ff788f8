//! Files of Polyaxon before 1.0: `hptuning`, and `settings` of versions 0.1 to 0.4.

mod search;

use std::path::Path;

use crate::import::command::command_line;
use crate::import::domain::ImportedDomain;
use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::section::{IgnoredField, Section};
use crate::import::study::{ImportedCommand, ImportedParam, ImportedStudy};
use crate::matrix::yaml::node::{Entry, Node};

const IGNORED: [IgnoredField; 3] = [
    ("build", "jobs run on this machine, not in an image", "install what it installs"),
    ("environment", "jobs run on this machine, not on a cluster", ""),
    ("model", "hypertune builds no models", ""),
];

/// Fields that describe a file or mean something to the platform only.
const SERVICE: [&str; 8] = ["version", "kind", "name", "description", "tags", "logging", "framework", "project"];

/// Reads a file.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    let Some(mut fields) = Section::new(root, "the file", &root.span, reader) else { return study };
    study.set("kind", "random");
    let Some(tuning) = fields.entry(&["hptuning", "settings"]) else {
        let hint = "it runs one experiment; run its command without hypertune";
        reader.error(&root.span, "the file has no `hptuning`", hint);
        return study;
    };
    search::read(tuning, &mut study, reader);
    for entry in [fields.entry(&["declarations"]), fields.entry(&["params"])].into_iter().flatten() {
        read_declarations(entry, &mut study);
    }
    if let Some(entry) = fields.entry(&["inputs"]) {
        read_inputs(entry, &mut study, reader);
    }
    read_command(&mut fields, &mut study, reader);
    fields.skip(&SERVICE);
    study.notes.extend(fields.unread(&IGNORED, reader));
    study
}

/// Constants, unless the search space has the name.
fn read_declarations(entry: &Entry, study: &mut ImportedStudy) {
    for declared in entry.value.map().unwrap_or_default() {
        add_constant(&declared.key, declared, &declared.value, study);
    }
}

/// Defaults of declared inputs.
fn read_inputs(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) {
    for item in entry.value.list().unwrap_or_default() {
        let name = item.get("name").and_then(Node::text);
        let (Some(name), Some(default)) = (name, item.get("default").or(item.get("value"))) else { continue };
        if study.params.iter().all(|param| param.name != name) {
            let domain = ImportedDomain::constant(reader.json(default));
            study.params.push(ImportedParam::new(name, item.span.clone(), domain));
        }
    }
}

fn add_constant(name: &str, entry: &Entry, value: &Node, study: &mut ImportedStudy) {
    let is_resource = study.get("resource").is_some_and(|resource| resource["name"] == name);
    if is_resource || study.params.iter().any(|param| param.name == name) {
        return;
    }
    let domain = ImportedDomain::constant(value.to_json(&mut Vec::new()));
    study.params.push(ImportedParam::new(name, entry.key_span.clone(), domain));
}

/// Reads `run: {cmd}`, a text or a list of texts that a shell runs one after the other.
fn read_command(fields: &mut Section<'_>, study: &mut ImportedStudy, reader: &mut Reader) {
    let run = fields.entry(&["run"]);
    let Some(cmd) = run.and_then(|entry| entry.value.get("cmd")) else {
        study.notes.push(Note::without_line("the file has no command", "give it after `--`"));
        return;
    };
    let lines = |items: &[Node]| items.iter().filter_map(Node::text).map(str::trim).collect::<Vec<_>>().join(" && ");
    let text = cmd.text().map(str::to_owned).or_else(|| cmd.list().map(lines)).unwrap_or_default();
    // a backslash continues a line, which YAML may have joined with the next one by a blank
    let text = text.replace("\\\n", " ").replace("\\ ", " ").trim().to_owned();
    if text.is_empty() {
        reader.error(&cmd.span, format!("`cmd` must be text, found {}", cmd.describe()), "");
        return;
    }
    let mut command = ImportedCommand { words: command_line(&text), ..ImportedCommand::default() };
    if !text.contains("{{") {
        let message =
            "the command uses no parameter: Polyaxon passed them in variables; hypertune appends `--NAME=VALUE`";
        command.notes.push(reader.note(&cmd.span, message, "or read the variable HYPERTUNE_PARAMS, which is JSON"));
    } else {
        let uses = |param: &ImportedParam| text.contains(param.name.as_str()) || param.domain.kind.is_some();
        // declarations that the command does not use change nothing
        study.params.retain(uses);
    }
    study.command = Some(command);
}

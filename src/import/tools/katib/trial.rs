//! `trialTemplate` of an experiment: the command of its container.

use std::collections::BTreeMap;

use super::template;
use crate::import::command::{literal, value_of};
use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::section::Section;
use crate::import::study::{ImportedCommand, ImportedStudy};
use crate::matrix::yaml::node::{Content, Entry, Node};

/// Deepest level at which containers are looked for.
const MAX_LEVEL: usize = 16;

const AFTER_DASHES: &str = "give the command after `--`";

/// Reads the command.
pub fn read(spec: &mut Section<'_>, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(entry) = spec.entry(&["trialTemplate"]) else {
        study.notes.push(Note::without_line("the experiment has no command", AFTER_DASHES));
        return;
    };
    let Some(mut fields) = Section::new(&entry.value, "`trialTemplate`", &entry.key_span, reader) else { return };
    let primary = fields.value(&["primaryContainerName"]).and_then(Node::text);
    let names = trial_parameters(&mut fields, reader);
    let raw = entry.value.get("goTemplate").and_then(|template| template.get("rawTemplate"));
    let rendered = raw.and_then(Node::text).map(template::manifest);
    let manifest = match (&rendered, fields.value(&["trialSpec"])) {
        (Some(Ok(manifest)), _) => Some(manifest),
        (Some(Err(error)), _) => {
            let message = format!("`rawTemplate` is not YAML without its loops: {error}");
            study.notes.push(reader.note(&entry.key_span, message, AFTER_DASHES));
            return;
        }
        (None, manifest) => manifest,
    };
    let mut containers = Vec::new();
    if let Some(manifest) = manifest {
        find_containers(manifest, 0, &mut containers);
    }
    let has_command = |node: &&&Node| node.get("command").is_some() || node.get("args").is_some();
    let is_primary = |node: &&&Node| primary.is_some() && node.get("name").and_then(Node::text) == primary;
    let container = containers.iter().filter(has_command).find(is_primary).or(containers.iter().find(has_command));
    let Some(container) = container else {
        study.notes.push(reader.note(&entry.key_span, "the template has no command", AFTER_DASHES));
        return;
    };
    let command =
        Words { names, entry, study }.command(container, containers.iter().filter(has_command).count(), reader);
    study.command = Some(command);
}

/// The parameter that each name of `trialParameters` refers to.
fn trial_parameters<'n>(fields: &mut Section<'n>, reader: &mut Reader) -> BTreeMap<&'n str, &'n str> {
    let Some(node) = fields.value(&["trialParameters"]) else { return BTreeMap::new() };
    let pair = |item: &'n Node| Some((item.get("name")?.text()?, item.get("reference")?.text()?));
    match node.list() {
        Some(items) => items.iter().filter_map(pair).collect(),
        None => {
            reader.error(&node.span, "`trialParameters` must be a list of names and references", "");
            BTreeMap::new()
        }
    }
}

/// The elements of every list `containers`.
fn find_containers<'n>(node: &'n Node, level: usize, found: &mut Vec<&'n Node>) {
    if level > MAX_LEVEL {
        return;
    }
    match &node.content {
        Content::Map(entries) => {
            for entry in entries {
                match entry.value.list() {
                    Some(items) if entry.key == "containers" => found.extend(items),
                    _ => find_containers(&entry.value, level + 1, found),
                }
            }
        }
        Content::List(items) => items.iter().for_each(|item| find_containers(item, level + 1, found)),
        _ => {}
    }
}

struct Words<'a> {
    names: BTreeMap<&'a str, &'a str>,
    entry: &'a Entry,
    study: &'a ImportedStudy,
}

impl Words<'_> {
    fn command(&self, container: &Node, count: usize, reader: &Reader) -> ImportedCommand {
        let mut command = ImportedCommand::default();
        let texts: Vec<String> = ["command", "args"].iter().flat_map(|name| texts(container.get(name))).collect();
        let last = texts.len().saturating_sub(1);
        for (index, text) in texts.iter().enumerate() {
            match text {
                text if template::is_all_parameters(text) && index == last => {}
                text if template::is_all_parameters(text) => command.words.push("{{ params.as_args }}".to_owned()),
                text => command.words.push(self.word(text, &mut command.notes, reader)),
            }
        }
        for item in container.get("env").and_then(Node::list).unwrap_or_default() {
            if let (Some(name), Some(value)) = (item.get("name").and_then(Node::text), item.get("value")) {
                let value = value.text().map_or_else(|| value.to_json(&mut Vec::new()).to_string(), str::to_owned);
                command.variables.push((name.to_owned(), self.word(&value, &mut command.notes, reader)));
            }
        }
        let image = container.get("image").and_then(Node::text).unwrap_or("the container");
        let message = format!("jobs run on this machine, not in the image `{image}`");
        command.notes.insert(0, reader.note(&self.entry.key_span, message, "check the paths in the command"));
        if count > 1 {
            let message = format!("one of {count} containers is run, not the others");
            command.notes.push(reader.note(&self.entry.key_span, message, "start distributed training in the command"));
        }
        command
    }

    /// A word with `${trialParameters.NAME}` replaced by a template.
    fn word(&self, text: &str, notes: &mut Vec<Note>, reader: &Reader) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((variable, after)) = after.split_once('}') else { break };
            out.push_str(&literal(before));
            match self.variable(variable) {
                Some(template) => out.push_str(&template),
                None => {
                    let message = format!("`${{{variable}}}` is passed as it is");
                    notes.push(reader.note(&self.entry.key_span, message, "write its value"));
                    out.push_str(&format!("${{{variable}}}"));
                }
            }
            rest = after;
        }
        out + &literal(rest)
    }

    fn variable(&self, variable: &str) -> Option<String> {
        if variable == "trialSpec.Name" {
            return Some("trial-{{ trial }}".to_owned());
        }
        let name = variable.strip_prefix("trialParameters.")?;
        let name = self.names.get(name).copied().unwrap_or(name);
        let resource = self.study.get("resource").is_some_and(|resource| resource["name"] == name);
        let is_known = resource || self.study.params.iter().any(|param| param.name == name);
        is_known.then(|| value_of(name))
    }
}

/// The elements of `command` or `args`, or its text.
fn texts(node: Option<&Node>) -> Vec<String> {
    let text = |node: &Node| node.text().map_or_else(|| node.to_json(&mut Vec::new()).to_string(), str::to_owned);
    match node {
        None => Vec::new(),
        Some(node) => node.list().map_or_else(|| vec![text(node)], |items| items.iter().map(text).collect()),
    }
}

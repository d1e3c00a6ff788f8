//! An imported study, before it is written as a matrix.

use serde_json::{Map, Value, json};

use super::domain::ImportedDomain;
use super::note::Note;
use crate::matrix::yaml::node::Span;

/// Trials of a study whose file has no number of them.
const DEFAULT_RUNS: u64 = 100;

/// What was read from a file of another tool.
#[derive(Debug, Default)]
pub struct ImportedStudy {
    /// The fields of the matrix except `params`, in the order in which they are written.
    pub fields: Vec<MatrixField>,
    /// The parameters.
    pub params: Vec<ImportedParam>,
    /// The command.
    pub command: Option<ImportedCommand>,
    /// Notes about the whole file.
    pub notes: Vec<Note>,
}

/// A field of the matrix.
#[derive(Debug)]
pub struct MatrixField {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
    /// Notes about it.
    pub notes: Vec<Note>,
}

/// A parameter.
#[derive(Debug)]
pub struct ImportedParam {
    /// Its name.
    pub name: String,
    /// Its position in the file.
    pub span: Span,
    /// Its values.
    pub domain: ImportedDomain,
    /// The values of other parameters with which it is active: all must hold.
    pub when: Vec<(String, Vec<Value>)>,
    /// The value of the first trial.
    pub first: Option<Value>,
    /// Notes about it.
    pub notes: Vec<Note>,
}

/// The command of the trials.
#[derive(Debug, Default)]
pub struct ImportedCommand {
    /// The program and its arguments, which may be templates.
    pub words: Vec<String>,
    /// Environment variables.
    pub variables: Vec<(String, String)>,
    /// Notes about it.
    pub notes: Vec<Note>,
}

impl ImportedParam {
    /// A parameter without notes and conditions.
    pub fn new(name: impl Into<String>, span: Span, domain: ImportedDomain) -> ImportedParam {
        ImportedParam { name: name.into(), span, domain, when: Vec::new(), first: None, notes: Vec::new() }
    }
}

impl ImportedStudy {
    /// Sets a field of the matrix. Fields are written in the order in which they are first set.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) -> &mut MatrixField {
        let index = match self.fields.iter().position(|field| field.name == name) {
            Some(index) => index,
            None => {
                self.fields.push(MatrixField { name, value: Value::Null, notes: Vec::new() });
                self.fields.len() - 1
            }
        };
        let field = &mut self.fields[index];
        field.value = value.into();
        field
    }

    /// The value of a field of the matrix.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|field| field.name == name).map(|field| &field.value)
    }

    /// Removes a field of the matrix.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|field| field.name != name);
    }

    /// Sets `metric`.
    pub fn set_metric(&mut self, name: &str, optimization: &str) -> &mut MatrixField {
        self.set("metric", json!({ "name": name, "optimization": optimization }))
    }

    /// Sets `metric` to `loss`, which the file does not name, for a kind that requires one.
    pub fn require_metric(&mut self) {
        if self.get("metric").is_none() {
            let note = Note::without_line("the file names no metric", "set its name and direction");
            self.set_metric("loss", "minimize").notes.push(note);
        }
    }

    /// Sets `numRuns`, or a default if the file has no number of trials.
    pub fn set_runs(&mut self, runs: Option<u64>) {
        let field = self.set("numRuns", runs.unwrap_or(DEFAULT_RUNS));
        if runs.is_none() {
            field.notes.push(Note::without_line("the file has no number of trials", "set it"));
        }
    }

    /// `kind: bayes` with `runs` trials, of which `initial` are random draws; by default a quarter, at most 10.
    pub fn set_bayes(&mut self, runs: Option<u64>, initial: Option<u64>) {
        let given = runs;
        let runs = runs.unwrap_or(DEFAULT_RUNS).max(2);
        let initial = initial.unwrap_or_else(|| (runs / 4).clamp(1, 10)).clamp(1, runs - 1);
        self.set("kind", "bayes");
        self.set("numInitialRuns", initial);
        let field = self.set("maxIterations", runs - initial);
        if given.is_none() {
            field.notes.push(Note::without_line("the file has no number of trials", "set the number of suggestions"));
        }
        self.require_metric();
    }

    /// `kind: grid`, unless a parameter has infinitely many values.
    pub fn set_grid(&mut self, runs: Option<u64>) {
        let continuous = self.params.iter().find(|param| param.domain.cardinality().is_none());
        let name = continuous.map(|param| param.name.clone());
        self.set("kind", if name.is_some() { "random" } else { "grid" });
        match (name, runs) {
            (Some(name), runs) => {
                let message = format!("a grid needs discrete parameters, and `{name}` is not; random draws instead");
                self.set_runs(runs);
                self.set("kind", "random").notes.push(Note::without_line(message, ""));
            }
            (None, Some(runs)) => drop(self.set("numRuns", runs)),
            (None, None) => {}
        }
    }

    /// Adds a rule to `earlyStopping`.
    pub fn add_stopping(&mut self, rule: Value) -> &mut MatrixField {
        let mut rules = match self.get("earlyStopping") {
            Some(Value::Array(rules)) => rules.clone(),
            _ => Vec::new(),
        };
        rules.push(rule);
        self.set("earlyStopping", rules)
    }

    /// Ends the study once the metric reaches `goal`.
    pub fn stop_at(&mut self, goal: Value) {
        let Some(metric) = self.get("metric").cloned() else { return };
        self.add_stopping(json!({
            "metric": metric["name"], "value": goal, "optimization": metric["optimization"],
        }));
    }

    /// Sets `resource`. A parameter with this name is removed: each job gets the resource instead.
    pub fn set_resource(&mut self, name: &str, kind: &str) {
        let found = self.params.iter().position(|param| param.name == name);
        let removed = found.map(|index| self.params.remove(index));
        let field = self.set("resource", json!({ "name": name, "type": kind }));
        field.notes.extend(removed.into_iter().flat_map(|param| param.notes));
    }

    /// Sets `initial` from the parameters' first values.
    pub fn set_initial(&mut self) {
        let is_valid = |param: &&ImportedParam| param.when.is_empty() && param.domain.kind.is_some();
        let given = self.params.iter().filter(is_valid);
        let first: Map<String, Value> =
            given.filter_map(|param| Some((param.name.clone(), param.first.clone()?))).collect();
        if !first.is_empty() {
            self.set("initial", vec![Value::Object(first)]);
        }
    }
}

//! Compares a command line with the study recorded in a journal's header. The meaning of matrix, command and options is compared, not
//! their notation; paths are ignored. Slots, limits, retries and time limits may differ from one run to the next.

mod config_file;
pub(crate) mod difference;
pub(crate) mod length;
mod passed_inputs;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::config_file::config_differences;
use self::difference::{Difference, NOT_GIVEN, difference};
use self::length::{COMMON, LengthChange, length_change};
use self::passed_inputs::{argument_changes, inputs, sides, variables};
use super::definition::StudyDefinition;
use super::earlier_study::EarlierStudy;
use crate::cli::options::overrides;
use crate::command::template::Renderer;
use crate::engine::experiment::Experiment;
use crate::journal::record::Header;
use crate::matrix::changes::{Change, changes};
use crate::matrix::command_line::overrides::MetricOverride;
use crate::report::text;
use crate::space::guess::Guess;
use crate::types::assignment::Assignment;

/// The result of a comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compared {
    /// What makes another study of it; empty if both are the same study.
    pub differences: Vec<Difference>,
    /// What only makes the study longer or shorter.
    pub length: Option<LengthChange>,
}

/// Compares the study in `now` with the recorded one, which `header` defines.
pub fn compare(header: &Header, recorded: &StudyDefinition, now: &StudyDefinition) -> Compared {
    let changes = changes(&recorded.source.text, &now.source.text);
    let mut comparison = Comparison { recorded, now, changes, found: Vec::new() };
    let length = length_change(recorded, now, &mut comparison.changes);
    if length.is_none() {
        comparison.method();
    }
    comparison.params();
    comparison.constraints();
    comparison.training();
    comparison.initial();
    comparison.command(header);
    comparison.seed(header);
    comparison.found.extend(warm_start(&recorded.options.warm_start, &now.options.warm_start));
    Compared { differences: comparison.found, length }
}

struct Comparison<'a> {
    recorded: &'a StudyDefinition,
    now: &'a StudyDefinition,
    /// Changes in the file that no difference covers yet.
    changes: Vec<Change>,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn experiments(&self) -> (&Experiment, &Experiment) {
        (&self.recorded.experiment, &self.now.experiment)
    }

    /// Adds a difference: the changes in the file that cause it or, if there are none, `field` with both values.
    fn add(
        &mut self,
        is_source: impl Fn(&[&str]) -> bool,
        field: &str,
        recorded: impl Into<String>,
        now: impl Into<String>,
    ) {
        let is_cause = |change: &mut Change| {
            let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
            path.split_first().is_some_and(|(root, path)| *root == "matrix" && is_source(path))
        };
        let causes: Vec<Change> = self.changes.extract_if(.., is_cause).collect();
        if causes.is_empty() {
            self.found.push(difference(field, recorded, now));
        }
        let name = &self.now.source.name;
        self.found.extend(causes.into_iter().map(|change| {
            let side = |side: Option<String>| side.unwrap_or(NOT_GIVEN.to_owned());
            let location = change.line.map(|line| format!("{name}:{line}"));
            Difference { location, ..difference(&change.path.join("."), side(change.before), side(change.after)) }
        }));
    }

    /// Schedule and sampler.
    fn method(&mut self) {
        let (recorded, now) = self.experiments();
        let described = |experiment: &Experiment| {
            let method = &experiment.method;
            (method.kind, format!("{:?}", method.schedule), format!("{:?}", method.sampler), method.sampler.name())
        };
        let (recorded, now) = (described(recorded), described(now));
        let tuner = self.recorded.tuner != self.now.tuner;
        if recorded == now && !tuner {
            return;
        }
        let own = |path: &[&str]| path.first().is_some_and(|field| !COMMON.contains(field));
        let (field, recorded, now) = match () {
            () if recorded.0 != now.0 => ("kind", recorded.0.to_owned(), now.0.to_owned()),
            () if recorded.1 != now.1 => ("schedule", recorded.1, now.1),
            () if recorded.3 != now.3 => ("sampler", recorded.3.to_owned(), now.3.to_owned()),
            () if recorded.2 != now.2 => ("sampler", recorded.2, now.2),
            () => ("tuner", format!("{:?}", self.recorded.tuner), format!("{:?}", self.now.tuner)),
        };
        self.add(own, field, recorded, now);
    }

    fn params(&mut self) {
        let (recorded, now) = self.experiments();
        let described = |experiment: &Experiment| -> Vec<(String, (&'static str, String, String))> {
            let space = &experiment.space;
            let param = |(index, param): (usize, &crate::space::Param)| {
                let when = space.describe_when(index).map(|when| format!(" when {when}")).unwrap_or_default();
                let guess = param.guess.as_ref().map(guess_text).unwrap_or_default();
                let range = format!("{}{when}{guess}", param.domain.describe());
                (param.name.to_string(), (param.kind, format!("{:?}{when}{guess}", param.domain), range))
            };
            space.params.iter().enumerate().map(param).collect()
        };
        let (recorded, now) = (described(recorded), described(now));
        let names = |params: &[(String, _)]| params.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let (old_names, new_names) = (names(&recorded), names(&now));
        let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) = (recorded.into_iter().collect(), now.into_iter().collect());
        let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in all.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
            let side = |params: &BTreeMap<String, (&str, String, String)>| {
                params.get(name).map_or(NOT_GIVEN.to_owned(), |(kind, _, range)| format!("{kind} {range}"))
            };
            let own = |path: &[&str]| path.starts_with(&["params", name]);
            self.add(own, &format!("params.{name}"), side(&old), side(&new));
        }
        if old_names != new_names && old.keys().eq(new.keys()) {
            // Draws and arguments are made in this order.
            self.found.push(difference("order of params", old_names.join(", "), new_names.join(", ")));
        }
    }

    fn constraints(&mut self) {
        let texts = |experiment: &Experiment| -> Vec<String> {
            experiment.space.constraints().iter().map(|constraint| constraint.text.clone()).collect()
        };
        let (recorded, now) = self.experiments();
        let (old, new) = (texts(recorded), texts(now));
        if old != new {
            let joined = |texts: &[String]| if texts.is_empty() { NOT_GIVEN.to_owned() } else { texts.join("; ") };
            self.add(|path| path.first() == Some(&"constraints"), "constraints", joined(&old), joined(&new));
        }
    }

    /// Metric, resource, resume and early stopping.
    fn training(&mut self) {
        let metric = |experiment: &Experiment| {
            let metric = experiment.metric.as_ref();
            let text = |metric: &crate::types::objective::Metric| {
                overrides::metric_text(&MetricOverride { name: metric.name.clone(), direction: Some(metric.direction) })
            };
            metric.map_or(NOT_GIVEN.to_owned(), text)
        };
        let parts = |experiment: &Experiment| {
            let Experiment { resource, promoted, stopping, .. } = experiment;
            [
                ("resource", format!("{resource:?}")),
                ("resume", format!("{promoted:?}")),
                ("earlyStopping", format!("{stopping:?}")),
            ]
        };
        let (recorded, now) = self.experiments();
        let collector = |experiment: &Experiment| experiment.collector().to_json().to_string();
        let counted = |experiment: &Experiment| format!("{:?}", experiment.counted_reading).to_lowercase();
        let of_metric = [("collect", collector(recorded), collector(now)), ("value", counted(recorded), counted(now))];
        let of_metric = of_metric.into_iter().filter(|(_, old, new)| old != new).collect::<Vec<_>>();
        let metrics = ("metric", metric(recorded), metric(now));
        let parts = parts(recorded).into_iter().zip(parts(now)).map(|((field, old), (_, new))| (field, old, new));
        let parts: Vec<_> = std::iter::once(metrics).chain(parts).filter(|(_, old, new)| old != new).collect();
        for (field, recorded, now) in of_metric {
            self.add(|path| path.starts_with(&["metric", field]), &format!("metric.{field}"), recorded, now);
        }
        for (field, recorded, now) in parts {
            self.add(|path| path.first() == Some(&field), field, recorded, now);
        }
    }

    /// Initial configurations: those of `--enqueue`, else all of them.
    fn initial(&mut self) {
        let (old, new) = (points(&self.recorded.options.enqueue), points(&self.now.options.enqueue));
        if let Some(at) = first_difference(&old, &new) {
            let counted = |points: &[ValuesByName]| text::counted(points.len() as u64, "item");
            self.found.push(match (old.is_empty(), new.is_empty()) {
                (true, _) => difference("enqueue", NOT_GIVEN, counted(&new)),
                (_, true) => difference("enqueue", counted(&old), NOT_GIVEN),
                _ => difference(&format!("enqueue, item {}", at + 1), item_text(&old, at), item_text(&new, at)),
            });
            return;
        }
        let (recorded, now) = self.experiments();
        let (old, new) = (points(&recorded.initial), points(&now.initial));
        if let Some(at) = first_difference(&old, &new) {
            let field = format!("initial, item {}", at + 1);
            self.add(|path| path.first() == Some(&"initial"), &field, item_text(&old, at), item_text(&new, at));
        }
    }

    fn command(&mut self, header: &Header) {
        let now = self.now.renderer.as_ref().map(Renderer::command).unwrap_or_default();
        if header.command != now {
            self.found.push(difference("command", joined(&header.command), joined(now)));
        }
        self.arguments();
        self.workdir();
        self.found.extend(config_differences(self.recorded, self.now));
        let (recorded, now) = (variables(self.recorded), variables(self.now));
        if recorded != now {
            self.found.push(difference("env", recorded.join(" "), now.join(" ")));
        }
        let (old, new) = (inputs(self.recorded), inputs(self.now));
        let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in all.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
            let (recorded, now) = sides(old.get(name), new.get(name));
            self.found.push(difference(&format!("input {name}"), recorded, now));
        }
    }

    /// How parameters are passed.
    fn arguments(&mut self) {
        let arguments = |study: &StudyDefinition| study.renderer.as_ref().map(|renderer| renderer.arguments().clone());
        let (old, new) = (arguments(self.recorded), arguments(self.now));
        for change in argument_changes(&old.unwrap_or_default(), &new.unwrap_or_default()) {
            let is_source = |path: &[&str]| match &change.param {
                Some(name) => path.starts_with(&["params", name, "arg"]),
                None => path.first().is_some_and(|field| ["arguments", "argStyle"].contains(field)),
            };
            self.add(is_source, &change.field, change.old, change.new);
        }
    }

    fn workdir(&mut self) {
        let workdir = |study: &StudyDefinition| {
            let template = study.renderer.as_ref().and_then(Renderer::directory_template);
            template.unwrap_or(NOT_GIVEN).to_owned()
        };
        let (recorded, now) = (workdir(self.recorded), workdir(self.now));
        if recorded != now {
            self.add(|path| path.first() == Some(&"workdir"), "workdir", recorded, now);
        }
    }

    fn seed(&mut self, header: &Header) {
        if let Some(seed) = self.now.seed.filter(|seed| *seed != header.seed) {
            self.found.push(difference("seed", header.seed.to_string(), seed.to_string()));
        }
    }
}

/// A configuration; the order of its values does not matter.
type ValuesByName = BTreeMap<String, Value>;

fn points(points: &[Assignment]) -> Vec<ValuesByName> {
    let point = |point: &Assignment| point.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    points.iter().map(point).collect()
}

fn item_text(points: &[ValuesByName], at: usize) -> String {
    points.get(at).map_or(NOT_GIVEN.to_owned(), |point| json!(point).to_string())
}

fn first_difference<T: PartialEq>(old: &[T], new: &[T]) -> Option<usize> {
    (0..old.len().max(new.len())).find(|at| old.get(*at) != new.get(*at))
}

/// The difference between the earlier studies on the command line and the `recorded` ones.
fn warm_start(recorded: &[EarlierStudy], now: &[EarlierStudy]) -> Option<Difference> {
    if recorded.len() == now.len() && recorded.iter().zip(now).all(|(recorded, now)| recorded.is_same(now)) {
        return None;
    }
    let listed = |studies: &[EarlierStudy]| match studies {
        [] => NOT_GIVEN.to_owned(),
        studies => studies.iter().map(EarlierStudy::folder).collect::<Vec<_>>().join(" "),
    };
    Some(difference("warm_start", listed(recorded), listed(now)))
}

fn guess_text(guess: &Guess) -> String {
    format!(", guess {} ({} confidence)", guess.value, guess.confidence.name())
}

fn joined(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| command.join(" "))
}

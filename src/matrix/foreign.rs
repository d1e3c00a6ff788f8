//! Recognizes the files of other tools, to say what they are instead of an error for each of their fields.

use super::yaml::node::{Entry, Node, Span};

/// A file format that cannot be read.
struct ForeignFormat {
    /// What a file of the format is.
    what: &'static str,
    /// What to write instead.
    instead: &'static str,
    /// The field that shows the format, if `root` has it.
    sign: fn(root: &Node) -> Option<&Entry>,
}

const POLYAXON: &str = "write `matrix: {kind: hyperband, maxIterations: 9, resource: …, metric: …, params: {lr: {kind: choice, \
                        value: [0.1, 0.2]}}}`, and the command under `component: {container: {command: […]}}` or after `--`";
const SWEEP: &str = "write `parameters` as `params` (`values: [16, 32]` as `{kind: choice, value: [16, 32]}`, `min` and `max` as \
                     `{kind: uniform, value: [0, 1]}` or `loguniform`), `method` as `kind: random`, `grid` or `bayes`, `goal` as \
                     `optimization`, and the command after `--`";
const KATIB: &str = "write `parameters` as `params` (`feasibleSpace` as `{kind: uniform, value: [0, 1]}` or `{kind: choice, value: \
                     […]}`), `algorithm` as `kind`, `objective` as `metric: {name: …, optimization: maximize}`, `maxTrialCount` as \
                     `numRuns`, and the command after `--`";
const OTHER: &str = "write `kind: random`, `numRuns: …`, `metric: {name: …, optimization: minimize}` and `params: {lr: {kind: uniform, \
                     value: [0, 1]}}`, and the command after `--`";

const FORMATS: [ForeignFormat; 6] = [
    ForeignFormat { what: "a Polyaxon file of before 1.0", instead: POLYAXON, sign: early_polyaxon },
    ForeignFormat { what: "a W&B sweep", instead: SWEEP, sign: sweep },
    ForeignFormat { what: "an experiment of Katib", instead: KATIB, sign: katib },
    ForeignFormat { what: "an experiment of NNI", instead: OTHER, sign: nni },
    ForeignFormat { what: "an experiment of Determined", instead: OTHER, sign: determined },
    ForeignFormat { what: "a sweep job of Azure ML", instead: OTHER, sign: azure },
];

/// The position, the message and the hint for a file of another tool.
pub fn recognize(root: &Node) -> Option<(Span, String, String)> {
    if entry(root, "matrix").is_some_and(|matrix| matrix.value.get("kind").is_some()) {
        return None;
    }
    let (format, sign) = FORMATS.iter().find_map(|format| Some((format, (format.sign)(root)?)))?;
    let message = format!("the file is {}, which cannot be read", format.what);
    Some((sign.key_span.clone(), message, format.instead.to_owned()))
}

fn entry<'n>(node: &'n Node, name: &str) -> Option<&'n Entry> {
    node.map()?.iter().find(|entry| entry.key == name)
}

fn with_text<'n>(root: &'n Node, name: &str, values: &[&str]) -> Option<&'n Entry> {
    entry(root, name).filter(|entry| entry.value.text().is_some_and(|text| values.contains(&text)))
}

/// `hptuning`, or with it in `settings` as of version 0.1 to 0.4, or the kinds of those versions.
fn early_polyaxon(root: &Node) -> Option<&Entry> {
    let is_tuned = |entry: &&Entry| ["hptuning", "matrix"].iter().any(|name| entry.value.get(name).is_some());
    let in_settings = || entry(root, "settings").filter(is_tuned);
    let kind = || {
        let has_part = ["build", "run", "declarations", "environment"].iter().any(|name| entry(root, name).is_some());
        with_text(root, "kind", &["group", "experiment"]).filter(|_| has_part)
    };
    entry(root, "hptuning").or_else(in_settings).or_else(kind)
}

fn sweep(root: &Node) -> Option<&Entry> {
    let parameters = entry(root, "parameters").filter(|entry| entry.value.map().is_some())?;
    let method = with_text(root, "method", &["bayes", "grid", "random", "custom"]);
    let is_sweep = ["program", "command", "early_terminate"].iter().any(|name| entry(root, name).is_some());
    method.or_else(|| Some(parameters).filter(|_| is_sweep))
}

fn katib(root: &Node) -> Option<&Entry> {
    let is_kubeflow = |entry: &&Entry| entry.value.text().is_some_and(|text| text.starts_with("kubeflow.org/"));
    with_text(root, "kind", &["Experiment"]).or_else(|| entry(root, "apiVersion").filter(is_kubeflow))
}

fn nni(root: &Node) -> Option<&Entry> {
    ["searchSpace", "searchSpaceFile", "trialCommand"].iter().find_map(|name| entry(root, name))
}

fn determined(root: &Node) -> Option<&Entry> {
    entry(root, "hyperparameters").filter(|_| entry(root, "searcher").is_some())
}

fn azure(root: &Node) -> Option<&Entry> {
    entry(root, "search_space").or_else(|| entry(root, "sampling_algorithm"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::yaml::parse::parse;

    fn recognized(text: &str) -> Option<String> {
        recognize(&parse(text).unwrap()).map(|(span, message, _)| format!("{} {message}", &text[span]))
    }

    #[test]
    fn files_of_other_tools_are_named() {
        let files = [
            "version: 1\nkind: group\nhptuning: {concurrency: 2}\nrun: {cmd: x}",
            "version: 1\nkind: group\nbuild: {image: x}",
            "version: 1\nsettings: {matrix: {lr: {values: [1]}}}",
            "program: t.py\nmethod: bayes\nparameters: {lr: {values: [1]}}",
            "program: t.py\nparameters: {lr: {values: [1]}}",
            "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nspec: {}",
            "searchSpaceFile: a.json\ntrialCommand: python t.py",
            "hyperparameters: {}\nsearcher: {name: random}",
            "type: sweep\nsearch_space: {}",
        ];
        let found: Vec<String> = files.iter().map(|file| recognized(file).unwrap_or("none".into())).collect();
        insta::assert_snapshot!(found.join("\n"), @"
        hptuning the file is a Polyaxon file of before 1.0, which cannot be read
        kind the file is a Polyaxon file of before 1.0, which cannot be read
        settings the file is a Polyaxon file of before 1.0, which cannot be read
        method the file is a W&B sweep, which cannot be read
        parameters the file is a W&B sweep, which cannot be read
        kind the file is an experiment of Katib, which cannot be read
        searchSpaceFile the file is an experiment of NNI, which cannot be read
        hyperparameters the file is an experiment of Determined, which cannot be read
        search_space the file is a sweep job of Azure ML, which cannot be read
        ");
    }

    #[test]
    fn matrices_are_not_those_of_another_tool() {
        for text in
            ["kind: grid\nparams: {}", "matrix: {kind: grid}\nparameters: {}\nmethod: grid", "kind: experiment", "[1]"]
        {
            assert_eq!(recognized(text), None, "{text}");
        }
    }
}

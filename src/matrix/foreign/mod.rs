//! Recognizes the files of other tools, to say what they are instead of an error for each of their fields. `import` converts them.

mod format;
mod search_text;
mod signs;

use super::yaml::node::{Node, Span};

pub(crate) use format::ForeignFormat;
pub(crate) use search_text::{named_search_text, search_text};
pub(crate) use signs::{
    HIGH_FIELDS, LOW_FIELDS, TYPE_FIELDS, VALUE_FIELDS, is_grid_search, is_ray_experiment, is_typed, is_typed_item,
    is_untyped_choice, is_untyped_range, nni_space_root,
};

/// A recognized file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForeignFile {
    /// Its format.
    pub format: ForeignFormat,
    /// The field that shows the format.
    pub span: Span,
}

/// The format of the file, if it is that of another tool.
pub fn recognize(root: &Node) -> Option<ForeignFile> {
    if root.get("matrix").is_some_and(|matrix| matrix.get("kind").is_some()) {
        return None;
    }
    let (format, span) = signs::SIGNS.iter().find_map(|(format, sign)| Some((*format, sign(root)?)))?;
    Some(ForeignFile { format, span })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::yaml::parse::parse;

    fn recognized(text: &str) -> Option<String> {
        let key = |span: Span| text[span].trim_matches('"').to_owned();
        recognize(&parse(text).unwrap()).map(|file| format!("{:?} {}", file.format, key(file.span)))
    }

    #[test]
    fn files_of_other_tools_are_recognized() {
        let files = [
            "version: 1\nkind: group\nhptuning: {concurrency: 2}\nrun: {cmd: x}",
            "version: 1\nkind: group\nbuild: {image: x}",
            "version: 1\nsettings: {matrix: {lr: {values: [1]}}}",
            "program: t.py\nmethod: bayes\nparameters: {lr: {values: [1]}}",
            "program: t.py\nparameters: {lr: {values: [1]}}",
            "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nspec: {}",
            "searchSpaceFile: a.json\ntrialCommand: python t.py",
            "trial: {command: python t.py}\nsearchSpacePath: a.json",
            "{\"lr\": {\"_type\": \"uniform\", \"_value\": [0, 1]}}",
            "hydra: {sweeper: {params: {lr: 'interval(0, 1)'}}}",
            "experiment: {name: x, max_trials: 10}\nlr: 'orion~uniform(0, 1)'",
            "lr: ~loguniform(1e-5, 1)",
            "model: {lr: 'loguniform(1e-5, 1)'}\nepochs: 3",
            "- lr~uniform(0, 1)",
            "lr: {type: float, low: 0, high: 1}",
            "model: {lr: {grid_search: [1, 2]}}",
            "cartpole: {run: PPO, env: CartPole-v1, config: {lr: {grid_search: [1, 2]}}}",
            "param_space: {lr: 'tune.uniform(0, 1)'}\ntune_config: {num_samples: 4}",
            "parameters: {lr: {min: 0, max: 1}}\nmetric: {name: loss, goal: minimize}",
            "name: demo\nmax_trials: 4\nalgorithms: random",
            "lr: {name: FloatDistribution, attributes: {low: 0, high: 1}}",
            "hyperparameters: {}\nsearcher: {name: random}",
            "type: sweep\nsearch_space: {}",
            "search_space: {model: {lr: {type: float, low: 0, high: 1}}}",
            "search_space: {lr: {_type: uniform, _value: [0, 1]}}",
            "[{type: float, attributes: {name: lr, low: 0, high: 1}}]",
            "optuna: {search_spaces: [{param_name: lr, distribution_type: uniform, low: 0, high: 1}]}",
            "adam: {lr: {min: 0.1, max: 1, scale: log}}",
        ];
        let found: Vec<String> = files.iter().map(|file| recognized(file).unwrap_or("none".into())).collect();
        insta::assert_snapshot!(found.join("\n"), @r"
        EarlyPolyaxon hptuning
        EarlyPolyaxon kind
        EarlyPolyaxon settings
        Sweep method
        Sweep parameters
        Katib kind
        NniExperiment searchSpaceFile
        NniExperiment searchSpacePath
        NniSpace lr
        HydraSweeper params
        Orion experiment
        Dictionary lr
        Dictionary model
        Dictionary lr~uniform(0, 1)
        Dictionary lr
        Dictionary model
        RayTune cartpole
        RayTune param_space
        Sweep parameters
        Orion algorithms
        Dictionary lr
        Determined hyperparameters
        AzureSweep search_space
        Dictionary search_space
        NniSpace lr
        Dictionary {type: float, attributes: {name: lr, low: 0, high: 1
        Dictionary optuna
        Dictionary adam
        ");
    }

    #[test]
    fn matrices_are_not_those_of_another_tool() {
        for text in [
            "kind: grid\nparams: {}",
            "matrix: {kind: grid}\nparameters: {}\nmethod: grid",
            "kind: experiment",
            "[1]",
            "params: {lr: 'uniform(0, 1)'}",
            "numRuns: 3\nparams: {lr: {type: float, low: 0, high: 1}}",
            "lr: 0.1\nnote: some (text)",
            "config: {lr: 0.1}\nmodel: {config: {a: 1}}",
            "data: {type: csv, path: a}\nlog: true\nlevels: [{name: a, min: 1}]",
        ] {
            assert_eq!(recognized(text), None, "{text}");
        }
    }
}

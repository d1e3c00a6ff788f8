//! The formats of other tools.

use std::path::Path;

/// A file format of another tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForeignFormat {
    /// `hptuning` and its predecessors.
    EarlyPolyaxon,
    /// `method` and `parameters`.
    Sweep,
    /// `apiVersion: kubeflow.org/…`.
    Katib,
    /// `trialCommand` or `trial`, and a search space or its file.
    NniExperiment,
    /// Parameters with `_type` and `_value`.
    NniSpace,
    /// `hydra.sweeper`.
    HydraSweeper,
    /// `experiment` or `worker`, and parameters as `orion~uniform(0, 1)`.
    Orion,
    /// `config` or `param_space` beside `run`, `stop`, `num_samples` and the like.
    RayTune,
    /// Parameters as `{type: float, low: 0, high: 1}`, as Optuna's distributions, or as `uniform(0, 1)`.
    Dictionary,
    /// `hyperparameters` and `searcher`; cannot be imported.
    Determined,
    /// `search_space` and `sampling_algorithm`; cannot be imported.
    AzureSweep,
}

const BY_HAND: &str = "write `kind: random`, `numRuns: …`, `metric: {name: …, optimization: minimize}` and `params: {lr: {kind: uniform, \
                       value: [0, 1]}}`, and the command after `--`";

impl ForeignFormat {
    /// What a file of the format is.
    pub fn what(self) -> &'static str {
        match self {
            ForeignFormat::EarlyPolyaxon => "a Polyaxon file of before 1.0",
            ForeignFormat::Sweep => "a W&B sweep",
            ForeignFormat::Katib => "an experiment of Katib",
            ForeignFormat::NniExperiment => "an experiment of NNI",
            ForeignFormat::NniSpace => "a search space of NNI",
            ForeignFormat::HydraSweeper => "a configuration of a Hydra sweeper",
            ForeignFormat::Orion => "a configuration of Oríon",
            ForeignFormat::RayTune => "an experiment of Ray Tune",
            ForeignFormat::Dictionary => "a dictionary of search expressions",
            ForeignFormat::Determined => "an experiment of Determined",
            ForeignFormat::AzureSweep => "a sweep job of Azure ML",
        }
    }

    /// Whether `hypertune import` reads the format.
    pub fn is_importable(self) -> bool {
        !matches!(self, ForeignFormat::Determined | ForeignFormat::AzureSweep)
    }

    /// What to do with the file called `name` instead of running it.
    pub fn hint(self, name: &str) -> String {
        if !self.is_importable() {
            return BY_HAND.to_owned();
        }
        let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let quoted = |text: String| shlex::try_quote(&text).map_or_else(|_| text.clone(), |quoted| quoted.into_owned());
        let output = quoted(format!("{stem}-matrix.yaml"));
        format!("convert it into a matrix: hypertune import {} -o {output}", quoted(name.to_owned()))
    }
}

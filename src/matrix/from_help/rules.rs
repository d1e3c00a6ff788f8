//! What options of common names are: which values to try, and which of them is the resource.

use super::details::{Details, value};
use super::options::HelpOption;

/// A rule for options of some names.
struct Rule {
    /// Names, or their ends after `_`.
    names: &'static [&'static str],
    /// The values in the notation of the command line, for what the help says.
    values: fn(&Details) -> String,
}

const RULES: &[Rule] = &[
    Rule { names: &["lr", "learning_rate", "eta0"], values: |d| around(d, 10.0, (1e-5, 1e-1)) },
    Rule { names: &["weight_decay", "wd", "l2", "l1"], values: |d| around(d, 100.0, (1e-6, 1e-2)) },
    Rule {
        names: &["dropout", "drop_rate", "dropout_rate", "dropout_prob", "drop_path"],
        values: |_| "uniform(0, 0.5)".into(),
    },
    Rule { names: &["batch_size", "bs", "batchsize", "train_batch_size"], values: powers_of_two },
    Rule { names: &["momentum"], values: |_| "uniform(0, 0.99)".into() },
    Rule { names: &["beta1"], values: |_| "uniform(0.8, 0.99)".into() },
    Rule { names: &["beta2"], values: |_| "uniform(0.9, 0.999)".into() },
    Rule {
        names: &[
            "hidden",
            "hidden_dim",
            "hidden_size",
            "width",
            "units",
            "num_units",
            "hidden_units",
            "embed_dim",
            "n_embd",
            "d_model",
        ],
        values: |d| log_int(d, 4.0, (16, 512)),
    },
    Rule {
        names: &["layers", "num_layers", "n_layers", "n_layer", "depth", "max_depth", "num_hidden_layers"],
        values: few,
    },
    Rule { names: &["n_estimators", "num_leaves", "num_trees"], values: |d| log_int(d, 4.0, (10, 1000)) },
    Rule { names: &["warmup_ratio", "label_smoothing"], values: |_| "uniform(0, 0.2)".into() },
    Rule { names: &["subsample", "colsample_bytree", "feature_fraction"], values: |_| "uniform(0.5, 1)".into() },
    Rule {
        names: &["max_grad_norm", "grad_clip", "clip", "clip_norm", "grad_norm"],
        values: |d| around(d, 10.0, (0.1, 10.0)),
    },
];

/// Names of options with choices that are worth trying.
const CHOSEN: [&str; 12] = [
    "optimizer",
    "optim",
    "opt",
    "activation",
    "act",
    "scheduler",
    "lr_scheduler_type",
    "schedule",
    "norm",
    "pooling",
    "booster",
    "kernel",
];

/// Least ratio of the bounds of an option for which a log scale is proposed.
const LEAST_LOG_RATIO: f64 = 100.0;

/// Starts of names that are no hyperparameters, whatever their ends are.
const OTHERS: [&str; 11] =
    ["eval_", "test_", "valid_", "val_", "per_device_eval_", "min_", "final_", "image_", "img_", "video_", "window_"];

/// Options that say how long a script trains, the best first.
const RESOURCES: [&str; 14] = [
    "epochs",
    "num_epochs",
    "n_epochs",
    "max_epochs",
    "num_train_epochs",
    "epoch",
    "nepochs",
    "iterations",
    "max_iter",
    "num_iterations",
    "max_steps",
    "num_steps",
    "train_steps",
    "total_steps",
];

/// Names in lower case with underscores.
pub fn normal(name: &str) -> String {
    name.to_lowercase().replace(['-', '.'], "_")
}

/// The values to try for `option`; `None` if its name says nothing.
pub fn values(option: &HelpOption) -> Option<String> {
    let name = normal(&option.name);
    let is = |known: &&str| name == *known || name.strip_suffix(known).is_some_and(|start| start.ends_with('_'));
    let details = &option.details;
    if details.choices.len() > 1 {
        return CHOSEN.iter().any(&is).then(|| choice(&details.choices));
    }
    // of `eval_batch_size` and `image_width` the start says that it is something else
    let is_other = details.is_list || OTHERS.iter().any(|start| name.starts_with(start));
    let rule = RULES.iter().find(|rule| rule.names.iter().any(&is)).filter(|_| !is_other)?;
    let is_whole = |number: f64| number.fract() == 0.0 && number.abs() < 9e15;
    let usual = (rule.values)(details);
    let bounded = details.range.map(|(low, high)| {
        let is_wide = usual.starts_with("log") && low > 0.0 && high / low >= LEAST_LOG_RATIO;
        let kind = match (details.is_int() && is_whole(low) && is_whole(high), is_wide) {
            (true, false) => "int",
            (true, true) => "logint",
            (false, false) => "uniform",
            (false, true) => "loguniform",
        };
        format!("{kind}({low}, {high})")
    });
    Some(bounded.unwrap_or(usual))
}

/// The resource in the notation of `--resource`, for the option of `options` that is the best one.
pub fn resource(options: &[HelpOption]) -> Option<(&HelpOption, String)> {
    let found = RESOURCES.iter().find_map(|known| options.iter().find(|option| normal(&option.name) == *known))?;
    let name = normal(&found.name);
    let is_epochs = name.contains("epoch");
    let default = found.details.default_number().filter(|number| *number > 1.0).map(|number| number.floor());
    let max = match (default, is_epochs) {
        // fewer than 9 leave no room for shorter trainings
        (Some(default), true) => default.clamp(9.0, 1e6),
        (Some(default), false) => default.clamp(27.0, 1e9),
        (None, true) => 27.0,
        (None, false) => 1000.0,
    };
    let high = found.details.range.map(|(_, high)| high.floor()).filter(|high| *high >= 1.0);
    let max = high.map_or(max, |high| max.min(high));
    let min = if max > 243.0 { format!("{}:", (max / 81.0).ceil()) } else { String::new() };
    Some((found, format!("{}={min}{max}", found.name)))
}

/// A choice of `items`.
pub fn choice(items: &[String]) -> String {
    format!("choice({})", items.iter().map(|item| value(item)).collect::<Vec<_>>().join(", "))
}

/// From a `factor` below the default to a factor above it, on a log scale; `bounds` if there is none.
fn around(details: &Details, factor: f64, bounds: (f64, f64)) -> String {
    let default = details.default_number().filter(|number| (1e-12..1e12).contains(number));
    let (low, high) = default.map_or(bounds, |number| (rounded(number / factor), rounded(number * factor)));
    format!("loguniform({low:e}, {high:e})")
}

/// Without the rounding errors of a division or a product.
fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

fn log_int(details: &Details, factor: f64, bounds: (u64, u64)) -> String {
    let default = details.default_number().filter(|number| (1.0..1e9).contains(number));
    let (low, high) =
        default.map_or(bounds, |number| (((number / factor) as u64).max(1), ((number * factor) as u64).max(2)));
    format!("logint({low}, {high})")
}

/// From 1 to twice the default, at least 4.
fn few(details: &Details) -> String {
    let default = details.default_number().filter(|number| (1.0..1e6).contains(number)).unwrap_or(4.0);
    format!("int(1, {})", ((2.0 * default) as u64).max(4))
}

fn powers_of_two(details: &Details) -> String {
    let default = details.default_number().filter(|number| (1.0..1e6).contains(number)).unwrap_or(64.0) as u64;
    let sizes: Vec<String> = [default / 2, default, default.saturating_mul(2), default.saturating_mul(4)]
        .into_iter()
        .filter(|size| *size > 0)
        .map(|size| size.to_string())
        .collect();
    format!("choice({})", sizes.join(", "))
}

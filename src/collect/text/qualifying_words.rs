//! The words that make a name another quantity.

/// What a qualified name says about the metric; what counts more comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Qualifier {
    /// It is measured on validation data: `val loss`.
    Validation,
    /// It is measured on test data: `Test loss`.
    Test,
    /// It is a mean or a sum, or the whole of which other names are parts: `Avg loss`, `total loss`.
    Total,
    /// It has no words before it, and its line is about one batch: `loss: 2.3 [64/60000]`.
    Batch,
    /// It is measured on training data, or a related quantity: `train loss`, `smoothed loss`.
    Other,
    /// It is the value of another moment: `best loss`, `previous loss`.
    Reference,
    /// It is chosen, not measured: `target loss`, `config: loss=…`. Never read.
    Setting,
}

/// What one word says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WordKind {
    /// Nothing.
    Neutral,
    /// What its list says.
    Known(Qualifier),
    /// That the name is of something else, but not of what.
    Unknown,
}

const NEUTRAL: [&str; 44] = [
    "info",
    "debug",
    "warning",
    "warn",
    "error",
    "critical",
    "notice",
    "trace",
    "epoch",
    "step",
    "iteration",
    "iter",
    "final",
    "current",
    "the",
    "this",
    "its",
    "a",
    "an",
    "and",
    "or",
    "with",
    "has",
    "have",
    "got",
    "is",
    "by",
    "at",
    "of",
    "for",
    "on",
    "in",
    "metric",
    "metrics",
    "result",
    "results",
    "reported",
    "finished",
    "done",
    "set",
    "nan",
    "inf",
    "none",
    "overall",
];
const VALIDATION: [&str; 7] = ["val", "valid", "validation", "eval", "evaluation", "dev", "holdout"];
const TEST: [&str; 2] = ["test", "testing"];
const TRAIN: [&str; 2] = ["train", "training"];
const REFERENCE: [&str; 18] = [
    "best", "lowest", "highest", "min", "minimum", "minimal", "max", "maximum", "maximal", "smallest", "largest",
    "optimal", "optimum", "previous", "prev", "old", "worst", "expected",
];
const SETTING: [&str; 9] =
    ["target", "goal", "desired", "required", "threshold", "baseline", "initial", "starting", "reference"];
/// What introduces a configuration at the start of a line or before an object.
const CONFIGURATION: [&str; 14] = [
    "config",
    "configuration",
    "cfg",
    "args",
    "arguments",
    "params",
    "parameters",
    "hparams",
    "hyperparameters",
    "hyperparams",
    "options",
    "settings",
    "defaults",
    "kwargs",
];
/// What introduces numbers that are chosen, as `configures`, though not in the middle of a sentence: `class weights: {…}`.
const CHOSEN: [&str; 14] = [
    "weights",
    "weighting",
    "coefficients",
    "multipliers",
    "priors",
    "bounds",
    "ranges",
    "limits",
    "thresholds",
    "tolerances",
    "targets",
    "baselines",
    "flags",
    "setup",
];
/// Ends of words that head settings: `TrainingArguments:`.
const SETTINGS_ENDS: [&str; 8] =
    ["parameters", "params", "arguments", "configuration", "config", "options", "settings", "kwargs"];
const TOTAL: [&str; 9] = ["total", "overall", "avg", "average", "averaged", "mean", "sum", "combined", "aggregate"];
/// What counts the moment of a value, and so belongs to the heading before it: `Train Epoch: 3`.
const COUNTERS: [&str; 10] =
    ["epoch", "epochs", "step", "steps", "iter", "iteration", "iterations", "batch", "trial", "round"];

/// What a word says; of `valid_0's` and `training-set` the part that is known counts.
pub fn kind_of(word: &[u8]) -> WordKind {
    let word = word.strip_suffix(b"'s").unwrap_or(word);
    if is_one_of(word, &NEUTRAL) || word.is_empty() {
        return WordKind::Neutral;
    }
    if word.contains(&b'/') {
        return WordKind::Unknown;
    }
    let lists: [(&[&str], Qualifier); 6] = [
        (&SETTING, Qualifier::Setting),
        (&REFERENCE, Qualifier::Reference),
        (&VALIDATION, Qualifier::Validation),
        (&TEST, Qualifier::Test),
        (&TRAIN, Qualifier::Other),
        (&TOTAL, Qualifier::Total),
    ];
    let parts = || word.split(|byte| !byte.is_ascii_alphabetic());
    let known = lists.into_iter().find(|(list, _)| parts().any(|part| is_one_of(part, list)));
    known.map_or(WordKind::Unknown, |(_, qualifier)| WordKind::Known(qualifier))
}

/// Whether `word` names training data.
pub fn is_training(word: &[u8]) -> bool {
    is_one_of(word, &TRAIN)
}

/// The data that `word` names and nothing else: `val`, `training`, `valid_0's`, but not `val_loss`.
pub fn data_split(word: &[u8]) -> Option<Qualifier> {
    let word = word.strip_suffix(b"'s").unwrap_or(word);
    let mut parts = word.split(|byte| !byte.is_ascii_alphabetic()).filter(|part| !part.is_empty());
    let part = parts.next().filter(|_| parts.next().is_none())?;
    match part {
        _ if is_one_of(part, &VALIDATION) => Some(Qualifier::Validation),
        _ if is_one_of(part, &TEST) => Some(Qualifier::Test),
        _ => is_training(part).then_some(Qualifier::Other),
    }
}

/// Whether `word` introduces a configuration.
pub fn configures(word: &[u8]) -> bool {
    is_one_of(word, &CONFIGURATION) || is_one_of(word, &CHOSEN)
}

/// Whether `word` in the heading of a block says that it holds settings.
pub fn heads_settings(word: &[u8]) -> bool {
    let word = word.to_ascii_lowercase();
    SETTINGS_ENDS.iter().any(|end| word.ends_with(end.as_bytes()))
}

/// Whether `word` makes a name that of a whole.
pub fn is_total(word: &[u8]) -> bool {
    is_one_of(word, &TOTAL)
}

/// Whether `word` behind one that says something belongs to the same heading: `Test set:`, `Best so far:`.
pub fn continues_heading(word: &[u8]) -> bool {
    const WORDS: [&str; 18] = [
        "set",
        "split",
        "results",
        "result",
        "phase",
        "metrics",
        "so",
        "model",
        "checkpoint",
        "data",
        "dataset",
        "summary",
        "run",
        "performance",
        "stats",
        "score",
        "scores",
        "mode",
    ];
    is_one_of(word, &WORDS)
}

/// Whether `word` counts the moment of a value.
pub fn counts(word: &[u8]) -> bool {
    is_one_of(word, &COUNTERS)
}

fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word))
}

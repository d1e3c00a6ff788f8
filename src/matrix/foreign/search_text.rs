//! Recognizes texts such as `loguniform(1e-5, 1)`, with which several tools write a parameter.

/// The functions of Oríon, Hydra's sweepers, Ray Tune and Hyperopt.
const FUNCTIONS: [&str; 28] = [
    "choice",
    "choices",
    "fidelity",
    "float",
    "gaussian",
    "int",
    "interval",
    "lograndint",
    "loguniform",
    "lognormal",
    "normal",
    "pchoice",
    "qlograndint",
    "qlognormal",
    "qloguniform",
    "qnormal",
    "qrandint",
    "qrandn",
    "quniform",
    "randint",
    "randn",
    "range",
    "reciprocal",
    "shuffle",
    "tag",
    "uniform",
    "uniformint",
    "grid_search",
];

/// Prefixes of a function: Oríon's marks, and the modules of Ray Tune, Hyperopt and Optuna.
const PREFIXES: [&str; 7] = ["orion~", "+", "~", "tune.", "ray.tune.", "hp.", "trial.suggest_"];

/// The expression in `text` without its prefixes, such as `uniform(0, 1)` of `orion~uniform(0, 1)`, and its byte offset; `None` if
/// the text is no call of a function of a search space.
pub fn search_text(text: &str) -> Option<(usize, &str)> {
    let unmarked = text.trim();
    let mut offset = text.len() - text.trim_start().len();
    let mut rest = unmarked;
    while let Some(prefix) = PREFIXES.iter().find(|prefix| rest.starts_with(**prefix)) {
        rest = &rest[prefix.len()..];
        offset += prefix.len();
    }
    let (name, _) = rest.split_once('(')?;
    // a marked text is meant as an expression even if it ends early
    let is_call = rest.ends_with(')') || rest.len() < unmarked.len();
    (is_call && FUNCTIONS.contains(&name.trim_end())).then_some((offset, rest))
}

/// The name and the value of `name~uniform(0, 1)` or `name=choice(a, b)`, if the value is a search expression.
pub fn named_search_text(text: &str) -> Option<(&str, &str)> {
    let at = text.find(['~', '='])?;
    let (name, value) = (text[..at].trim(), &text[at + 1..]);
    (!name.is_empty() && !name.contains('(') && search_text(value).is_some()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_recognized_with_their_prefix() {
        assert_eq!(search_text("orion~loguniform(1e-5, 1.0)"), Some((6, "loguniform(1e-5, 1.0)")));
        assert_eq!(search_text(" ~+uniform(0, 1) "), Some((3, "uniform(0, 1)")));
        assert_eq!(search_text("tune.choice([1, 2])"), Some((5, "choice([1, 2])")));
        for other in ["relu", "mean(1, 2)", "uniform", "uniform(0, 1) * 2", "(1)", ""] {
            assert_eq!(search_text(other), None, "{other}");
        }
        assert_eq!(named_search_text("--lr~uniform(0, 1)"), Some(("--lr", "uniform(0, 1)")));
        assert_eq!(named_search_text("opt=choice(a, b)"), Some(("opt", "choice(a, b)")));
        assert_eq!(named_search_text("a=b"), None);
    }
}

//! A function of which most parameters matter in one of three branches, over a space with conditions and over the same space
//! flattened, in which all parameters are always active.
//!
//! `cargo test --release --test optima conditional -- --nocapture` prints the table of CONTRIBUTING.md, with a hundred seeds. A debug
//! build takes ten seeds of `tpe` only.

use std::fmt::Write;
use std::ops::Range;

use hypertune::types::assignment::Assignment;
use serde_json::Value;

use super::objectives::trials_until;

/// A branch: its lowest regret, the slope with which the regret grows from there, and the best values of its own parameters.
struct Branch {
    name: &'static str,
    floor: f64,
    slope: f64,
    optimum: &'static [f64],
}

/// The branch that is best on average has the worst optimum, and the one with the best optimum is worst on average.
const BRANCHES: [Branch; 3] = [
    Branch { name: "linear", floor: 0.30, slope: 0.3, optimum: &[0.2, 0.8] },
    Branch { name: "forest", floor: 0.20, slope: 0.6, optimum: &[0.7, 0.3, 0.5] },
    Branch { name: "net", floor: 0.0, slope: 1.0, optimum: &[0.15, 0.6, 0.85, 0.35] },
];
/// The best values of the shared parameters.
const SHARED: [f64; 2] = [0.3, 0.7];
/// A run ends at the first regret below the optimum of the second-best branch, which only the best branch reaches.
const TARGET: f64 = 0.2;

fn regret(at: &Assignment) -> f64 {
    let number = |name: &str| at.get(name).and_then(Value::as_f64).expect("a number");
    let model = at.get("model").and_then(Value::as_str).expect("a branch");
    let branch = BRANCHES.iter().find(|branch| branch.name == model).expect("one of the branches");
    let own = branch.optimum.iter().enumerate().map(|(i, best)| number(&format!("{model}{i}")) - best);
    let shared = SHARED.iter().enumerate().map(|(i, best)| number(&format!("shared{i}")) - best);
    // local minima between the ends of the range
    let bowl = |x: f64| x * x + 0.02 * (1.0 - (4.0 * std::f64::consts::PI * x).cos());
    branch.floor + branch.slope * own.chain(shared).map(bowl).sum::<f64>()
}

#[derive(Clone, Copy, Debug)]
enum Conditions {
    When,
    Flattened,
}

fn matrix(fields: &str, conditions: Conditions) -> String {
    let mut text = format!("{fields}\nmetric: {{name: regret, optimization: minimize}}\nparams:\n");
    text += "  model: {kind: choice, value: [linear, forest, net]}\n";
    (0..SHARED.len()).for_each(|i| writeln!(text, "  shared{i}: {{kind: uniform, value: [0, 1]}}").unwrap());
    for Branch { name, optimum, .. } in BRANCHES {
        let when = match conditions {
            Conditions::When => format!(", when: {{model: {name}}}"),
            Conditions::Flattened => String::new(),
        };
        for i in 0..optimum.len() {
            writeln!(text, "  {name}{i}: {{kind: uniform, value: [0, 1]{when}}}").unwrap();
        }
    }
    text
}

/// The mean over `seeds` of the trials until the target; a run without it counts as `cap`. Printed with its standard error and the
/// number of runs at the cap.
fn mean_trials(fields: &str, conditions: Conditions, seeds: Range<u64>, cap: u64) -> f64 {
    let text = matrix(fields, conditions);
    let all: Vec<f64> = seeds.map(|seed| trials_until(&text, seed, cap, &regret, TARGET) as f64).collect();
    let (n, capped) = (all.len() as f64, all.iter().filter(|trials| **trials == cap as f64).count());
    let mean = all.iter().sum::<f64>() / n;
    let variance = all.iter().map(|trials| (trials - mean).powi(2)).sum::<f64>() / (n - 1.0);
    println!("{fields:?}, {conditions:?}: {mean:.1} ± {:.1}, {capped} at {cap}", (variance / n).sqrt());
    mean
}

#[test]
fn the_function_is_zero_at_its_optimum_and_the_target_is_in_one_branch() {
    for branch in BRANCHES {
        let own = branch.optimum.iter().enumerate().map(|(i, x)| (format!("{}{i}", branch.name), *x));
        let shared = SHARED.iter().enumerate().map(|(i, x)| (format!("shared{i}"), *x));
        let numbers = own.chain(shared).map(|(name, x)| (name.as_str().into(), Value::from(x)));
        let at: Assignment = [("model".into(), branch.name.into())].into_iter().chain(numbers).collect();
        assert_eq!(regret(&at), branch.floor);
    }
    assert_eq!(BRANCHES.iter().filter(|branch| branch.floor < TARGET).count(), 1);
}

/// Trials with and without conditions: the former must be at most 0.7 of the latter and, in a release build, a fifth of those of
/// random draws.
fn assert_conditions_help(sampler: &str, cap: u64) {
    // variants of the models were compared with other seeds than 100 to 199
    let seeds = if cfg!(debug_assertions) { 0..10 } else { 100..200 };
    let fields = format!("kind: random\nsampler: {sampler}\nnumRuns: {cap}");
    let when = mean_trials(&fields, Conditions::When, seeds.clone(), cap);
    // a flattened run that does not reach the target is as slow as the cap
    let flattened = mean_trials(&fields, Conditions::Flattened, seeds.clone(), cap);
    assert!(when <= 0.7 * flattened, "{sampler}: {when} trials with conditions, {flattened} without");
    if cfg!(debug_assertions) {
        return;
    }
    let random = mean_trials("kind: random\nnumRuns: 6000", Conditions::When, seeds, 6000);
    assert!(when <= 0.2 * random, "{sampler}: {when} trials, random draws {random}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimizations")]
fn conditions_help_gp() {
    assert_conditions_help("gp", 200);
}

#[test]
fn conditions_help_tpe() {
    assert_conditions_help("tpe", 600);
}

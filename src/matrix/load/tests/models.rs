//! Kinds with a model: their fields and nested mappings.

use super::*;

/// The bayes example of Polyaxon's documentation. The number of initial runs has the name of Polyaxon's schema.
const BAYES: &str = "\
kind: bayes
concurrency: 5
maxIterations: 15
numInitialRuns: 30
metric: {name: loss, optimization: minimize}
utilityFunction:
  acquisitionFunction: ucb
  kappa: 1.2
  gaussianProcess:
    kernel: matern
    lengthScale: 1.0
    nu: 1.9
    numRestartsOptimizer: 0
params:
  lr: {kind: uniform, value: [0, 0.9]}
  dropout: {kind: choice, value: [0.25, 0.3]}
  activation: {kind: pchoice, value: [[relu, 0.1], [sigmoid, 0.8]]}
";

const HYPEROPT: &str = "\
kind: hyperopt
numRuns: 12
algorithm: anneal
metric: {name: loss, optimization: minimize}
params: {lr: {kind: uniform, value: [0, 1]}}
";

#[test]
fn the_documented_bayes_is_valid_and_rounds_nu_with_a_warning() {
    let study = load_text(BAYES, &Overrides::default()).unwrap();
    let method = &study.experiment.method;
    assert_eq!((method.kind, method.sampler.name(), study.experiment.plan().trials()), ("bayes", "gp", 45));
    insta::assert_snapshot!(warnings(&study), @"
    warning: `nu` 1.9 is taken as 1.5
      --> matrix.yaml:12:9
       |
    12 |     nu: 1.9
       |         ^^^
    ");
}

#[test]
fn snake_case_is_accepted_at_every_depth() {
    let snake = [
        ("maxIterations", "max_iterations"),
        ("numInitialRuns", "num_initial_runs"),
        ("utilityFunction", "utility_function"),
        ("acquisitionFunction", "acquisition_function"),
        ("gaussianProcess", "gaussian_process"),
        ("lengthScale", "length_scale"),
        ("numRestartsOptimizer", "num_restarts_optimizer"),
    ];
    let text = snake.iter().fold(BAYES.to_owned(), |text, (camel, snake)| text.replace(camel, snake));
    let method = |text: &str| format!("{:?}", load_text(text, &Overrides::default()).unwrap().experiment.method);
    assert!(text != BAYES && method(&text) == method(BAYES));
}

#[test]
fn all_errors_in_nested_mappings_are_reported_at_their_position() {
    insta::assert_snapshot!(errors_of(&BAYES
        .replace("numInitialRuns: 30", "numInitialTrials: 30")
        .replace("  kappa", "  kapa")
        .replace("nu: 1.9", "nu: -1")
        .replace("    lengthScale", "    length_scale: 2\n    lengthScale")), @"
    4:1 unknown field `numInitialTrials` in the matrix (did you mean `numInitialRuns`?)
    8:3 unknown field `kapa` in `utilityFunction` (did you mean `kappa`?)
    12:5 duplicate field `lengthScale`; first given as `length_scale` on line 11
    13:9 `nu` must be above 0, found -1
    ");
    insta::assert_snapshot!(errors_of(&BAYES
        .replace("  kappa", "  kapa")
        .replace("kernel: matern", "kernel: [1]")
        .replace("nu: 1.9", "nu: -1")
        .replace("maxIterations: 15", "maxIterations: 0")), @"
    3:16 `maxIterations` must be a whole number, 1 or more, found the number 0
    8:3 unknown field `kapa` in `utilityFunction` (did you mean `kappa`?)
    10:13 `kernel` must be text, found a list of 1
    12:9 `nu` must be above 0, found -1
    ");
    insta::assert_snapshot!(errors_of(&BAYES.replace("nu: 1.9", "nu: .inf")), @"12:9 the number must be finite");
    let (before, params) = (BAYES.find("utilityFunction").unwrap_or(0), BAYES.find("params").unwrap_or(0));
    let list = format!("{}utilityFunction: [ucb]\n{}", &BAYES[..before], &BAYES[params..]);
    insta::assert_snapshot!(errors_of(&list), @"6:1 `utilityFunction` must be a mapping, found a list of 1");
}

#[test]
fn hyperopt_has_two_names_and_three_algorithms() {
    for (text, sampler) in [
        (HYPEROPT.to_owned(), "anneal"),
        (HYPEROPT.replace("hyperopt", "tpe").replace("anneal", "rand"), "random"),
        (HYPEROPT.replace("algorithm: anneal\n", ""), "tpe"),
        (HYPEROPT.replace("algorithm", "sampler"), "anneal"),
    ] {
        let study = load_text(&text, &Overrides::default()).unwrap();
        let method = &study.experiment.method;
        assert_eq!((method.kind, method.sampler.name(), study.experiment.plan().trials()), ("hyperopt", sampler, 12));
    }
}

#[test]
fn errors_of_hyperopt_have_their_position() {
    insta::assert_snapshot!(errors_of(&HYPEROPT.replace("anneal", "atpe").replace("metric: ", "metrics: ")), @r#"
    3:12 `algorithm` must be tpe, rand or anneal, found "atpe"
    4:1 unknown field `metrics` in the matrix (did you mean `metric`?)
    "#);
    insta::assert_snapshot!(errors_of(&HYPEROPT.replace("numRuns: 12", "num_run: 12")), @"
    1:7 `numRuns` is missing (it is the number of trials)
    2:1 unknown field `num_run` in the matrix (did you mean `numRuns`?)
    ");
    insta::assert_snapshot!(errors_of(&HYPEROPT.replace("numRuns: 12\n", "")), @"1:7 `numRuns` is missing (it is the number of trials)");
}

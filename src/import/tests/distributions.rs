//! Draws have the distributions that the tools define: the share of draws up to some values.

use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, stream};

use super::loaded;

const DRAWS: u64 = 8_000;

/// 4 standard deviations of a share of 8,000 draws.
const TOLERANCE: f64 = 0.023;

/// Checks the share of draws of the parameter `x` that are at most the first number of each pair.
#[track_caller]
fn check(file: &str, points: &[(f64, f64)]) {
    let space = loaded(file).experiment.space;
    let domain = &space.params.iter().find(|param| *param.name == *"x").expect("a parameter x").domain;
    let draw = |trial| domain.sample(&mut stream(7, TrialId(trial), Purpose::Parameters)).as_f64().expect("a number");
    let draws: Vec<f64> = (0..DRAWS).map(draw).collect();
    for (value, expected) in points {
        let limit = value + 1e-9 * value.abs();
        let share = draws.iter().filter(|x| **x <= limit).count() as f64 / DRAWS as f64;
        assert!(
            (share - expected).abs() <= TOLERANCE,
            "{share} of the draws are at most {value}, not {expected}\n{file}"
        );
    }
}

const LOG: [(f64, f64); 3] = [(0.9999e-4, 0.0), (0.0031622776601683795, 0.5), (0.1, 1.0)];
const ONE_TO_EIGHT: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 0.125), (4.0, 0.5), (8.0, 1.0)];
const NORMAL: [(f64, f64); 2] = [(2.0, 0.5), (5.0, 0.8413)];
const LOG_NORMAL: [(f64, f64); 2] = [(1.0, 0.5), (std::f64::consts::E, 0.8413)];
// rounded to multiples of 5 between 0 and 10
const FIVES: [(f64, f64); 3] = [(0.0, 0.25), (5.0, 0.75), (10.0, 1.0)];
// exp of a uniform draw, rounded to multiples of 10 between 10 and 100
const TENS: [(f64, f64); 3] = [(9.0, 0.0), (10.0, 0.1761), (50.0, 0.7404)];
// rounded to whole numbers: mean 10, deviation 3; exp with mean 1, deviation 0.5
const WHOLE_NORMAL: [(f64, f64); 1] = [(10.0, 0.5662)];
const WHOLE_LOG_NORMAL: [(f64, f64); 2] = [(2.0, 0.4335), (4.0, 0.8437)];

#[test]
fn distributions_of_sweeps() {
    let check = |param: &str, points: &[(f64, f64)]| {
        check(&format!("method: random\nrun_cap: 9\nprogram: t.py\nparameters:\n  x: {param}\n"), points);
    };
    check("{min: 1, max: 8}", &ONE_TO_EIGHT);
    check("{distribution: int_uniform, min: 1, max: 8}", &ONE_TO_EIGHT);
    check("{min: 0.0, max: 2}", &[(0.5, 0.25), (1.5, 0.75)]);
    check("{distribution: uniform, min: -1, max: 1}", &[(0.0, 0.5)]);
    check("{distribution: log_uniform, min: -9.210340371976182, max: -2.3025850929940455}", &LOG);
    check("{distribution: log_uniform_values, min: 1e-4, max: 0.1}", &LOG);
    check("{distribution: inv_log_uniform, min: 2.3025850929940455, max: 9.210340371976182}", &LOG);
    check("{distribution: inv_log_uniform_values, min: 1e-4, max: 0.1}", &LOG);
    check("{distribution: q_uniform, min: 0, max: 10, q: 5}", &FIVES);
    check("{distribution: q_log_uniform, min: 2.302585092994046, max: 4.605170185988092, q: 10}", &TENS);
    check("{distribution: q_log_uniform_values, min: 10, max: 100, q: 10}", &TENS);
    check("{distribution: normal, mu: 2, sigma: 3}", &NORMAL);
    check("{distribution: normal}", &[(0.0, 0.5), (1.0, 0.8413)]);
    check("{distribution: q_normal, mu: 10, sigma: 3}", &WHOLE_NORMAL);
    check("{distribution: log_normal}", &LOG_NORMAL);
    check("{distribution: q_log_normal, mu: 1, sigma: 0.5}", &WHOLE_LOG_NORMAL);
    check("{distribution: beta, a: 1, b: 1}", &[(0.3, 0.3)]);
    check("{values: [1, 2], probabilities: [0.7, 0.3]}", &[(1.0, 0.7)]);
    check("{values: [1, 2, 3, 4]}", &[(1.0, 0.25), (3.0, 0.75)]);
    check("{value: 3}", &[(2.9, 0.0), (3.0, 1.0)]);
}

#[test]
fn distributions_of_katib() {
    let check = |kind: &str, space: &str, points: &[(f64, f64)]| {
        let file = format!(
            "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nspec:\n  maxTrialCount: 9\n  \
             objective: {{type: maximize, objectiveMetricName: a}}\n  algorithm: {{algorithmName: random}}\n  \
             parameters:\n    - {{name: x, parameterType: {kind}, feasibleSpace: {space}}}\n"
        );
        check(&file, points);
    };
    check("int", "{min: '1', max: '8'}", &ONE_TO_EIGHT);
    check("int", "{min: '100', max: '200', step: '20'}", &[(100.0, 1.0 / 6.0), (180.0, 5.0 / 6.0), (200.0, 1.0)]);
    check("double", "{min: '0', max: '2'}", &[(0.5, 0.25)]);
    check("double", "{min: '0', max: '1', step: '0.25'}", &[(0.0, 0.2), (0.5, 0.6), (1.0, 1.0)]);
    check("double", "{min: '0.0001', max: '0.1', distribution: logUniform}", &LOG);
    check("double", "{min: '-7', max: '11', distribution: normal}", &NORMAL);
    check("double", "{min: '0.049787068367863944', max: '20.085536923187668', distribution: logNormal}", &LOG_NORMAL);
    check("discrete", "{list: ['1', '2', '3', '4']}", &[(1.0, 0.25), (3.0, 0.75)]);
}

#[test]
fn distributions_of_nni() {
    let check = |kind: &str, value: &str, points: &[(f64, f64)]| {
        check(&format!("{{\"x\": {{\"_type\": \"{kind}\", \"_value\": {value}}}}}"), points);
    };
    check("randint", "[1, 9]", &ONE_TO_EIGHT);
    check("uniform", "[0, 2]", &[(0.5, 0.25)]);
    check("loguniform", "[1e-4, 0.1]", &LOG);
    check("quniform", "[0, 10, 5]", &FIVES);
    check("qloguniform", "[10, 100, 10]", &TENS);
    check("normal", "[2, 3]", &NORMAL);
    check("qnormal", "[10, 3, 1]", &WHOLE_NORMAL);
    check("lognormal", "[0, 1]", &LOG_NORMAL);
    check("qlognormal", "[1, 0.5, 1]", &WHOLE_LOG_NORMAL);
    check("choice", "[1, 2, 3, 4]", &[(1.0, 0.25), (3.0, 0.75)]);
}

#[test]
fn distributions_of_expressions() {
    let check = |expression: &str, points: &[(f64, f64)]| check(&format!("x: \"{expression}\"\n"), points);
    check("orion~uniform(1, 8, discrete=True)", &ONE_TO_EIGHT);
    check("orion~loguniform(1e-4, 1e-1)", &LOG);
    check("orion~normal(2, 3)", &NORMAL);
    check("orion~choices({'1': 0.7, '2': 0.3})", &[(1.0, 0.7)]);
    check("~uniform(0, 2)", &[(0.5, 0.25)]);
    check("tune.randint(1, 9)", &ONE_TO_EIGHT);
    check("tune.quniform(0, 10, 5)", &FIVES);
    check("tune.qloguniform(10, 100, 10)", &TENS);
    check("tune.randn(2, 3)", &NORMAL);
    check("choice([1, 2, 3, 4])", &[(1.0, 0.25), (3.0, 0.75)]);
    check("range(1, 9)", &ONE_TO_EIGHT);
}

#[test]
fn distributions_of_dictionaries() {
    let check = |param: &str, points: &[(f64, f64)]| check(&format!("x: {param}\n"), points);
    check("{type: int, low: 1, high: 8}", &ONE_TO_EIGHT);
    check("{type: float, low: 1e-4, high: 0.1, log: true}", &LOG);
    check("{type: float, low: 0, high: 1, step: 0.25}", &[(0.0, 0.2), (0.5, 0.6), (1.0, 1.0)]);
    check("{type: loguniform, min: 1e-4, max: 0.1}", &LOG);
    check("{name: LogUniformDistribution, attributes: {low: 1e-4, high: 0.1}}", &LOG);
    check("{name: IntDistribution, attributes: {low: 1, high: 8, log: false, step: 1}}", &ONE_TO_EIGHT);
    check(
        "'{\"name\": \"IntUniformDistribution\", \"attributes\": {\"low\": 1, \"high\": 8, \"step\": 1}}'",
        &ONE_TO_EIGHT,
    );
}

#[test]
fn distributions_of_polyaxon_and_hydra() {
    let early = |param: &str| {
        format!("version: 1\nkind: group\nhptuning: {{random_search: {{n_experiments: 9}}, matrix: {{x: {param}}}}}\n")
    };
    check(&early("{loguniform: {low: -9.210340371976182, high: -2.3025850929940455}}"), &LOG);
    check(&early("{uniform: '0:2'}"), &[(0.5, 0.25)]);
    check(&early("{lognormal: [0, 1]}"), &LOG_NORMAL);
    check(&early("{pvalues: [[1, 0.7], [2, 0.3]]}"), &[(1.0, 0.7)]);
    check(&early("{range: [1, 9, 1]}"), &ONE_TO_EIGHT);
    let hydra = |param: &str| format!("hydra: {{sweeper: {{n_trials: 9, params: {{x: '{param}'}}}}}}\n");
    check(&hydra("tag(log, interval(1e-4, 0.1))"), &LOG);
    check(&hydra("int(interval(1, 8))"), &ONE_TO_EIGHT);
    check(&hydra("range(1, 9)"), &ONE_TO_EIGHT);
    check(&hydra("interval(0, 2)"), &[(0.5, 0.25)]);
}

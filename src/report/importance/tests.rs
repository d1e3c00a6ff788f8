//! Shares of functions whose shares are known.

use std::f64::consts::PI;
use std::sync::Arc;

use rand::RngExt;
use serde_json::{Value, json};

use super::*;
use crate::report::fixtures::StudyFixture;
use crate::report::view::StudyView;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Score;
use crate::types::stream::{Purpose, Stream, stream};

type Config = Vec<(&'static str, Value)>;

/// A study of `count` trials with the configurations of `draw` and the values of `value`.
fn study(count: u64, draw: impl Fn(&mut Stream) -> Config, value: impl Fn(&Assignment) -> f64) -> StudyView {
    let mut fixture = StudyFixture::new();
    (0..count).for_each(|trial| {
        fixture.launch(trial, 0, 1, 1.0).succeed(trial, 0, 0.0);
    });
    let mut view = fixture.view();
    for (trial, job) in view.jobs.iter_mut().enumerate() {
        let mut random = stream(3, TrialId(trial as u64), Purpose::Parameters);
        let config = draw(&mut random);
        let params: Assignment = config.into_iter().map(|(name, value)| (Arc::from(name), value)).collect();
        job.score = Score::new(value(&params));
        job.params = Arc::new(params);
    }
    view
}

fn uniform(names: &'static [&'static str]) -> impl Fn(&mut Stream) -> Config {
    move |random| names.iter().map(|name| (*name, json!(random.random::<f64>()))).collect()
}

fn number(params: &Assignment, name: &str) -> f64 {
    params.get(name).and_then(Value::as_f64).unwrap()
}

/// The largest difference of the estimated shares alone and in total from `expected`.
fn error(view: &StudyView, expected: &[(&str, f64, f64)]) -> f64 {
    let found = importance(view).unwrap();
    let difference = |(name, main, total): &(&str, f64, f64)| {
        let param = found.params.iter().find(|param| param.name == *name).unwrap();
        (param.share - main).abs().max((param.total - total).abs())
    };
    expected.iter().map(difference).fold(0.0, f64::max)
}

/// Ishigami & Homma 1990 with a = 7, b = 0.1; shares by the formulas of its variances.
fn ishigami(count: u64) -> StudyView {
    study(count, uniform(&["x", "y", "z"]), |params| {
        let [x, y, z] = ["x", "y", "z"].map(|name| PI * (2.0 * number(params, name) - 1.0));
        x.sin() + 7.0 * y.sin().powi(2) + 0.1 * z.powi(4) * x.sin()
    })
}

/// Sobol' 2003, "Theorems and examples on high dimensional model representation": Π (|4x − 2| + a) / (1 + a).
fn sobol_g(count: u64) -> StudyView {
    study(count, uniform(&["a", "b", "c", "d"]), |params| {
        let factor = |(name, a): (&str, f64)| ((4.0 * number(params, name) - 2.0).abs() + a) / (1.0 + a);
        [("a", 0.0), ("b", 1.0), ("c", 4.5), ("d", 9.0)].map(factor).into_iter().product()
    })
}

#[test]
fn shares_of_ishigamis_function() {
    let expected = [("x", 0.314, 0.558), ("y", 0.442, 0.442), ("z", 0.0, 0.244)];
    let view = ishigami(300);
    assert!(error(&view, &expected) < 0.1);
    let found = importance(&view).unwrap();
    let mut names = found.pairs[0].names.clone();
    names.sort();
    assert_eq!(names, ["x", "z"]);
    assert!((found.pairs[0].share - 0.244).abs() < 0.06, "{:?}", found.pairs);
}

#[test]
fn shares_of_sobols_g_function() {
    let alone = [0.0, 1.0, 4.5, 9.0].map(|a: f64| 1.0 / 3.0 / (1.0 + a).powi(2));
    let whole = alone.iter().map(|part| 1.0 + part).product::<f64>() - 1.0;
    let shares = |(name, part): (&'static str, f64)| (name, part / whole, part * (whole + 1.0) / (1.0 + part) / whole);
    let expected: Vec<_> = ["a", "b", "c", "d"].into_iter().zip(alone).map(shares).collect();
    assert!(error(&sobol_g(300), &expected) < 0.1);
    assert!(error(&sobol_g(1000), &expected) < 0.04);
}

#[test]
fn shares_of_an_additive_function() {
    let view = study(100, uniform(&["a", "b", "c", "d"]), |params| {
        3.0 * number(params, "a") + 2.0 * number(params, "b") - number(params, "c")
    });
    let expected = [9.0, 4.0, 1.0, 0.0].map(|part| part / 14.0);
    let expected: Vec<_> =
        ["a", "b", "c", "d"].into_iter().zip(expected).map(|(name, part)| (name, part, part)).collect();
    assert!(error(&view, &expected) < 0.07);
    let found = importance(&view).unwrap();
    let effects: Vec<_> = found.params.iter().map(|param| (param.name.as_str(), param.effect.clone())).collect();
    let (better, worse) = (Effect::HigherIsBetter, Effect::HigherIsWorse);
    assert_eq!(effects, [("a", worse.clone()), ("b", worse), ("c", better), ("d", Effect::Unclear)]);
}

/// A parabola of the logarithm with its minimum at 1e-3, and a category: the variances are 64 / 45 and 2 / 3.
fn mixed(count: u64) -> StudyView {
    let draw = |random: &mut Stream| {
        let lr = libm::pow(10.0, 4.0 * random.random::<f64>() - 5.0);
        vec![
            ("lr", json!(lr)),
            ("act", json!(["relu", "tanh", "gelu"][random.random_range(0..3)])),
            ("fixed", json!(1)),
        ]
    };
    study(count, draw, |params| {
        let act = match params.get("act").and_then(Value::as_str) {
            Some("relu") => 0.0,
            Some("tanh") => 1.0,
            _ => 2.0,
        };
        (number(params, "lr").log10() + 3.0).powi(2) + act
    })
}

#[test]
fn shares_of_a_logarithmic_scale_and_a_category() {
    let mut view = mixed(200);
    for is_drawn in [true, false] {
        let expected = [("lr", 0.681, 0.681), ("act", 0.319, 0.319)];
        assert!(error(&view, &expected) < 0.08, "{is_drawn}");
        let found = importance(&view).unwrap();
        assert_eq!(found.constant, ["fixed"]);
        let Effect::NotMonotone { best } = &found.params[0].effect else { panic!("{:?}", found.params[0]) };
        assert!((3e-4..3e-3).contains(&best.as_f64().unwrap()), "{best}");
        assert_eq!(found.params[1].effect, Effect::Category { best: json!("relu"), active: true });
        // Without the origins of configurations the scale is found in the values.
        view.jobs.iter_mut().for_each(|job| job.origin = None);
    }
}

/// `beta` is active with adam only; the value is `of_beta` of it, and 1 with sgd.
fn conditional(of_beta: fn(f64) -> f64) -> StudyView {
    let draw = |random: &mut Stream| match random.random_range(0..2) {
        0 => vec![("opt", json!("sgd"))],
        _ => vec![("beta", json!(random.random::<f64>())), ("opt", json!("adam"))],
    };
    study(200, draw, |params| if params.get("beta").is_some() { of_beta(number(params, "beta")) } else { 1.0 })
}

#[test]
fn a_condition_counts_for_the_parameter_that_decides_it() {
    let found = importance(&conditional(|_| 0.5)).unwrap();
    assert_eq!(found.params[0].name, "opt");
    assert!(found.params[0].share > 0.95 && found.params[1].total < 0.05, "{:?}", found.params);
    let found = importance(&conditional(|beta| beta)).unwrap();
    assert_eq!(found.params[0].name, "opt");
    assert!(found.params[0].share > 0.4 && found.params[1].total > 0.15, "{:?}", found.params);
    assert_eq!(found.params[1].effect, Effect::HigherIsWorse);
    assert!(found.params[1].curve.iter().any(|point| !point.active));
}

/// Two rounds of Hyperband with R = 27: the spread of values is ten times as large at 27 epochs as at 1, and the best third is promoted.
fn growing_spread() -> StudyView {
    let spread = |resource: f64| 0.07 * libm::pow(resource, 0.7);
    let brackets = [[27, 9, 3, 1], [0, 12, 4, 1], [0, 0, 6, 2], [0, 0, 0, 4]];
    let (mut fixture, mut first, mut configs) = (StudyFixture::new(), 0, Vec::new());
    for bracket in [brackets, brackets].concat() {
        let rungs: Vec<(usize, f64)> = bracket.into_iter().zip([1.0, 3.0, 9.0, 27.0]).filter(|(n, _)| *n > 0).collect();
        let mut trials: Vec<(u64, f64)> = (0..rungs[0].0 as u64).map(|trial| (first + trial, 0.0)).collect();
        first += trials.len() as u64;
        for (rung, (count, resource)) in rungs.into_iter().enumerate() {
            trials.truncate(count);
            for (trial, value) in &mut trials {
                let mut random = stream(3, TrialId(*trial), Purpose::Parameters);
                let [x, y]: [f64; 2] = [random.random(), random.random()];
                let noise: f64 = stream(5 + rung as u64, TrialId(*trial), Purpose::Simulation).random();
                *value = 2.0 / (1.0 + resource) + spread(resource) * (0.8 * x + 0.3 * y + 0.1 * noise);
                configs.push((*trial, [("x", json!(x)), ("y", json!(y))]));
                fixture.launch(*trial, rung as u32, 1, resource).succeed(*trial, rung as u32, *value);
            }
            trials.sort_by(|a, b| a.1.total_cmp(&b.1));
        }
    }
    let mut view = fixture.view();
    for job in &mut view.jobs {
        let config = &configs.iter().find(|(trial, _)| *trial == job.job.key.trial.0).unwrap().1;
        job.params = Arc::new(config.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect());
    }
    view
}

#[test]
fn a_spread_that_grows_with_the_resource_does_not_hide_the_effects() {
    let found = importance(&growing_spread()).unwrap();
    assert_eq!(found.trials, 98);
    assert!(found.reliable && found.r_squared > 0.7, "{found:?}");
    assert!(found.params[0].name == "x" && found.params[0].share > 0.7, "{found:?}");
}

#[test]
fn a_parameter_that_is_never_active_has_not_the_same_value_in_all_trials() {
    let mut view = study(40, |random| vec![("a", json!(random.random::<f64>())), ("b", json!(1))], |p| number(p, "a"));
    view.header.params = ["a", "b", "c"].map(str::to_owned).into();
    let found = importance(&view).unwrap();
    assert_eq!((found.constant.clone(), found.inactive.clone()), (vec!["b".to_owned()], vec!["c".to_owned()]));
    let text = render(&found);
    assert!(text.contains("same value in all trials: b\n") && text.contains("not active in any trial: c\n"), "{text}");
}

#[test]
fn null_is_a_level() {
    let draw =
        |random: &mut Stream| vec![("clip", [json!(null), json!(0.1), json!(0.2)][random.random_range(0..3)].clone())];
    let found =
        importance(&study(60, draw, |params| params.get("clip").unwrap().as_f64().map_or(0.0, |x| x + 1.0))).unwrap();
    assert_eq!(found.params[0].effect, Effect::Category { best: json!(null), active: true });
    assert!(found.params[0].share > 0.99);
}

#[test]
fn noise_is_not_reliable() {
    let noise = |params: &Assignment| number(params, "a") * 1e6 % 1.0;
    for (count, reason) in [(15, "too few trials to say"), (200, "the model does not fit")] {
        let found = importance(&study(count, uniform(&["a", "b", "c"]), noise)).unwrap();
        assert!(!found.reliable, "{found:?}");
        assert!(render(&found).contains(reason), "{}", render(&found));
    }
}

#[test]
fn too_few_trials_or_equal_values_are_errors() {
    let few = importance(&study(9, uniform(&["a"]), |_| 0.5)).unwrap_err();
    insta::assert_snapshot!(few, @"9 of at least 10 trials that are needed have a value");
    let equal = importance(&study(20, uniform(&["a"]), |_| 0.5)).unwrap_err();
    insta::assert_snapshot!(equal, @"all 20 trials have the same value");
    let same = importance(&study(20, |_| vec![("a", json!(1))], |_| 0.5));
    assert_eq!(same, Err(ImportanceError::SameValue { trials: 20 }));
}

#[test]
fn many_trials_are_a_random_subset_and_the_result_is_the_same_each_time() {
    let view = sobol_g(2000);
    let found = importance(&view).unwrap();
    assert_eq!((found.trials, found.used), (2000, 1000));
    assert_eq!(importance(&view), Ok(found));
}

#[test]
fn hostile_numbers_are_no_error() {
    let draw = |random: &mut Stream| {
        vec![("a", json!([1e308, -1e308, 5e-324, 0.0][random.random_range(0..4)])), ("b", json!([1]))]
    };
    let view = study(40, draw, |params| number(params, "a"));
    let found = importance(&view).unwrap();
    assert!(found.params.iter().all(|param| param.share.is_finite()), "{found:?}");
}

#[test]
fn the_text_has_a_line_per_parameter() {
    let text = anstream::adapter::strip_str(&render(&importance(&mixed(200)).unwrap())).to_string();
    insta::assert_snapshot!(text, @r"
    share of the variance of loss, from 200 trials

    parameter     alone  with interactions                 effect
    lr         65% ± 1%                65%  █████████████  not monotone, best near 0.00072
    act        35% ± 1%                35%  ███████        best: relu

    with the same value in all trials: fixed

    the model predicts 99% of the variance of trials that it has not seen
    ");
}

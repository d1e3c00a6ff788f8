//! Tests of all parameter kinds: no arguments panic, draws are in the domain, conversions to the unit interval and back, and draws
//! of a seed are stable.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::catalogue::{KINDS, by_name};
use super::{Domain, DomainResult, Form, Geometry, Param, ParamKind, Space, normal, range, spaced, uniform};
use crate::types::args::{ArgError, Args};
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, Stream, stream};

/// The arguments for a written `value`.
pub(super) fn args(kind: &ParamKind, value: &Value) -> Args {
    match (kind.forms[0], value) {
        (Form::Whole, value) => [("value".to_owned(), value.clone())].into_iter().collect(),
        (Form::Items, items) => [("items".to_owned(), items.clone())].into_iter().collect(),
        (Form::Named { required, optional, .. }, Value::Array(items)) => {
            let names = required.iter().chain(optional).map(|n| (*n).to_owned());
            names.zip(items.iter().cloned()).collect()
        }
        (_, Value::Object(entries)) => entries.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        _ => Args::default(),
    }
}

fn build(kind: &ParamKind, value: &Value) -> DomainResult {
    (kind.build)(&args(kind, value))
}

pub(super) fn domain(kind: &ParamKind, value: Value) -> Box<dyn Domain> {
    build(kind, &value).unwrap_or_else(|errors| panic!("{}: {errors:?}", kind.name))
}

/// A space of parameters given by name, kind and value.
pub(crate) fn space(params: &[(&str, &str, Value)]) -> Space {
    let param = |(name, kind, value): &(&str, &str, Value)| {
        let kind = KINDS.into_iter().find(|k| k.name == *kind).expect("a kind with this name");
        Param { name: Arc::from(*name), kind: kind.name, domain: domain(kind, value.clone()), guess: None }
    };
    Space::new(params.iter().map(param).collect())
}

/// All values of a small domain, in order.
pub(super) fn all(kind: &ParamKind, value: Value) -> Value {
    let domain = domain(kind, value);
    (0..domain.cardinality().unwrap()).map(|i| domain.level(i).unwrap()).collect()
}

/// The messages for invalid arguments: `path message (hint)`, one per line.
pub(super) fn error(kind: &ParamKind, value: Value) -> String {
    let line = |f: &ArgError| {
        let path: String = f.path.iter().map(|step| format!("{step:?} ")).collect();
        format!("{path}{}{}", f.message, f.hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())
    };
    build(kind, &value).expect_err("the arguments are invalid").iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn parameters(seed: u64) -> Stream {
    stream(seed, TrialId(0), Purpose::Parameters)
}

/// The fraction of each value of a domain among `draws` draws.
pub(super) fn shares(kind: &ParamKind, value: Value, draws: u32) -> Vec<f64> {
    let domain = domain(kind, value);
    let levels: Vec<Value> = (0..domain.cardinality().unwrap()).map(|i| domain.level(i).unwrap()).collect();
    let mut counts = vec![0u32; levels.len()];
    let mut stream = parameters(7);
    for _ in 0..draws {
        let drawn = domain.sample(&mut stream);
        counts[levels.iter().position(|l| *l == drawn).expect("the domain has the drawn value")] += 1;
    }
    counts.iter().map(|c| f64::from(*c) / f64::from(draws)).collect()
}

/// Draws numbers.
pub(super) fn draws(kind: &ParamKind, value: Value, count: usize) -> Vec<f64> {
    let domain = domain(kind, value);
    let mut stream = parameters(11);
    (0..count).map(|_| domain.sample(&mut stream).as_f64().expect("a number")).collect()
}

/// Mean and standard deviation.
pub(super) fn moments(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, (values.map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// A typical domain of each kind. The order matters for draws from one stream.
fn typical() -> Vec<(&'static ParamKind, Box<dyn Domain>)> {
    let values = [
        ("choice", json!(["relu", "tanh", [1, 2]])),
        ("pchoice", json!([["a", 0.2], ["b", 0.7]])),
        ("range", json!([1, 100, 7])),
        ("linspace", json!([0, 1, 11])),
        ("logspace", json!([-5, -1, 9])),
        ("geomspace", json!([0.001, 10, 6])),
        ("daterange", json!(["2024-01-01", "2025-01-01", 5])),
        ("datetimerange", json!(["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", 90])),
        ("uniform", json!([-1, 3])),
        ("loguniform", json!([-9, -1])),
        ("quniform", json!([0, 1, 0.05])),
        ("qloguniform", json!({"min": 1, "max": 1000, "q": 4})),
        ("normal", json!([5, 2])),
        ("lognormal", json!([0, 1])),
        ("qnormal", json!([0, 10, 0.5])),
        ("qlognormal", json!([3, 1, 1])),
        ("int", json!([-3, 12, 2])),
        ("logint", json!([1, 512])),
        ("constant", json!("resnet")),
    ];
    assert_eq!(values.len(), KINDS.len());
    let kind = |name| by_name(name).expect("a kind with this name");
    values.into_iter().map(|(name, value)| (kind(name), domain(kind(name), value))).collect()
}

#[test]
fn the_draws_of_a_seed_are_stable() {
    let draw = |seed| {
        let mut stream = parameters(seed);
        let domains = typical();
        let lines = domains.iter().map(|(k, d)| {
            let three: Vec<String> = (0..3).map(|_| d.sample(&mut stream).to_string()).collect();
            format!("{}: {}\n", k.name, three.join(" "))
        });
        lines.collect::<String>()
    };
    insta::assert_snapshot!(draw(0), @r#"
    choice: [1,2] "relu" [1,2]
    pchoice: "b" "b" "b"
    range: 1 85 78
    linspace: 0.2 1.0 0.0
    logspace: 0.00031622776601683794 0.00031622776601683794 0.00001
    geomspace: 0.006309573444801932 10.0 0.001
    daterange: "2024-06-04" "2024-11-01" "2024-09-22"
    datetimerange: "2024-01-01T17:37:30Z" "2024-01-01T04:09:00Z" "2024-01-01T03:46:30Z"
    uniform: 1.7288800132001478 1.9417571506708122 -0.4872733093240158
    loguniform: 0.03072706252806244 0.0006463352208638792 0.00043816873706936465
    quniform: 0.5 0.45 0.25
    qloguniform: 268 104 716
    normal: 5.223141480500664 5.91239219784533 3.3312138657194215
    lognormal: 1.6319203912530895 0.8714222030687706 0.4324718834125747
    qnormal: 10.0 5.0 10.5
    qlognormal: 50 46 53
    int: -3 11 9
    logint: 2 14 213
    constant: "resnet" "resnet" "resnet"
    "#);
    insta::assert_snapshot!(draw(42), @r#"
    choice: [1,2] [1,2] "tanh"
    pchoice: "b" "a" "b"
    range: 92 29 71
    linspace: 0.9 0.3 0.8
    logspace: 0.1 0.001 0.00001
    geomspace: 0.001 1.584893192461114 0.001
    daterange: "2024-05-05" "2024-04-30" "2024-04-25"
    datetimerange: "2024-01-01T16:34:30Z" "2024-01-01T19:58:30Z" "2024-01-01T14:39:00Z"
    uniform: 1.8627870467476515 2.417961204621334 0.2587984427925445
    loguniform: 0.0004791914826937864 0.00843837180454757 0.252932616741383
    quniform: 0.2 0.05 0.5
    qloguniform: 8 124 32
    normal: 5.433303827592087 6.3183077834190025 5.610345224339743
    lognormal: 1.232581006662981 0.46124590839496715 0.4279638288450831
    qnormal: 1.5 5.0 -12.0
    qlognormal: 36 7 11
    int: 9 -3 5
    logint: 19 48 26
    constant: "resnet" "resnet" "resnet"
    "#);
}

#[test]
fn descriptions_are_short() {
    let lines: Vec<String> = typical().iter().map(|(k, d)| format!("{}: {}", k.name, d.describe())).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    choice: relu, tanh, [1,2]
    pchoice: a 20 %, b 80 %
    range: 1, 8, 15 … 99 (15 values)
    linspace: 0, 0.1, 0.2 … 1 (11 values)
    logspace: 0.00001, 0.0000316228, 0.0001 … 0.1 (9 values)
    geomspace: 0.001, 0.00630957, 0.0398107, 0.251189, 1.58489, 10
    daterange: 2024-01-01, 2024-01-06, 2024-01-11 … 2024-12-31 (74 values)
    datetimerange: 2024-01-01T00:00:00Z, 2024-01-01T00:01:30Z, 2024-01-01T00:03:00Z … 2024-01-01T23:58:30Z (960 values)
    uniform: -1 to 3
    loguniform: 0.00012341 to 0.367879, log scale
    quniform: 0 to 1 in steps of 0.05
    qloguniform: 4 to 1000 in steps of 4, log scale
    normal: normal, mean 5, deviation 2
    lognormal: lognormal, median 1, deviation 1 of the logarithm
    qnormal: normal, mean 0, deviation 10, in steps of 0.5
    qlognormal: lognormal, median 20.0855, deviation 1 of the logarithm, in steps of 1
    int: -3 to 11 in steps of 2
    logint: 1 to 512, log scale
    constant: resnet
    "#);
}

#[test]
fn draws_are_in_the_domain_and_survive_a_round_trip_through_the_unit_interval() {
    for (kind, domain) in typical() {
        let mut stream = parameters(3);
        for _ in 0..500 {
            let value = domain.sample(&mut stream);
            assert!(domain.contains(&value), "{}: {value}", kind.name);
            let unit = domain.to_unit(&value).unwrap();
            assert!((0.0..=1.0).contains(&unit), "{}: {value} at {unit}", kind.name);
            assert_same(kind, &domain.from_unit(unit), &value);
        }
    }
}

#[test]
fn there_are_as_many_levels_as_the_cardinality() {
    for (kind, domain) in typical() {
        let Some(count) = domain.cardinality() else {
            assert_eq!(domain.level(0), None, "{}", kind.name);
            continue;
        };
        let levels: Vec<Value> = (0..count).map(|i| domain.level(i).unwrap()).collect();
        assert!(levels.iter().all(|l| domain.contains(l)), "{}", kind.name);
        assert!(levels.windows(2).all(|pair| pair[0] != pair[1]), "{}", kind.name);
        assert_eq!(domain.level(count), None, "{}", kind.name);
        if let Geometry::Unordered { weights } = domain.geometry() {
            assert_eq!(weights.len() as u64, count);
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}

fn assert_same(kind: &ParamKind, back: &Value, value: &Value) {
    match (back.as_f64(), value.as_f64()) {
        (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-3), "{}: {b} came back as {a}", kind.name),
        _ => assert_eq!(back, value, "{}", kind.name),
    }
}

/// Any JSON value, with a preference for values that are prone to errors.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => (-20i64..20).prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        4 => (-10.0f64..10.0).prop_map(Value::from),
        2 => any::<f64>().prop_map(Value::from),
        3 => prop::sample::select(vec![
            json!(null), json!(true), json!(""), json!("é"), json!("2024-02-29"), json!("9999-12-31T23:59:59Z"),
            json!("-009999-01-01"), json!("2024-01-01T00:00+23:59"), json!(f64::MAX), json!(f64::MIN), json!(5e-324),
            json!(-0.0), json!(0.1), json!(1e-12), json!(1e300), json!(708), json!(i64::MIN), json!(u64::MAX),
        ]),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_arguments_panic_and_every_built_domain_works(
        kind in 0..KINDS.len(),
        names in prop::bool::weighted(0.2),
        values in prop::collection::vec(any_json(), 0..5),
        unit in 0.0..=1.0f64,
        seed in any::<u64>(),
    ) {
        let kind = KINDS[kind];
        let value = match names {
            true => ["min", "max", "q"].into_iter().zip(values).map(|(k, v)| (k.to_owned(), v)).collect(),
            false => Value::from(values),
        };
        let _ = (kind.advice)(&args(kind, &value));
        let domain = match build(kind, &value) {
            Ok(domain) => domain,
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                return Ok(());
            }
        };
        prop_assert!(!domain.describe().is_empty());
        for value in [domain.sample(&mut parameters(seed)), domain.from_unit(unit), domain.from_unit(0.0), domain.from_unit(1.0)] {
            prop_assert!(domain.contains(&value), "{value} is not in {domain:?}");
            let there = domain.to_unit(&value).expect("the value is in the domain");
            prop_assert!((0.0..=1.0).contains(&there), "{value} at {there} of {domain:?}");
            // An item of a choice and a constant are passed on as they are written.
            let no_negative_zero = value.as_f64().is_none_or(|x| x != 0.0 || x.is_sign_positive());
            prop_assert!(no_negative_zero || matches!(kind.forms, [Form::Items | Form::Whole]), "a negative zero from {domain:?}");
        }
        if let Some(count) = domain.cardinality() {
            prop_assert!(count > 0);
            prop_assert_eq!(domain.to_unit(&domain.level(0).unwrap()).is_some(), true);
            prop_assert!(domain.contains(&domain.level(count - 1).unwrap()));
            prop_assert_eq!(domain.level(count), None);
        }
    }

    #[test]
    fn from_unit_is_the_inverse_of_to_unit_for_continuous_kinds(
        kind in prop::sample::select(vec![&uniform::UNIFORM, &uniform::LOGUNIFORM, &normal::NORMAL, &normal::LOGNORMAL]),
        first in -30.0..30.0f64,
        second in 0.01..5.0f64,
        unit in 0.0001..0.9999f64,
    ) {
        let bounds = if std::ptr::eq(kind, &normal::NORMAL) || std::ptr::eq(kind, &normal::LOGNORMAL) {
            json!([first, second])
        } else {
            json!([first, first + second])
        };
        let domain = domain(kind, bounds);
        let there = domain.to_unit(&domain.from_unit(unit)).expect("the value is in the domain");
        prop_assert!((there - unit).abs() < 1e-9, "{unit} came back as {there} in {domain:?}");
    }

    #[test]
    fn levels_of_sequences_are_in_the_middle_of_their_intervals(
        kind in prop::sample::select(vec![&range::RANGE, &spaced::LINSPACE, &spaced::LOGSPACE, &spaced::GEOMSPACE]),
        start in 1i64..50,
        width in 1i64..100,
        third in 2u64..40,
        scale in prop::sample::select(vec![1.0, 0.1, 0.01]),
    ) {
        let [start, stop] = [start, start + width].map(|n| n as f64 * scale);
        let domain = domain(kind, json!([start, stop, third]));
        let count = domain.cardinality().unwrap();
        for i in 0..count {
            let level = domain.level(i).unwrap();
            prop_assert_eq!(domain.to_unit(&level), Some((i as f64 + 0.5) / count as f64));
            prop_assert_eq!(domain.from_unit((i as f64 + 0.5) / count as f64), level);
        }
    }

    #[test]
    fn contains_and_to_unit_agree_for_all_values(value in any_json()) {
        for (_, domain) in typical() {
            prop_assert_eq!(domain.contains(&value), domain.to_unit(&value).is_some());
        }
    }
}

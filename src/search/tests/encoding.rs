//! The encoding of every parameter kind: round trips, unordered parameters, priors.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::search::encoding::{Axis, Encoding};
use crate::space::Space;
use crate::space::rules::tests::{constraint, ruled};
use crate::space::tests::{parameters, space};
use crate::types::assignment::Assignment;

/// One parameter of every kind.
fn every_kind() -> Space {
    space(&[
        ("choice", "choice", json!(["relu", "tanh", [1, 2], {"a": null}])),
        ("scale", "choice", json!([16, 32, 64, 1024])),
        ("pchoice", "pchoice", json!([["a", 0.2], ["b", 0.7], ["c", 0.1]])),
        ("range", "range", json!([1, 100, 7])),
        ("linspace", "linspace", json!([0, 1, 11])),
        ("logspace", "logspace", json!([-5, -1, 9])),
        ("geomspace", "geomspace", json!([0.001, 10, 6])),
        ("daterange", "daterange", json!(["2024-01-01", "2025-01-01", 5])),
        ("datetimerange", "datetimerange", json!(["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", 90])),
        ("uniform", "uniform", json!([-1, 3])),
        ("loguniform", "loguniform", json!({"min": 1e-5, "max": 0.1})),
        ("quniform", "quniform", json!([0, 1, 0.05])),
        ("qloguniform", "qloguniform", json!({"min": 1, "max": 1000, "q": 4})),
        ("normal", "normal", json!([5, 2])),
        ("lognormal", "lognormal", json!([0, 1])),
        ("qnormal", "qnormal", json!([0, 10, 0.5])),
        ("qlognormal", "qlognormal", json!([3, 1, 1])),
    ])
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1e-3),
        _ => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_drawn_configuration_survives_a_round_trip(seed: u64) {
        let space = every_kind();
        let drawn = space.sample(&mut parameters(seed));
        let encoding = Encoding::new(Arc::new(space));
        let x = encoding.encode(&drawn).expect("a drawn configuration is valid");
        let back = encoding.decode(&x);
        for ((name, value), (_, back)) in drawn.iter().zip(back.iter()) {
            prop_assert!(same(back, value), "{name}: {value} came back as {back}");
        }
    }

    #[test]
    fn any_vector_snaps_to_a_valid_one_that_survives_a_round_trip(units in prop::collection::vec(-0.5..1.5f64, 17)) {
        let encoding = Encoding::new(Arc::new(every_kind()));
        let coordinate = |(unit, axis): (&f64, &Axis)| match axis {
            Axis::Ordered => *unit,
            Axis::Unordered => (unit.abs() * 2.0).floor(),
        };
        let mut x: Vec<f64> = units.iter().zip(encoding.axes()).map(coordinate).collect();
        encoding.snap(&mut x);
        let again = encoding.encode(&encoding.decode(&x)).expect("a decoded configuration is valid");
        for (d, (a, b)) in x.iter().zip(&again).enumerate() {
            prop_assert!((a - b).abs() < 1e-9, "{d}: {a} {b}");
        }
    }
}

#[test]
fn choices_of_texts_and_pchoices_are_unordered() {
    let encoding = Encoding::new(Arc::new(every_kind()));
    let unordered: Vec<usize> = (0..17).filter(|d| encoding.axes()[*d] == Axis::Unordered).collect();
    assert_eq!(unordered, [0, 2]);
}

#[test]
fn the_probabilities_of_a_pchoice_are_the_prior() {
    let encoding = Encoding::new(Arc::new(every_kind()));
    assert!(encoding.weights(9).is_empty());
    for (found, expected) in encoding.weights(2).iter().zip([0.2, 0.7, 0.1]) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
    let mut stream = parameters(8);
    let mut counts = [0u32; 3];
    (0..4000).for_each(|_| counts[encoding.draw(&mut stream)[2] as usize] += 1);
    for (count, expected) in counts.into_iter().zip([0.2, 0.7, 0.1]) {
        assert!((f64::from(count) / 4000.0 - expected).abs() < 0.03, "{counts:?}");
    }
}

#[test]
fn levels_are_distinct_and_few() {
    let encoding = Encoding::new(Arc::new(every_kind()));
    let counts: Vec<usize> = (0..17).map(|d| encoding.levels(d).len()).collect();
    // A day in steps of 90 seconds has more than 32 values; a continuous parameter has no levels.
    assert_eq!(counts, [4, 4, 3, 15, 11, 9, 6, 0, 0, 0, 0, 21, 0, 0, 0, 0, 0]);
    for (d, count) in counts.into_iter().enumerate() {
        let levels = encoding.levels(d);
        let mut x = encoding.draw(&mut parameters(1));
        let decoded: std::collections::HashSet<String> = levels
            .iter()
            .map(|level| {
                x[d] = *level;
                encoding.decode(&x).iter().nth(d).map(|(_, v)| v.to_string()).unwrap()
            })
            .collect();
        assert_eq!(decoded.len(), count);
    }
}

/// Without the limit, the coordinates 0 and 1 would be values that are practically never drawn.
#[test]
fn unbounded_parameters_are_limited_to_the_quantiles_of_a_thousandth() {
    let encoding = Encoding::new(Arc::new(space(&[
        ("normal", "normal", json!([5, 2])),
        ("lognormal", "lognormal", json!([0, 1])),
        ("bounded", "uniform", json!([0, 1])),
    ])));
    let at = |unit: f64| -> Vec<f64> {
        let mut x = [unit; 3];
        encoding.snap(&mut x);
        encoding.decode(&x).iter().filter_map(|(_, v)| v.as_f64()).collect()
    };
    let z = 3.0902;
    for (found, expected) in at(1.0).into_iter().zip([5.0 + 2.0 * z, f64::exp(z), 1.0]) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
    for (found, expected) in at(0.0).into_iter().zip([5.0 - 2.0 * z, f64::exp(-z), 0.0]) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
}

fn mixed() -> Encoding {
    Encoding::new(Arc::new(space(&[
        ("lr", "loguniform", json!({"min": 1e-5, "max": 0.1})),
        ("op", "choice", json!(["sgd", "adam", {"custom": 1}])),
        ("layers", "range", json!([1, 6, 1])),
        ("act", "pchoice", json!([["relu", 0.7], ["tanh", 0.3]])),
    ])))
}

#[test]
fn a_decoded_vector_encodes_to_itself() {
    let encoding = mixed();
    let mut stream = parameters(3);
    for _ in 0..200 {
        let x = encoding.draw(&mut stream);
        let back = encoding.encode(&encoding.decode(&x)).unwrap();
        for (a, b) in x.iter().zip(&back) {
            assert!((a - b).abs() < 1e-9, "{x:?} {back:?}");
        }
    }
}

#[test]
fn unordered_coordinates_are_indices_drawn_with_their_probability() {
    let encoding = mixed();
    assert_eq!(encoding.axes(), [Axis::Ordered, Axis::Unordered, Axis::Ordered, Axis::Unordered]);
    assert_eq!(encoding.levels(1), [0.0, 1.0, 2.0]);
    assert_eq!(encoding.levels(2).len(), 5);
    assert!(encoding.levels(0).is_empty());
    let mut stream = parameters(4);
    let relu = (0..2000).filter(|_| encoding.draw(&mut stream)[3] == 0.0).count();
    assert!((1300..1500).contains(&relu), "{relu}");
}

#[test]
fn a_constant_has_no_coordinate() {
    let space = space(&[
        ("epochs", "constant", json!(3)),
        ("lr", "uniform", json!([0, 2])),
        ("name", "constant", json!("resnet")),
        ("op", "choice", json!(["sgd", "adam"])),
    ]);
    let encoding = Encoding::new(Arc::new(space));
    assert_eq!(encoding.axes(), [Axis::Ordered, Axis::Unordered]);
    let mut decoded = encoding.decode(&[0.25, 1.0]);
    assert_eq!(
        serde_json::to_value(&decoded).unwrap(),
        json!({"epochs": 3, "lr": 0.5, "name": "resnet", "op": "adam"})
    );
    assert_eq!(encoding.encode(&decoded), Some(vec![0.25, 1.0]));
    decoded.set("name".into(), json!("vgg"));
    assert_eq!(encoding.encode(&decoded), None);
}

#[test]
fn a_configuration_of_another_space_is_not_encoded() {
    let encoding = mixed();
    assert_eq!(encoding.encode(&Assignment::default()), None);
    let mut other = encoding.decode(&[0.5, 0.0, 0.5, 0.0]);
    other.set("lr".into(), json!(7.0));
    assert_eq!(encoding.encode(&other), None);
}

#[test]
fn constraints_are_judged_by_the_parameters_that_they_use() {
    let params = [
        ("x", "uniform", json!([0, 4])),
        ("kind", "choice", json!(["a", "b"])),
        ("limit", "constant", json!(3)),
        ("y", "uniform", json!([0, 4])),
    ];
    for whens in [Vec::new(), vec![("y", "kind", json!(["a"]))]] {
        let rules = || vec![constraint(["x", "limit"], |x, limit| x < limit), constraint(["x", "y"], |x, y| x < y)];
        let encoding = Encoding::new(Arc::new(ruled(&params, &whens, rules())));
        let decoded = Arc::new(ruled(&params, &whens, rules()));
        let mut stream = parameters(7);
        let feasible = (0..500).map(|_| encoding.draw(&mut stream)).filter(|x| {
            assert_eq!(encoding.is_feasible(x), decoded.is_feasible(&encoding.decode(x)), "{x:?}");
            encoding.is_feasible(x)
        });
        let feasible = feasible.count();
        assert!((100..480).contains(&feasible), "{feasible}");
    }
}

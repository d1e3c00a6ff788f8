//! Spaces with conditions and constraints.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::conditions::{Conditions, When, WhenCondition};
use super::constraint::{Constraint, EvaluationError, Predicate};
use super::feasible;
use crate::space::Space;
use crate::space::tests::{parameters, space};
use crate::types::assignment::Assignment;

/// A predicate over the numbers of two parameters.
#[derive(Debug)]
struct Numbers {
    params: [Arc<str>; 2],
    holds: fn(f64, f64) -> bool,
}

impl Predicate for Numbers {
    fn params(&self) -> &[Arc<str>] {
        &self.params
    }

    fn evaluate(&self, values: &Assignment) -> Result<bool, EvaluationError> {
        let number = |name: &str| {
            let not_a_number = || EvaluationError { message: format!("`{name}` is not a number") };
            values.get(name).and_then(Value::as_f64).ok_or_else(not_a_number)
        };
        Ok((self.holds)(number(&self.params[0])?, number(&self.params[1])?))
    }
}

pub(crate) fn constraint(params: [&str; 2], holds: fn(f64, f64) -> bool) -> Constraint {
    Constraint {
        text: format!("f({}, {})", params[0], params[1]),
        line: 7,
        predicate: Box::new(Numbers { params: params.map(Arc::from), holds }),
    }
}

/// `params` with `when` conditions (child, parent, values) and constraints.
pub(crate) fn ruled(
    params: &[(&str, &str, Value)],
    whens: &[(&str, &str, Value)],
    constraints: Vec<Constraint>,
) -> Space {
    let plain = space(params);
    let when = |param: &crate::space::Param| {
        let own = whens.iter().filter(|(child, ..)| **child == *param.name);
        let condition = |(_, parent, values): &(&str, &str, Value)| WhenCondition {
            parent: plain.index(parent).expect("a parameter"),
            values: values.as_array().expect("a list").clone(),
        };
        let conditions: Vec<WhenCondition> = own.map(condition).collect();
        (!conditions.is_empty()).then_some(When { conditions, line: 3 })
    };
    let conditions = Conditions::new(plain.params.iter().map(when).collect()).expect("no cycle");
    Space::with_rules(plain.params, conditions, constraints)
}

/// A child before its parent, a chain, two branches, shared parameters, and a constraint over parameters of one branch.
pub(crate) fn branches() -> Space {
    ruled(
        &[
            ("momentum", "uniform", json!([0, 1])),
            ("opt", "choice", json!(["sgd", "adam", "lamb"])),
            ("nesterov", "choice", json!([true, false])),
            ("damping", "uniform", json!([0, 1])),
            ("beta", "quniform", json!([0, 1, 0.1])),
            ("lr", "loguniform", json!({"min": 1e-5, "max": 0.1})),
            ("width", "range", json!([1, 65, 1])),
            ("depth", "range", json!([1, 9, 1])),
        ],
        &[
            ("momentum", "opt", json!(["sgd"])),
            ("nesterov", "opt", json!(["sgd", "lamb"])),
            ("damping", "nesterov", json!([true])),
            ("beta", "opt", json!(["adam", "lamb"])),
        ],
        vec![
            constraint(["width", "depth"], |width, depth| width * depth <= 64.0),
            constraint(["momentum", "damping"], |momentum, damping| momentum + damping <= 1.0),
        ],
    )
}

/// About one configuration in 1,000 is feasible.
pub(crate) fn narrow() -> Space {
    let params = [("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1])), ("z", "uniform", json!([0, 1]))];
    ruled(&params, &[], vec![constraint(["x", "y"], |x, y| (x - y).abs() < 0.0005)])
}

fn assignment(values: &Value) -> Assignment {
    values.as_object().expect("a mapping").iter().map(|(name, value)| (Arc::from(&**name), value.clone())).collect()
}

#[test]
fn draws_are_complete_active_where_they_should_be_and_feasible() {
    for space in [branches(), narrow()] {
        let mut stream = parameters(1);
        let drawn: Vec<Assignment> = (0..200).map(|_| space.sample(&mut stream)).collect();
        for one in &drawn {
            assert_eq!(space.complete(one).as_ref(), Ok(one));
        }
        assert_eq!(drawn.iter().map(|one| json!(one).to_string()).collect::<BTreeSet<_>>().len(), 200);
    }
}

#[test]
fn without_rules_a_space_draws_what_it_drew_before() {
    let params = [("a", "choice", json!(["x", "y"])), ("b", "uniform", json!([0, 1]))];
    let drawn = |space: Space| json!((0..20).scan(parameters(5), |s, _| Some(space.sample(s))).collect::<Vec<_>>());
    assert_eq!(drawn(space(&params)), drawn(ruled(&params, &[], Vec::new())));
}

#[test]
fn each_error_names_its_rule() {
    let space = branches();
    let valid = json!({"opt": "sgd", "momentum": 0.25, "nesterov": false, "lr": 0.01, "width": 8, "depth": 8.0});
    let completed = space.complete(&assignment(&valid)).unwrap();
    assert_eq!(
        json!(completed).to_string(),
        r#"{"momentum":0.25,"opt":"sgd","nesterov":false,"lr":0.01,"width":8,"depth":8}"#
    );
    let changes = [
        json!({"widht": 1}),
        json!({"width": 70}),
        json!({"nesterov": null}),
        json!({"beta": 0.5}),
        json!({"damping": 0.5}),
        json!({"width": 9}),
        json!({"nesterov": true}),
        json!({"nesterov": true, "damping": 0.9}),
        json!({"opt": "adam"}),
    ];
    let errors: Vec<String> = changes
        .iter()
        .map(|change| {
            let mut values = assignment(&valid);
            assignment(change).iter().for_each(|(name, value)| values.set(Arc::from(name), value.clone()));
            space.complete(&values).unwrap_err().to_string()
        })
        .collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    unknown parameter `widht`
    `width` cannot be the number 70; it takes 1, 2, 3 … 64 (64 values)
    `nesterov` has no value, although its `when` on line 3 holds
    `beta` is not active: its `when` on line 3 requires that `opt` is "adam" or "lamb"
    `damping` is not active: its `when` on line 3 requires that `nesterov` is true
    the constraint `f(width, depth)` on line 7 is not fulfilled
    `damping` has no value, although its `when` on line 3 holds
    the constraint `f(momentum, damping)` on line 7 is not fulfilled
    `momentum` is not active: its `when` on line 3 requires that `opt` is "sgd"
    "#);
    let repaired =
        assignment(&json!({"opt": "adam", "momentum": 0.25, "beta": 0.5, "lr": 0.01, "width": 8, "depth": 8}));
    assert_eq!(
        json!(space.complete_active(&repaired).unwrap()).to_string(),
        r#"{"opt":"adam","beta":0.5,"lr":0.01,"width":8,"depth":8}"#
    );
    let with_null =
        assignment(&json!({"opt": "adam", "momentum": null, "beta": 0.5, "lr": 0.01, "width": 8, "depth": 8}));
    assert_eq!(space.complete(&with_null).unwrap(), space.complete_active(&repaired).unwrap());
}

#[test]
fn a_partial_point_keeps_its_values_and_the_rest_fits_to_it() {
    let space = branches();
    let mut stream = parameters(2);
    for point in [
        json!({"damping": 0.75}),
        json!({"opt": "adam", "width": 64}),
        json!({"beta": 0.5, "nesterov": false}),
        json!({}),
    ] {
        let checked = space.check_point(&assignment(&point)).unwrap();
        for _ in 0..20 {
            let proposal = space.sample(&mut stream);
            let merged = space.sample_near(&checked, &proposal, &mut stream).unwrap();
            assert_eq!(space.complete(&merged).as_ref(), Ok(&merged));
            assert!(checked.iter().all(|(name, value)| merged.get(name) == Some(value)), "{point} {merged:?}");
        }
    }
    let refused = [
        json!({"opt": "adam", "momentum": 0.5}),
        json!({"width": 64, "depth": 2}),
        json!({"beta": 0.5, "momentum": 0.5}),
    ];
    let errors: Vec<String> =
        refused.iter().map(|p| space.check_point(&assignment(p)).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    `momentum` is not active: its `when` on line 3 requires that `opt` is "sgd"
    the constraint `f(width, depth)` on line 7 is not fulfilled
    `momentum` and `beta` are never active together: see their `when` on lines 3 and 3
    "#);
}

#[test]
fn a_grid_has_each_feasible_configuration_once() {
    let params = [
        ("own", "range", json!([0, 3, 1])),
        ("kind", "choice", json!(["a", "b", "c"])),
        ("size", "range", json!([1, 5, 1])),
        ("deep", "choice", json!([1, 2])),
    ];
    let whens = [("own", "kind", json!(["b", "c"])), ("deep", "own", json!([2]))];
    let all = ruled(&params, &whens, Vec::new());
    // a: 4 sizes; b and c: own 0 and 1 with 4 sizes each, own 2 with 4·2.
    assert_eq!(all.cardinality(), Some(4 + 2 * (2 * 4 + 8)));
    let constrained = ruled(&params, &whens, vec![constraint(["own", "size"], |own, size| own < size)]);
    let listed = |space: &Space| -> Vec<Assignment> { (0..).map_while(|index| space.configuration(index)).collect() };
    let (everything, feasible) = (listed(&all), listed(&constrained));
    assert_eq!(everything.len() as u64, all.cardinality().unwrap());
    assert_eq!(feasible.len() as u64, constrained.cardinality().unwrap());
    let texts: BTreeSet<String> = feasible.iter().map(|a| json!(a).to_string()).collect();
    assert_eq!(texts.len(), feasible.len());
    let expected = everything.iter().filter(|a| constrained.complete(a).is_ok());
    assert_eq!(expected.collect::<Vec<_>>(), feasible.iter().collect::<Vec<_>>());
    assert!(everything.iter().all(|a| all.complete(a).as_ref() == Ok(a)));
}

#[test]
fn a_random_search_over_a_small_grid_proposes_each_configuration_once() {
    use crate::search::random::RandomSearcher;
    use crate::search::tests::{context, run};
    let params = [("kind", "choice", json!(["a", "b"])), ("size", "range", json!([0, 40, 1]))];
    let small =
        ruled(&params, &[("size", "kind", json!(["b"]))], vec![constraint(["size", "size"], |s, _| s % 2.0 == 0.0)]);
    let drawn = run(&mut RandomSearcher::new(&context(small, 1)), 21);
    assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 21);
}

#[test]
fn draws_find_constraints_that_are_never_or_always_true() {
    let found = |params: &[(&str, &str, Value)], whens: &[(&str, &str, Value)], constraints| {
        let findings = ruled(params, whens, constraints).check_constraint_draws();
        findings
            .into_iter()
            .map(|f| format!("{} {:?} {}", f.constraint, f.kind, f.tried))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let square = [("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1]))];
    let never = || constraint(["x", "y"], |x, y| x + y > 3.0);
    let always = || constraint(["x", "y"], |x, y| x + y < 3.0);
    let (low, high) = (constraint(["x", "y"], |x, _| x < 0.5), constraint(["x", "y"], |x, _| x > 0.6));
    assert_eq!(found(&square, &[], vec![always(), never()]), "0 AlwaysTrue 10000; 1 NeverTrue 10000");
    assert_eq!(found(&square, &[], vec![low, high]), "1 NeverTrueTogether 10000");
    let small = [("x", "choice", json!([1, 2])), ("y", "choice", json!(["a", 2]))];
    let failure = found(&small, &[], vec![constraint(["x", "y"], |x, y| x < y)]);
    assert!(failure.contains("`y` is not a number") && failure.ends_with(" 4"), "{failure}");
    let apart = [("kind", "choice", json!([1, 2])), ("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1]))];
    let whens = [("x", "kind", json!([1])), ("y", "kind", json!([2]))];
    assert_eq!(found(&apart, &whens, vec![constraint(["x", "y"], |_, _| false)]), "0 NeverApplies 10000");
    assert_eq!(found(&square, &[], Vec::new()), "");
}

#[test]
fn a_walk_from_a_known_configuration_stays_feasible_and_leaves_it() {
    for space in [branches(), narrow()] {
        let start = space.example().expect("a feasible configuration");
        let mut stream = parameters(1);
        let ends: Vec<Assignment> = (0..20).map(|_| space.walk(start, &mut stream)).collect();
        assert!(ends.iter().all(|end| space.complete(end).as_ref() == Ok(end)), "{ends:?}");
        assert!(ends.iter().all(|end| end != start), "{start:?}");
    }
}

#[test]
fn a_large_grid_is_searched_by_prefixes() {
    let wide = |name: &'static str| (name, "range", json!([0, 1000, 1]));
    let equal = constraint(["a", "b"], |a, b| a == b);
    let small = constraint(["b", "c"], |b, c| b + c < 3.0);
    let cube = ruled(&[wide("a"), wide("b"), wide("c"), wide("d")], &[], vec![equal, small]);
    // (a, b, c) with a = b and b + c < 3: 3 + 2 + 1; and any d
    assert_eq!((cube.unconstrained_count(), cube.cardinality()), (Some(1_000_000_000_000), None));
    assert_eq!(cube.grid_cardinality(), Some(6000));
    let configurations: Vec<Assignment> = (0..6000).map_while(|index| cube.configuration(index)).collect();
    assert!(configurations.iter().all(|configuration| cube.complete(configuration).as_ref() == Ok(configuration)));
    assert_eq!(serde_json::to_string(&configurations[5999]).unwrap(), r#"{"a":2,"b":2,"c":0,"d":999}"#);
    assert_eq!(configurations.len(), 6000);
    assert_eq!(cube.configuration(6000), None);
    // none of the draws fulfils them, but a search finds one
    assert_eq!(cube.check_constraint_draws(), []);
}

#[test]
fn a_search_that_takes_too_long_is_given_up() {
    let wide = |name: &'static str| (name, "range", json!([0, 1_000_000, 1]));
    let never = constraint(["a", "b"], |a, b| a + b < 0.0);
    let square = ruled(&[wide("a"), wide("b")], &[], vec![never]);
    assert!(feasible::search(&square, square.enumeration().unwrap(), 10_000).is_none());
}

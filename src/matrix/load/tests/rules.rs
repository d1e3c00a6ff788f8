//! `when` and `constraints`.

use serde_json::Value;

use super::*;
use crate::kinds;
use crate::search::catalogue;
use crate::search::{Observation, Proposal};
use crate::types::advice::TrialRequest;
use crate::types::ids::{BracketId, TrialId};
use crate::types::objective::Score;

/// Two estimators with parameters of their own, a chain, and constraints over both kinds of parameters.
const PARAMS: &str = "  estimator: {kind: choice, value: [forest, boosting, linear]}
  trees: {kind: range, value: [10, 200, 10], when: {estimator: [forest, boosting]}}
  depth: {kind: range, value: [1, 17, 1], when: {estimator: [forest, boosting]}}
  bootstrap: {kind: choice, value: [true, false], when: {estimator: forest}}
  share: {kind: linspace, value: [0.1, 1, 10], when: {bootstrap: true}}
  penalty: {kind: logspace, value: [-4, 1, 6], when: {estimator: linear}}
  scale: {kind: choice, value: [1, 2]}
constraints:
- trees * depth <= 1000
- share > 0.2 or scale == 1
";

fn matrix(kind: &str, fields: &str) -> String {
    format!("kind: {kind}\n{fields}metric: {{name: loss, optimization: minimize}}\nparams:\n{PARAMS}")
}

/// The fields that each kind needs.
fn fields(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "hyperband" | "halving" | "asha" => "maxIterations: 9\nresource: {name: epochs}\n",
        "random" | "hyperopt" | "tpe" => "numRuns: 40\n",
        "bayes" => "numInitialRuns: 5\nmaxIterations: 30\n",
        "auto" => "maxIterations: 9\nnumRuns: 40\nresource: {name: epochs}\n",
        "grid" => "",
        _ => return None,
    })
}

/// The first `trials` proposals of the matrix, each observed with a value that depends on the configuration.
fn proposals(
    text: &str,
    sampler: Option<&str>,
    trials: u64,
) -> (Experiment, Vec<crate::types::assignment::Assignment>) {
    let overrides = Overrides { sampler: sampler.map(str::to_owned), ..Overrides::default() };
    let experiment = load_text(text, &overrides).unwrap_or_else(|error| panic!("{text}{error}")).experiment;
    let mut searcher = experiment.method.sampler.searcher(&experiment.search_context());
    let resource = experiment.max_resource();
    let mut proposed = Vec::new();
    for trial in (0..trials).map(TrialId) {
        let request = TrialRequest { trial, bracket: BracketId::default(), resource };
        let Proposal::Ready(assignment) = searcher.propose(&request) else { break };
        searcher.register(trial, &assignment);
        let number = |name: &str| assignment.get(name).and_then(Value::as_f64).unwrap_or(0.0);
        let score = Score::new(number("trees") / 100.0 + number("share") - number("penalty") + number("depth"));
        searcher.observe(&Observation { trial, assignment: &assignment, resource, score, curve: &[] });
        proposed.push(assignment);
    }
    (experiment, proposed)
}

#[test]
fn every_kind_and_sampler_proposes_complete_active_and_feasible_configurations() {
    let kinds: Vec<(&str, &str)> = kinds::names().filter_map(|kind| Some((kind, fields(kind)?))).collect();
    assert!(kinds.len() >= 8, "{kinds:?}");
    let own = kinds.iter().map(|(kind, fields)| (matrix(kind, fields), None));
    let others = catalogue::names().map(|sampler| (matrix("random", "numRuns: 40\n"), Some(sampler)));
    for (text, sampler) in own.chain(others) {
        let (experiment, proposed) = proposals(&text, sampler, 60);
        assert!(proposed.len() >= 30, "{text}");
        for one in &proposed {
            assert_eq!(experiment.space.complete(one).as_ref(), Ok(one), "{sampler:?} {text}");
        }
        let estimators: std::collections::BTreeSet<_> =
            proposed.iter().map(|one| one.get("estimator").map(Value::to_string)).collect();
        assert!(estimators.len() >= 2 || text.starts_with("kind: grid"), "{sampler:?} {text}");
    }
}

#[test]
fn a_grid_counts_its_feasible_configurations() {
    let (experiment, proposed) = proposals(&matrix("grid", ""), None, 100_000);
    assert_eq!(experiment.plan().trials(), proposed.len() as u64);
    let distinct: std::collections::BTreeSet<String> =
        proposed.iter().map(|one| serde_json::json!(one).to_string()).collect();
    assert_eq!(distinct.len(), proposed.len());
}

#[test]
fn every_mistake_in_a_rule_is_an_error_at_its_line() {
    let text = "kind: hyperband
maxIterations: 9
resource: {name: epochs}
metric: {name: loss, optimization: minimize}
params:
  opt: {kind: choice, value: [sgd, adam]}
  a: {kind: uniform, value: [0, 1], when: {otp: sgd}}
  b: {kind: uniform, value: [0, 1], when: {opt: [sgd, rmsprop]}}
  c: {kind: uniform, value: [0, 1], when: {}}
  d: {kind: uniform, value: [0, 1], when: sgd}
constraints:
- a < b and
- a < bb
- epochs < 3
- [1, 2]
- opt * 'x' < 3
- '{{ a < b }}'
";
    insta::assert_snapshot!(errors_of(text), @r#"
    7:44 `when` names the unknown parameter `otp` (did you mean `opt`?)
    8:55 `opt` is never the text "rmsprop" (it takes sgd, adam)
    9:37 `when` is empty; at least one parameter is required (write `when: {optimizer: sgd}` or `when: {optimizer: [sgd, adam]}`)
    10:37 `when` must be a mapping of names, found the text "sgd" (write `when: {optimizer: sgd}` or `when: {optimizer: [sgd, adam]}`)
    12:3 invalid constraint: the expression cannot be parsed: unexpected end of input, expected expression
    13:3 the constraint uses the unknown parameter `bb` (did you mean `b`?)
    14:3 a constraint cannot use the resource `epochs` (a configuration is chosen before its resource; constraints are over parameters only)
    15:3 a constraint must be text, found a list of 2 (write `constraints: ["hidden * layers <= 4096"]`)
    16:3 invalid constraint: text cannot be used in one template expression with `*`, which takes numbers only
    17:3 invalid constraint: an expression is written without `{{` and `}}`
    "#);
}

#[test]
fn a_when_of_nested_parameters_is_that_of_each() {
    let params = "  model:
    family: {kind: choice, value: [cnn, mlp]}
    cnn:
      when: {model.family: cnn}
      filters: {kind: int, value: [8, 64]}
      pool:
        when: {model.cnn.filters: [8, 9]}
        size: {kind: int, value: [2, 3]}
        stride: {kind: int, value: [2, 3], when: {model.cnn.pool.size: 2}}
        never: {kind: int, value: [2, 3], when: {model.family: mlp}}
    head:
      when: {kind: choice, value: [early, late]}
";
    let study = load_text(&hyperband(params), &Overrides::default()).unwrap_or_else(|report| panic!("{report}"));
    let space = &study.experiment.space;
    let whens: Vec<String> = (0..space.params.len())
        .map(|index| {
            let conditions = space.conditions().when(index).into_iter().flat_map(|when| &when.conditions);
            let conditions: Vec<String> =
                conditions.map(|c| format!("{} {:?}", space.params[c.parent].name, c.values)).collect();
            format!("{} {}", space.params[index].name, conditions.join(", ")).trim_end().to_owned()
        })
        .collect();
    insta::assert_snapshot!(whens.join("\n"), @r#"
    model.family
    model.cnn.filters model.family [String("cnn")]
    model.cnn.pool.size model.family [String("cnn")], model.cnn.filters [Number(8), Number(9)]
    model.cnn.pool.stride model.family [String("cnn")], model.cnn.filters [Number(8), Number(9)], model.cnn.pool.size [Number(2)]
    model.cnn.pool.never model.family [String("cnn")], model.cnn.filters [Number(8), Number(9)], model.family [String("mlp")]
    model.head.when
    "#);
    let warnings: Vec<&str> = study.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(warnings, ["`model.cnn.pool.never` is never active: its conditions contradict each other"]);
}

#[test]
fn messages_about_rules_say_what_to_write() {
    let params = "  model:
    family: {kind: choice, value: [cnn, mlp]}
    a: {kind: int, value: [1, 2], when: {family: cnn}}
    b: {kind: int, value: [1, 2], when: {model: {family: cnn}}}
    c: {kind: int, value: [1, 2], when: model.family == cnn}
    d: {kind: int, value: [1, 2], when: {epochs: 3}}
    e: {kind: int, value: [1, 2], when: {model.family: []}}
    f: {kind: int, value: [1, 2]}
constraints:
- params['model.f'] = 1
- params['model.f'] > 1 && true
- abs(x) > 1
- [x]
";
    insta::assert_snapshot!(errors_of(&hyperband(params)), @r#"
    8:42 `when` names the unknown parameter `family` (a nested parameter has a name with dots: write `model.family`)
    9:42 `when` names the unknown parameter `model` (a nested parameter has a name with dots: write `model.family: …`)
    10:35 `when` must be a mapping of names, found the text "model.family == cnn" (write `when: {optimizer: sgd}` or `when: {optimizer: [sgd, adam]}`)
    11:42 `when` names the unknown parameter `epochs` (it is the resource; a configuration is chosen before its resource)
    12:56 `when` lists no value of `model.family` (it takes cnn, mlp)
    15:3 invalid constraint: the expression cannot be parsed: unexpected input after expression (two values are compared by `==`)
    16:3 invalid constraint: the expression cannot be parsed: unexpected character (write `and`, `or` and `not` instead of `&&`, `||` and `!`)
    17:3 the constraint uses the unknown parameter `abs` (expressions have filters instead of functions: `x | abs`, `[x, y] | max`, `text | length`)
    18:3 a constraint must be text, found a list of 1 (write `constraints: ["hidden * layers <= 4096"]`)
    "#);
}

#[test]
fn conditions_that_depend_on_each_other_are_refused() {
    let params = "  a: {kind: choice, value: [1, 2], when: {b: 1}}
  b: {kind: choice, value: [1, 2], when: {c: 1}}
  c: {kind: choice, value: [1, 2], when: {b: 2}}
  d: {kind: choice, value: [1, 2], when: {d: 2}}
";
    insta::assert_snapshot!(errors_of(&hyperband(params)), @"7:36 `b` depends on itself through `c` (remove one of these `when`)");
}

#[test]
fn constraints_that_are_never_or_always_true_are_reported() {
    let params = "  x: {kind: uniform, value: [0, 1]}\n  y: {kind: choice, value: [1, 2, a]}\n";
    let report = |constraints: &str| {
        let text = format!("{}constraints: {constraints}\n", hyperband(params));
        match load_text(&text, &Overrides { command: Some(vec!["t".into()]), ..Overrides::default() }) {
            Ok(study) => study.warnings.iter().map(|w| w.message.clone()).collect::<Vec<_>>().join("; "),
            Err(error) => summary(&error),
        }
    };
    let found = ["[x > 2]", "[x < 2]", "[x < 0.5, x > 0.6]", "[x + y < 9]", "'x in [1]'", "[x + 1]"].map(report);
    insta::assert_snapshot!(found.join("\n"), @r#"
    8:15 the constraint is true for none of 10000 drawn configurations (relax it, or widen the ranges of its parameters)
    the constraint is true for each of 10000 drawn configurations, so it has no effect
    8:24 none of 10000 drawn configurations fulfils all constraints (relax it, or widen the ranges of its parameters)
    8:15 the constraint has no value for {"x":0.9137966238293034,"y":"a"}: tried to use + operator on unsupported types number and string (a constraint is true or false for each configuration, as in `hidden * layers <= 4096`)
    8:14 the constraint is true for none of 10000 drawn configurations (relax it, or widen the ranges of its parameters)
    8:15 the constraint has no value for {"x":0.7055055539738884,"y":1}: its value is the number 1.7055055539738884, neither true nor false (a constraint is true or false for each configuration, as in `hidden * layers <= 4096`)
    "#);
}

#[test]
fn a_constraint_without_a_value_for_one_point_of_a_large_grid_is_reported() {
    let grid = |copies: u32, constraint: &str| {
        format!(
            "kind: grid\nmetric: {{name: loss, optimization: minimize}}\nparams:\n  a: {{kind: range, value: [-7, 60000, 1]}}\n  \
             b: {{kind: range, value: [0, {copies}, 1]}}\nconstraints: ['{constraint}']\n"
        )
    };
    insta::assert_snapshot!(errors_of(&grid(2, "100 / (a + 7) > 50")), @r#"6:15 the constraint has no value for {"a":-7}: unable to calculate 100 / 0 (a constraint is true or false for each configuration, as in `hidden * layers <= 4096`)"#);
    // more combinations than are counted for other kinds
    insta::assert_snapshot!(errors_of(&grid(20, "(a + 6) ** 0.5 <= 50")), @r#"6:15 the constraint has no value for {"a":-7}: a value is not a number (NaN) (a constraint is true or false for each configuration, as in `hidden * layers <= 4096`)"#);
    assert!(load_text(&grid(20, "a == -7 or (a + 6) ** 0.5 <= 50"), &Overrides::default()).is_ok());
}

#[test]
fn a_starting_point_names_the_rule_of_a_parameter_it_depends_on() {
    let text = format!(
        "{}initial:\n- {{estimator: linear, share: 0.5}}\n- {{penalty: 0.1, share: 0.5}}\n- {{penalty: 0.1, bootstrap: null}}\n",
        matrix("random", "numRuns: 9\n")
    );
    insta::assert_snapshot!(errors_of(&text), @r#"
    16:3 invalid starting point: `share` is not active: it depends on `bootstrap`, whose `when` on line 8 requires that `estimator` is "forest" (change the starting point, or leave out the values that contradict the rule)
    17:3 invalid starting point: `share` and `penalty` are never active together: see their `when` on lines 9 and 10 (change the starting point, or leave out the values that contradict the rule)
    "#);
}

#[test]
fn a_starting_point_that_breaks_a_rule_is_refused() {
    let text = format!(
        "{}initial:\n- {{estimator: linear, trees: 10}}\n- {{trees: 190, depth: 16}}\n- {{share: 0.1, scale: 2}}\n- {{share: 0.5}}\n- {{trees: null, penalty: 0.1}}\n",
        matrix("random", "numRuns: 9\n")
    );
    insta::assert_snapshot!(errors_of(&text), @r#"
    16:3 invalid starting point: `trees` is not active: its `when` on line 6 requires that `estimator` is "forest" or "boosting" (change the starting point, or leave out the values that contradict the rule)
    17:3 invalid starting point: the constraint `trees * depth <= 1000` on line 13 is not fulfilled (change the starting point, or leave out the values that contradict the rule)
    18:3 invalid starting point: the constraint `share > 0.2 or scale == 1` on line 14 is not fulfilled (change the starting point, or leave out the values that contradict the rule)
    "#);
}

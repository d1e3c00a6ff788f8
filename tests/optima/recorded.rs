//! Without conditions and constraints, each model proposes what it proposed when its sampling rules changed last.

use hypertune::types::assignment::Assignment;
use serde_json::Value;

use super::objectives::configurations;

const PARAMS: &str = "  lr: {kind: loguniform, value: {min: 1.0e-5, max: 0.1}}
  layers: {kind: range, value: [1, 9, 1]}
  opt: {kind: choice, value: [sgd, adam, lamb]}
  decay: {kind: uniform, value: [0, 1]}
";

fn loss(at: &Assignment) -> f64 {
    let number = |name: &str| at.get(name).and_then(Value::as_f64).expect("a number");
    let opt = if at.get("opt").and_then(Value::as_str) == Some("adam") { 0.0 } else { 0.5 };
    (number("lr").log10() + 3.0).powi(2) + (number("layers") - 4.0).abs() / 8.0 + opt + number("decay")
}

#[test]
fn models_propose_what_they_proposed_before() {
    let last = |fields: &str| {
        let text = format!("{fields}\nmetric: {{name: loss, optimization: minimize}}\nparams:\n{PARAMS}");
        let all = configurations(&text, 3, 40, &loss);
        let last: Vec<String> = all[38..].iter().map(|one| serde_json::to_string(one).expect("JSON")).collect();
        format!("{} {}", fields.replace('\n', ", "), last.join(" "))
    };
    let kinds = [
        "kind: random\nsampler: gp\nnumRuns: 40",
        "kind: random\nsampler: tpe\nnumRuns: 40",
        "kind: hyperopt\nalgorithm: anneal\nnumRuns: 40",
        "kind: bayes\nnumInitialRuns: 5\nmaxIterations: 35",
        "kind: auto\nresource: {name: epochs}\nmaxIterations: 9\nnumRuns: 40",
    ];
    insta::assert_snapshot!(kinds.map(last).join("\n"), @r#"
    kind: random, sampler: gp, numRuns: 40 {"lr":0.0009593143537710904,"layers":4,"opt":"adam","decay":0.0} {"lr":0.09999999999999998,"layers":3,"opt":"sgd","decay":0.9999999999999999}
    kind: random, sampler: tpe, numRuns: 40 {"lr":0.006341365493284622,"layers":3,"opt":"sgd","decay":0.06729766916861973} {"lr":0.000014464782237333473,"layers":8,"opt":"lamb","decay":0.2331843836724663}
    kind: hyperopt, algorithm: anneal, numRuns: 40 {"lr":0.0005271465977728395,"layers":3,"opt":"adam","decay":0.1402536965540386} {"lr":0.0010794495152659208,"layers":3,"opt":"adam","decay":0.043963679301662575}
    kind: bayes, numInitialRuns: 5, maxIterations: 35 {"lr":0.00001,"layers":8,"opt":"adam","decay":0.0} {"lr":0.015587197089607917,"layers":1,"opt":"sgd","decay":0.9999999999999999}
    kind: auto, resource: {name: epochs}, maxIterations: 9, numRuns: 40 {"lr":0.09999999999999998,"layers":1,"opt":"adam","decay":0.3230491945218128} {"lr":0.00007652182269722585,"layers":8,"opt":"sgd","decay":0.0}
    "#);
}

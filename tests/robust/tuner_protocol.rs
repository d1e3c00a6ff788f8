//! Tuners as scripts that read one version of the protocol, in a space with conditions and constraints.

use std::fs;

use serde_json::{Value, json};

use hypertune_test_support::Lab;

/// A chain of conditions in nested mappings, and a constraint.
const SPACE: &str = "
seed: 7
metric: {name: loss, optimization: minimize}
params:
  model:
    family: {kind: choice, value: [cnn, mlp]}
    layers: {kind: int, value: [1, 8], when: {model.family: mlp}}
    dropout: {kind: uniform, value: [0, 1], when: {model.layers: [2, 3, 4, 5, 6, 7, 8]}}
  lr: {kind: uniform, value: [0, 1]}
constraints:
- lr < 0.8
- params['model.layers'] * lr < 4
";

/// Refuses every version but 1, and uses all parameters of each observation.
const VERSION_1: &str = "
import json, random, sys
for line in sys.stdin:
    request = json.loads(line)
    assert request['version'] == 1, 'this tuner reads version 1'
    assert not {'constraints', 'rejected'} & set(request)
    assert all('when' not in entry for entry in request['space'].values())
    for observation in request['observations']:
        assert sorted(observation['params']) == sorted(request['space']), observation['params']
    suggestions = []
    for trial in request['trials']:
        draw = random.Random(trial)
        suggestions.append({
            'model.family': draw.choice(['cnn', 'mlp']), 'model.layers': draw.randint(1, 8),
            'model.dropout': draw.random(), 'lr': draw.random() * 0.45})
    print(json.dumps({'suggestions': suggestions}), flush=True)
";

/// Reads version 2: suggests active parameters only, and another configuration for each that was rejected.
const VERSION_2: &str = "
import json, random, sys
asked = {}
for line in sys.stdin:
    request = json.loads(line)
    assert request['version'] == 2
    assert request['space']['model.dropout']['when'] == {'model.layers': [2, 3, 4, 5, 6, 7, 8]}
    assert request['constraints'] == ['lr < 0.8', \"params['model.layers'] * lr < 4\"]
    for rejected in request.get('rejected', []):
        print('rejected', rejected['reason'], file=sys.stderr, flush=True)
    suggestions = []
    for trial in request['trials']:
        asked[trial] = asked.get(trial, 0) + 1
        draw = random.Random(trial * 100 + asked[trial])
        one = {'lr': 0.9 if asked[trial] == 1 else draw.random() * 0.45, 'model.family': draw.choice(['cnn', 'mlp'])}
        if one['model.family'] == 'mlp':
            one['model.layers'] = draw.randint(1, 8)
            if one['model.layers'] > 1:
                one['model.dropout'] = draw.random()
        suggestions.append(one)
    print(json.dumps({'suggestions': suggestions}), flush=True)
";

fn lab(script: &str, fields: &str) -> Lab {
    let lab = Lab::new(&format!(
        "kind: iterative\nmaxIterations: 12\ntuner: {{command: [python3, tuner.py], timeout: 20{fields}}}{SPACE}"
    ));
    fs::write(lab.path("tuner.py"), script).expect("a writable folder");
    lab
}

/// Checks that the study launched twelve configurations that follow the rules, of both branches.
fn assert_follows_rules(lab: &Lab) {
    let launched: Vec<Value> = lab.records("launch").iter().map(|launch| launch["params"].clone()).collect();
    assert_eq!(launched.len(), 12);
    for params in &launched {
        let is_mlp = params["model.family"] == "mlp";
        let layers = params.get("model.layers").map(|layers| layers.as_i64().expect("a whole number"));
        assert_eq!((layers.is_some(), params.get("model.dropout").is_some()), (is_mlp, layers > Some(1)), "{params}");
        assert!(params["lr"].as_f64().is_some_and(|lr| lr < 0.8), "{params}");
    }
    assert!(["cnn", "mlp"].iter().all(|family| launched.iter().any(|params| params["model.family"] == *family)));
}

#[test]
fn a_tuner_for_version_1_proposes_in_a_space_with_conditions() {
    let lab1 = lab(VERSION_1, ", protocol: 1");
    lab1.run("-q -j 2", "").exits(0);
    assert_follows_rules(&lab1);
    let refused = lab(VERSION_1, "");
    refused.run("-q -j 1", "").exits(1).output_contains("this tuner reads version 1").output_contains("protocol: 1");
    lab(VERSION_1, ", protocol: 3").run("-q", "").exits(2).output_contains("unknown version 3 of the protocol");
}

#[test]
fn a_tuner_for_version_2_is_told_what_was_rejected() {
    let lab = lab(VERSION_2, "");
    lab.run("-q -j 1", "").exits(0);
    assert_follows_rules(&lab);
    let log = fs::read_to_string(lab.study().join("tuner.stderr.log")).expect("the tuner's stderr");
    assert_eq!(log.matches("rejected the constraint `lr < 0.8` on line 13 is not fulfilled").count(), 12, "{log}");
}

#[test]
fn suggestions_that_break_a_condition_are_refused_with_the_rule() {
    let suggest = |one: Value| {
        let line = json!({"suggestions": [one]}).to_string();
        let lab = lab(&format!("input()\nprint('{line}', flush=True)\ninput()\n"), "");
        lab.run("-q -j 1 --max-jobs 1", "")
    };
    let inactive = json!({"lr": 0.1, "model.family": "cnn", "model.layers": 3, "model.dropout": 0.5});
    suggest(inactive).exits(4);
    let missing = json!({"lr": 0.1, "model.family": "mlp", "model.layers": 3});
    suggest(missing).exits(1).output_contains("`model.dropout` has no value");
    let outside = json!({"lr": 0.1, "model.family": "mlp", "model.layers": 9});
    suggest(outside).exits(1).output_contains("`model.layers` cannot be the number 9");
    let unknown = json!({"lr": 0.1, "model.family": "cnn", "layers": 3});
    suggest(unknown).exits(1).output_contains("unknown parameter `layers`");
}

#[test]
fn a_tuner_that_ends_the_study_is_named_with_the_suggestions_that_were_rejected() {
    // `done` with one of two suggestions rejected, and one suggestion for two trials.
    let allowed = "{'x': 0.4}";
    for (response, code, text) in [
        (format!("{{'suggestions': [{allowed}, {{'x': 0.9}}], 'done': True}}"), 0, "after 1 of 8 trials; 1 suggestion"),
        ("{'suggestions': [{'x': 0.9}]}".to_owned(), 3, "after 0 of 8 trials; 1 suggestion"),
        (format!("{{'suggestions': [{allowed}]}}"), 0, "after 1 of 8 trials"),
    ] {
        let lab = Lab::new(
            "kind: iterative\nmaxIterations: 8\nconcurrency: 2\nseed: 7\nmetric: {name: loss, optimization: minimize}\n\
             params: {x: {kind: uniform, value: [0, 1]}}\nconstraints: [x < 0.5]\ntuner: {command: [python3, tuner.py]}\n",
        );
        lab.file(
            "tuner.py",
            format!("import json, sys\nfor line in sys.stdin:\n    print(json.dumps({response}), flush=True)\n"),
        );
        let ended = lab.run("-j 2", "").exits(code);
        let ended = ended.stderr_contains("the tuner `python3 tuner.py` ended the study").stderr_contains(text);
        assert_eq!(ended.stderr.contains("x < 0.5"), text.contains("1 suggestion"), "{}", ended.stderr);
    }
}

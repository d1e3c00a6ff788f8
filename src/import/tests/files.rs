//! Conversion of commands, schedules and notes.

use serde_json::json;

use super::{imported, loaded, matrix};

/// The first command of the imported matrix.
fn command(text: &str) -> String {
    let matrix = matrix(text);
    let line =
        matrix.lines().find(|line| line.trim_start().starts_with("command:")).unwrap_or_else(|| panic!("{matrix}"));
    line.trim_start().trim_start_matches("command: ").to_owned()
}

fn sweep(rest: &str) -> String {
    format!(
        "method: random\nrun_cap: 9\nmetric: {{name: loss}}\nparameters: {{lr: {{min: 0.0, max: 1}}, amp: {{values: [true, false]}}}}\n{rest}"
    )
}

#[test]
fn commands_of_sweeps() {
    assert_eq!(command(&sweep("program: t.py\n")), "[python, t.py]");
    assert_eq!(
        command(&sweep("program: t.py\ncommand: ['${env}', python3, '${program}', '${args}', --last]\n")),
        r#"[python3, t.py, "{{ params.as_args }}", "--last"]"#
    );
    assert_eq!(
        command(&sweep("command: [sh, -c, 'echo {{x}}', '${args}']\n")),
        r#"[sh, "-c", "echo {{ \"{{\" }}x}}"]"#
    );
    assert!(matrix(&sweep("program: t.py\n")).contains("arguments: {booleans: \"True\"}"));
    assert!(matrix(&sweep("command: [t, '${args_no_boolean_flags}']\n")).contains("arguments: {booleans: flag}"));
    assert!(matrix(&sweep("command: [t, '${args_no_hyphens}']\n")).contains("style: assign"));
    assert!(matrix(&sweep("command: [t, '${args_json_file}']\n")).contains("style: none"));
    assert!(matrix(&sweep("command: [t]\n")).contains("the command has no `${args}`"));
}

#[test]
fn schedules_of_sweeps() {
    let early = |rule: &str| {
        let text = sweep(&format!("program: t.py\nearly_terminate: {{type: hyperband, {rule}}}\n"));
        let plan = loaded(&text.replace("lr:", "epochs: {value: 27}, lr:")).experiment.plan();
        let resources: Vec<f64> = plan.brackets[0].rungs.iter().map(|rung| rung.resource.amount()).collect();
        (plan.brackets.len(), resources, loaded(&text).experiment.plan().brackets.len())
    };
    // stopped at 3, 9, 27; the constant is the largest resource
    assert_eq!(early("min_iter: 3, eta: 3"), (3, vec![3.0, 9.0, 27.0], 4));
    // stopped at 9, 3 before 27
    assert_eq!(early("max_iter: 27, s: 2"), (3, vec![3.0, 9.0, 27.0], 3));
    assert_eq!(early("max_iter: 16, s: 2, eta: 2"), (3, vec![4.0, 8.0, 16.0], 3));
    let bayes = sweep("program: t.py\n").replace("random", "bayes");
    assert_eq!(loaded(&bayes).experiment.plan().trials(), 9);
    let grid = "method: grid\nprogram: t.py\nparameters: {a: {values: [1, 2]}, b: {min: 1, max: 3}}\n";
    assert_eq!(loaded(grid).experiment.space.cardinality(), Some(6));
}

#[test]
fn each_thing_that_is_not_carried_over_is_a_comment_with_its_line() {
    let text = sweep("program: t.py\nproject: p\nfuture_field: 3\nearly_terminate: {type: envelope}\n");
    let imported = imported(&text);
    for comment in [
        "# line 7: `future_field` is not carried over",
        "# line 8: `early_terminate` of type the text \"envelope\" is not carried over",
        "  # line 3: W&B reads what `wandb.log` is given",
    ] {
        assert!(imported.matrix.contains(comment), "no `{comment}` in\n{}", imported.matrix);
    }
    let json = imported.to_json();
    let notes = json["notes"].as_array().expect("notes");
    assert!(notes.iter().any(|note| note["line"] == 7 && note["at"].is_null()), "{json}");
    assert!(notes.iter().any(|note| note["line"] == 3 && note["at"] == "metric"), "{json}");
    assert_eq!(json["params"], json!(["lr", "amp"]));
    assert!(!imported.matrix.contains("project"));
}

#[test]
fn algorithms_of_katib() {
    let kind = |name: &str| {
        let text = format!(
            "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nspec:\n  maxTrialCount: 20\n  objective: {{type: minimize, \
             objectiveMetricName: a}}\n  algorithm: {{algorithmName: {name}}}\n  \
             parameters: [{{name: x, parameterType: int, feasibleSpace: {{min: '1', max: '3'}}}}]\n"
        );
        let experiment = loaded(&text).experiment;
        format!("{} {}", experiment.method.kind, experiment.method.sampler.name())
    };
    let names = [
        "random",
        "grid",
        "tpe",
        "multivariate-tpe",
        "anneal",
        "bayesianoptimization",
        "sobol",
        "cmaes",
        "hyperband",
        "pbt",
    ];
    let found: Vec<String> = names.iter().map(|name| format!("{name}: {}", kind(name))).collect();
    insta::assert_snapshot!(found.join("\n"), @r"
    random: random random
    grid: grid grid
    tpe: hyperopt tpe
    multivariate-tpe: hyperopt tpe
    anneal: hyperopt anneal
    bayesianoptimization: bayes gp
    sobol: random random
    cmaes: hyperopt tpe
    hyperband: hyperband random
    pbt: random random
    ");
}

#[test]
fn nested_choices_of_nni_are_conditions() {
    let text = r#"{"opt": {"_type": "choice", "_value": [
        {"_name": "sgd", "lr": {"_type": "uniform", "_value": [0, 1]}, "decay": {"_type": "uniform", "_value": [0, 1]}},
        {"_name": "adam", "lr": {"_type": "loguniform", "_value": [1e-5, 1]}, "decay": {"_type": "uniform", "_value": [0, 1]}},
        "none"]}}"#;
    let imported = imported(text);
    assert_eq!(imported.params, ["opt", "opt.lr", "opt.decay", "opt.adam.lr"]);
    assert!(imported.matrix.contains("opt: {kind: choice, value: [sgd, adam, none]}"), "{}", imported.matrix);
}

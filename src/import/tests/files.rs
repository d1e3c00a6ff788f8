//! Conversion of commands, schedules and notes.

use serde_json::json;

use super::{file, imported, loaded, matrix};

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

#[test]
fn experiments_of_ray_tune() {
    insta::assert_snapshot!(matrix(&file("ray-tuned.yaml")), @"
    # Imported by hypertune from f.yaml, an experiment of Ray Tune.
    # line 6: `stop.episode_reward_mean: 100` is not carried over: Ray ends the trial there and hypertune's rule
    #   the study; if that is meant, add {metric: episode_reward_mean, value: 100, optimization: …} to
    #   `earlyStopping`
    # line 7: `stop.time_total_s: 60` is not carried over: a limit of time is an option; add --job-timeout 60s
    # line 8: `stop.timesteps_total: 5000` is not carried over: the script decides how long it trains; pass it to
    #   the script, or name it as `resource`
    # line 3: `run` is not carried over: Ray trains with it; give a command after `--` that takes the parameters
    # the experiment has no command; give it after `--`
    # line 20: the experiment `walker-dqn` is not carried over: a study has one space; import a file that has only
    #   this one
    matrix:
      # `num_samples: 2` is not carried over: each combination runs once; use other seeds in studies of their own
      kind: grid
      metric: {name: episode_reward_mean, optimization: maximize}
      params:
        env: Walker-v1
        num_workers: 1
        gamma: 0.9
        clip: true
        epochs_per_step: {kind: choice, value: [1, 2]}
        model.hiddens: {kind: constant, value: [8, 8]}
        model.activation: {kind: choice, value: [tanh, relu]}
        replay.type: Prioritized
        replay.capacity: 100
    ");
    insta::assert_snapshot!(matrix(&file("ray-tuner.yaml")), @r#"
    # Imported by hypertune from f.yaml, an experiment of Ray Tune.
    # line 9: `resources_per_trial` is not carried over: jobs share this machine; see `-j` and `--gpus`
    # the experiment has no command; give it after `--`
    matrix:
      # Ray Tune runs all 2 combinations of `grid_search` with other draws; here all parameters are drawn
      kind: random
      numRuns: 6
      metric: {name: accuracy, optimization: maximize}
      params:
        lr: {kind: loguniform, value: {min: 0.0001, max: 0.1}}
        layers: {kind: int, value: {min: 1, max: 4}}
        momentum: {kind: quniform, value: {min: 0.1, max: 0.9, q: 0.1}}
        decay: {kind: uniform, value: {min: 0, max: 0.1}}
        # line 6: Python code is not carried over; replace it by a kind and a value
        batch: "lambda spec: 2 ** spec.config.layers"
        optimizer: {kind: choice, value: [sgd, adam]}
    "#);
    assert_eq!(loaded(&file("ray-one.yaml")).experiment.plan().trials(), 2);
    assert_eq!(loaded(&file("ray-grid.json")).experiment.method.kind, "grid");
    insta::assert_snapshot!(matrix(&file("ray-space.json")), @"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # a dictionary has no command; give it after `--`
    matrix:
      # Ray Tune runs all 2 combinations of `grid_search` with other draws; here all parameters are drawn
      kind: random
      numRuns: 2
      # the file names no metric; set its name and direction
      metric: {name: loss, optimization: minimize}
      params:
        lr: {kind: loguniform, value: {min: 0.0001, max: 0.1}}
        opt: {kind: choice, value: [sgd, adam]}
        depth: {kind: choice, value: [1, 2]}
    ");
}

#[test]
fn sweepers_of_hydra() {
    insta::assert_snapshot!(matrix(&file("hydra-ax.yaml")), @"
    # Imported by hypertune from f.yaml, a configuration of a Hydra sweeper.
    # line 7: `early_stop` is not carried over; see `--time-limit` and `--max-jobs`
    # the configuration has no command; give it after `--`, without `-m`, for instance `-- python3 train.py`
    matrix:
      kind: bayes
      # Hydra takes the value that the script returns, which has no name; print it and set its name
      metric: {name: score, optimization: maximize}
      numInitialRuns: 2
      maxIterations: 6
      argStyle: hydra
      params:
        x: {kind: uniform, value: {min: -2, max: 2.5}}
        mode: {kind: choice, value: [a, b]}
        size: 3
    ");
    insta::assert_snapshot!(matrix(&file("hydra-nevergrad.yaml")), @"
    # Imported by hypertune from f.yaml, a configuration of a Hydra sweeper.
    # the configuration has no command; give it after `--`, without `-m`, for instance `-- python3 train.py`
    matrix:
      # line 3: hypertune has no `OnePlusOne`; TPE is the nearest algorithm; choose a `kind` or a `sampler`
      kind: hyperopt
      # Hydra takes the value that the script returns, which has no name; print it and set its name
      metric: {name: objective, optimization: maximize}
      seed: 3
      algorithm: tpe
      numRuns: 12
      concurrency: 2
      argStyle: hydra
      params:
        db: {kind: choice, value: [small, large]}
        lr: {kind: lognormal, value: {loc: -3.912023005428146, scale: 0.6931471805599453}}
        shift: {kind: normal, value: {loc: 1, scale: 0.5}}
        dropout: {kind: uniform, value: {min: 0.0, max: 1.0}}
        batch: {kind: int, value: {min: 4, max: 16}}
        width: {kind: logint, value: {min: 4, max: 64}}
    ");
    insta::assert_snapshot!(matrix(&file("hydra-orion.yaml")), @"
    # Imported by hypertune from f.yaml, a configuration of a Hydra sweeper.
    # line 7: `storage` is not carried over: the study is in a folder; see `--study`
    # the configuration has no command; give it after `--`, without `-m`, for instance `-- python3 train.py`
    matrix:
      kind: random
      # Hydra takes the value that the script returns, which has no name; print it and set its name
      metric: {name: objective, optimization: minimize}
      seed: 1
      numRuns: 6
      argStyle: hydra
      params:
        lr: {kind: loguniform, value: {min: 0.00001, max: 1.0}}
        depth: {kind: int, value: {min: 1, max: 4}}
    ");
}

#[test]
fn conditions_are_when() {
    let text = "optimizer: {type: categorical, choices: [sgd, adam]}\nlr: {type: float, low: 0, high: 1, when: {optimizer: sgd}}\n";
    assert!(
        matrix(text).contains("lr: {kind: uniform, value: {min: 0, max: 1}, when: {optimizer: sgd}}"),
        "{}",
        matrix(text)
    );
    assert!(!loaded(text).experiment.space.conditions().is_empty());
    assert_eq!(matrix(&file("nni-space.json")).matches("when: {").count(), 3);
}

#[test]
fn constants_that_the_matrix_would_read_otherwise_have_a_kind() {
    let text = sweep("program: t.py\n")
        .replace("lr:", "a: {value: [1, 2]}, b: {value: 'uniform(0, 1)'}, c: {value: relu}, lr:");
    let matrix = matrix(&text);
    assert!(matrix.contains("a: {kind: constant, value: [1, 2]}"), "{matrix}");
    assert!(matrix.contains("b: {kind: constant, value: \"uniform(0, 1)\"}"), "{matrix}");
    assert!(matrix.contains("c: relu\n"), "{matrix}");
}

#[test]
fn a_grid_of_polyaxon_may_have_ranges_as_text() {
    let text = "version: 1\nhptuning:\n  matrix:\n    lr: {linspace: '0.001:0.1:5'}\n    act: {values: [relu, tanh]}\nrun: {cmd: t}\n";
    let experiment = loaded(text).experiment;
    assert_eq!((experiment.method.kind, experiment.plan().trials()), ("grid", 10));
}

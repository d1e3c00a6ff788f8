//! Dictionaries, lists and settings in other places, in the shapes that public repositories have.

use super::{file, imported, loaded, matrix};

#[test]
fn shapes_of_dictionaries() {
    insta::assert_snapshot!(matrix(&file("dictionary-list.json")), @r"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # a dictionary has no command; give it after `--`
    matrix:
      kind: random
      # the file has no number of trials; set it
      numRuns: 100
      # the file names no metric; set its name and direction
      metric: {name: loss, optimization: minimize}
      params:
        hidden_dim: {kind: logint, value: {min: 32, max: 512}}
        lr: {kind: loguniform, value: {min: 0.0001, max: 0.1}}
        dropout: {kind: linspace, value: [0.0, 0.5, 6]}
        encoder: {kind: choice, value: [lstm, gru]}
    ");
    insta::assert_snapshot!(matrix(&file("dictionary-conditional.yaml")), @r"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # a dictionary has no command; give it after `--`
    matrix:
      kind: random
      # the file has no number of trials; set it
      numRuns: 100
      # the file names no metric; set its name and direction
      metric: {name: loss, optimization: minimize}
      params:
        family: {kind: choice, value: [resnet, vit]}
        resnet_depth: {kind: choice, value: [18, 50, 101], when: {family: resnet}}
        frozen: {kind: choice, value: [true, false]}
        heads: {kind: int, value: {min: 1, max: 8}, when: {family: vit}}
        # line 27: `prior` is not carried over: hypertune has no such field
        lr: {kind: loguniform, value: {min: 0.00001, max: 0.1}}
    ");
    insta::assert_snapshot!(matrix(&file("dictionary-space.yaml")), @r"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # a dictionary has no command; give it after `--`
    matrix:
      kind: random
      # the file has no number of trials; set it
      numRuns: 100
      # the file names no metric; set its name and direction
      metric: {name: loss, optimization: minimize}
      params:
        model.kind: {kind: choice, value: [mlp, cnn]}
        # line 7: the type `list_of_int` is not carried over; replace it by a kind and a value; null passes
        #   nothing
        model.widths: {kind: constant, value: null}
        model.dropout: {kind: uniform, value: {min: 0.0, max: 0.6}}
        training.lr: {kind: loguniform, value: {min: 0.00001, max: 0.01}}
        training.weight_decay: {kind: loguniform, value: {min: 1e-6, max: 0.01}}
        training.batch_size: {kind: int, value: {min: 16, max: 128}}
    ");
    insta::assert_snapshot!(matrix(&file("dictionary-optuna.yaml")), @r"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # line 1: `study` is not carried over: a study is a folder; use `--study`
    # line 6: `sampler` is not carried over: samplers have other names; choose a `sampler` or a `kind`
    # a dictionary has no command; give it after `--`
    matrix:
      kind: random
      metric: {name: f1, optimization: maximize}
      numRuns: 20
      params:
        learning_rate: {kind: loguniform, value: {min: 0.00001, max: 0.001}}
        batch_size: {kind: choice, value: [16, 32, 64]}
        layers: {kind: int, value: {min: 1, max: 4}}
    ");
    insta::assert_snapshot!(matrix(&file("dictionary-tunables.json")), @r"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # a dictionary has no command; give it after `--`
    matrix:
      kind: random
      # the file names no metric; set its name
      metric: {name: loss, optimization: minimize}
      numRuns: 10
      params:
        memory: {kind: linspace, value: [256, 4096, 61]}
        threads: {kind: int, value: {min: 1, max: 8}}
    ");
    assert_eq!(imported(&file("nni-wrapped.yaml")).params, ["batch_size", "lr"]);
}

#[test]
fn settings_of_nevergrad_may_be_in_params() {
    insta::assert_snapshot!(matrix(&file("hydra-nevergrad-params.yaml")), @r"
    # Imported by hypertune from f.yaml, a configuration of a Hydra sweeper.
    # the configuration has no command; give it after `--`, without `-m`, for instance `-- python3 train.py`
    matrix:
      # line 5: hypertune has no `OnePlusOne`; TPE is the nearest algorithm; choose a `kind` or a `sampler`
      kind: hyperopt
      # Hydra takes the value that the script returns, which has no name; print it and set its name
      metric: {name: objective, optimization: maximize}
      seed: 3
      algorithm: tpe
      numRuns: 40
      concurrency: 4
      argStyle: hydra
      params:
        db: {kind: choice, value: [small, large]}
        lr: {kind: lognormal, value: {loc: -3.912023005428146, scale: 0.6931471805599453}}
        batch_size: {kind: int, value: {min: 4, max: 16}}
    ");
}

#[test]
fn conditions_of_a_dictionary_are_those_of_the_space() {
    let space = loaded(&file("dictionary-conditional.yaml")).experiment.space;
    let conditional: Vec<&str> = space
        .params
        .iter()
        .enumerate()
        .filter_map(|(index, param)| space.conditions().when(index).map(|_| &*param.name))
        .collect();
    assert_eq!(conditional, ["resnet_depth", "heads"]);
}

#[test]
fn ranges_and_values_without_a_type_are_not_constants() {
    let text = "lr: {low: 0.1, high: 1, log: true}
layers: {low: 1, high: 4}
width: {min: 0.5, max: 2}
opt: {values: [adam, sgd]}
sizes: [1, 4]
half: {low: 1}
odd: {low: 1, high: 2, unit: m}
one: 7
";
    insta::assert_snapshot!(matrix(text), @"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # a dictionary has no command; give it after `--`
    matrix:
      kind: random
      # the file has no number of trials; set it
      numRuns: 100
      # the file names no metric; set its name and direction
      metric: {name: loss, optimization: minimize}
      params:
        lr: {kind: loguniform, value: {min: 0.1, max: 1}}
        # line 2: no type, but the bounds are whole numbers; use `kind: uniform` for all numbers
        layers: {kind: int, value: {min: 1, max: 4}}
        width: {kind: uniform, value: {min: 0.5, max: 2}}
        opt: {kind: choice, value: [adam, sgd]}
        # line 5: a list without a type is one value; use `kind: choice` to try its items, or `kind: int` or
        #   `uniform` for a range
        sizes: {kind: constant, value: [1, 4]}
        # line 6: `low` is a constant: beside it is no other bound, or an unknown field; use a kind and a value if
        #   it is a bound of a range
        half.low: 1
        # line 7: `low` is a constant: beside it is no other bound, or an unknown field; use a kind and a value if
        #   it is a bound of a range
        odd.low: 1
        # line 7: `high` is a constant: beside it is no other bound, or an unknown field; use a kind and a value
        #   if it is a bound of a range
        odd.high: 2
        odd.unit: m
        one: 7
    ");
}

#[test]
fn items_of_a_list_may_have_values_without_a_type() {
    let text = "- {name: optimizer, values: [adam, sgd]}\n- {name: depth, low: 1, high: 9}\n";
    insta::assert_snapshot!(matrix(text), @"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # a dictionary has no command; give it after `--`
    matrix:
      kind: random
      # the file has no number of trials; set it
      numRuns: 100
      # the file names no metric; set its name and direction
      metric: {name: loss, optimization: minimize}
      params:
        optimizer: {kind: choice, value: [adam, sgd]}
        # line 2: no type, but the bounds are whole numbers; use `kind: uniform` for all numbers
        depth: {kind: int, value: {min: 1, max: 9}}
    ");
}

#[test]
fn settings_that_are_not_carried_over_have_an_alternative() {
    let text = "optuna:
  study_name: s
  objective: {name: f1, direction: maximize}
  sampler: tpe
  pruner: median
  timeout: 60
  search_space:
    lr: {type: float, low: 0, high: 1}
";
    insta::assert_snapshot!(matrix(text), @"
    # Imported by hypertune from f.yaml, a dictionary of search expressions.
    # line 2: `study_name` is not carried over: a study is a folder; use `--study`
    # line 4: `sampler` is not carried over: samplers have other names; choose a `sampler` or a `kind`
    # line 5: `pruner` is not carried over: it is part of the kind; choose a `kind`, such as hyperband or asha, or
    #   use `earlyStopping`
    # line 6: `timeout` is not carried over: it is an option of the command line; use `--time-limit`
    # a dictionary has no command; give it after `--`
    matrix:
      kind: random
      metric: {name: f1, optimization: maximize}
      # the file has no number of trials; set it
      numRuns: 100
      params:
        lr: {kind: uniform, value: {min: 0, max: 1}}
    ");
}

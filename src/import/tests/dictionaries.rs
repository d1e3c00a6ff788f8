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
    # line 1: `study` is not carried over: hypertune has no such field
    # line 6: `sampler` is not carried over: hypertune has no such field
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

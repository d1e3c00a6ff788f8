//! `guess` and `confidence` of parameters: every kind and form, and their mistakes.

use super::*;
use crate::matrix::command_line::matrix_options::MatrixOptions;
use crate::matrix::command_line::overrides::{MetricOverride, ValueOverride};
use crate::types::objective::Direction;

fn random(params: &str) -> String {
    format!("kind: random\nnumRuns: 9\nmetric: {{name: loss, optimization: minimize}}\nparams:\n{params}")
}

/// `name value confidence` of each guess.
fn guesses(loaded: &LoadedMatrix) -> String {
    let guess = |param: &crate::space::Param| {
        let guess = param.guess.as_ref()?;
        Some(format!("{} {} {}", param.name, guess.value, guess.confidence.name()))
    };
    loaded.experiment.space.params.iter().filter_map(guess).collect::<Vec<_>>().join("\n")
}

fn command() -> Overrides {
    Overrides { command: Some(vec!["train".to_owned()]), ..Overrides::default() }
}

#[test]
fn every_kind_of_parameter_takes_a_guess_in_its_own_units() {
    let params = "  activation: {kind: choice, value: [relu, tanh], guess: tanh}
  flag: {kind: choice, value: [true, false, null], guess: null, confidence: low}
  list: {kind: choice, value: [[1, 2], [3]], guess: [1, 2]}
  optimizer: {kind: pchoice, value: [[sgd, 0.3], [adam, 0.7]], guess: adam, confidence: high}
  blocks: {kind: range, value: '2:10:2', guess: 6.0}
  dropout: {kind: linspace, value: {start: 0, stop: 0.5, num: 6}, guess: 0.2}
  decay: {kind: logspace, value: [-5, -1, 5], guess: 0.001}
  width: {kind: geomspace, value: [16, 256, 5], guess: 32}
  until: {kind: daterange, value: ['2024-01-01', '2024-02-01', 7], guess: '2024-01-08'}
  lr: {kind: loguniform, min: 1e-5, max: 0.1, guess: 3e-4}
  noise: {kind: normal, value: {loc: 0, scale: 1}, guess: -0.5}
  scale: {kind: qlognormal, value: {loc: 2, scale: 1, q: 1}, guess: 3}
  batch: {kind: quniform, value: {low: 16, high: 256, q: 16}, guess: 64}
  depth: {kind: int, value: [1, 8], guess: 8}
  hidden: {kind: logint, value: {min: 16, max: 1024}, guess: 100}
  text: uniform(0, 1, guess=0.25, confidence=high)
  outer:
    inner: {kind: uniform, value: [0, 1], guess: 1, when: {activation: tanh}}
";
    let loaded = load_text(&random(params), &command()).unwrap();
    insta::assert_snapshot!(guesses(&loaded), @r#"
    activation "tanh" medium
    flag null low
    list [1,2] medium
    optimizer "adam" high
    blocks 6 medium
    dropout 0.2 medium
    decay 0.001 medium
    width 32.0 medium
    until "2024-01-08" medium
    lr 0.0003 medium
    noise -0.5 medium
    scale 3 medium
    batch 64 medium
    depth 8 medium
    hidden 100 medium
    text 0.25 high
    outer.inner 1.0 medium
    "#);
    assert_eq!(warnings(&loaded), "");
}

#[test]
fn the_command_line_takes_guesses() {
    let params = [
        "lr=loguniform(1e-5, 1e-1, guess=3e-4)",
        "opt=choice(sgd, adam, guess=adam, confidence=high)",
        "text=choice('guess=a', b)",
        "momentum=uniform(0, 1, guess = 0.9) if opt=sgd",
    ];
    let metric = Some(MetricOverride { name: "loss".into(), direction: Some(Direction::Minimize) });
    let matrix = MatrixOptions { space: params.map(str::to_owned).to_vec(), ..MatrixOptions::default() };
    let loaded = load_options(&Overrides { metric, matrix, ..command() }).unwrap();
    insta::assert_snapshot!(guesses(&loaded), @r#"
    lr 0.0003 medium
    opt "adam" high
    momentum 0.9 medium
    "#);
    assert!(loaded.source.text.contains("guess: 0.0003"), "{}", loaded.source.text);
    let again = load_text(&loaded.source.text, &command()).unwrap();
    assert_eq!(guesses(&again), guesses(&loaded));
}

#[test]
fn a_guess_must_be_a_value_of_its_parameter() {
    let params = "  lr: {kind: loguniform, min: 1e-5, max: 0.1, guess: 1}
  depth: {kind: int, value: [1, 8], guess: 2.5}
  act: {kind: choice, value: [relu, tanh], guess: rely}
  width: {kind: geomspace, value: [16, 256, 5], guess: 30}
  until: {kind: daterange, value: ['2024-01-01', '2024-02-01', 7], guess: '2024-01-10'}
  flag: {kind: choice, value: [true, false], guess: 1}
  x: {kind: uniform, value: [0, 1], guess: .nan}
  y: {kind: uniform, value: [0, 1], confidence: high}
  z: {kind: uniform, value: [0, 1], guess: 0.5, confidence: hihg}
  v: {kind: uniform, value: [0, 1], gues: 0.5}
  w: uniform(0, 1, gues=0.5)
";
    insta::assert_snapshot!(errors_of(&random(params)), @r#"
    5:54 `guess` of `lr` cannot be the number 1 (the nearest value is 0.1; expected 0.00001 to 0.1, log scale)
    6:44 `guess` of `depth` cannot be the number 2.5 (the nearest value is 2; expected 1 to 8)
    7:51 `guess` of `act` cannot be the text "rely" (did you mean `relu`? expected relu, tanh)
    8:56 `guess` of `width` cannot be the number 30 (the nearest value is 32.0; expected 16, 32, 64, 128, 256)
    9:75 `guess` of `until` cannot be the text "2024-01-10" (the nearest value is "2024-01-08"; expected 2024-01-01, 2024-01-08, 2024-01-15, 2024-01-22, 2024-01-29)
    10:53 `guess` of `flag` cannot be the number 1 (expected true, false)
    11:44 `guess` of `x` cannot be the number NaN (expected 0 to 1)
    12:37 `confidence` without a `guess` (add the value that you expect to be the best: `guess: …`)
    13:61 invalid value `hihg` for `confidence` (did you mean `high`?)
    14:37 unknown field `gues` in parameter `v` (did you mean `guess`?)
    15:20 unknown argument `gues` of `uniform` (did you mean `guess`?)
    "#);
}

#[test]
fn guesses_without_effect_are_warned_about() {
    let one = "  x: {kind: choice, value: [1], guess: 1}\n  y: {kind: constant, value: 3, guess: 3}\n  z: {kind: uniform, value: [0, 1]}\n";
    insta::assert_snapshot!(warnings(&load_text(&random(one), &command()).unwrap()), @r#"
    warning: `guess` has no effect: `x` has only one value
     --> matrix.yaml:5:33
      |
    5 |   x: {kind: choice, value: [1], guess: 1}
      |                                 ^^^^^

    warning: `guess` has no effect: `y` has only one value
     --> matrix.yaml:6:33
      |
    6 |   y: {kind: constant, value: 3, guess: 3}
      |                                 ^^^^^
    "#);
    let grid = "kind: grid\nparams:\n  x: {kind: choice, value: [1, 2], guess: 2}\n  y: {kind: choice, value: [1, 2], guess: 2}\n";
    insta::assert_snapshot!(warnings(&load_text(grid, &command()).unwrap()), @r#"
    warning: `guess` has no effect: kind `grid` lists the configurations
     --> matrix.yaml:3:36
      |
    3 |   x: {kind: choice, value: [1, 2], guess: 2}
      |                                    ^^^^^
    "#);
    let tuner = random("  x: {kind: uniform, value: [0, 1], guess: 0.5}\ntuner: {command: [evolve]}\n");
    insta::assert_snapshot!(warnings(&load_text(&tuner, &command()).unwrap()), @r#"
    warning: `guess` has no effect: the tuner proposes the configurations
     --> matrix.yaml:5:37
      |
    5 |   x: {kind: uniform, value: [0, 1], guess: 0.5}
      |                                     ^^^^^
    "#);
    let refused = random(
        "  x: {kind: uniform, value: [0, 1], guess: 0.9}\n  y: {kind: uniform, value: [0, 1], guess: 0.9}\nconstraints: [x + y < 1]\n",
    );
    insta::assert_snapshot!(warnings(&load_text(&refused, &command()).unwrap()), @r#"
    warning: no configuration with all guesses fulfils the constraints
     --> matrix.yaml:5:37
      |
    5 |   x: {kind: uniform, value: [0, 1], guess: 0.9}
      |                                     ^^^^^
      |
      = help: no trial will have all of them; change a guess, or a constraint
    "#);
}

#[test]
fn a_parameter_that_is_fixed_has_no_guess() {
    let params = "  x: {kind: uniform, value: [0, 1], guess: 0.5}\n  y: {kind: uniform, value: [0, 1]}\n";
    let values = vec![ValueOverride { name: "x".into(), text: "0.25".into() }];
    let loaded = load_text(&random(params), &Overrides { values, ..command() }).unwrap();
    assert_eq!((guesses(&loaded), warnings(&loaded)), (String::new(), String::new()));
}

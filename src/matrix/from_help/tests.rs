//! Help texts as programs print them. The texts in `tests/data/help` are outputs of small scripts with these libraries.

use proptest::prelude::*;

use super::*;
use crate::matrix::command_line::matrix_options::MatrixOptions;
use crate::matrix::command_line::overrides::{MetricOverride, Overrides};
use crate::matrix::diagnostics::findings::InvalidFileError;
use crate::matrix::load::{LoadedMatrix, load_options};
use crate::types::objective::Direction;

fn load(proposed: &ProposedOptions) -> Result<LoadedMatrix, InvalidFileError> {
    let matrix = MatrixOptions {
        space: proposed.params.iter().map(|param| param.notation.clone()).collect(),
        resource: proposed.resource.as_ref().map(|resource| resource.notation.clone()),
        ..MatrixOptions::default()
    };
    let metric = Some(MetricOverride { name: "loss".into(), direction: Some(Direction::Minimize) });
    load_options(&Overrides { metric, matrix, ..Overrides::default() })
}

/// The proposals, one per line, which must be valid.
fn proposals(help: &str) -> String {
    let proposed = propose(help);
    load(&proposed).unwrap_or_else(|report| panic!("{report}"));
    let active = proposed.resource.iter().chain(&proposed.params);
    let lines = active.map(|proposal| format!("{} <- {}", proposal.notation, proposal.origin));
    lines.chain(proposed.others.iter().map(|other| format!("# {}", other.line))).collect::<Vec<_>>().join("\n")
}

#[test]
fn wide_ranges_are_on_a_log_scale_and_repeated_options_are_lists() {
    let help = "Options:
  --lr FLOAT RANGE        Rate.  [default: 0.001; 1e-06<=x<=1]
  --hidden INTEGER RANGE  [16<=x<=64]
  --layers INTEGER        [default: 1, 2]
  --depth INTEGER         [default: 3; 1<=x<=5]
  --dropout FLOAT         Share of units, or none.  [default: 0.1]
";
    insta::assert_snapshot!(proposals(help), @"
    lr=loguniform(0.000001, 1) <- from --lr, default 0.001
    hidden=int(16, 64) <- from --hidden
    depth=int(1, 5) <- from --depth, default 3
    dropout=uniform(0, 0.5) <- from --dropout, default 0.1
    # --layers: several values; to try it: {kind: choice, value: [[1, 2]], arg: repeat}; default 1, 2
    ");
}

#[test]
fn a_flag_is_turned_off_by_its_own_opposite() {
    let help = "Options:
  --amp / --no-amp               Precision.  [default: amp]
  --bias, --no-bias              (default: True)
  --shuffle / --no-shuffle-data
  --fp16                         Half.
  --no-cache
  --dropout FLOAT                [default: 0.1]
";
    insta::assert_snapshot!(proposals(help), @"
    dropout=uniform(0, 0.5) <- from --dropout, default 0.1
    # --amp: a flag; to try it: {kind: choice, value: [true, false], arg: no-flag}; default amp
    # --bias: a flag; to try it: {kind: choice, value: [true, false], arg: no-flag}; default True
    # --shuffle: a flag; --no-shuffle-data is its opposite
    # --fp16: a flag; to try it: {kind: choice, value: [true, false], arg: flag}
    # --no-cache: a flag; to try it: {kind: choice, value: [true, false], arg: flag}
    ");
}

#[test]
fn argparse() {
    let wide = proposals(include_str!("../../../tests/data/help/argparse.txt"));
    assert_eq!(proposals(include_str!("../../../tests/data/help/argparse-narrow.txt")), wide);
    insta::assert_snapshot!(wide, @"
    num_train_epochs=9 <- from --num_train_epochs, default 3.0
    learning_rate=loguniform(5e-6, 5e-4) <- from --learning_rate, default 5e-05
    weight_decay=loguniform(1e-6, 1e-2) <- from --weight_decay, default 0.0
    adam_beta1=uniform(0.8, 0.99) <- from --adam_beta1, default 0.9
    adam_beta2=uniform(0.9, 0.999) <- from --adam_beta2, default 0.999
    max_grad_norm=loguniform(1e-1, 1e1) <- from --max_grad_norm, default 1.0
    lr_scheduler_type=choice(linear, cosine, constant) <- from --lr_scheduler_type, default linear
    warmup_ratio=uniform(0, 0.2) <- from --warmup_ratio, default 0.0
    per_device_train_batch_size=choice(4, 8, 16, 32) <- from --per_device_train_batch_size, default 8
    hidden-dropout=uniform(0, 0.5) <- from --hidden-dropout, default 0.1
    num_hidden_layers=int(1, 24) <- from --num_hidden_layers, default 12
    optim=choice(adamw, sgd, adafactor) <- from --optim
    # --model_name_or_path: required: give it in the command
    # --task_name: one of cola, mnli, sst2
    # --max_steps: default -1
    # --per_device_eval_batch_size: default 8
    # --fp16: a flag; to try it: {kind: choice, value: [true, false], arg: flag}; default False
    # --amp: a flag; to try it: {kind: choice, value: [true, false], arg: no-flag}; default False
    # --layers: several values; to try it: {kind: choice, value: [[64, 32]], arg: words}; default [64, 32]
    # --seed: default 42
    # --output_dir
    # --device: one of cpu, cuda
    # --report_to
    ");
}

#[test]
fn click() {
    insta::assert_snapshot!(proposals(include_str!("../../../tests/data/help/click.txt")), @"
    epochs=30 <- from --epochs, default 30
    lr=loguniform(1e-4, 1e-2) <- from --lr, default 0.001
    batch-size=choice(32, 64, 128, 256) <- from --batch-size, default 64
    opt=choice(sgd, adam) <- from --opt, default sgd
    depth=int(1, 8) <- from --depth, default 3
    dropout=uniform(0, 0.9) <- from --dropout
    # --amp: a flag; to try it: {kind: choice, value: [true, false], arg: no-flag}
    # --verbose: a flag; to try it: {kind: choice, value: [true, false], arg: flag}
    # --data: required: give it in the command
    ");
}

#[test]
fn typer() {
    let wide = proposals(include_str!("../../../tests/data/help/typer.txt"));
    assert_eq!(proposals(include_str!("../../../tests/data/help/typer-narrow.txt")), wide);
    insta::assert_snapshot!(wide, @"
    epochs=20 <- from --epochs, default 20
    lr=loguniform(1e-3, 1e-1) <- from --lr, default 0.01
    batch-size=choice(16, 32, 64, 128) <- from --batch-size, default 32
    optimizer=choice(sgd, adam) <- from --optimizer, default sgd
    hidden-dim=logint(32, 512) <- from --hidden-dim, default 128
    # --amp: a flag; to try it: {kind: choice, value: [true, false], arg: no-flag}; default no-amp
    # --token: default x
    ");
}

#[test]
fn absl() {
    insta::assert_snapshot!(proposals(include_str!("../../../tests/data/help/absl.txt")), @"
    max_steps=124:10000 <- from --max_steps, default 10000
    batch_size=choice(64, 128, 256, 512) <- from --batch_size, default 128
    learning_rate=loguniform(1e-2, 1e0) <- from --learning_rate, default 0.1
    optimizer=choice(sgd, adam) <- from --optimizer, default sgd
    # --amp: a flag; to try it: {kind: choice, value: [true, false]}; default false
    ");
}

#[test]
fn fire() {
    insta::assert_snapshot!(proposals(include_str!("../../../tests/data/help/fire.txt")), @"
    epochs=10 <- from --epochs, default 10
    lr=loguniform(1e-3, 1e-1) <- from --lr, default 0.01
    batch_size=choice(16, 32, 64, 128) <- from --batch_size, default 32
    dropout=uniform(0, 0.5) <- from --dropout, default 0.1
    # --name: default x
    # --amp: default False
    ");
}

#[test]
fn several_values_and_negations_are_listed() {
    let click = "Options:\n  --size <INTEGER INTEGER>...  Size.  [default: 8, 8]\n  --depth INTEGER RANGE  [1<=x<=8]\n";
    insta::assert_snapshot!(proposals(click), @"
    depth=int(1, 8) <- from --depth
    # --size: several values; to try it: {kind: choice, value: [[8, 8]], arg: words}; default 8, 8
    ");
    let argparse =
        "options:\n  --size SIZE SIZE  the size\n  --no-bias   without a bias (default: True)\n  --lr LR  rate\n";
    insta::assert_snapshot!(proposals(argparse), @"
    lr=loguniform(1e-5, 1e-1) <- from --lr
    # --size: several values; to try it: {kind: choice, value: [[…]], arg: words}
    # --no-bias: a flag; to try it: {kind: choice, value: [true, false], arg: flag}; default True
    ");
}

#[test]
fn other_texts_have_no_options() {
    for text in
        ["", "Traceback (most recent call last):\n  File \"x.py\"\nImportError: no module\n", "---\n- a\n-\n--\n"]
    {
        assert_eq!(propose(text), ProposedOptions::default(), "{text:?}");
    }
}

/// An option as argparse, click or Fire print it.
fn option_line() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "lr",
        "learning-rate",
        "weight_decay",
        "dropout",
        "batch_size",
        "hidden_dim",
        "num_layers",
        "momentum",
        "optimizer",
        "n_estimators",
        "epochs",
        "max_steps",
        "seed",
        "clip",
        "warmup_ratio",
        "data.dir",
    ]);
    let default = prop_oneof![
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("5e-05".to_owned()),
        Just("None".to_owned()),
        Just("[1, 2]".to_owned()),
        ".{0,20}",
    ];
    let value = prop::sample::select(vec![
        "FLOAT",
        "INTEGER",
        "{sgd,adam}",
        "[a|b'c]",
        "INTEGER RANGE",
        "<float>",
        "",
        "N [N ...]",
    ]);
    (name, default, value, 0..4, any::<i32>(), any::<i32>()).prop_map(|(name, default, value, form, low, high)| {
        match form {
            0 => format!("  --{name} {value}  text (default: {default})\n"),
            1 => format!("  -x, --{name} {value}  text  [default: {default}; {low}<=x<={high}]\n"),
            2 => format!("    -{}, --{name}={value}\n        Default: {default}\n", &name[..1]),
            _ => format!("│ *  --{name}  -x  {value}  text [default: {default}] │\n"),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_proposed_is_a_valid_matrix(lines in prop::collection::vec(option_line(), 1..12)) {
        let proposed = propose(&lines.concat());
        if !proposed.params.is_empty() {
            let loaded = load(&proposed);
            prop_assert!(loaded.is_ok(), "{lines:?}\n{proposed:?}\n{}", loaded.unwrap_err());
        }
    }

    #[test]
    fn any_text_is_read(text in any::<String>(), lines in prop::collection::vec("[ \\-│=:,/a-z\\[\\](){}<>|0-9]{0,60}", 0..10)) {
        let _ = propose(&text);
        let _ = propose(&lines.join("\n"));
    }
}

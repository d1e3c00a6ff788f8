//! Output in which something other than the metric has its name.

use super::*;
use crate::collect::collector::MetricValue;

fn collected(text: &str) -> Collected {
    let wanted = Wanted { metric: Some("loss".into()), step: Some("epoch".into()), ..Wanted::default() };
    let mut collector = Box::new(Auto::new(wanted));
    for line in text.lines() {
        let (stream, line) =
            line.strip_prefix("E|").map_or((OutputStream::Stdout, line), |line| (OutputStream::Stderr, line));
        collector.line(stream, line.as_bytes());
    }
    collector.end();
    collector.finish()
}

/// What is read from `text`; lines of stderr begin with `E|`.
fn value(text: &str) -> Option<f64> {
    match collected(text).value {
        MetricValue::Finite(score) => Some(score.value()),
        _ => None,
    }
}

fn check(cases: &[(&str, Option<f64>)]) {
    for (text, number) in cases {
        assert_eq!(value(text), *number, "{text}");
    }
}

#[test]
fn source_code_is_not_read() {
    check(&[
        ("E|t.py:9: RuntimeWarning: overflow\nE|  loss = 0.5 * (y - p) ** 2\nTest loss: 0.25", Some(0.25)),
        ("Test loss: 0.25\nE|t.py:9: RuntimeWarning: overflow\nE|  loss = 0.5", Some(0.25)),
        ("E|t.py:9: UserWarning: x\nE|  loss = 1 - cross_val_score(m, x, y).mean()", None),
        (
            "E|Traceback (most recent call last):\nE|  File \"t.py\", line 3, in save\nE|    loss = 0.0\nval loss: 1",
            Some(1.0),
        ),
        (
            "Traceback (most recent call last):\n  File \"t.py\", line 3, in save\n    loss = 0.0\nE: x\nloss: 1",
            Some(1.0),
        ),
        ("E|  metrics = {'loss': 9.0}\nloss: 0.25", Some(0.25)),
        ("loss: 0.25\n    loss = 3.0 * x", Some(0.25)),
        ("loss: 0.25\n>>> loss = 3", Some(0.25)),
        ("loss: 0.25\n2 * loss = 0.6\n1 - loss: 0.7\nd(loss)=5\nloss == 0.5\nloss := 0.5", Some(0.25)),
        ("E|t.py:9: UserWarning: x\nE|  print({'loss': 3})\nE|loss: 1", Some(1.0)),
    ]);
}

#[test]
fn stdout_counts_more_than_stderr_unless_that_has_json() {
    check(&[
        ("E|loss: 9\nTest loss: 0.25", Some(0.25)),
        ("E|INFO retry with {'loss': 9.0, 'lr': 1}\nloss: 0.4", Some(0.4)),
        ("E|{\"loss\": 0.5}\nloss: 0.4", Some(0.5)),
        ("E|loss: 0.5\ntrain loss: 0.4", Some(0.5)),
        ("E|loss: 0.5\nbest loss: 0.4", Some(0.5)),
        ("E|Epoch 1 loss: 0.5", Some(0.5)),
    ]);
    assert_eq!(collected("E|loss: 0.5").source.unwrap(), "a line of text on stderr");
    assert_eq!(collected("{\"loss\": 0.5}").source.unwrap(), "JSON on stdout");
}

#[test]
fn settings_in_lines_are_not_read() {
    check(&[
        ("Hyperparameters:\n  loss: 7\n  lr: 0.1\n\nTest loss: 0.4", Some(0.4)),
        ("Hyperparameters:\nloss: 7\nlr: 0.1\n\nTest loss: 0.4", Some(0.4)),
        ("Options:\n  loss: 7  [default: 1]\n\nval loss: 0.4", Some(0.4)),
        (
            "---- Options ----\n          lr: 0.1\n        loss: 7   [default: 1]\n---- End ----\nval loss: 0.4",
            Some(0.4),
        ),
        ("Model config:\n\tloss=7\nTest loss: 0.4", Some(0.4)),
        ("Settings:\n  loss: 7", None),
        ("model:\n  name: x\n  loss: 5\noptimizer:\n  lr: 1\nEpoch 1: val loss: 0.3", Some(0.3)),
        ("config:\n  train:\n    loss: 5\nEpoch 1: train loss: 0.3", Some(0.3)),
        ("Arguments:\n  opts: {'loss': 5}\nloss: 0.4", Some(0.4)),
        ("Epoch 1:\n  loss: 0.3", Some(0.3)),
        ("Results:\n  loss: 0.3", Some(0.3)),
        ("Training:\n  loss: 0.9\nValidation:\n  loss: 0.3", Some(0.3)),
        ("Validation:\n  loss: 0.3\nTraining:\n  loss: 0.9", Some(0.3)),
        ("model:\n  loss: 5\nResults:\n  loss: 0.3", Some(0.3)),
        ("Something:\n  loss: 0.3", Some(0.3)),
        ("  loss: 0.3", Some(0.3)),
    ]);
}

#[test]
fn weights_are_not_read_and_objects_that_differ_from_text_are_remarked() {
    check(&[
        ("class weights: {'loss': 5}\nloss: 0.4", Some(0.4)),
        ("Loss weights: {'loss': 5.0}\nloss: 0.4", Some(0.4)),
        ("Loss weights: {\"loss\": 5.0}", None),
        ("{\"lr\": 0.1, \"loss\": 0.4}", Some(0.4)),
    ]);
    let remarks = collected("{\"lr\": 0.1, \"loss\": 5}\nloss: 0.4").remarks;
    assert_eq!(remarks, [Remark::DifferentValues { name: "loss".into(), values: [5.0, 0.4] }]);
    assert_eq!(collected("{\"loss\": 0.4123}\nloss: 0.412").remarks, []);
}

#[test]
fn a_total_counts_more_than_its_parts() {
    check(&[
        ("total loss: 0.4 (cls loss: 0.3, reg loss: 0.1)", Some(0.4)),
        ("total loss: 0.4\ncls loss: 0.3", Some(0.4)),
        ("avg loss: 0.4\nval loss: 0.3", Some(0.3)),
        ("Test set: Average loss: 0.5, Accuracy: 95/120 (79%)", Some(0.5)),
    ]);
}

#[test]
fn after_a_decimal_comma_ambiguous_numbers_are_not_read() {
    check(&[
        ("loss: 2,5\nloss: 1,234", None),
        ("loss: 1,234\nloss: 2,5", None),
        ("loss: 1,234", Some(1234.0)),
        ("loss: 0,987", None),
        ("{\"loss\": \"2,5\"}\n{\"loss\": \"1,234\"}", None),
        ("{\"loss\": \"1,234\"}", Some(1234.0)),
    ]);
    let remarks = collected("loss: 2,5\nloss: 1,234").remarks;
    assert_eq!(remarks, [Remark::UnreadNumber { name: "loss".into(), text: "1,234".into() }]);
}

#[test]
fn what_is_no_single_number_is_not_read() {
    check(&[
        ("loss: 0.4\nloss: None", None),
        ("loss: None\nloss: 0.4", Some(0.4)),
        ("loss: 0.9 -> 0.4", Some(0.4)),
        ("loss: ~0.3", Some(0.3)),
        ("loss：0.4", Some(0.4)),
        ("loss: −0.4", Some(-0.4)),
        ("epoch: 3/10 loss: 0.4", Some(0.4)),
    ]);
    for text in ["12 seconds", "5 samples", "3 / 4", "1/3", "0.3+0.1j", "0.3..0.5"] {
        let found = collected(&format!("loss: {text}"));
        assert_eq!(found.remarks, [Remark::UnreadNumber { name: "loss".into(), text: text.into() }]);
        assert_eq!(value(&format!("loss: {text}")), None, "{text}");
    }
    assert_eq!(collected("epoch: 3/10 loss: 0.4").first_step, Some(3.0));
}

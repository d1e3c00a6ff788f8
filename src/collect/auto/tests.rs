use proptest::prelude::*;

use super::*;
use crate::collect::collector::MetricValue;
use crate::types::objective::Score;

const OUT: OutputStream = OutputStream::Stdout;
const ERR: OutputStream = OutputStream::Stderr;

fn wanted() -> Wanted {
    Wanted { metric: Some("loss".into()), step: Some("epoch".into()), others: vec!["acc".into()], ..Wanted::default() }
}

fn collected_as(wanted: Wanted, lines: &[(OutputStream, &str)]) -> Collected {
    let mut collector = Box::new(Auto::new(wanted));
    for (stream, line) in lines {
        collector.line(*stream, line.as_bytes());
    }
    collector.end();
    collector.finish()
}

fn collected(lines: &[(OutputStream, &str)]) -> Collected {
    collected_as(wanted(), lines)
}

fn value(lines: &[(OutputStream, &str)]) -> Option<f64> {
    match collected(lines).value {
        MetricValue::Finite(score) => Some(score.value()),
        _ => None,
    }
}

fn missing(lines: &[&str]) -> MissingMetric {
    let lines: Vec<(OutputStream, &str)> = lines.iter().map(|line| (OUT, *line)).collect();
    match collected(&lines).value {
        MetricValue::Missing(missing) => missing,
        other => panic!("{other:?}"),
    }
}

fn curve(collected: &Collected) -> Vec<(f64, f64)> {
    collected.readings.curve.iter().map(|point| (point.step, point.value)).collect()
}

#[test]
fn json_counts_more_than_dicts_and_those_more_than_text_and_stdout_more_than_stderr() {
    let lines = [
        (ERR, "loss: 6", 6.0),
        (OUT, "loss: 5", 5.0),
        (ERR, "{'loss': 4}", 4.0),
        (OUT, "{'loss': 3}", 3.0),
        (ERR, "{\"loss\": 2}", 2.0),
        (OUT, "{\"loss\": 1}", 1.0),
    ];
    for (at, (stream, line, number)) in lines.iter().enumerate() {
        for (other_stream, other, _) in &lines[..at] {
            assert_eq!(value(&[(*stream, line), (*other_stream, other)]), Some(*number), "{line} then {other}");
            assert_eq!(value(&[(*other_stream, other), (*stream, line)]), Some(*number), "{other} then {line}");
        }
    }
}

#[test]
fn readings_of_what_counts_less_leave_no_trace() {
    let found = collected(&[(OUT, "epoch: 7 loss: 9"), (OUT, "{\"loss\": 0.5, \"epoch\": 1}"), (OUT, "loss: 8")]);
    assert_eq!((curve(&found), found.first_step), (vec![(1.0, 0.5)], Some(1.0)));
}

#[test]
fn a_name_with_another_value_does_not_hide_a_number() {
    assert_eq!(value(&[(OUT, "{\"loss\": \"mse\", \"lr\": 0.1}"), (OUT, "loss: 0.5")]), Some(0.5));
    assert_eq!(value(&[(OUT, "loss: 0.5"), (OUT, "{'loss': None}")]), Some(0.5));
    assert_eq!(missing(&["{\"loss\": 0.5}", "{\"loss\": null}"]).reason, "`loss` was null");
}

#[test]
fn text_carries_the_step_and_every_number() {
    let mut collector = Auto::new(wanted());
    assert_eq!(collector.line(OUT, b"Epoch: 3 - loss: 0.5 - Acc: 97% - val_loss: 1e-3"), LineKind::Reading);
    let reading = collector.reading();
    let number = |name| reading.number(name);
    assert_eq!(
        (reading.step, number("loss"), number("acc"), number("val_loss")),
        (Some(3.0), Some(0.5), Some(97.0), Some(1e-3))
    );
    assert_eq!(collector.line(OUT, b"acc = 0.5"), LineKind::Reading);
    assert_eq!(collector.line(OUT, b"val_loss = 0.5"), LineKind::Other);
    assert_eq!(curve(&Box::new(collector).finish()), [(3.0, 0.5)]);
}

#[test]
fn nested_entries_and_numbers_as_text_are_read() {
    let nested =
        |metric: &str, line| collected_as(Wanted { metric: Some(metric.into()), ..wanted() }, &[(OUT, line)]).value;
    let finite = |value| MetricValue::Finite(Score::new(value).unwrap());
    assert_eq!(nested("val.loss", r#"{"epoch": 1, "val": {"loss": 2, "acc": 1}}"#), finite(2.0));
    assert_eq!(nested("val/loss", "{'val': {'loss': '2.5'}}"), finite(2.5));
    assert_eq!(nested("val.loss", r#"{"val": {"loss": 2}, "val.loss": 3}"#), finite(3.0));
    let mut collector = Auto::new(Wanted { metric: Some("val/loss".into()), ..wanted() });
    collector.line(OUT, br#"{"val": {"loss": 2}}"#);
    assert_eq!(collector.reading().number("val/loss"), Some(2.0));
}

#[test]
fn the_inside_of_an_object_is_not_text() {
    assert_eq!(value(&[(OUT, r#"{"train": {"loss": 1}, "val": {"loss": 2}}"#)]), None);
    assert_eq!(value(&[(OUT, r#"loss: 3 {"train": {"loss": 1}}"#)]), Some(3.0));
}

#[test]
fn an_object_over_the_last_lines_counts_as_one() {
    assert_eq!(
        value(&[(OUT, "loss: 3"), (OUT, "{"), (OUT, "  \"loss\": 1,"), (OUT, "  \"val\": {\"loss\": 2}"), (OUT, "}")]),
        Some(1.0)
    );
    assert_eq!(value(&[(OUT, "{'a': 'x',"), (OUT, " 'loss': 0.5}")]), Some(0.5));
    let found = collected(&[(OUT, "{\"epoch\": 1}"), (OUT, "loss: 1")]);
    assert_eq!(curve(&found), [(2.0, 1.0)]);
}

#[test]
fn what_is_missing_is_named() {
    let lines = ["epoch 1", "[0]\tvalidation-logloss:0.5", "[1]\tvalidation-logloss:0.25"];
    insta::assert_snapshot!(missing(&["hello"]).reason, @"`loss` was never printed with a number");
    insta::assert_snapshot!(missing(&["{\"train\": {\"loss\": 1}}", "{\"train\": {\"loss\": 2}}"]).reason, @"`loss` was never printed with a number; names with numbers in the output: `train.loss`; set `metric.name: train.loss`");
    insta::assert_snapshot!(missing(&["{\"train\": {\"loss\": 1}}", "{\"train\": {\"loss\": 2}}"]).evidence, @r#"
    saw `train.loss: 2` in 2 lines: set `metric.name: train.loss`
    the last lines of stdout:
      {"train": {"loss": 1}}
      {"train": {"loss": 2}}
    "#);
    insta::assert_snapshot!(missing(&lines).evidence, @r"
    the last lines of stdout:
      epoch 1
      [0]	validation-logloss:0.5
      [1]	validation-logloss:0.25
    ");
}

#[test]
fn too_long_lines_are_remarked() {
    let mut collector = Box::new(Auto::new(wanted()));
    collector.line_too_long(ERR, 2_000_000);
    collector.line_too_long(OUT, 3_000_000);
    assert_eq!(collector.finish().remarks, [Remark::LineTooLong { stream: ERR, bytes: 2_000_000 }]);
}

#[test]
fn without_a_metric_only_objects_on_stdout_and_wanted_names_are_readings() {
    let mut collector = Auto::new(Wanted { metric: None, ..wanted() });
    let kinds = [(OUT, "{\"a\": 1}"), (ERR, "{\"a\": 1}"), (OUT, "a: 1"), (ERR, "acc: 1")];
    let kinds = kinds.map(|(stream, line)| collector.line(stream, line.as_bytes()));
    assert_eq!(kinds, [LineKind::Reading, LineKind::Other, LineKind::Other, LineKind::Reading]);
    assert_eq!(Box::new(collector).finish().value, MetricValue::NotAsked);
}

proptest! {
    #[test]
    fn printed_numbers_come_through_exactly(loss in proptest::num::f64::NORMAL, before in "[a-z ]{0,10}") {
        for line in [format!("{before} loss: {loss:?}"), format!("{before}{{'loss': {loss:?}}}"), format!("{before}{{\"loss\": {loss:?}}}")] {
            prop_assert_eq!(value(&[(OUT, &line)]), Some(loss), "{}", line);
        }
    }

    #[test]
    fn anything_never_panics(lines in proptest::collection::vec("[{}'\",:=|a-z0-9.\\\\ \u{8}\u{1b}\\[-]{0,40}", 0..20)) {
        let mut collector = Box::new(Auto::new(wanted()));
        for line in &lines {
            if collector.line(OUT, line.as_bytes()) == LineKind::Reading {
                let _ = collector.reading();
            }
        }
        collector.end();
        let collected = collector.finish();
        prop_assert!(collected.readings.curve.iter().all(|p| p.value.is_finite() && p.step.is_finite()));
    }
}

#[test]
fn tables_are_read_and_count_less_than_text() {
    let table =
        [(OUT, "epoch     loss  acc"), (OUT, "Epoch 1/2 |---| 0%"), (OUT, "1  0.5  0.9"), (OUT, "2  0.25  97%")];
    let found = collected(&table);
    assert_eq!((curve(&found), found.first_step), (vec![(1.0, 0.5), (2.0, 0.25)], Some(1.0)));
    let others = [(OUT, "name  value"), (OUT, "3  0.125  0.9")];
    assert_eq!(value(&[&table[..], &others].concat()), Some(0.125));
    assert_eq!(value(&[&table[..], &[(ERR, "loss: 3"), (OUT, "3 1 1")]].concat()), Some(3.0));
    assert_eq!(value(&[(OUT, "the  loss"), (OUT, "of  them"), (ERR, "1 2"), (OUT, "1 2 3")]), None);
}

#[test]
fn a_name_in_a_table_is_suggested() {
    let missing = missing(&["epoch  train_loss  val_loss", "1  0.5  0.25"]);
    assert_eq!(missing.evidence.lines().next(), Some("saw `val_loss: 0.25` in 1 line: set `metric.name: val_loss`"));
}

use proptest::prelude::*;

use super::*;
use crate::collect::collector::{MetricValue, MissingMetric};
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
fn json_counts_most_then_stdout_and_of_one_stream_dicts_more_than_text() {
    let lines = [
        (ERR, "loss: 6", 6.0),
        (ERR, "{'loss': 5}", 5.0),
        (OUT, "loss: 4", 4.0),
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
    assert_eq!(Box::new(collector).finish().value, MetricValue::NoMetric);
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
    assert_eq!(value(&[&table[..], &[(ERR, "loss: 7"), (OUT, "3 1.5 1")]].concat()), Some(1.5));
    assert_eq!(value(&[&table[..], &[(OUT, "loss: 7"), (OUT, "3 1.5 1")]].concat()), Some(7.0));
    assert_eq!(value(&[(OUT, "the  loss"), (OUT, "of  them"), (ERR, "1 2"), (OUT, "1 2 3")]), None);
}

#[test]
fn a_name_in_a_table_is_suggested() {
    let missing = missing(&["epoch  train_loss  val_loss", "1  0.5  0.25"]);
    assert_eq!(missing.evidence.lines().next(), Some("saw `val_loss: 0.25` in 1 line: set `metric.name: val_loss`"));
}

#[test]
fn a_plain_name_counts_more_than_a_qualified_one() {
    let cases: [(&[&str], f64); 14] = [
        (&["loss: 0.3", "best loss: 0.1"], 0.3),
        (&["train loss: 0.75", "loss: 0.3", "train loss: 0.7"], 0.3),
        (&["val loss: 0.4", "train loss: 0.7", "test loss: 0.5", "initial loss: 2"], 0.4),
        (&["Epoch 3 loss: 0.3", "lowest loss: 0.1"], 0.3),
        (&["[INFO] loss: 0.3", "[INFO] min loss: 0.1"], 0.3),
        (&["INFO:root:loss: 0.3", "INFO:root:target loss: 0.1"], 0.3),
        (&["step 10 loss: 0.3", "Best: loss=0.1"], 0.3),
        (&["Iteration 5, loss = 0.4", "previous loss = 0.5"], 0.4),
        (&["Train Epoch: 1 [1/2 (50%)]\tLoss: 0.5", "Test set: Average loss: 0.25, Accuracy: 1/2 (50%)"], 0.25),
        (&["best loss: 0.1", "Test loss: 0.3"], 0.3),
        (&["train loss: 0.7", "epoch  loss", "1  0.5"], 0.5),
        (&["loss: 0.3", "best: {\"loss\": 0.1}"], 0.3),
        (&["train: {'loss': 0.5}", "val: {'loss': 0.25}", "train: {'loss': 0.4}"], 0.25),
        (&["loss: 0.3", "Best params: {\"loss\": 0.1}", "Namespace(loss=7)"], 0.3),
    ];
    for (lines, number) in cases {
        let lines: Vec<(OutputStream, &str)> = lines.iter().map(|line| (OUT, *line)).collect();
        assert_eq!(value(&lines), Some(number), "{lines:?}");
    }
    assert_eq!(value(&[(OUT, "best loss: 0.1"), (ERR, "loss: 0.3")]), Some(0.3));
    for line in ["target loss: 0.1", "Config: {'loss': 0.1}", "Namespace(loss=7)", "https://host/?loss=0.9&run=1"] {
        assert_eq!(value(&[(OUT, line)]), None, "{line}");
    }
}

#[test]
fn the_name_that_was_read_and_numbers_that_were_not_are_remarked() {
    let remarks = |lines: &[(OutputStream, &str)]| collected(lines).remarks;
    let read = |read: &str| Remark::QualifiedName { name: "loss".into(), read: read.into() };
    assert_eq!(remarks(&[(OUT, "1/2 train loss: 0.7")]), [read("train loss")]);
    assert_eq!(
        remarks(&[(OUT, "train loss: 0.7"), (OUT, "best val loss: 0.3"), (OUT, "Test loss: 0.5")]),
        [read("Test loss")]
    );
    assert_eq!(remarks(&[(OUT, "train loss: 0.7"), (OUT, "loss: 0.3")]), []);
    let unread = [Remark::UnreadNumber { name: "loss".into(), text: "1.234,5".into() }];
    assert_eq!(remarks(&[(OUT, "loss: 0.5"), (OUT, "loss: 1.234,5")]), unread);
    assert_eq!(remarks(&[(OUT, "loss: 1.234,5"), (OUT, "{\"loss\": 1}")]), []);
    let text = missing(&["loss: 1.234,5"]).reason;
    assert_eq!(text, "`loss` was printed with a number in a notation that is not read");
}

#[test]
fn an_object_over_several_lines_is_one_object() {
    let config = ["{", "  \"model\": {", "    \"loss\": 7", "  },", "  \"lr\": 1", "}"];
    let lines = |lines: &[&'static str]| lines.iter().map(|line| (OUT, *line)).collect::<Vec<_>>();
    assert_eq!(value(&lines(&config)), None);
    assert_eq!(value(&[&lines(&config)[..], &[(OUT, "loss: 0.5")]].concat()), Some(0.5));
    let result = ["{", "  \"best\": {\"loss\": 0.1},", "  \"loss\": 0.3", "}", "done"];
    assert_eq!(value(&lines(&result)), Some(0.3));
    let pretty = ["{'best': {'loss': 0.1},", " 'history': [1,", "             2],", " 'loss': 0.3}", "bye"];
    assert_eq!(value(&lines(&pretty)), Some(0.3));
    assert_eq!(value(&lines(&["{'model': {'loss': 7},", " 'loss': 'mse'}"])), None);
    assert_eq!(value(&lines(&["Best:", "best = {", "  \"loss\": 0.1", "}", "{", "  \"loss\": 0.3", "}"])), Some(0.3));
    assert_eq!(value(&lines(&["Config(", "    loss=0.5,", ")", "x: 1"])), None);
    assert_eq!(value(&lines(&["{", "  \"loss\": 0.1,", "never closed", "loss: 0.5"])), Some(0.5));
    assert_eq!(value(&lines(&["{", "  \"loss\": 0.1,"])), None);
    assert_eq!(value(&[(OUT, "{"), (ERR, "loss: 0.5"), (OUT, "  \"a\": 1"), (OUT, "}")]), Some(0.5));
    assert_eq!(value(&lines(&["loss: 0.5 {", "  \"a\": 1", "}"])), Some(0.5));
}

#[test]
fn an_object_with_other_metrics_does_not_hide_the_metric_before_it() {
    let mut collector = Auto::new(wanted());
    assert_eq!(collector.line(OUT, b"epoch 3: loss: 0.5 {\"acc\": 0.9, \"epoch\": 3}"), LineKind::Reading);
    let reading = collector.reading();
    assert_eq!((reading.step, reading.number("loss"), reading.number("acc")), (Some(3.0), Some(0.5), Some(0.9)));
    assert_eq!(curve(&Box::new(collector).finish()), [(3.0, 0.5)]);
    assert_eq!(value(&[(OUT, "loss: 0.5 {\"loss\": null}")]), Some(0.5));
    assert_eq!(value(&[(OUT, "{\"loss\": 1}"), (OUT, "loss: 0.5 {\"acc\": 0.9}")]), Some(1.0));
}

#[test]
fn a_table_with_other_metrics_only_is_a_reading_like_text_with_them() {
    for rows in [&["epoch  acc", "2  0.75"][..], &["acc: 0.75"], &["{'acc': 0.75}"]] {
        let mut collector = Auto::new(wanted());
        collector.line(OUT, b"{\"loss\": 1}");
        let kinds: Vec<LineKind> = rows.iter().map(|row| collector.line(OUT, row.as_bytes())).collect();
        assert_eq!(
            (kinds.last(), collector.reading().number("acc")),
            (Some(&LineKind::Reading), Some(0.75)),
            "{rows:?}"
        );
    }
}

#[test]
fn means_count_more_than_the_values_of_batches() {
    let cases: [(&[&str], f64); 5] = [
        (&["loss: 2.3 [   64/60000]", " Accuracy: 50.9%, Avg loss: 1.25", "loss: 2.1 [  128/60000]"], 1.25),
        (&["loss: 2.3 [64/60000]", "Test set: Average loss: 0.5, Accuracy: 1/2 (50%)"], 0.5),
        (&["loss: 2.3 [64/60000]", "best loss: 0.1", "train loss: 0.2"], 2.3),
        (&["loss: 0.3", "mean loss: 0.5"], 0.3),
        (&["fold 1 loss: 0.3 (1/2)", "fold 2 loss: 0.5 (2/2)", "mean loss: 0.4"], 0.4),
    ];
    for (lines, number) in cases {
        let lines: Vec<(OutputStream, &str)> = lines.iter().map(|line| (OUT, *line)).collect();
        assert_eq!(value(&lines), Some(number), "{lines:?}");
    }
    let remarks = collected(&[(OUT, "loss: 2.3 [64/60000]"), (OUT, "Avg loss: 1.25")]).remarks;
    assert_eq!(remarks, [Remark::QualifiedName { name: "loss".into(), read: "Avg loss".into() }]);
    assert_eq!(collected(&[(OUT, "loss: 2.3 [64/60000]")]).remarks, []);
}

#[test]
fn of_the_objects_of_one_line_the_one_that_counts_is_read() {
    assert_eq!(value(&[(OUT, "val: {'loss': 0.5} train: {'loss': 0.1}")]), Some(0.5));
    assert_eq!(value(&[(OUT, "train: {'loss': 0.1} val: {'loss': 0.5}")]), Some(0.5));
    assert_eq!(value(&[(OUT, "{\"loss\": 0.5} train: {\"loss\": 0.1}")]), Some(0.5));
    assert_eq!(value(&[(OUT, "test: {'x': 1} train: {'loss': 0.1}")]), Some(0.1));
}

#[test]
fn a_name_with_a_word_for_data_is_read_as_it_is_printed() {
    let of = |name: &str, lines: &[&str]| {
        let lines: Vec<(OutputStream, &str)> = lines.iter().map(|line| (OUT, *line)).collect();
        let found = collected_as(Wanted { metric: Some(name.into()), ..Wanted::default() }, &lines);
        found.readings.metrics.get(name).and_then(serde_json::Value::as_f64)
    };
    let line = "Val loss: 0.3, acc: 0.7 | Train loss: 0.7, acc: 0.3";
    assert_eq!(
        ["val acc", "val_acc", "train_loss", "acc"].map(|name| of(name, &[line])),
        [0.7, 0.7, 0.7, 0.7].map(Some)
    );
    assert_eq!(of("val_acc", &["val_acc: 0.5", "val acc: 0.7"]), Some(0.5));
}

#[test]
fn a_number_without_a_separator_is_explained_with_the_pattern_that_reads_it() {
    let reason = missing(&["epoch 1 train loss 0.9", "epoch 1 val loss 0.5"]).reason;
    assert!(reason.contains(r"--collect 'regex=val loss (\S+)'"), "{reason}");
}

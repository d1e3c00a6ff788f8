use proptest::prelude::*;

use super::*;
use crate::collect::collector::MetricValue;
use crate::types::objective::Score;
use crate::types::outcome::CurvePoint;

fn wanted() -> Wanted {
    Wanted { metric: Some("loss".into()), step: Some("epochs".into()), ..Wanted::default() }
}

fn collect(text: &str) -> Collected {
    let mut collector = Box::new(JsonLines::new(wanted()));
    text.lines().for_each(|line| {
        collector.line(OutputStream::Stdout, line.as_bytes());
    });
    collector.end();
    collector.finish()
}

fn value(text: &str) -> MetricValue {
    collect(text).value
}

fn finite(value: f64) -> MetricValue {
    MetricValue::Finite(Score::new(value).unwrap())
}

fn said(text: &str) -> String {
    match value(text) {
        MetricValue::NotFinite(text) => text,
        MetricValue::Missing(missing) => missing.reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_value_is_the_metric_in_the_last_reading_that_has_it() {
    let collected =
        collect("{\"loss\": 2}\nnoise {\n{\"loss\": 0.5, \"epochs\": 9}\n{\"other\": 1}\n  {\"saved\": true}  ");
    assert_eq!(collected.value, finite(0.5));
    assert_eq!(serde_json::to_string(&collected.readings.metrics).unwrap(), r#"{"loss":0.5,"epochs":9}"#);
    let curve: Vec<(f64, f64)> = collected.readings.curve.iter().map(|p| (p.step, p.value)).collect();
    assert_eq!(curve, [(1.0, 2.0), (9.0, 0.5)]);
    assert_eq!(collected.first_step, None);
}

#[test]
fn what_is_no_number_is_said() {
    insta::assert_snapshot!(said(""), @"no line of stdout was a JSON object with `loss`");
    insta::assert_snapshot!(said("epoch 1: loss 0.3\n[1, 2]\n3"), @"no line of stdout was a JSON object with `loss`");
    insta::assert_snapshot!(said("{\"acc\": 1, \"los\": 2}\n{\"acc\": 2}"), @"`loss` was never printed; the readings held `acc`, `los`");
    insta::assert_snapshot!(said("{}"), @"`loss` was never printed; the readings held nothing");
    insta::assert_snapshot!(said("{\"loss\": 1}\n{\"loss\": \"0.3\"}"), @"the last value of `loss` is not a number");
    insta::assert_snapshot!(said("{\"loss\": null}"), @"`loss` was null");
    insta::assert_snapshot!(said("{\"loss\": true}"), @"the last value of `loss` is not a number");
    insta::assert_snapshot!(said("{\"loss\": 1}\n{\"loss\": NaN}"), @"`loss` was NaN");
    insta::assert_snapshot!(said("{\"loss\": -Infinity}"), @"`loss` was -Infinity");
}

#[test]
fn python_s_numbers_are_journalled_as_strings_and_stay_out_of_the_curve() {
    let collected = collect("{\"loss\": NaN, \"x\": [Infinity]}\n{\"loss\": 1.5}\n{\"loss\": Infinity}");
    assert_eq!(serde_json::to_string(&collected.readings.metrics).unwrap(), r#"{"loss":"Infinity"}"#);
    assert_eq!(collected.readings.curve, [CurvePoint { step: 2.0, value: 1.5 }]);
}

#[test]
fn a_pretty_printed_object_at_the_end_is_taken_if_no_line_was_one() {
    assert_eq!(value("hello\n{\n  \"loss\": 0.25,\n  \"deep\": {\n    \"a\": 1\n  }\n}\n\n"), finite(0.25));
    assert_eq!(value("{\n\"loss\": 1\n}\n{\n\"loss\": 2\n}\n"), finite(2.0));
    assert_eq!(value("{\n\"loss\": NaN\n}"), MetricValue::NotFinite("`loss` was NaN".into()));
    assert_eq!(value("{\"loss\": 3}\n{\n\"loss\": 4\n}\n"), finite(3.0));
    assert!(matches!(value("{\n\"loss\": 1\n}\nbye"), MetricValue::Missing(_)));
}

#[test]
fn readings_carry_their_step_and_every_number() {
    let mut collector = JsonLines::new(Wanted { metric: None, ..wanted() });
    assert_eq!(
        collector.line(OutputStream::Stdout, b"{\"epochs\": 3, \"a\": 1.5, \"b\": \"x\", \"c\": NaN}"),
        LineKind::Reading
    );
    let reading = collector.reading();
    assert_eq!(reading.step, Some(3.0));
    assert_eq!(reading.number("a"), Some(1.5));
    assert!(reading.number("c").unwrap().is_nan());
    assert_eq!(reading.number("b"), None);
    let collected = Box::new(collector).finish();
    assert_eq!((collected.value, collected.first_step), (MetricValue::NoMetric, Some(3.0)));
}

#[test]
fn an_unfinished_object_does_not_hide_the_last_one() {
    let mut collector = JsonLines::new(Wanted { step: None, ..wanted() });
    for _ in 0..200_000 {
        collector.line(OutputStream::Stdout, b"{ \"not\": \"closed\",");
    }
    collector.line(OutputStream::Stdout, b"{");
    collector.line(OutputStream::Stdout, b"\"loss\": 1");
    collector.line(OutputStream::Stdout, b"}");
    collector.end();
    assert_eq!(Box::new(collector).finish().value, finite(1.0));
}

#[test]
fn a_huge_reading_leaves_its_scalars_in_the_journal() {
    let line = format!("{{\"predictions\": [{}1], \"loss\": 0.5}}", "1,".repeat(100_000));
    let collected = collect(&line);
    assert_eq!(serde_json::to_string(&collected.readings.metrics).unwrap(), r#"{"loss":0.5}"#);
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..20)) {
        let mut collector = Box::new(JsonLines::new(wanted()));
        for line in &lines {
            collector.line(OutputStream::Stdout, line);
        }
        collector.end();
        let _ = collector.finish();
    }

    #[test]
    fn nearly_json_never_panics(lines in proptest::collection::vec("[{}\":,a-fNI0-9 \\[\\]\\\\.-]{0,40}|\\{(\"loss\": ?(NaN|-?[0-9]{1,3}(\\.[0-9]+)?|null|\\{\\}))?\\}", 0..20)) {
        let mut collector = Box::new(JsonLines::new(wanted()));
        for line in &lines {
            if collector.line(OutputStream::Stdout, line.as_bytes()) == LineKind::Reading {
                let _ = collector.reading();
            }
        }
        collector.end();
        let collected = collector.finish();
        prop_assert!(collected.readings.curve.iter().all(|p| p.value.is_finite() && p.step.is_finite()));
    }

    #[test]
    fn finite_numbers_come_through_exactly(loss in proptest::num::f64::NORMAL) {
        prop_assert_eq!(value(&format!("{{\"loss\": {loss:?}}}")), finite(loss));
    }
}

#[test]
fn what_goes_into_the_journal_can_be_read_back_however_deep_it_is() {
    for depth in [30, 31, 32, 100, 124, 125, 126, 127, 5_000] {
        let collected = collect(&format!("{{\"deep\": {}{}, \"loss\": 0.5}}", "[".repeat(depth), "]".repeat(depth)));
        assert_eq!(collected.value, finite(0.5), "{depth}");
        let kept = serde_json::to_string(&collected.readings.metrics).unwrap();
        assert_eq!(kept.contains("deep"), depth <= 32, "{depth}");
        assert!(kept.contains("\"loss\":0.5"), "{depth}");
    }
}

#[test]
fn a_reading_too_large_for_a_number_keeps_its_value() {
    let collected = collect("{\"loss\": 0.5, \"huge\": 1e999}");
    assert_eq!(collected.value, finite(0.5));
}

//! Comma-separated values (RFC 4180), with a column per metric and per parameter: `metrics.loss`, `params.lr`.

use std::io;

use indexmap::IndexSet;
use serde::Serialize;
use serde_json::Value;

use super::exporter::{Exporter, Row, rows};
use crate::report::metrics::{self, flattened};
use crate::report::view::{StudyView, ViewDetail};
use crate::report::{number, text};
use crate::types::printable::{printable, printable_json};

/// `--format csv`.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

/// Columns before those of the metrics and the parameters.
const FIRST: [&str; 8] = ["trial", "bracket", "rung", "attempt", "resource", "status", "reason", "value"];

/// Columns after them.
const LAST: [&str; 8] =
    ["promoted", "started_at", "duration_s", "exit_code", "max_rss_bytes", "cpu_s", "spent", "slot"];

/// Columns after those, if a scheduler started any job.
const SCHEDULER: [&str; 3] = ["node", "scheduler_id", "queued_s"];

/// The last column, only with `--curves`.
const CURVE: &str = "curve";

impl Exporter for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn export(&self, view: &StudyView, out: &mut dyn io::Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        let names = Names::of(view);
        let scheduler = if view.jobs.iter().any(|job| job.start.is_some()) { &SCHEDULER[..] } else { &[] };
        let curve = if view.detail == ViewDetail::Curves { &[CURVE][..] } else { &[] };
        let last = [&LAST[..], scheduler, curve].concat().into_iter().map(str::to_owned);
        let header = FIRST.map(str::to_owned).into_iter().chain(names.header());
        writer.write_record(header.chain(last)).map_err(io_error)?;
        for row in rows(view) {
            let cells = first_cells(&row).into_iter().chain(names.cells(&row)).chain(last_cells(&row));
            let scheduler = scheduler_cells(&row).into_iter().take(scheduler.len());
            let curve =
                if curve.is_empty() { None } else { Some(row.curve.map(json).transpose()?.unwrap_or_default()) };
            writer.write_record(cells.chain(scheduler).chain(curve)).map_err(io_error)?;
        }
        writer.flush()
    }
}

/// The metrics and parameters that any job has, in order of their first job.
struct Names<'a> {
    metrics: IndexSet<String>,
    params: IndexSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(view: &'a StudyView) -> Names<'a> {
        let all = view.header.params.iter().map(String::as_str);
        let params = all.chain(view.jobs.iter().flat_map(|job| job.params.iter().map(|(name, _)| name))).collect();
        Names { metrics: metrics::names(view), params }
    }

    fn header(&self) -> impl Iterator<Item = String> {
        let metrics = self.metrics.iter().map(|name| format!("metrics.{}", printable(name)));
        metrics.chain(self.params.iter().map(|name| format!("params.{}", printable(name))))
    }

    /// A cell per name, empty where the job has no such metric or parameter.
    fn cells(&self, row: &Row<'_>) -> impl Iterator<Item = String> {
        let found = flattened(row.metrics);
        let metric = |name: &String| found.iter().find(|(other, _)| other == name).map(|(_, value)| cell(value));
        let metrics: Vec<_> = self.metrics.iter().map(|name| metric(name).unwrap_or_default()).collect();
        let params = self.params.iter().map(|name| row.params.get(name).map(cell).unwrap_or_default());
        metrics.into_iter().chain(params)
    }
}

/// Numbers are short, text is as it is, lists and mappings are JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::Number(written) if written.is_f64() => written.as_f64().map(number::shortest).unwrap_or_default(),
        other => text::value(other),
    }
}

/// The error of the underlying writer; csv's own conversion hides its kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn first_cells(row: &Row<'_>) -> [String; FIRST.len()] {
    [
        row.trial.to_string(),
        row.bracket.to_string(),
        row.rung.to_string(),
        row.attempt.to_string(),
        number::shortest(row.resource.amount()),
        row.status.name().to_owned(),
        printable(row.reason.unwrap_or_default()).into_owned(),
        number(row.value.map(|score| score.value())),
    ]
}

fn last_cells(row: &Row<'_>) -> [String; LAST.len()] {
    [
        row.promoted.to_string(),
        row.started_at.clone().unwrap_or_default(),
        number(row.duration_s),
        integer(row.exit_code),
        integer(row.max_rss_bytes),
        number(row.cpu_s),
        number::shortest(row.spent),
        row.slot.to_string(),
    ]
}

fn scheduler_cells(row: &Row<'_>) -> [String; SCHEDULER.len()] {
    let text = |text: Option<&str>| printable(text.unwrap_or_default()).into_owned();
    [text(row.node), text(row.scheduler_id), number(row.queued_s)]
}

fn integer<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn number(value: Option<f64>) -> String {
    value.map(number::shortest).unwrap_or_default()
}

fn json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string(value).map(|json| printable_json(&json).into_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::report::fixtures::{StudyFixture, halving};
    use crate::types::objective::Score;
    use crate::types::outcome::{CurvePoint, Outcome, StopRule};

    #[test]
    fn one_line_per_job_under_one_header() {
        let mut out = Vec::new();
        Csv.export(&halving().view(), &mut out).expect("writing to memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("CSV of UTF-8"), @r#"
        trial,bracket,rung,attempt,resource,status,reason,value,metrics.loss,params.lr,promoted,started_at,duration_s,exit_code,max_rss_bytes,cpu_s,spent,slot
        0,1,0,1,1,succeeded,,0.5,0.5,0,false,2026-03-01T10:00:00Z,1,0,9437184,0.5,1,0
        1,1,0,1,1,failed,exit code 1,,,0.1,false,2026-03-01T10:00:00Z,1,1,9437184,0.5,1,0
        2,1,0,1,1,succeeded,,0.25,0.25,0.2,true,2026-03-01T10:00:00Z,1,0,9437184,0.5,1,0
        2,1,1,1,3,succeeded,,0.125,0.125,0.2,false,2026-03-01T10:00:03Z,1,0,9437184,0.5,3,0
        "#);
    }

    #[test]
    fn columns_are_those_of_the_row() {
        let view = halving().view_with(ViewDetail::Curves);
        let row = rows(&view).next().expect("the sample has jobs");
        let value = serde_json::to_value(&row).expect("a row serializes");
        let keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, [&FIRST[..], &["metrics", "params"], &LAST[..], &[CURVE]].concat());
    }

    #[test]
    fn jobs_of_a_scheduler_have_their_node_in_both_formats() {
        let mut sample = halving();
        sample.launch(3, 0, 1, 1.0).started(3, 0, "n2", "7.3");
        let view = sample.view_with(ViewDetail::Curves);
        let row = serde_json::to_value(rows(&view).last().expect("a job")).expect("a row serializes");
        let keys: Vec<_> = row.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, [&FIRST[..], &["metrics", "params"], &LAST[..], &SCHEDULER, &[CURVE]].concat());
        assert_eq!((&row["node"], &row["scheduler_id"], &row["queued_s"]), (&json!("n2"), &json!("7.3"), &json!(1.0)));
        let mut out = Vec::new();
        Csv.export(&view, &mut out).expect("writing to memory");
        let text = String::from_utf8(out).expect("CSV of UTF-8");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("slot,node,scheduler_id,queued_s,curve"), "{text}");
        assert!(lines[1].ends_with("0,,,,[]") && lines[5].ends_with("0,n2,7.3,1,[]"), "{text}");
    }

    #[test]
    fn small_numbers_are_short_and_curves_are_the_last_column() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).succeed(0, 0, 6.709e-19);
        let mut view = sample.view_with(ViewDetail::Curves);
        view.jobs[0].curve = vec![CurvePoint { step: 1.0, value: 6.709e-19 }];
        let mut out = Vec::new();
        Csv.export(&view, &mut out).expect("writing to memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("CSV of UTF-8"), @r#"
        trial,bracket,rung,attempt,resource,status,reason,value,metrics.loss,params.lr,promoted,started_at,duration_s,exit_code,max_rss_bytes,cpu_s,spent,slot,curve
        0,1,0,1,1,succeeded,,6.709e-19,6.709e-19,0,false,2026-03-01T10:00:00Z,1,0,9437184,0.5,1,0,"[{""step"":1.0,""value"":6.709e-19}]"
        "#);
    }

    #[test]
    fn every_metric_and_parameter_of_any_job_has_a_column() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5).launch(1, 0, 1, 1.0).succeed(1, 0, 0.25);
        let mut view = sample.view();
        view.jobs[0].metrics =
            serde_json::from_value(json!({"val": {"loss": 1e-9, "by_class": [1, 2.5]}, "grad": "NaN"})).ok();
        let params = [("lr", json!(1e-5)), ("opt", json!("a, b")), ("layers", json!([64, 32])), ("clip", json!(null))];
        view.jobs[1].params = Arc::new(params.map(|(name, value)| (Arc::from(name), value)).into_iter().collect());
        let mut out = Vec::new();
        Csv.export(&view, &mut out).expect("writing to memory");
        let mut reader = csv::Reader::from_reader(out.as_slice());
        let header = reader.headers().expect("a header").clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
        let columns = header.iter().enumerate().filter(|(_, name)| name.contains('.'));
        let lines = columns.map(|(at, name)| format!("{name}: {} | {}", &rows[0][at], &rows[1][at]));
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
        metrics.val.loss: 1e-9 | 
        metrics.val.by_class: [1,2.5] | 
        metrics.grad: NaN | 
        metrics.loss:  | 0.25
        params.lr: 0 | 1e-5
        params.opt:  | a, b
        params.layers:  | [64,32]
        params.clip:  | null
        ");
    }

    #[test]
    fn spent_adds_up_to_the_summary() {
        let mut sample = halving();
        sample.launch(3, 0, 1, 1.0).end(3, 0, 1, stopped(), "");
        let view = sample.view();
        assert_eq!(rows(&view).map(|row| row.spent).sum::<f64>(), view.resource_spent());
    }

    fn stopped() -> Outcome {
        Outcome::Stopped { score: Score::new(0.5), by: StopRule::new("median", Some(0.5), Some(0.25)) }
    }
}

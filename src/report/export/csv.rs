//! Comma-separated values (RFC 4180); metrics, parameters and curves are JSON in one cell each.

use std::io;

use serde::Serialize;

use super::exporter::{Exporter, Row, rows};
use crate::report::number;
use crate::report::view::{StudyView, ViewDetail};
use crate::types::printable::{printable, printable_json};

/// `--format csv`.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

const COLUMNS: [&str; 19] = [
    "trial",
    "bracket",
    "rung",
    "attempt",
    "resource",
    "status",
    "reason",
    "value",
    "metrics",
    "params",
    "promoted",
    "started_at",
    "duration_s",
    "exit_code",
    "max_rss_bytes",
    "cpu_s",
    "spent",
    "slot",
    "curve",
];

impl Exporter for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn export(&self, view: &StudyView, out: &mut dyn io::Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        let columns = if view.detail == ViewDetail::Curves { COLUMNS.len() } else { COLUMNS.len() - 1 };
        writer.write_record(&COLUMNS[..columns]).map_err(io_error)?;
        for row in rows(view) {
            writer.write_record(&cells(&row)?[..columns]).map_err(io_error)?;
        }
        writer.flush()
    }
}

/// The error of the underlying writer; csv's own conversion hides its kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn cells(row: &Row<'_>) -> serde_json::Result<[String; 19]> {
    Ok([
        row.trial.to_string(),
        row.bracket.to_string(),
        row.rung.to_string(),
        row.attempt.to_string(),
        number::shortest(row.resource.amount()),
        row.status.name().to_owned(),
        printable(row.reason.unwrap_or_default()).into_owned(),
        number(row.value.map(|score| score.value())),
        json(row.metrics)?,
        json(row.params)?,
        row.promoted.to_string(),
        row.started_at.clone().unwrap_or_default(),
        number(row.duration_s),
        integer(row.exit_code),
        integer(row.max_rss_bytes),
        number(row.cpu_s),
        number::shortest(row.spent),
        row.slot.to_string(),
        row.curve.map(json).transpose()?.unwrap_or_default(),
    ])
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
    use super::*;
    use crate::report::fixtures::{StudyFixture, halving};
    use crate::types::objective::Score;
    use crate::types::outcome::{CurvePoint, Outcome, StopRule};

    #[test]
    fn one_line_per_job_under_one_header() {
        let mut out = Vec::new();
        Csv.export(&halving().view(), &mut out).expect("writing to memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("CSV of UTF-8"), @r#"
        trial,bracket,rung,attempt,resource,status,reason,value,metrics,params,promoted,started_at,duration_s,exit_code,max_rss_bytes,cpu_s,spent,slot
        0,1,0,1,1,succeeded,,0.5,"{""loss"":0.5}","{""lr"":0.0}",false,2026-03-01T10:00:00Z,1,0,9437184,0.5,1,0
        1,1,0,1,1,failed,exit code 1,,{},"{""lr"":0.1}",false,2026-03-01T10:00:00Z,1,1,9437184,0.5,1,0
        2,1,0,1,1,succeeded,,0.25,"{""loss"":0.25}","{""lr"":0.2}",true,2026-03-01T10:00:00Z,1,0,9437184,0.5,1,0
        2,1,1,1,3,succeeded,,0.125,"{""loss"":0.125}","{""lr"":0.2}",false,2026-03-01T10:00:03Z,1,0,9437184,0.5,3,0
        "#);
    }

    #[test]
    fn columns_are_those_of_the_row() {
        let view = halving().view_with(ViewDetail::Curves);
        let row = rows(&view).next().expect("the sample has jobs");
        let value = serde_json::to_value(&row).expect("a row serializes");
        let keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, COLUMNS);
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
        trial,bracket,rung,attempt,resource,status,reason,value,metrics,params,promoted,started_at,duration_s,exit_code,max_rss_bytes,cpu_s,spent,slot,curve
        0,1,0,1,1,succeeded,,6.709e-19,"{""loss"":6.709e-19}","{""lr"":0.0}",false,2026-03-01T10:00:00Z,1,0,9437184,0.5,1,0,"[{""step"":1.0,""value"":6.709e-19}]"
        "#);
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

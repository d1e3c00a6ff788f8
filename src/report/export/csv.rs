//! Comma-separated values (RFC 4180); metrics and parameters are JSON objects in one cell each.

use std::io;

use serde::Serialize;

use super::exporter::{Exporter, Row, rows};
use crate::report::view::StudyView;
use crate::types::printable::{printable, printable_json};

/// `--format csv`.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

const COLUMNS: [&str; 16] = [
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
];

impl Exporter for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn export(&self, view: &StudyView, out: &mut dyn io::Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS).map_err(io_error)?;
        for row in rows(view) {
            writer.write_record(cells(&row)?).map_err(io_error)?;
        }
        writer.flush()
    }
}

/// The writer's own error; csv's conversion hides which one it was.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn cells(row: &Row<'_>) -> serde_json::Result<[String; 16]> {
    Ok([
        row.trial.to_string(),
        row.bracket.to_string(),
        row.rung.to_string(),
        row.attempt.to_string(),
        row.resource.to_string(),
        row.status.word().to_owned(),
        printable(row.reason.unwrap_or_default()).into_owned(),
        cell(row.value.map(|v| v.value())),
        json(row.metrics)?,
        json(row.params)?,
        row.promoted.to_string(),
        row.started_at.clone().unwrap_or_default(),
        cell(row.duration_s),
        cell(row.exit_code),
        cell(row.max_rss_bytes),
        cell(row.cpu_s),
    ])
}

fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn json<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string(value).map(|json| printable_json(&json).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::halving;

    #[test]
    fn one_line_per_job_under_one_header() {
        let mut out = Vec::new();
        Csv.export(&halving().view(), &mut out).expect("writing to memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("CSV of UTF-8"), @r#"
        trial,bracket,rung,attempt,resource,status,reason,value,metrics,params,promoted,started_at,duration_s,exit_code,max_rss_bytes,cpu_s
        0,1,0,1,1,succeeded,,0.5,"{""loss"":0.5}","{""lr"":0.0}",false,2026-03-01T10:00:00Z,1,0,9437184,0.5
        1,1,0,1,1,failed,exit code 1,,{},"{""lr"":0.1}",false,2026-03-01T10:00:00Z,1,1,9437184,0.5
        2,1,0,1,1,succeeded,,0.25,"{""loss"":0.25}","{""lr"":0.2}",true,2026-03-01T10:00:00Z,1,0,9437184,0.5
        2,1,1,1,3,succeeded,,0.125,"{""loss"":0.125}","{""lr"":0.2}",false,2026-03-01T10:00:03Z,1,0,9437184,0.5
        "#);
    }

    #[test]
    fn columns_are_those_of_the_row() {
        let view = halving().view();
        let row = rows(&view).next().expect("the sample has jobs");
        let value = serde_json::to_value(&row).expect("a row serializes");
        let keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, COLUMNS);
    }
}

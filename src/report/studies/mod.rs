//! A list of studies: what `list` shows and prints as JSON.

pub mod disk;

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::best::best_job;
use super::status::{StatusInput, StudyState};
use super::table::{Align, table};
use super::text;
use crate::types::ids::TrialId;
use crate::types::printable::printable;

/// One study in a list.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StudyRow {
    /// Its folder.
    pub study: String,
    /// Its state; null if its journal cannot be read.
    pub state: Option<StudyState>,
    /// The matrix kind; null if this version cannot read the matrix.
    pub kind: Option<&'static str>,
    /// The name of its metric.
    pub metric: Option<String>,
    /// The value of its best trial.
    pub value: Option<f64>,
    /// Its best trial.
    pub trial: Option<TrialId>,
    /// Jobs that ended and are not retried.
    pub done: u64,
    /// Jobs expected at the end; null if only a limit ends it.
    pub expected: Option<u64>,
    /// Time since its journal was last written, seconds.
    pub age_s: f64,
    /// Space on the disk, bytes.
    pub disk_bytes: u64,
    /// Why its journal cannot be read.
    pub error: Option<String>,
}

impl StudyRow {
    /// The row of the study in `input`.
    pub fn new(input: &StatusInput<'_>, age: Duration, disk_bytes: u64) -> StudyRow {
        let best = best_job(input.view).map(|(candidate, _)| candidate);
        StudyRow {
            state: Some(StudyState::of(input.view, input.driver)),
            kind: input.kind,
            metric: input.view.header.metric.as_ref().map(|metric| metric.name.clone()),
            value: best.map(|best| best.score.value()),
            trial: best.map(|best| best.job.trial),
            done: input.progress.done,
            expected: input.progress.expected.jobs,
            ..StudyRow::unreadable(&input.view.study, age, disk_bytes, String::new())
        }
        .without_error()
    }

    /// The row of a study whose journal cannot be read.
    pub fn unreadable(study: &Path, age: Duration, disk_bytes: u64, error: String) -> StudyRow {
        StudyRow {
            study: study.to_string_lossy().into_owned(),
            state: None,
            kind: None,
            metric: None,
            value: None,
            trial: None,
            done: 0,
            expected: None,
            age_s: age.as_secs_f64(),
            disk_bytes,
            error: Some(error),
        }
    }

    fn without_error(self) -> StudyRow {
        StudyRow { error: None, ..self }
    }

    fn cells(&self) -> Vec<String> {
        let Some(state) = self.state else {
            let mut cells = vec![printable(&self.study).into_owned(), "unreadable".to_owned()];
            cells.extend(["", "", ""].map(str::to_owned));
            cells.extend(self.age_and_disk());
            return cells;
        };
        let done = text::count(self.done);
        let best = self.metric.as_ref().zip(self.value);
        let mut cells = vec![
            printable(&self.study).into_owned(),
            state.name().to_owned(),
            self.kind.unwrap_or("–").to_owned(),
            best.map(|(metric, value)| format!("{} {}", printable(metric), text::short(value))).unwrap_or_default(),
            self.expected.map_or_else(|| done.clone(), |all| format!("{done} of {}", text::count(all))),
        ];
        cells.extend(self.age_and_disk());
        cells
    }

    fn age_and_disk(&self) -> [String; 2] {
        let age = Duration::try_from_secs_f64(self.age_s.max(0.0)).unwrap_or(Duration::MAX);
        [text::largest_unit(age), text::bytes(self.disk_bytes)]
    }
}

/// A line for each study, and the reasons why journals cannot be read.
pub fn render(rows: &[StudyRow]) -> String {
    if rows.is_empty() {
        return "no studies\n".to_owned();
    }
    let header = ["study", "state", "kind", "best", "jobs", "age", "disk"];
    let (left, right) = (Align::Left, Align::Right);
    let mut out = table(
        &header,
        &[left, left, left, left, right, right, right],
        &rows.iter().map(StudyRow::cells).collect::<Vec<_>>(),
    );
    for (row, error) in rows.iter().filter_map(|row| Some((row, row.error.as_ref()?))) {
        out += &format!("\n{}: {}\n", printable(&row.study), printable(error));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(study: &str, state: StudyState, value: Option<f64>, age: u64, disk_bytes: u64) -> StudyRow {
        StudyRow {
            state: Some(state),
            kind: Some("hyperband"),
            metric: Some("loss".to_owned()),
            value,
            trial: value.map(|_| TrialId(1)),
            done: 1234,
            expected: Some(9000),
            ..StudyRow::unreadable(Path::new(study), Duration::from_secs(age), disk_bytes, String::new())
        }
        .without_error()
    }

    #[test]
    fn columns_are_aligned_and_unreadable_studies_are_explained() {
        let damaged = StudyRow::unreadable(Path::new("c"), Duration::from_secs(90_000), 1 << 40, "damaged\u{7}".into());
        let rows = [
            row("a.study", StudyState::Running, Some(0.5), 5, 900),
            row("long/path/b.study", StudyState::Interrupted, None, 7000, 123_456_789),
            damaged,
        ];
        insta::assert_snapshot!(anstream::adapter::strip_str(&render(&rows)).to_string(), @r"
        study              state        kind       best                jobs  age    disk
        a.study            running      hyperband  loss 0.5  1,234 of 9,000   5s   900 B
        long/path/b.study  interrupted  hyperband            1,234 of 9,000   1h  123 MB
        c                  unreadable                                         1d  1.1 TB

        c: damaged\u{7}
        ");
        assert_eq!(render(&[]), "no studies\n");
    }
}

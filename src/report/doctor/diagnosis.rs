//! The results of all checks, with the time of the whole plan.

use serde::Serialize;

use super::catalogue::CHECKS;
use super::finding::{CheckOutcome, CheckStatus};
use super::memory;
use super::observed::{DoctorJobs, GpuUse};
use super::timing::JobTiming;
use crate::report::plan_cost::{PlanCost, cost_rows};
use crate::report::text::{self, TextStyle, painted};
use crate::types::printable::printable;

/// The result of `doctor`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Diagnosis {
    /// Whether no check failed.
    pub healthy: bool,
    /// All checks, in the order of the catalogue.
    pub checks: Vec<NamedOutcome>,
    /// What was measured.
    pub measured: Measurements,
    /// The estimated cost of the plan; `None` if no job ran to its end.
    pub cost: Option<PlanCost>,
}

/// A check with its result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NamedOutcome {
    /// Its name.
    pub name: &'static str,
    /// Its result.
    #[serde(flatten)]
    pub outcome: CheckOutcome,
}

/// Numbers behind the checks; `None` for what was not measured.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measurements {
    /// Number of jobs that ran, without the one that got SIGTERM.
    pub jobs: usize,
    /// The collector.
    pub collector: &'static str,
    /// All names that had numbers in the first job.
    pub metrics: Vec<String>,
    /// Time of a job besides training, seconds.
    pub startup_s: Option<f64>,
    /// Time per unit of the resource, per job where nothing is allotted, seconds.
    pub seconds_per_unit: Option<f64>,
    /// Largest resident set of a job, bytes.
    pub max_rss_bytes: Option<u64>,
    /// GPU memory.
    pub gpu: GpuUse,
    /// Time from SIGTERM to the end of the job, seconds.
    pub reaction_s: Option<f64>,
}

impl Diagnosis {
    /// What `jobs` show, with the cost of the plan.
    pub fn new(jobs: &DoctorJobs, cost: Option<PlanCost>) -> Diagnosis {
        let checks: Vec<NamedOutcome> =
            CHECKS.iter().map(|check| NamedOutcome { name: check.name, outcome: (check.check)(jobs) }).collect();
        let healthy = checks.iter().all(|check| check.outcome.status != CheckStatus::Failed);
        let timing = JobTiming::of(jobs);
        let measured = Measurements {
            jobs: jobs.all_jobs().count(),
            collector: jobs.collector,
            metrics: jobs.reading.names.clone(),
            startup_s: timing.map(|timing| timing.startup_s),
            seconds_per_unit: timing.map(|timing| timing.seconds_per_unit),
            max_rss_bytes: memory::largest(jobs),
            gpu: jobs.gpu,
            reaction_s: jobs.ended.map(|ended| ended.reaction_s),
        };
        Diagnosis { healthy, checks, measured, cost }
    }

    /// As text with colours, in at most `columns` where words allow it.
    pub fn text(&self, columns: usize) -> String {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
        let indent = " ".repeat(width + 4);
        let lines = |text: &str| {
            let words = text.split(' ').map(|word| printable(word).into_owned());
            text::wrapped(words, " ", columns.saturating_sub(indent.len())).join(&format!("\n{indent}"))
        };
        let mut out = String::new();
        for NamedOutcome { name, outcome } in &self.checks {
            let mark = match outcome.status {
                CheckStatus::Passed => painted(TextStyle::Green, "✓"),
                CheckStatus::Failed => painted(TextStyle::Red, "✗"),
                CheckStatus::Unknown => "–".to_owned(),
            };
            out += &format!("{mark} {}  {}\n", text::padded(name, width), lines(&outcome.text));
            for line in &outcome.output {
                out += &format!("{indent}{} {}\n", painted(TextStyle::Dim, "|"), printable(line));
            }
            if let Some(advice) = &outcome.advice {
                out +=
                    &format!("{indent}→ {}\n", lines(advice).replace(&format!("\n{indent}"), &format!("\n{indent}  ")));
            }
        }
        out + &self.cost.as_ref().map(cost_rows).unwrap_or_default()
    }
}

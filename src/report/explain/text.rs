//! An explanation as text.

use std::fmt::Write;
use std::time::Duration;

use super::rung::{RungDecision, RungExplanation, TrialAtRung};
use super::trial::{LaunchedJob, TrialCost, TrialExplanation};
use crate::report::plan_table::two_columns;
use crate::report::table::{Align, table};
use crate::report::text::{self, TextStyle, painted};
use crate::types::origin::ConfigOrigin;
use crate::types::printable::printable;

/// `trial` as text with colours, for a screen of `columns` columns.
pub fn render(trial: &TrialExplanation<'_>, columns: usize) -> String {
    let folder = printable(&trial.study.to_string_lossy()).into_owned();
    let title = format!("{folder}, trial {}", trial.trial);
    let mut out = format!("{}  bracket {}\n", painted(TextStyle::Bold, &title), trial.bracket.bracket);
    let params: Vec<(&str, String)> = trial.params.iter().map(|(name, value)| (name, text::value(value))).collect();
    if !params.is_empty() {
        out += &section("parameters", &origin(trial.origin));
        out += &two_columns("  ", &params);
    }
    out += &section("rungs", "");
    out += &rung_table(trial);
    out.push('\n');
    for rung in &trial.rungs {
        let name = painted(style(rung.decision), word(rung.decision));
        let _ = writeln!(out, "  rung {}  {name}: {}", rung.rung, printable(&rung.why));
    }
    out += &section("jobs", &cost(trial));
    out += &trial.jobs.iter().fold(String::new(), |lines, job| lines + &launched(job));
    for (name, lines) in [("stdout", &trial.stdout_tail), ("stderr", &trial.stderr_tail)] {
        if !lines.is_empty() {
            out += &section(name, "last lines of the last job");
            for line in lines {
                let _ = writeln!(out, "  {}", text::cut(line, columns.saturating_sub(2)));
            }
        }
    }
    out
}

fn section(name: &str, note: &str) -> String {
    let note = if note.is_empty() { String::new() } else { painted(TextStyle::Dim, &format!("  {note}")) };
    format!("\n{}{note}\n", painted(TextStyle::Bold, name))
}

fn origin(origin: Option<&ConfigOrigin>) -> String {
    match origin {
        None => "of unknown origin: an earlier version did not record it".to_owned(),
        Some(ConfigOrigin::Random) => "drawn at random".to_owned(),
        Some(ConfigOrigin::Listed) => "listed in the matrix".to_owned(),
        Some(ConfigOrigin::Model { sampler, acquisition }) => {
            let value = acquisition.map(|value| format!(", acquisition value {}", text::short(value)));
            format!("proposed by the model {}{}", printable(sampler), value.unwrap_or_default())
        }
        Some(ConfigOrigin::Mutated { parent }) => format!("changed from those of trial {parent}"),
        Some(ConfigOrigin::StartingPoint) => "a starting point".to_owned(),
        Some(ConfigOrigin::PartialStartingPoint) => "a starting point; what it leaves out was proposed".to_owned(),
        Some(ConfigOrigin::Guess) => "the guesses of the matrix; what has no guess was drawn at random".to_owned(),
        Some(ConfigOrigin::NearGuess) => "drawn near the guesses of the matrix".to_owned(),
        Some(ConfigOrigin::Tuner) => "proposed by the tuner".to_owned(),
    }
}

fn rung_table(trial: &TrialExplanation<'_>) -> String {
    let unit = printable(trial.resource.unwrap_or("resource")).into_owned();
    let metric = trial.metric.map_or("value".to_owned(), |metric| printable(&metric.name).into_owned());
    let header = ["  rung", &unit, &metric, "rank", "next better", "next worse", "cut-off"];
    let neighbour = |other: &Option<TrialAtRung>| {
        other.map_or_else(
            || "–".to_owned(),
            |other| format!("{} (trial {})", text::short(other.value.value()), other.trial),
        )
    };
    let row = |rung: &RungExplanation| {
        vec![
            rung.rung.to_string(),
            text::amount(rung.resource.amount()),
            rung.value.map_or_else(|| "–".to_owned(), |value| text::short(value.value())),
            rung.rank.map_or_else(|| "–".to_owned(), |rank| format!("{rank} of {}", rung.ranked)),
            neighbour(&rung.better),
            neighbour(&rung.worse),
            neighbour(&rung.cutoff),
        ]
    };
    table(&header, &[Align::Right; 7], &trial.rungs.iter().map(row).collect::<Vec<_>>())
}

fn word(decision: RungDecision) -> &'static str {
    match decision {
        RungDecision::Running => "running",
        RungDecision::Interrupted => "interrupted",
        RungDecision::Promoted => "promoted",
        RungDecision::Dropped => "dropped",
        RungDecision::Failed => "failed",
        RungDecision::Complete => "complete",
        RungDecision::Undecided => "not decided",
    }
}

fn style(decision: RungDecision) -> TextStyle {
    match decision {
        RungDecision::Promoted | RungDecision::Complete => TextStyle::Green,
        RungDecision::Failed => TextStyle::Red,
        RungDecision::Dropped | RungDecision::Interrupted => TextStyle::Yellow,
        RungDecision::Running | RungDecision::Undecided => TextStyle::Cyan,
    }
}

fn cost(trial: &TrialExplanation<'_>) -> String {
    let TrialCost { jobs, duration_s, cpu_s, resource, max_rss_bytes } = trial.cost;
    let mut words = vec![text::counted(jobs, "job"), span(duration_s)];
    words.extend(cpu_s.map(|seconds| format!("{} of processor time", span(seconds))));
    words.extend(trial.resource.map(|name| text::amount_of(resource, &printable(name))));
    words.extend(max_rss_bytes.map(|bytes| format!("{} of memory", text::bytes(bytes))));
    words.join(", ")
}

fn launched(job: &LaunchedJob) -> String {
    let attempt = if job.attempt.0 > 1 { format!(", attempt {}", job.attempt) } else { String::new() };
    let took = job.duration_s.map(|seconds| format!(", {}", span(seconds))).unwrap_or_default();
    let reason = job.reason.as_ref().map(|reason| format!(": {}", printable(reason))).unwrap_or_default();
    let mut out = format!("  rung {}{attempt}  {}{took}{reason}\n", job.rung, job.status.name());
    if !job.command.is_empty() {
        let _ = writeln!(out, "    {}", text::command_line(job.command.iter().map(String::as_str)));
    }
    out
}

fn span(seconds: f64) -> String {
    text::span(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

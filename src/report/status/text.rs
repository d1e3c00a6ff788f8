//! A status as text.

use std::fmt::Write;
use std::time::Duration;

use super::rungs::{BracketStatus, RungStatus};
use super::running::JobInProgress;
use super::sparkline::sparkline;
use super::state::StudyState;
use super::study_status::{IncumbentStatus, StudyStatus};
use crate::engine::event::FinishReason;
use crate::launch::slurm::queue::reason::word;
use crate::report::failures::FailureGroup;
use crate::report::number;
use crate::report::summary_text::finish_sentence;
use crate::report::table::{Align, table};
use crate::report::text::{self, TextStyle, painted};
use crate::report::view::incumbent_history::IncumbentChange;
use crate::types::objective::Direction;
use crate::types::printable::{output_line, printable};
use crate::types::units::Moment;

/// Columns of the names of rows, with the gap after them.
const NAMES: usize = 10;
/// Most rows of the table of rungs before complete brackets are left out, of the running jobs, and of the reasons of failures.
const MAX_RUNGS: usize = 20;
const MAX_JOBS: usize = 20;
const MAX_REASONS: usize = 5;
/// Columns of a rung's bar.
const BAR: usize = 20;
/// Columns of the bars of the incumbent's history.
const HISTORY: usize = 32;

/// `status` as text of at most `columns` columns where its names and values permit, with colours.
pub fn render(status: &StudyStatus<'_>, columns: usize) -> String {
    let mut out = heading(status);
    out += &jobs(status);
    if let Some(best) = &status.best {
        out += &incumbent(status, best, columns);
    }
    out += &speed(status);
    out += &rungs(status);
    out += &running(status);
    out + &failures(&status.failures, columns)
}

fn heading(status: &StudyStatus<'_>) -> String {
    let folder = printable(&status.study.to_string_lossy()).into_owned();
    let (style, state) = state(status);
    let mut out = format!("{}  {}\n", painted(TextStyle::Bold, &folder), painted(style, &state));
    if matches!(status.state, StudyState::Interrupted | StudyState::Crashed) {
        let line = text::command_line(["hypertune", "resume", &status.study.to_string_lossy()]);
        let next = status.batch_job.map_or_else(|| format!("continue with {line}"), |job| job.next_step(&line));
        let _ = writeln!(out, "{}", printable(&next));
    }
    let mut words: Vec<String> = status.kind.map(str::to_owned).into_iter().collect();
    words.push(status.metric.map_or("no metric".to_owned(), |metric| {
        let verb = match metric.direction {
            Direction::Minimize => "minimize",
            Direction::Maximize => "maximize",
        };
        format!("{verb} {}", printable(&metric.name))
    }));
    out += &painted(TextStyle::Dim, &words.join(", "));
    out + "\n\n"
}

fn state(status: &StudyStatus<'_>) -> (TextStyle, String) {
    match (status.state, status.finished) {
        (StudyState::Running, _) => {
            let job = status.batch_job.map(|job| format!(", Slurm job {}", printable(&job.id))).unwrap_or_default();
            let process = status.pid.map(|pid| format!(" (process {pid}{job})")).unwrap_or_default();
            (TextStyle::Green, format!("running{process}"))
        }
        (StudyState::Finished, Some(FinishReason::FailureShare { .. } | FinishReason::FirstFailures { .. })) => {
            (TextStyle::Red, format!("finished: {}", reason(status)))
        }
        (StudyState::Finished, _) => (TextStyle::Green, format!("finished: {}", reason(status))),
        (StudyState::Interrupted, Some(FinishReason::Interrupted { .. })) => (TextStyle::Yellow, reason(status)),
        (StudyState::Interrupted, _) => (TextStyle::Yellow, format!("interrupted: {}", reason(status))),
        (StudyState::Crashed, _) => (TextStyle::Red, "crashed: hypertune ended without recording it".to_owned()),
        (StudyState::Copied, _) => (TextStyle::Yellow, "copied while it ran; the original still runs".to_owned()),
    }
}

fn reason(status: &StudyStatus<'_>) -> String {
    status.finished.map(finish_sentence).unwrap_or_default()
}

fn row(name: &str, value: &str) -> String {
    format!("{}{value}\n", painted(TextStyle::Bold, &text::padded(name, NAMES)))
}

fn jobs(status: &StudyStatus<'_>) -> String {
    let done = text::count(status.done);
    let done = match status.expected {
        Some(all) if !status.estimated => format!("{done} of {}", text::count(all)),
        Some(all) if status.state != StudyState::Finished && all > status.done => {
            format!("{done} of about {}", text::count(all))
        }
        _ => done,
    };
    let counts = &status.jobs;
    let queued = status.running.iter().filter(|job| job.queued).count() as u64;
    let parts = [
        (counts.running.saturating_sub(queued), "running"),
        (queued, "queued"),
        (counts.failed, "failed"),
        (counts.stopped, "stopped early"),
        (counts.interrupted, "interrupted"),
    ];
    let mut words = vec![format!("{done} done")];
    words.extend(
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(n, what)| format!("{} {what}", text::count(n))),
    );
    words.extend((counts.dropped > 0).then(|| format!("{} dropped", text::counted(counts.dropped, "trial"))));
    row("jobs", &words.join(", "))
}

fn incumbent(status: &StudyStatus<'_>, best: &IncumbentStatus<'_>, columns: usize) -> String {
    let metric = status.metric.map(|metric| printable(&metric.name).into_owned()).unwrap_or_default();
    let at = status.resource.map(|name| format!(" at {}={}", printable(name), best.resource)).unwrap_or_default();
    let mut out = row("best", &format!("{metric} {}{at}, trial {}", number::shortest(best.value), best.trial));
    let params = best.params.iter().map(|(name, value)| format!("{} {}", printable(name), text::short_value(value)));
    for line in text::wrapped(params, "  ", columns.saturating_sub(NAMES)) {
        let _ = writeln!(out, "{}{line}", " ".repeat(NAMES));
    }
    out + &history(status, best, &at, columns)
}

/// The values that the incumbent had since one first reached the resource of the present one, `at`: values at different resources
/// cannot be compared.
fn history(status: &StudyStatus<'_>, best: &IncumbentStatus<'_>, at: &str, columns: usize) -> String {
    let is_comparable = |change: &&IncumbentChange| change.resource == best.resource;
    let changes: Vec<IncumbentChange> = status.incumbents.iter().filter(is_comparable).copied().collect();
    let now = Moment(0).after(status.elapsed());
    let bars = sparkline(&changes, now, HISTORY.min(columns.saturating_sub(NAMES + 24 + text::width(at))));
    match changes.first() {
        Some(first) if !bars.is_empty() => {
            let (first, last) = (text::short(first.value), text::short(best.value));
            row("history", &format!("{first} {} {last}{at}", painted(TextStyle::Cyan, &bars)))
        }
        _ => String::new(),
    }
}

fn speed(status: &StudyStatus<'_>) -> String {
    let mut out = String::new();
    if let Some(rate) = &status.rate {
        let mut words = vec![format!("{} jobs/min", rounded(rate.jobs_per_minute))];
        words.extend(
            status.resource.map(|name| format!("{} {}/min", rounded(rate.resource_per_minute), printable(name))),
        );
        out += &row("rate", &words.join(", "));
    }
    let left = status.time_left_s.filter(|left| *left > 0.0).map(|left| format!(", about {} left", span(left)));
    out + &row("time", &format!("{}{}", text::span(status.elapsed()), left.unwrap_or_default()))
}

/// A rate in at most three significant digits, or without a fraction.
fn rounded(rate: f64) -> String {
    let digits = if rate >= 100.0 { 0 } else { 2 - rate.abs().log10().floor().clamp(-3.0, 2.0) as i32 };
    let factor = 10f64.powi(digits);
    text::amount((rate * factor).round() / factor)
}

fn span(seconds: f64) -> String {
    text::span(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

/// The table of rungs; empty if there is only one, which the number of jobs describes.
fn rungs(status: &StudyStatus<'_>) -> String {
    let all: usize = status.brackets.iter().map(|bracket| bracket.rungs.len()).sum();
    if all < 2 {
        return String::new();
    }
    let is_shown = |bracket: &&BracketStatus| all <= MAX_RUNGS || !bracket.is_complete();
    let shown: Vec<&BracketStatus> = status.brackets.iter().filter(is_shown).collect();
    let hidden = (status.brackets.len() - shown.len()) as u64;
    let mut header: Vec<&str> = if status.rounds > 1 { vec!["round"] } else { Vec::new() };
    let unit = printable(status.resource.unwrap_or("resource")).into_owned();
    let metric = status.metric.map(|metric| format!("best {}", printable(&metric.name))).unwrap_or_default();
    header.extend(["bracket", "rung", &unit, "done", "running", "planned", "", &metric]);
    let mut align = vec![Align::Right; header.len()];
    let bar = align.len() - 2;
    align[bar] = Align::Left;
    let rows: Vec<Vec<String>> = shown.iter().flat_map(|bracket| bracket_rows(bracket, status)).collect();
    let mut out = "\n".to_owned();
    if hidden > 0 {
        let _ = writeln!(out, "{}", painted(TextStyle::Dim, &format!("{} complete", text::counted(hidden, "bracket"))));
    }
    if !rows.is_empty() {
        out += &table(&header, &align, &rows);
    }
    out
}

fn bracket_rows<'a>(
    bracket: &'a BracketStatus,
    status: &StudyStatus<'_>,
) -> impl Iterator<Item = Vec<String>> + use<'a> {
    let (has_rounds, estimated) = (status.rounds > 1, status.estimated);
    let count = |n: u64| if n == 0 { "–".to_owned() } else { text::count(n) };
    let row = move |(at, rung): (usize, &RungStatus)| {
        let first = |number: u32| if at == 0 { number.to_string() } else { String::new() };
        let mut row: Vec<String> = if has_rounds { vec![first(bracket.id.round)] } else { Vec::new() };
        row.push(first(bracket.id.bracket));
        row.extend([
            rung.rung.to_string(),
            text::amount(rung.resource.amount()),
            count(rung.done),
            count(rung.running),
        ]);
        let about = if estimated { "~" } else { "" };
        row.push(rung.planned.map_or_else(|| "–".to_owned(), |planned| format!("{about}{}", text::count(planned))));
        row.push(rung.planned.filter(|_| !estimated).map(|planned| bar(rung.done, planned)).unwrap_or_default());
        row.push(rung.best.map(text::short).unwrap_or_default());
        row
    };
    bracket.rungs.iter().enumerate().map(row)
}

fn bar(done: u64, planned: u64) -> String {
    let full = (done.min(planned) as f64 / planned.max(1) as f64 * BAR as f64) as usize;
    format!("{}{}", "━".repeat(full), "╌".repeat(BAR - full))
}

fn running(status: &StudyStatus<'_>) -> String {
    if status.running.is_empty() {
        return String::new();
    }
    let unit = status.resource.map(|name| printable(name).into_owned());
    let has_devices = status.running.iter().any(|job| job.device.is_some());
    let has_nodes = status.running.iter().any(|job| job.node.is_some() || job.queued);
    let metric = status.metric.map(|metric| printable(&metric.name).into_owned()).unwrap_or_default();
    let mut header = vec!["running", "rung"];
    header.extend(unit.as_deref());
    let place = if has_nodes {
        "node"
    } else if has_devices {
        "GPU"
    } else {
        "slot"
    };
    header.extend(["time", place, "last reading", "rank so far"]);
    let mut align = vec![Align::Right; header.len()];
    let reading = align.len() - 2;
    (align[0], align[reading], align[reading + 1]) = (Align::Left, Align::Left, Align::Left);
    let rows = status.running.iter().take(MAX_JOBS).map(|job| job_row(job, unit.as_deref(), &metric));
    let mut out = format!("\n{}", table(&header, &align, &rows.collect::<Vec<_>>()));
    if status.running.len() > MAX_JOBS {
        let _ = writeln!(out, "and {} more", status.running.len() - MAX_JOBS);
    }
    out
}

fn job_row(job: &JobInProgress<'_>, unit: Option<&str>, metric: &str) -> Vec<String> {
    let attempt = if job.attempt.0 > 1 { format!(", attempt {}", job.attempt) } else { String::new() };
    let mut row = vec![format!("trial {}{attempt}", job.trial), job.rung.to_string()];
    row.extend(unit.map(|_| text::amount(job.resource.amount())));
    row.push(if job.queued { "–".to_owned() } else { span(job.elapsed_s) });
    row.push(match (job.queued, job.node.or(job.device)) {
        (true, _) => {
            let reason = job.queue_reason.map(|reason| format!(" ({})", printable(word(reason)))).unwrap_or_default();
            format!("queued {}{reason}", span(job.queued_s.unwrap_or(0.0)))
        }
        (false, Some(place)) => printable(place).into_owned(),
        (false, None) => job.slot.to_string(),
    });
    row.push(match &job.reading {
        None => "–".to_owned(),
        Some(reading) => {
            let at = number::shortest(reading.step);
            let at = unit.map_or_else(|| format!("reading {at}"), |unit| format!("{unit}={at}"));
            let value = reading.value.map_or_else(|| "no value".to_owned(), text::short);
            format!("{metric} {value} at {at}").trim_start().to_owned()
        }
    });
    let rank = job.rank.zip(job.ranked);
    row.push(rank.map(|(rank, all)| format!("{} of {}", text::count(rank), text::count(all))).unwrap_or_default());
    row
}

fn failures(groups: &[FailureGroup<'_>], columns: usize) -> String {
    let mut out = if groups.is_empty() { String::new() } else { "\n".to_owned() };
    for (at, group) in groups.iter().take(MAX_REASONS).enumerate() {
        let trials: Vec<String> = group.trials.iter().map(ToString::to_string).collect();
        let noun = if trials.len() == 1 { "trial" } else { "trials" };
        let more = if group.jobs > trials.len() as u64 { ", …" } else { "" };
        let line = format!("{} × {} ({noun} {}{more})", group.jobs, printable(group.reason), trials.join(", "));
        let name = if at == 0 { painted(TextStyle::Red, &text::padded("failures", NAMES)) } else { " ".repeat(NAMES) };
        let _ = writeln!(out, "{name}{line}");
        let last_line = || group.stderr_tail.lines().rfind(|line| !line.trim().is_empty());
        if let Some(line) = group.error.as_deref().or_else(last_line) {
            let last = output_line(line);
            let fitting = text::cut(&last, columns.saturating_sub(NAMES + 4));
            let _ = writeln!(out, "{}{}", " ".repeat(NAMES + 4), painted(TextStyle::Dim, fitting));
        }
    }
    if groups.len() > MAX_REASONS {
        let _ = writeln!(out, "{}and {} more reasons", " ".repeat(NAMES), groups.len() - MAX_REASONS);
    }
    out
}

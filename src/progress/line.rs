//! Formats [`StudyProgress`] as lines.

use std::time::Duration;

use crate::report::study_progress::{BracketRung, RungCounts, StudyProgress};
use crate::report::text;
use crate::types::ids::{BracketId, Rung};
use crate::types::printable::printable;
use crate::types::units::Moment;

/// The line of the study: `34 of 187 jobs, 4 running, 2 failed · best loss 0.0123 (trial 14) · 1m12s, about 3m02s left`. Omits
/// parts that do not fit into `width` columns, the least important first.
pub fn study(progress: &StudyProgress, now: Moment, width: usize) -> String {
    let jobs = jobs(progress);
    let best = |name: &str| {
        progress.best().map(|best| format!("best {name}{} (trial {})", text::short(best.score.value()), best.job.trial))
    };
    let named = progress.metric.as_ref().and_then(|metric| best(&format!("{} ", printable(&metric.name))));
    let bare = named.as_ref().and_then(|_| best(""));
    let (elapsed, left) = (span(progress.elapsed(now)), progress.time_left(now).filter(|left| *left > 0.0).map(span));
    let time = left.as_ref().map_or_else(|| elapsed.clone(), |left| format!("{elapsed}, about {left} left"));
    let left = left.map(|left| format!("{left} left"));
    let shorter = [
        [Some(&jobs), named.as_ref(), Some(&time)],
        [Some(&jobs), bare.as_ref(), Some(&time)],
        [Some(&jobs), bare.as_ref(), left.as_ref()],
        [Some(&jobs), None, left.as_ref()],
    ];
    let joined =
        |parts: [Option<&String>; 3]| parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ");
    let fitting = shorter.into_iter().map(joined).find(|line| text::width(line) <= width);
    fitting.unwrap_or(jobs)
}

/// `34 of 187 jobs, 4 running, 2 failed`; if only the resource is limited `34 jobs, 90 of 2,700 epochs, 4 running`.
fn jobs(progress: &StudyProgress) -> String {
    let mut jobs = match progress.expected.jobs {
        Some(all) => format!("{} of {}", text::count(progress.done), text::counted(all, "job")),
        None => text::counted(progress.done, "job"),
    };
    if let (None, Some(all), Some(name)) = (progress.expected.jobs, progress.expected.resource, &progress.resource) {
        jobs.push_str(&format!(", {} of {}", text::amount(progress.spent), text::amount_of(all, &printable(name))));
    }
    let running = progress.running.saturating_sub(progress.queued);
    for (count, state) in [(running, "running"), (progress.queued, "queued"), (progress.failed, "failed")] {
        if count > 0 {
            jobs.push_str(&format!(", {} {state}", text::count(count)));
        }
    }
    jobs
}

/// Longest and shortest bar of a rung, in columns.
const MAX_BAR: usize = 20;
const MIN_BAR: usize = 5;

/// The area of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Screen {
    /// Width in columns.
    pub columns: usize,
    /// Height in lines.
    pub lines: usize,
}

/// All lines of a frame: the study, then the current rung of each active bracket.
pub fn frame(progress: &StudyProgress, now: Moment, screen: Screen) -> String {
    let mut lines = vec![study(progress, now, screen.columns)];
    lines.extend(if progress.open_ended { open_ended_brackets(progress) } else { rungs(progress, screen.columns) });
    if lines.len() > screen.lines.max(1) {
        let room = screen.lines.saturating_sub(1).max(1);
        let hidden = lines.split_off(room).len() as u64;
        lines.extend((screen.lines > 1).then(|| format!("  and {}", text::counted(hidden, "more bracket"))));
    }
    lines.iter().map(|line| text::cut(line.trim_end(), screen.columns)).collect::<Vec<_>>().join("\n")
}

/// `bracket 4, rung 1  ━━━━━╌╌╌╌╌   8/27  at epochs=3`, with a bar that fits into `columns`.
fn rungs(progress: &StudyProgress, columns: usize) -> Vec<String> {
    let rungs = progress.current_rungs();
    let name = |rung: &BracketRung| if progress.resource.is_some() { rung_name(progress, rung) } else { String::new() };
    let widest = rungs.iter().map(|rung| name(rung).len()).max().unwrap_or(0);
    let digits = rungs.iter().map(|rung| rung.counts.configs.to_string().len()).max().unwrap_or(0);
    let taken = widest + 2 * digits + "    /  ".len();
    let at = rungs.iter().map(|rung| text::width(&resource(progress, &rung.counts))).max().unwrap_or(0);
    // A bar of the minimum length takes precedence over the resource.
    let shows_at = taken + MIN_BAR + 2 + at <= columns;
    let cells = MAX_BAR.min(columns.saturating_sub(taken + if shows_at { 2 + at } else { 0 }));
    let line = |rung: &BracketRung| {
        let RungCounts { ended, configs, .. } = rung.counts;
        let bar = if cells < MIN_BAR { String::new() } else { bar(ended, configs, cells) + "  " };
        let at = if shows_at { resource(progress, &rung.counts) } else { String::new() };
        format!("  {:widest$}  {bar}{ended:>digits$}/{configs:<digits$}  {at}", name(rung))
    };
    rungs.iter().map(line).collect()
}

fn bar(done: u64, all: u64, cells: usize) -> String {
    let share = done.min(all) as f64 / all.max(1) as f64;
    let full = (share * cells as f64) as usize;
    format!("{}{}", "━".repeat(full), "╌".repeat(cells - full))
}

/// The brackets of an open-ended schedule: `bracket 3  34 jobs at epochs=1, 11 at 3, 4 at 9`.
fn open_ended_brackets(progress: &StudyProgress) -> Vec<String> {
    let line = |(id, rungs): (BracketId, &[RungCounts])| {
        let reached: Vec<_> = rungs.iter().filter(|rung| rung.ended > 0).collect();
        let (first, rest) = reached.split_first()?;
        let first = format!("{} {}", text::counted(first.ended, "job"), resource(progress, first));
        let rest = rest.iter().map(|rung| format!("{} at {}", text::count(rung.ended), rung.resource));
        Some(format!(
            "  {}  {}",
            bracket(progress, id),
            std::iter::once(first).chain(rest).collect::<Vec<_>>().join(", ")
        ))
    };
    progress.started_brackets().into_iter().filter_map(line).collect()
}

/// `bracket 4, rung 0`, with the round if there are several. All numbers start at 0, as in logs, file names, the environment and
/// JSON.
pub fn rung_name(progress: &StudyProgress, rung: &BracketRung) -> String {
    rung_of(progress, rung.bracket, rung.rung)
}

/// The same for a rung of which only the number is known.
pub fn rung_of(progress: &StudyProgress, id: BracketId, rung: Rung) -> String {
    format!("{}, rung {rung}", bracket(progress, id))
}

fn bracket(progress: &StudyProgress, id: BracketId) -> String {
    let round = if progress.rounds > 1 { format!("round {}, ", id.round) } else { String::new() };
    format!("{round}bracket {}", id.bracket)
}

/// The resource of a rung's jobs: `at epochs=3`.
pub fn resource(progress: &StudyProgress, rung: &RungCounts) -> String {
    match &progress.resource {
        Some(name) => format!("at {}={}", printable(name), rung.resource),
        None => String::new(),
    }
}

/// The line of a finished rung: `bracket 4, rung 0 (epochs=3): 27 configurations, 2 failed, best loss 0.0123 (trial 14), 9 promoted`.
pub fn full_rung(progress: &StudyProgress, rung: &BracketRung) -> String {
    let mut name = rung_name(progress, rung);
    if let Some(resource) = &progress.resource {
        name.push_str(&format!(" ({}={})", printable(resource), rung.counts.resource));
    }
    let mut counts = text::counted(rung.counts.configs, "configuration");
    if rung.counts.failed > 0 {
        counts.push_str(&format!(", {} failed", text::count(rung.counts.failed)));
    }
    if let (Some(metric), Some(best)) = (&progress.metric, rung.counts.best) {
        let (score, trial) = (text::short(best.score.value()), best.job.trial);
        counts.push_str(&format!(", best {} {score} (trial {trial})", printable(&metric.name)));
    }
    if rung.counts.promoted > 0 {
        counts.push_str(&format!(", {} promoted", text::count(rung.counts.promoted)));
    }
    format!("{name}: {counts}")
}

fn span(seconds: f64) -> String {
    text::span(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests;

//! The words of progress: counts turned into one line each.

use std::time::Duration;

use super::tally::{FullRung, RungCounts, Tally};
use crate::report::text;
use crate::types::ids::BracketId;
use crate::types::printable::printable;
use crate::types::units::Moment;

/// The study as a whole: `34 of 187 jobs, 4 running, 2 failed · best loss 0.0123 (trial 14) · 1m12s, about 3m02s left`. What
/// `width` columns have no room for is left out, the least important first.
pub fn study(tally: &Tally, now: Moment, width: usize) -> String {
    let jobs = jobs(tally);
    let best = |name: &str| {
        tally.best().map(|best| format!("best {name}{} (trial {})", text::short(best.score.value()), best.job.trial))
    };
    let named = tally.metric.as_ref().and_then(|metric| best(&format!("{} ", printable(&metric.name))));
    let bare = named.as_ref().and_then(|_| best(""));
    let (elapsed, left) = (span(tally.elapsed(now)), tally.time_left(now).filter(|left| *left > 0.0).map(span));
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

/// `34 of 187 jobs, 4 running, 2 failed`; where only the resource is bounded `34 jobs, 90 of 2,700 epochs, 4 running`.
fn jobs(tally: &Tally) -> String {
    let mut jobs = match tally.goal.jobs {
        Some(all) => format!("{} of {}", text::count(tally.done), text::counted(all, "job")),
        None => text::counted(tally.done, "job"),
    };
    if let (None, Some(all), Some(name)) = (tally.goal.jobs, tally.goal.resource, &tally.resource) {
        jobs.push_str(&format!(", {} of {} {}", text::amount(tally.spent), text::amount(all), printable(name)));
    }
    for (count, what) in [(tally.running, "running"), (tally.failed, "failed")] {
        if count > 0 {
            jobs.push_str(&format!(", {} {what}", text::count(count)));
        }
    }
    jobs
}

/// Most and fewest cells of a rung's bar.
const BAR: usize = 20;
const SHORTEST_BAR: usize = 5;

/// What a frame may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Screen {
    /// Columns.
    pub columns: usize,
    /// Lines.
    pub lines: usize,
}

/// Every line of a drawing: the study, then the current rung of each bracket at work.
pub fn frame(tally: &Tally, now: Moment, screen: Screen) -> String {
    let mut lines = vec![study(tally, now, screen.columns)];
    lines.extend(if tally.open_ended { floors(tally) } else { rungs(tally, screen.columns) });
    if lines.len() > screen.lines.max(1) {
        let room = screen.lines.saturating_sub(1).max(1);
        let hidden = lines.split_off(room).len() as u64;
        lines.extend((screen.lines > 1).then(|| format!("  and {} more", text::counted(hidden, "bracket"))));
    }
    lines.iter().map(|line| text::cut(line.trim_end(), screen.columns)).collect::<Vec<_>>().join("\n")
}

/// `bracket 4, rung 1  ━━━━━╌╌╌╌╌   8/27  at epochs=3`, the bar as long as there is room for it.
fn rungs(tally: &Tally, columns: usize) -> Vec<String> {
    let rungs = tally.current_rungs();
    let place = |rung: &FullRung| if tally.resource.is_some() { place(tally, rung) } else { String::new() };
    let widest = rungs.iter().map(|rung| place(rung).len()).max().unwrap_or(0);
    let digits = rungs.iter().map(|rung| rung.tally.configs.to_string().len()).max().unwrap_or(0);
    let taken = widest + 2 * digits + "    /  ".len();
    let at = rungs.iter().map(|rung| text::width(&resource(tally, &rung.tally))).max().unwrap_or(0);
    // the resource goes before the last of the bar does
    let shows_at = taken + SHORTEST_BAR + 2 + at <= columns;
    let cells = BAR.min(columns.saturating_sub(taken + if shows_at { 2 + at } else { 0 }));
    let line = |rung: &FullRung| {
        let RungCounts { ended, configs, .. } = rung.tally;
        let bar = if cells < SHORTEST_BAR { String::new() } else { bar(ended, configs, cells) + "  " };
        let at = if shows_at { resource(tally, &rung.tally) } else { String::new() };
        format!("  {:widest$}  {bar}{ended:>digits$}/{configs:<digits$}  {at}", place(rung))
    };
    rungs.iter().map(line).collect()
}

fn bar(done: u64, all: u64, cells: usize) -> String {
    let share = done.min(all) as f64 / all.max(1) as f64;
    let full = (share * cells as f64) as usize;
    format!("{}{}", "━".repeat(full), "╌".repeat(cells - full))
}

/// Where rungs are never full: `bracket 3  34 jobs at epochs=1, 11 at 3, 4 at 9`.
fn floors(tally: &Tally) -> Vec<String> {
    let line = |(id, rungs): (BracketId, &[RungCounts])| {
        let reached: Vec<_> = rungs.iter().filter(|rung| rung.ended > 0).collect();
        let (first, rest) = reached.split_first()?;
        let first = format!("{} {}", text::counted(first.ended, "job"), resource(tally, first));
        let rest = rest.iter().map(|rung| format!("{} at {}", text::count(rung.ended), rung.resource));
        Some(format!("  {}  {}", bracket(tally, id), std::iter::once(first).chain(rest).collect::<Vec<_>>().join(", ")))
    };
    tally.ladders().into_iter().filter_map(line).collect()
}

/// Which rung: `bracket 4, rung 0`, with the round where there are several. All three count from 0, as in logs, file names,
/// the environment and JSON.
pub fn place(tally: &Tally, rung: &FullRung) -> String {
    format!("{}, rung {}", bracket(tally, rung.bracket), rung.rung)
}

fn bracket(tally: &Tally, id: BracketId) -> String {
    let round = if tally.rounds > 1 { format!("round {}, ", id.round) } else { String::new() };
    format!("{round}bracket {}", id.bracket)
}

/// What a rung's jobs get: `at epochs=3`.
pub fn resource(tally: &Tally, rung: &RungCounts) -> String {
    match &tally.resource {
        Some(name) => format!("at {}={}", printable(name), rung.resource),
        None => String::new(),
    }
}

/// A finished rung: `bracket 4, rung 0 (epochs=3): 27 configurations, 2 failed, best loss 0.0123 (trial 14), 9 promoted`.
pub fn full_rung(tally: &Tally, rung: &FullRung) -> String {
    let mut place = place(tally, rung);
    if let Some(name) = &tally.resource {
        place.push_str(&format!(" ({}={})", printable(name), rung.tally.resource));
    }
    let mut words = text::counted(rung.tally.configs, "configuration");
    if rung.tally.failed > 0 {
        words.push_str(&format!(", {} failed", text::count(rung.tally.failed)));
    }
    if let (Some(metric), Some(best)) = (&tally.metric, rung.tally.best) {
        let (score, trial) = (text::short(best.score.value()), best.job.trial);
        words.push_str(&format!(", best {} {score} (trial {trial})", printable(&metric.name)));
    }
    if rung.tally.promoted > 0 {
        words.push_str(&format!(", {} promoted", text::count(rung.tally.promoted)));
    }
    format!("{place}: {words}")
}

fn span(seconds: f64) -> String {
    text::span(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests;

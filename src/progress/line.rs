//! The words of progress: counts turned into one line each.

use std::time::Duration;

use super::tally::{FullRung, RungTally, Tally};
use crate::report::text;
use crate::words::units::Moment;

/// The study as a whole: `34 of 187 jobs, 4 running, 2 failed · best loss 0.0123 (trial 14) · 1m12s, about 3m02s left`.
pub fn study(tally: &Tally, now: Moment) -> String {
    let mut jobs = format!("{} of {} jobs", text::count(tally.done), text::count(tally.planned_jobs));
    for (count, what) in [(tally.running, "running"), (tally.failed, "failed")] {
        if count > 0 {
            jobs.push_str(&format!(", {} {what}", text::count(count)));
        }
    }
    let best = match (&tally.metric, &tally.best) {
        (Some(metric), Some(best)) => {
            Some(format!("best {} {} (trial {})", metric.name, text::short(best.score.value()), best.trial))
        }
        _ => None,
    };
    let time = match tally.time_left(now) {
        Some(left) if left > 0.0 => format!("{}, about {} left", span(tally.elapsed(now)), span(left)),
        _ => span(tally.elapsed(now)),
    };
    [Some(jobs), best, Some(time)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Cells of a rung's bar.
const BAR: usize = 20;

/// Every line of a drawing, cut to `width` columns: the study, then the current rung of each bracket at work.
pub fn frame(tally: &Tally, now: Moment, width: usize) -> String {
    let rungs: Vec<_> = tally.current_rungs().collect();
    let widest = rungs.iter().map(|rung| place(rung).chars().count()).max().unwrap_or(0);
    let digits = rungs.iter().map(|rung| rung.tally.configs.to_string().len()).max().unwrap_or(0);
    let lines = rungs.iter().map(|rung| {
        let RungTally { ended, configs, .. } = rung.tally;
        let (place, at) = (place(rung), resource(tally, &rung.tally));
        format!("  {place:widest$}  {}  {ended:>digits$}/{configs:<digits$}  {at}", bar(ended, configs))
    });
    let cut = |line: String| line.trim_end().chars().take(width).collect::<String>();
    std::iter::once(study(tally, now)).chain(lines).map(cut).collect::<Vec<_>>().join("\n")
}

fn bar(done: u64, all: u64) -> String {
    let share = done.min(all) as f64 / all.max(1) as f64;
    let full = (share * BAR as f64) as usize;
    format!("{}{}", "━".repeat(full), "╌".repeat(BAR - full))
}

/// Which rung: `bracket 4 rung 1 of 5`, with the round where there are several.
pub fn place(rung: &FullRung) -> String {
    let round = if rung.bracket.round > 0 { format!("round {} ", rung.bracket.round + 1) } else { String::new() };
    format!("{round}bracket {} rung {} of {}", rung.bracket.bracket, rung.rung.0 + 1, rung.rungs)
}

/// What a rung's jobs get: `at epochs=3`.
pub fn resource(tally: &Tally, rung: &RungTally) -> String {
    match &tally.resource {
        Some(name) => format!("at {name}={}", rung.resource),
        None => String::new(),
    }
}

/// A finished rung: `bracket 4 rung 1 of 5: 27 configurations at epochs=3, 2 failed, best loss 0.0123 (trial 14), 9 go on`.
pub fn full_rung(tally: &Tally, rung: &FullRung) -> String {
    let mut words = text::counted(rung.tally.configs, "configuration");
    if tally.resource.is_some() {
        words = format!("{words} {}", resource(tally, &rung.tally));
    }
    if rung.tally.failed > 0 {
        words.push_str(&format!(", {} failed", text::count(rung.tally.failed)));
    }
    if let (Some(metric), Some((trial, score))) = (&tally.metric, rung.tally.best) {
        words.push_str(&format!(", best {} {} (trial {trial})", metric.name, text::short(score.value())));
    }
    if rung.tally.promoted > 0 {
        let verb = if rung.tally.promoted == 1 { "goes" } else { "go" };
        words.push_str(&format!(", {} {verb} on", text::count(rung.tally.promoted)));
    }
    format!("{}: {words}", place(rung))
}

fn span(seconds: f64) -> String {
    text::span(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

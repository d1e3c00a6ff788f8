//! The plan as text: the bracket table in the form of Polyaxon's documentation of Hyperband, then totals, parameters and commands.

use std::fmt::Write;
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table};

use super::plan::{BracketView, PassedValue, PlanLimits, PlanView};
use super::{number, text};
use crate::command::plain::plain;
use crate::search::GuessUse;
use crate::types::objective::Direction;
use crate::types::printable::printable;

/// Columns of a bracket table besides its pairs, and of one pair with its space: `iteration`, `  configs  resource`.
const FIRST_WIDTH: usize = 9;
const PAIR_WIDTH: usize = 3 + 9 + 2 + 8;

/// How to end a study without a planned end.
const ENDS: &str = ": end it with `numRuns`, --max-jobs, --max-resource or --time-limit";

/// The whole plan, for a screen of `width` columns (a pipe has no width).
pub fn plan(plan: &PlanView, width: Option<u16>) -> String {
    let mut out = heading(plan);
    out.push('\n');
    if plan.resource.is_some() {
        let pairs = width.map_or(usize::MAX, |w| (usize::from(w).saturating_sub(FIRST_WIDTH) / PAIR_WIDTH).max(1));
        for brackets in plan.brackets.chunks(pairs) {
            out.push_str(&bracket_table(brackets));
            out.push_str("\n\n");
        }
    }
    out.push_str(&totals(plan));
    out.push_str(&parameters(plan));
    out.push_str(&passed(plan));
    out.push_str(&commands(plan));
    out
}

fn heading(plan: &PlanView) -> String {
    let mut words = vec![plan.kind.to_owned()];
    words.extend(plan.eta.map(|eta| format!("eta {}", number::shortest(eta))));
    // Not `random`, the default, nor samplers that have the name of the kind.
    words.extend((![plan.kind, "random"].contains(&plan.sampler)).then(|| format!("sampler {}", plan.sampler)));
    words.push(match &plan.metric {
        Some(metric) => format!("{} {}", direction(metric.direction), printable(&metric.name)),
        None => "no metric, so nothing is ranked".to_owned(),
    });
    words.push(format!("seed {}", plan.seed));
    format!("{}\n", words.join(", "))
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "minimize",
        Direction::Maximize => "maximize",
    }
}

/// A column pair per bracket, a row per iteration.
fn bracket_table(brackets: &[BracketView]) -> String {
    let mut table = plain_table();
    let mut header = vec!["\n\niteration".to_owned()];
    for bracket in brackets {
        header.extend([format!("bracket {}\nnum\nconfigs", bracket.bracket), " \nresource\nalloc".to_owned()]);
    }
    table.set_header(header.into_iter().map(right));
    for iteration in 0..brackets.iter().map(|b| b.rungs.len()).max().unwrap_or(0) {
        let mut row = vec![iteration.to_string()];
        for bracket in brackets {
            row.extend(match bracket.rungs.get(iteration) {
                Some(rung) => [planned(rung.configs), text::amount(rung.resource.amount())],
                None => [String::new(), String::new()],
            });
        }
        table.add_row(row.into_iter().map(right));
    }
    for column in table.column_iter_mut() {
        column.set_padding((if column.index % 2 == 1 { 3 } else { 2 }, 0));
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 0));
    }
    table.trim_fmt()
}

fn totals(plan: &PlanView) -> String {
    let about = if plan.open_ended && plan.jobs.is_some() { "about " } else { "" };
    let rounds = if plan.rounds > 1 { format!(", {} rounds", plan.rounds) } else { String::new() };
    let ends = if plan.trials.is_none() { ENDS } else { "" };
    let mut rows = vec![
        ("trials", format!("{}{rounds}{ends}", planned(plan.trials))),
        ("jobs", format!("{about}{}", planned(plan.jobs))),
    ];
    if let (Some(spec), Some(total), Some(full)) = (&plan.resource, plan.resource_total, plan.full_resource_total) {
        let amount = |x| text::amount_of(x, &printable(&spec.name));
        rows.push(("resource", format!("{about}{}", amount(total))));
        let times = round(full / total);
        let share = if times.is_finite() { format!(", {} times as much", text::short(times)) } else { String::new() };
        rows.push(("all trials in full", format!("{}{share}", amount(full))));
    }
    let limits = limits(plan);
    if !limits.is_empty() {
        rows.push(("ends at", limits.join(", ")));
    }
    if let Some(distinct) = plan.distinct.filter(|d| plan.trials.is_none_or(|trials| *d < trials)) {
        rows.push(("distinct", format!("{}, so some run more than once", text::counted(distinct, "configuration"))));
    }
    rows.extend(plan.sampler_reason.iter().map(|reason| ("sampler", format!("{}, because {reason}", plan.sampler))));
    let steps = plan.steps.iter().zip(std::iter::once("steps").chain(std::iter::repeat("")));
    rows.extend(steps.map(|(step, name)| (name, step.clone())));
    rows.extend(plan.guesses.map(|used| ("guesses", guess_use(used).to_owned())));
    two_columns("", &rows)
}

fn guess_use(used: GuessUse) -> &'static str {
    match used {
        GuessUse::Nothing => "not used",
        GuessUse::FirstTrial => "the first trial, then this sampler does not use them",
        GuessUse::Prior => "the first trial, half of the initial draws near them, then with a weight that fades",
    }
}

/// The limits, with what they leave of the plan.
fn limits(plan: &PlanView) -> Vec<String> {
    let of = |all: Option<String>| all.map(|all| format!(" of {all}")).unwrap_or_default();
    let jobs = |most| format!("{}{}", text::counted(most, "job"), of(plan.jobs.map(text::count)));
    let unit = plan.resource.as_ref().map_or("of the resource".into(), |spec| printable(&spec.name));
    let resource = |most| format!("{}{}", text::amount_of(most, &unit), of(plan.resource_total.map(text::amount)));
    let time = |seconds| text::span(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    let gain = |share: f64| {
        format!("an expected gain below {}% of what was gained", number::shortest((share * 1e6).round() / 1e4))
    };
    let PlanLimits { jobs: max_jobs, resource: max_resource, time_s, patience } = plan.limits;
    let limits = [max_jobs.map(jobs), max_resource.map(resource), time_s.map(time), patience.map(gain)];
    limits.into_iter().flatten().collect()
}

/// A planned number; `None` is endless.
fn planned(count: Option<u64>) -> String {
    count.map_or_else(|| "endless".to_owned(), text::count)
}

fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

fn parameters(plan: &PlanView) -> String {
    if plan.params.is_empty() {
        return String::new();
    }
    let mut table = plain_table();
    for (name, param) in &plan.params {
        let when = param.when.as_ref().map(|when| format!("when {when}")).unwrap_or_default();
        let mut row = vec![printable(name).into_owned(), param.kind.to_owned(), printable(&param.values).into_owned()];
        if plan.params.values().any(|param| param.when.is_some()) {
            row.push(printable(&when).into_owned());
        }
        if let Some(guess) = &param.guess {
            let text = format!("guess {} ({} confidence)", plain(&guess.value), guess.confidence.name());
            row.push(printable(&text).into_owned());
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((2, 0));
    }
    let constraints: String = plan.constraints.iter().map(|text| format!("  {}\n", printable(text))).collect();
    let constraints = if constraints.is_empty() { constraints } else { format!("\nconstraints\n{constraints}") };
    format!("\nparameters\n{}\n{constraints}", table.trim_fmt())
}

/// How booleans, lists and nulls are passed, one line per parameter.
fn passed(plan: &PlanView) -> String {
    let form = |passed: &PassedValue| match passed.arguments.as_slice() {
        [] if passed.value.is_null() => "null is left out, so that the program's default applies".to_owned(),
        [] => format!("{} is left out", passed.value),
        arguments => format!("{} as {}", passed.value, text::arguments(arguments.iter().map(String::as_str))),
    };
    let of_one_param = plan.passed.chunk_by(|one, other| one.param == other.param);
    let rows: Vec<(&str, String)> = of_one_param
        .map(|values| (values[0].param.as_str(), values.iter().map(form).collect::<Vec<_>>().join(", ")))
        .collect();
    if rows.is_empty() { String::new() } else { format!("\npassed\n{}", two_columns("  ", &rows)) }
}

fn commands(plan: &PlanView) -> String {
    if plan.commands.is_empty() {
        return String::new();
    }
    let mut out = "\nfirst commands\n".to_owned();
    for argv in &plan.commands {
        let _ = writeln!(out, "  {}", text::command_line(argv.iter().map(String::as_str)));
    }
    out
}

/// Names and values in two aligned columns, each line after `indent`.
pub(super) fn two_columns(indent: &str, rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| text::width(&printable(name))).max().unwrap_or(0);
    rows.iter().fold(String::new(), |mut out, (name, value)| {
        let _ = writeln!(out, "{indent}{}  {}", text::padded(&printable(name), width), printable(value));
        out
    })
}

/// A table without borders and without wrapping.
pub(super) fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table
}

/// A right-aligned cell.
pub(super) fn right(content: String) -> Cell {
    Cell::new(content).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests;

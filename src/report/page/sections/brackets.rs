//! The brackets: what was planned, what happened, what it cost.

use crate::report::page::block::{Block, Cell, figure, percent, text};
use crate::report::page::data::ReportData;
use crate::report::page::facts::{BracketCost, all_rounds};
use crate::report::plot::catalogue;
use crate::report::status::BracketStatus;
use crate::report::text::{amount, count, short};
use crate::types::objective::Score;

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    if shown(data).len() > 1 {
        blocks.push(costs(data));
        blocks.extend(verdict(data).map(text));
    }
    if data.status.brackets.iter().any(|bracket| bracket.rungs.len() > 1) {
        blocks.push(rungs(data));
    }
    if let Some(drawn) = catalogue::draw("rungs", &data.plots) {
        blocks.extend(figure(&drawn, "rungs", 0));
    }
    blocks
}

/// From this number of rounds on, the rounds of a bracket are shown together.
pub(super) const MANY_ROUNDS: u32 = 4;

/// The name of a bracket in a study of one or more rounds.
pub(super) fn name(data: &ReportData<'_>, round: u32, bracket: u32) -> String {
    match data.status.rounds {
        0 | 1 => bracket.to_string(),
        MANY_ROUNDS.. => format!("{bracket} (all rounds)"),
        _ => format!("{bracket} (round {round})"),
    }
}

/// The brackets as they are shown.
fn shown(data: &ReportData<'_>) -> Vec<BracketCost> {
    if data.status.rounds < MANY_ROUNDS {
        return data.brackets.clone();
    }
    // More of the resource first, as in `types::incumbent`; the study's best trial before all others.
    let best = data.best.as_ref().map(|best| best.trial);
    let cost =
        |value: Option<f64>| value.and_then(Score::new).map_or(f64::INFINITY, |score| data.plots.direction.cost(score));
    let key = |of: &BracketCost| (of.best == best, of.reached.unwrap_or(f64::NEG_INFINITY), -cost(of.value));
    all_rounds(&data.brackets, |a, b| key(a) > key(b))
}

/// The rungs as they are shown.
fn shown_rungs(data: &ReportData<'_>) -> Vec<BracketStatus> {
    let mut merged: Vec<BracketStatus> = Vec::new();
    for bracket in &data.status.brackets {
        let known = merged.iter_mut().find(|known| known.id.bracket == bracket.id.bracket);
        match known.filter(|_| data.status.rounds >= MANY_ROUNDS) {
            None => merged.push(bracket.clone()),
            Some(known) => known.rungs.iter_mut().zip(&bracket.rungs).for_each(|(sum, rung)| {
                sum.done += rung.done;
                sum.failed += rung.failed;
                sum.promoted += rung.promoted;
                sum.planned = sum.planned.zip(rung.planned).map(|(a, b)| a + b);
                let scores = [sum.best, rung.best].into_iter().flatten().filter_map(Score::new);
                sum.best = scores.min_by(|a, b| data.plots.direction.order(*a, *b)).map(Score::value);
            }),
        }
    }
    merged
}

fn head<const N: usize>(columns: [(&str, bool); N]) -> Vec<(String, bool)> {
    columns.map(|(name, numeric)| (name.to_owned(), numeric)).into()
}

fn costs(data: &ReportData<'_>) -> Block {
    let spent = format!("{} spent", data.resource());
    let found = format!("best {}", data.plots.metric);
    let brackets = shown(data);
    let rows = brackets.iter().map(|cost| {
        vec![
            Cell::text(name(data, cost.id.round, cost.id.bracket)),
            Cell::text(count(cost.trials)),
            Cell::text(count(cost.jobs)),
            Cell::text(amount(cost.resource)),
            Cell::share(cost.share),
            Cell::text(cost.value.map(short).unwrap_or_default()),
            Cell::trial(cost.best),
        ]
    });
    let columns = [
        ("bracket", false),
        ("trials", true),
        ("jobs", true),
        (spent.as_str(), true),
        ("share", true),
        (found.as_str(), true),
        ("trial", true),
    ];
    Block::Table { head: head(columns), rows: rows.collect() }
}

fn rungs(data: &ReportData<'_>) -> Block {
    let brackets = shown_rungs(data);
    let rows = brackets.iter().flat_map(|bracket| {
        bracket.rungs.iter().enumerate().map(|(at, rung)| {
            let of = if at == 0 { name(data, bracket.id.round, bracket.id.bracket) } else { String::new() };
            vec![
                Cell::text(of),
                Cell::text(rung.rung.to_string()),
                Cell::text(amount(rung.resource.amount())),
                Cell::text(rung.planned.map(count).unwrap_or_default()),
                Cell::text(count(rung.done)),
                Cell::text(count(rung.failed)),
                Cell::text(count(rung.promoted)),
                Cell::text(rung.best.map(short).unwrap_or_default()),
            ]
        })
    });
    let found = format!("best {}", data.plots.metric);
    let columns = [
        ("bracket", false),
        ("rung", true),
        (data.resource(), true),
        ("planned", true),
        ("done", true),
        ("failed", true),
        ("promoted", true),
        (found.as_str(), true),
    ];
    Block::Table { head: head(columns), rows: rows.collect() }
}

/// Which bracket found the best trial, and what the others cost.
fn verdict(data: &ReportData<'_>) -> Option<String> {
    let best = data.best.as_ref()?;
    let brackets = shown(data);
    let winner = brackets.iter().find(|cost| cost.best == Some(best.trial))?;
    let others: Vec<&BracketCost> = brackets.iter().filter(|cost| cost.id != winner.id).collect();
    let share: f64 = others.iter().map(|cost| cost.share).sum();
    let closest =
        others.iter().filter(|cost| cost.reached >= winner.reached).filter_map(|cost| Some((cost.value?, cost)));
    let distance = |value: f64| (value - best.value).abs();
    let closest = closest.min_by(|(a, _), (b, _)| distance(*a).total_cmp(&distance(*b)));
    let found = match closest {
        Some((value, cost)) => format!(
            "the closest of them, bracket {}, found {} ({} worse)",
            name(data, cost.id.round, cost.id.bracket),
            short(value),
            short(distance(value))
        ),
        None => format!("none of them trained a trial with as much of the {}", data.resource()),
    };
    Some(format!(
        "The best trial is of bracket {}, which spent {} of the {}. The other brackets spent {} and found nothing better: {found}.",
        name(data, winner.id.round, winner.id.bracket),
        percent(winner.share),
        data.resource(),
        percent(share)
    ))
}

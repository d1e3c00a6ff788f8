//! Rank correlation between rungs, and whether early stopping was safe.

use super::brackets::{MANY_ROUNDS, name};
use crate::report::page::block::{Block, Cell, text};
use crate::report::page::data::ReportData;
use crate::report::page::facts::{EarlyStopping, RankCorrelation, RungRank};
use crate::report::text::{amount, amount_of, count};

/// From this mean rank correlation on, the lower rungs predicted the higher ones well; below the second, hardly.
const GOOD: f64 = 0.6;
const POOR: f64 = 0.3;

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let Some(stopping) = &data.early_stopping else { return Vec::new() };
    vec![text(ranks_sentence(data, stopping)), text(judgement(stopping)), correlations(data, stopping)]
}

/// The ranks of the best promoted trial at the rungs below its last one.
fn ranks_sentence(data: &ReportData<'_>, stopping: &EarlyStopping) -> String {
    let is_best = data.best.as_ref().is_some_and(|best| best.trial == stopping.trial);
    let subject = if is_best { "The final best" } else { "The best of the promoted trials" };
    let at = |rank: &RungRank| {
        format!("{} of {} at {}", ordinal(rank.rank), count(rank.of), amount_of(rank.resource, data.resource()))
    };
    let ranks = stopping.ranks.iter().map(at).collect::<Vec<_>>().join(", ");
    let room = match stopping.ranks.iter().all(|rank| rank.rank == 1) {
        true => "it led at each rung and would have survived any reduction factor η".to_owned(),
        false => {
            format!("it would have survived any reduction factor η up to {:.1}", floor_tenth(stopping.survives_eta))
        }
    };
    format!("{subject}, trial {}, ranked {ranks}: {room}.", stopping.trial)
}

fn judgement(stopping: &EarlyStopping) -> String {
    let Some(mean) = stopping.mean_correlation() else {
        return "Too few trials have a value at two rungs to say how well rungs predict the next one.".to_owned();
    };
    let is_close = stopping.ranks.iter().any(|rank| rank.promoted > 1 && rank.rank * 2 > rank.promoted);
    let verdict = match (mean, is_close) {
        (mean, false) if mean >= GOOD => "early stopping was safe here",
        (mean, true) if mean >= GOOD => {
            "early stopping was fairly safe here, but the winner was in the lower half of the promoted"
        }
        (mean, _) if mean >= POOR => {
            "early stopping was risky here: a smaller η or a larger smallest resource drops fewer good trials"
        }
        _ => {
            "early stopping was not safe here: the order at a rung says little about the next; use a larger smallest resource"
        }
    };
    format!(
        "The mean rank correlation between neighbouring rungs is {mean:.2}, so {verdict}. Trials that were dropped were not trained \
         further; whether one of them would have won is unknown."
    )
}

fn correlations(data: &ReportData<'_>, stopping: &EarlyStopping) -> Block {
    let merged;
    let pairs = match data.status.rounds {
        MANY_ROUNDS.. => {
            merged = all_rounds(&stopping.correlations);
            &merged
        }
        _ => &stopping.correlations,
    };
    let rows = pairs.iter().map(|pair| {
        vec![
            Cell::text(name(data, pair.id.round, pair.id.bracket)),
            Cell::text(format!("{} → {}", amount(pair.from), amount(pair.to))),
            Cell::text(count(pair.trials)),
            Cell::text(pair.correlation.map_or_else(|| "too few".to_owned(), |rho| format!("{rho:.2}"))),
        ]
    });
    let head = [("bracket", false), (data.resource(), true), ("trials at both", true), ("rank correlation", true)];
    Block::Table { head: head.map(|(name, numeric)| (name.to_owned(), numeric)).into(), rows: rows.collect() }
}

/// The rounds of each bracket together: the mean of the correlations, weighted by their trials.
fn all_rounds(pairs: &[RankCorrelation]) -> Vec<RankCorrelation> {
    let mut merged: Vec<(RankCorrelation, f64)> = Vec::new();
    for pair in pairs {
        let is_same =
            |other: &RankCorrelation| (other.id.bracket, other.from, other.to) == (pair.id.bracket, pair.from, pair.to);
        let weight = pair.correlation.map_or(0.0, |_| pair.trials as f64);
        let Some((sum, sum_weight)) = merged.iter_mut().find(|(other, _)| is_same(other)) else {
            merged.push((pair.clone(), weight));
            continue;
        };
        let weighted = sum.correlation.unwrap_or(0.0) * *sum_weight + pair.correlation.unwrap_or(0.0) * weight;
        *sum_weight += weight;
        sum.trials += pair.trials;
        sum.correlation = (*sum_weight > 0.0).then(|| weighted / *sum_weight);
    }
    merged.into_iter().map(|(pair, _)| pair).collect()
}

fn floor_tenth(x: f64) -> f64 {
    (x * 10.0 + 1e-9).floor() / 10.0
}

fn ordinal(n: u64) -> String {
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{}{suffix}", count(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals() {
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 21, 113, 1002].map(ordinal).join(" "),
            "1st 2nd 3rd 4th 11th 12th 21st 113th 1,002nd"
        );
    }
}

//! How much of the variance each parameter explains, and in which direction it acts.

use crate::report::importance::{UnreliableReason, effect_text, importance};
use crate::report::page::block::{Block, Cell, percent, text};
use crate::report::page::data::ReportData;

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    if data.best.is_none() {
        return Vec::new();
    }
    let found = match importance(data.plots.view) {
        Ok(found) => found,
        Err(error) => return vec![text(format!("It cannot be said which parameters matter: {error}."))],
    };
    let reliable = match found.unreliable {
        None => "",
        Some(UnreliableReason::FewTrials) => " These are too few to rely on the shares.",
        Some(UnreliableReason::PoorFit) => " The model does not fit, so the shares cannot be relied on.",
    };
    let sentence = format!(
        "Shares of the variance of {}, from a model of {} trials that predicts {} of the variance of trials it has not seen.{reliable}",
        data.plots.metric,
        found.used,
        percent(found.r_squared.max(0.0))
    );
    let rows = found.params.iter().map(|param| {
        vec![
            Cell::text(param.name.clone()),
            Cell::share(param.share),
            Cell::share(param.total),
            Cell::text(effect_text(&param.effect)),
        ]
    });
    let head = [("parameter", false), ("alone", true), ("with interactions", true), ("effect", false)];
    let head = head.map(|(name, numeric)| (name.to_owned(), numeric)).into();
    vec![text(sentence), Block::Table { head, rows: rows.collect() }]
}

//! Failed jobs by reason, with the last lines of a log.

use crate::report::page::block::{Block, Cell};
use crate::report::page::data::ReportData;
use crate::report::text::count;
use crate::types::ids::TrialId;

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let groups = &data.status.failures;
    if groups.is_empty() {
        return Vec::new();
    }
    let head = [("reason", false), ("jobs", true), ("trials", false)];
    let rows = groups.iter().map(|group| {
        let listed = group.trials.iter().map(TrialId::to_string).collect::<Vec<_>>().join(", ");
        let more = if group.jobs > group.trials.len() as u64 { ", …" } else { "" };
        vec![Cell::text(group.cause()), Cell::text(count(group.jobs)), Cell::text(listed + more)]
    });
    let table =
        Block::Table { head: head.map(|(name, numeric)| (name.to_owned(), numeric)).into(), rows: rows.collect() };
    let logs = groups.iter().filter(|group| !group.stderr_tail.is_empty()).map(|group| Block::Log {
        title: format!(
            "{}: last lines of stderr of trial {}",
            group.cause(),
            group.trials.first().copied().unwrap_or_default()
        ),
        text: group.stderr_tail.to_owned(),
    });
    std::iter::once(table).chain(logs).collect()
}

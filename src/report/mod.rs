//! Views of a study, computed from its folder alone, so that a report made a year later is the same; and their exporters.

pub(crate) mod best;
pub(crate) mod condition;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod explain;
pub mod export;
pub(crate) mod failures;
pub mod importance;
pub(crate) mod metrics;
pub(crate) mod number;
pub(crate) mod page;
pub mod plan;
pub mod plan_cost;
pub mod plan_table;
pub mod plot;
pub(crate) mod ranking;
pub(crate) mod status;
pub(crate) mod studies;
pub(crate) mod study_progress;
pub mod summary;
pub mod summary_text;
pub(crate) mod table;
pub(crate) mod text;
pub mod trial_columns;
pub mod trials;
pub mod trials_table;
pub mod view;

#[cfg(test)]
pub(crate) mod fixtures;

//! What a report states about a study, computed from its view.

mod brackets;
mod confidence;
mod cost;
mod early_stopping;
mod occupancy;

pub use brackets::{BracketCost, all_rounds, bracket_costs};
pub use confidence::Confidence;
pub use cost::{OutcomeCost, costs};
pub use early_stopping::{EarlyStopping, RankCorrelation, RungRank};
pub use occupancy::Occupancy;

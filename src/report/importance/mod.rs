//! How much of a metric's variance each parameter explains: functional ANOVA on a small random forest.

mod effect;
mod forest;
mod param_column;
mod rows;
mod shares;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod variance;

pub use effect::{Effect, EffectPoint};
pub use shares::{
    ImportanceError, ImportanceView, MIN_TRIALS, PairImportance, ParamImportance, UnreliableReason, importance,
};
pub use text::{effect_text, render};

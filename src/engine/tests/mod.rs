//! The engine with hand-fed events and no process.

mod failures;
mod invariance;
mod limits;
mod stopping;
mod suggestions;
pub(super) mod world;

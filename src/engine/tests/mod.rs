//! The engine with a simulated driver.

mod driver;
mod failures;
mod invariance;
mod journal;
mod limits;
pub(super) mod setup;
mod stopping;
mod suggestions;

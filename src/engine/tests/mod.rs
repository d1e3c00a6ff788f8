//! The engine with a simulated driver.

mod changed_study;
mod driver;
mod failures;
mod invariance;
mod journal;
mod limits;
mod patience;
pub(super) mod setup;
mod stopping;
mod suggestions;

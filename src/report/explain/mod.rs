//! Why a trial was promoted, dropped, stopped or retried: what `explain` shows and prints as JSON.

mod rung;
mod text;
mod trial;

pub use text::render;
pub use trial::TrialExplanation;

#[cfg(test)]
mod tests;

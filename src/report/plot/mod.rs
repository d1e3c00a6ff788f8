//! Plots of a study as SVG, for `plot` and for the report: one file per plot, which places marks on axes; [`image`] draws them.

pub mod baseline;
pub mod catalogue;
pub(crate) mod curves;
mod data;
mod figure;
pub mod image;
mod importance;
pub(crate) mod incumbent;
pub(crate) mod parallel;
mod rungs;
pub(crate) mod scale;
pub(crate) mod slices;
mod ticks;
mod time;
pub(crate) mod timeline;

pub use baseline::Baseline;
pub use data::{PlotData, PlotTrial};
pub use figure::{Figure, MarkClass};
pub use incumbent::compare;

#[cfg(test)]
mod tests;

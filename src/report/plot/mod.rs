//! Plots of a study as SVG, for `plot` and for the report: one file per plot, which places marks on axes; [`image`] draws them.

pub mod baseline;
pub mod catalogue;
mod curves;
mod data;
mod figure;
pub mod image;
mod importance;
mod incumbent;
mod parallel;
mod rungs;
pub(crate) mod scale;
mod slices;
mod ticks;
mod time;
mod timeline;

pub use baseline::Baseline;
pub use data::{PlotData, PlotTrial};
pub use figure::{Figure, MarkClass};
pub use incumbent::compare;

#[cfg(test)]
mod tests;

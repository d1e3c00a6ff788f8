//! Plots of a study as SVG, for `plot` and for the report: one file per plot, which places marks on axes; [`svg`] draws them.

pub mod catalogue;
mod curves;
mod data;
mod figure;
mod incumbent;
mod parallel;
mod rungs;
mod scale;
mod slices;
pub mod svg;
mod ticks;
mod time;
mod timeline;

pub use data::PlotData;
pub use figure::{Figure, MarkClass};

#[cfg(test)]
mod tests;

//! The sampler `tpe`: the pair of kernel densities of BOHB (Falkner, Klein and Hutter 2018, "BOHB: Robust and Efficient
//! Hyperparameter Optimization at Scale", section 3.2), which compares good configurations with all others at the highest rung
//! that has enough results.

mod kde;
mod searcher;
#[cfg(test)]
mod tests;

pub use crate::search::tpe::searcher::Tpe;

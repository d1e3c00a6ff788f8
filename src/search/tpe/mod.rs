//! The sampler `tpe`: a pair of kernel densities (Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization") over all
//! parameters at once, as in BOHB (Falkner, Klein and Hutter 2018, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale"),
//! which compares good configurations with all others at the highest rung that has enough results. Bandwidths, the weight of the prior
//! and the number of good results are those that Watanabe 2023, "Tree-Structured Parzen Estimator: Understanding Its Algorithm
//! Components and Their Roles for Better Empirical Performance", compares and recommends.

mod kde;
mod pair;
mod searcher;
#[cfg(test)]
mod tests;

pub use crate::search::tpe::searcher::Tpe;

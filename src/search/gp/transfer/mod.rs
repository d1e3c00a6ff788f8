//! What earlier studies (`--warm-start`) say about this one: a model of each, their weights, and the configurations to run first.

pub mod ensemble;
pub mod portfolio;
pub mod rank_weights;

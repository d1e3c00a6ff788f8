//! Tests of what earlier studies say about this one.

mod ensemble;
mod portfolio;
mod rank_weights;

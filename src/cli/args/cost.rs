//! Options about the time and price of a plan.

use std::time::Duration;

use clap::Args;

use crate::cli::options::quantity;

const COST: &str = "Cost";

/// What jobs cost.
#[derive(Clone, Debug, Default, Args)]
pub struct CostArgs {
    /// Show the time of the plan, with this time per unit of the resource (per job where nothing is allotted): 1.5, 2m
    #[arg(long, value_name = "S", value_parser = quantity::seconds, help_heading = COST)]
    pub seconds_per_unit: Option<f64>,
    /// Time of each job besides training: 8, 1m30s
    #[arg(long, value_name = "S", value_parser = quantity::seconds, default_value = "0", requires = "seconds_per_unit", help_heading = COST)]
    pub startup: f64,
    /// Price of a slot for an hour, such as 2.5/h: shows the price of the plan
    #[arg(long, value_name = "X/h", value_parser = quantity::price_per_hour, requires = "seconds_per_unit", help_heading = COST)]
    pub price: Option<f64>,
    /// Propose values of maxIterations, eta, rounds or numRuns for plans that take at most this time, such as 6h
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, requires = "seconds_per_unit", help_heading = COST)]
    pub fit: Option<Duration>,
}

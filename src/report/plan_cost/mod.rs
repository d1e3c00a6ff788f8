//! Time and price of a plan, by a simulation of its schedule.

pub(crate) mod course;
mod estimate;
pub mod fit;
mod job_costs;
mod rates;
#[cfg(test)]
mod tests;
mod text;

pub use estimate::{CostEstimate, PlanCost, plan_cost};
pub use rates::CostRates;
pub use text::{cost_rows, fits_text};

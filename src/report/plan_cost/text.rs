//! The cost of a plan as text.

use std::time::Duration;

use super::estimate::{CostEstimate, PlanCost};
use super::fit::PlanFit;
use crate::report::plan_table::two_columns;
use crate::report::{number, text};

/// The lines of `plan` about the cost.
pub fn cost_rows(cost: &PlanCost) -> String {
    let slots = text::counted(u64::from(cost.slots), "slot");
    let mut rows = Vec::new();
    match cost.expected {
        None => rows.push(("time", "endless".to_owned())),
        Some(expected) => {
            let busy = 100.0 * expected.slot_hours * 3600.0 / (expected.time_s * f64::from(cost.slots));
            let busy = if busy.is_finite() { format!(", {:.0}% busy", busy.min(100.0)) } else { String::new() };
            rows.push(("time", format!("{} with {slots}{busy}", span(expected.time_s))));
            rows.push(("slot hours", text::short(round(expected.slot_hours))));
            rows.extend(expected.price.map(|price| ("price", text::short(round(price)))));
        }
    }
    for (name, bound) in [("at least", cost.at_least), ("at most", cost.at_most)] {
        rows.extend(bound.map(|bound| (name, of_bound(&bound))));
    }
    format!("\ncost\n{}", two_columns("  ", &rows))
}

fn of_bound(bound: &CostEstimate) -> String {
    let price = bound.price.map(|price| format!(", price {}", text::short(round(price)))).unwrap_or_default();
    format!("{}, {}{price}", span(bound.time_s), text::counted(bound.jobs, "job"))
}

/// The proposals for a time, with the lines to set in the matrix.
pub fn fits_text(fits: &[PlanFit], seconds: f64) -> String {
    let mut out = format!("\nplans that take at most {}\n", span(seconds));
    for fit in fits {
        let jobs = text::counted(fit.cost.jobs, "job");
        let price = fit.cost.price.map(|price| format!(", price {}", text::short(round(price)))).unwrap_or_default();
        out += &format!("\n  # {}, {jobs}{price}\n", span(fit.cost.time_s));
        for field in &fit.fields {
            out += &format!("  {}: {}\n", field.field, number::shortest(field.value));
        }
    }
    out
}

fn span(seconds: f64) -> String {
    text::span(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// To cents.
fn round(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

//! What makes a combination of values a configuration: conditions (`when`) and constraints, and everything of a space that depends
//! on them.

pub mod cache;
pub mod conditions;
pub mod constraint;
mod constraint_findings;
mod draws;
mod enumeration;
mod feasible;
mod feasible_ranges;
mod judge;
mod levels;
#[cfg(test)]
pub(crate) mod tests;

pub use crate::space::rules::constraint_findings::{ConstraintFinding, FindingKind};
pub use crate::space::rules::feasible_ranges::UnevaluatedConstraint;
pub use crate::space::rules::judge::SpaceError;

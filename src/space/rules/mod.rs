//! What makes a combination of values a configuration: conditions (`when`) and constraints, and everything of a space that depends
//! on them.

pub mod cache;
pub mod conditions;
pub mod constraint;
mod draws;
mod enumeration;
mod judge;
mod levels;
#[cfg(test)]
pub(crate) mod tests;
mod trial_draws;

pub use crate::space::rules::judge::SpaceError;
pub use crate::space::rules::levels::MAX_CHECKED;
pub use crate::space::rules::trial_draws::{ConstraintFinding, FindingKind};

//! What is derived from the rules of a space when it is first needed.

use std::sync::OnceLock;

use super::enumeration::Enumeration;
use super::feasible_ranges::FeasibleRanges;
use crate::types::assignment::Assignment;

/// Derived from the parameters, conditions and constraints of a space, which do not change.
#[derive(Debug, Default)]
pub struct RuleCache {
    /// The numbered configurations without regard to constraints; `None` if they cannot be numbered.
    pub enumeration: OnceLock<Option<Enumeration>>,
    /// The numbers of those that fulfil all constraints; `None` if finding them takes too long.
    pub feasible: OnceLock<Option<FeasibleRanges>>,
    /// A configuration that fulfils all constraints, if one was found.
    pub example: OnceLock<Option<Assignment>>,
}

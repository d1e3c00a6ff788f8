//! Lets a scheduler ask a searcher for advice, although neither layer knows the other.

use crate::schedule::Advisor;
use crate::search::Searcher;
use crate::types::advice::{Advice, SlotChoices};

/// A searcher in the role of a scheduler's advisor.
pub(crate) struct SearcherAdvisor<'a>(pub &'a mut dyn Searcher);

impl Advisor for SearcherAdvisor<'_> {
    fn advise(&mut self, choices: SlotChoices<'_>) -> Advice {
        self.0.advise(choices)
    }
}

//! The sampler `auto`: another sampler, chosen by what is known about the study before it starts. The choice is recorded, so that a
//! resumed study keeps it.

use std::fmt;
use std::sync::Arc;

use super::choice::{ChosenSampler, SamplerChoice, StudyFacts, finite_count};
use super::gp::Gp;
use super::random::Random;
use super::tpe::Tpe;
use super::{GuessUse, Sampler, SearchContext, Searcher};
use crate::space::Space;

/// The sampler `auto`. Before the choice it is `gp`.
#[derive(Clone)]
pub struct Automatic {
    choice: Option<SamplerChoice>,
    sampler: Arc<dyn Sampler>,
}

impl Default for Automatic {
    fn default() -> Automatic {
        Automatic { choice: None, sampler: Arc::new(Gp::default()) }
    }
}

/// Without the reason, which does not change what is proposed.
impl fmt::Debug for Automatic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let choice = self.choice.as_ref();
        let (sampler, initial) = (choice.map(|choice| choice.sampler), choice.and_then(|choice| choice.initial));
        f.debug_struct("Automatic").field("sampler", &sampler).field("initial", &initial).finish()
    }
}

impl Sampler for Automatic {
    fn name(&self) -> &'static str {
        if self.choice.is_some() { self.sampler.name() } else { "auto" }
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        self.sampler.searcher(context)
    }

    fn ignores_observations(&self) -> bool {
        self.sampler.ignores_observations()
    }

    fn rules(&self) -> u32 {
        self.sampler.rules()
    }

    fn guess_use(&self) -> GuessUse {
        match self.choice.as_ref().map(|choice| choice.sampler) {
            Some(ChosenSampler::EachOnce) => GuessUse::FirstTrial,
            _ => self.sampler.guess_use(),
        }
    }

    fn advises(&self) -> bool {
        self.sampler.advises()
    }

    /// No configuration is proposed twice.
    fn max_trials(&self, space: &Space) -> Option<u64> {
        finite_count(space)
    }

    fn is_automatic(&self) -> bool {
        true
    }

    fn choice(&self) -> Option<&SamplerChoice> {
        self.choice.as_ref()
    }

    fn choose(&self, facts: &StudyFacts<'_>) -> Option<Arc<dyn Sampler>> {
        self.with_choice(&SamplerChoice::new(facts))
    }

    fn with_choice(&self, choice: &SamplerChoice) -> Option<Arc<dyn Sampler>> {
        Some(Arc::new(Automatic { choice: Some(choice.clone()), sampler: build(choice) }))
    }
}

/// The chosen sampler.
fn build(choice: &SamplerChoice) -> Arc<dyn Sampler> {
    match (choice.sampler, choice.initial) {
        (ChosenSampler::Random | ChosenSampler::EachOnce, _) => Arc::new(Random),
        (ChosenSampler::Tpe, _) => Arc::new(Tpe::default()),
        (ChosenSampler::Gp, None) => Arc::new(Gp::default()),
        (ChosenSampler::Gp, Some(initial)) => {
            let min_observations = usize::try_from(initial).unwrap_or(usize::MAX);
            Arc::new(Gp { initial, min_observations, ..Gp::default() })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::search::choice::tests::{continuous, facts};
    use crate::search::tests::{context, run};
    use crate::space::tests::space;

    #[test]
    fn a_small_space_is_proposed_completely_and_once() {
        let small = || space(&[("a", "range", json!([0, 5, 1])), ("b", "choice", json!(["x", "y"]))]);
        let sampler = Automatic::default().choose(&facts(&small(), 50)).expect("a choice");
        assert_eq!((sampler.name(), sampler.max_trials(&small())), ("random", Some(10)));
        let mut drawn = run(&mut *sampler.searcher(&context(small(), 3)), 10);
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn.len(), 10);
        assert_eq!(sampler.max_trials(&Space::default()), None);
        assert_eq!(sampler.max_trials(&continuous()), None);
    }

    #[test]
    fn a_recorded_choice_replaces_that_of_other_facts() {
        let space = continuous();
        let recorded = SamplerChoice::new(&facts(&space, 20));
        let text = serde_json::to_string(&recorded).expect("it serializes");
        let read: SamplerChoice = serde_json::from_str(&text).expect("it is read");
        let now = Automatic::default().choose(&StudyFacts { slots: Some(64), ..facts(&space, 20) }).expect("a choice");
        assert_eq!(now.name(), "random");
        let kept = now.with_choice(&read).expect("a choice");
        assert_eq!((kept.name(), kept.choice()), ("gp", Some(&recorded)));
    }
}

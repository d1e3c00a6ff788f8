//! Random search: each trial is drawn from its own stream. A finite space repeats no configuration before all have been proposed.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use rand::RngExt;

use super::guess::{FadedBelief, GuessDraws};
use super::{GuessUse, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::origin::ConfigOrigin;
use crate::types::stream::{Purpose, Stream, stream};

/// Draws depend on the seed, the trial and, in a finite space, the configurations of earlier trials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Random;

impl Sampler for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(RandomSearcher::new(context))
    }

    fn ignores_observations(&self) -> bool {
        true
    }

    fn guess_use(&self) -> GuessUse {
        GuessUse::FirstTrial
    }
}

/// How often a repeated configuration is drawn again before an unused one is searched by index. Redrawing keeps the
/// parameters' probabilities; the search always terminates.
const REDRAWS: u32 = 64;

/// The random searcher; models use it for their random draws.
#[derive(Debug)]
pub struct RandomSearcher {
    space: Arc<Space>,
    seed: u64,
    /// Hashes of the configurations of all trials, in a finite space only. A collision (probability 2⁻⁶⁴) costs a redraw.
    used: HashSet<u64>,
    is_finite: bool,
    /// `None` without guesses.
    guesses: Option<GuessDraws>,
    /// That of the last proposal.
    origin: ConfigOrigin,
}

impl RandomSearcher {
    /// A searcher without trials.
    pub fn new(context: &SearchContext) -> RandomSearcher {
        let is_finite = context.space.unconstrained_count().is_some();
        let guesses = GuessDraws::new(&context.space, context.seed);
        let (space, seed, used) = (context.space.clone(), context.seed, HashSet::new());
        RandomSearcher { space, seed, used, is_finite, guesses, origin: ConfigOrigin::Random }
    }

    /// The configuration of `trial`. It is a repetition only if all configurations of a finite space are used.
    pub fn draw(&self, trial: TrialId) -> Assignment {
        let mut stream = stream(self.seed, trial, Purpose::Parameters);
        let first = self.space.sample(&mut stream);
        if self.is_new(&first) || self.space.cardinality().is_some_and(|all| self.used.len() as u64 >= all) {
            return first;
        }
        let redrawn = (0..REDRAWS).map(|_| self.space.sample(&mut stream)).find(|a| self.is_new(a));
        redrawn.or_else(|| self.unused(&mut stream)).unwrap_or(first)
    }

    /// The configuration with the guesses of the matrix, until a trial has them; `None` if there are none.
    pub fn guess(&self) -> Option<(Assignment, ConfigOrigin)> {
        Some((self.guesses.as_ref()?.untried()?.clone(), ConfigOrigin::Guess))
    }

    /// The configuration of `trial` for a model that knows too little: as [`RandomSearcher::draw`], with guesses for half of the
    /// trials near them.
    pub fn draw_for_model(&self, trial: TrialId) -> (Assignment, ConfigOrigin) {
        let near = self.guesses.as_ref().and_then(|guesses| guesses.draw(trial, |drawn| self.is_new(drawn)));
        near.map_or_else(|| (self.draw(trial), ConfigOrigin::Random), |near| (near, ConfigOrigin::NearGuess))
    }

    /// The belief in the guesses of the matrix, as it counts for the next trial; `None` if there are none.
    pub(super) fn belief(&self) -> Option<FadedBelief<'_>> {
        Some(self.guesses.as_ref()?.belief())
    }

    /// The first unused configuration in index order from a random index.
    fn unused(&self, stream: &mut Stream) -> Option<Assignment> {
        let all = self.space.cardinality()?;
        let start = stream.random_range(0..all);
        // Of one more configuration than are used, at least one is unused.
        let tries = (self.used.len() as u64 + 1).min(all);
        let indices = (0..tries).map(|i| if i < all - start { start + i } else { i - (all - start) });
        indices.filter_map(|index| self.space.configuration(index)).find(|a| self.is_new(a))
    }

    /// Whether no trial of a finite space has this configuration; always true in an infinite space.
    pub fn is_new(&self, assignment: &Assignment) -> bool {
        self.used.is_empty() || !self.used.contains(&self.hash(assignment))
    }

    fn hash(&self, assignment: &Assignment) -> u64 {
        let mut hasher = DefaultHasher::new();
        for param in &self.space.params {
            assignment.get(&param.name).hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Searcher for RandomSearcher {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        let drawn = || (self.draw(request.trial), ConfigOrigin::Random);
        let (assignment, origin) = self.guess().unwrap_or_else(drawn);
        self.origin = origin;
        Proposal::Ready(assignment)
    }

    fn origin(&self) -> ConfigOrigin {
        self.origin.clone()
    }

    fn register(&mut self, _trial: TrialId, assignment: &Assignment) {
        if self.is_finite {
            self.used.insert(self.hash(assignment));
        }
        if let Some(guesses) = &mut self.guesses {
            guesses.register(assignment);
        }
    }

    fn observe(&mut self, _observation: &Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;
    use crate::search::tests::{context, run};
    use crate::space::tests::space;

    #[test]
    fn a_finite_space_is_drawn_completely_before_a_configuration_repeats() {
        let space = space(&[("a", "choice", json!(["x", "y", "z"])), ("b", "range", json!([0, 100, 1]))]);
        let drawn: Vec<String> = run(&mut RandomSearcher::new(&context(space, 1)), 320);
        assert_eq!(drawn[..300].iter().collect::<HashSet<_>>().len(), 300);
        // Then configurations repeat.
        assert_eq!(drawn.len(), 320);
    }

    #[test]
    fn a_very_improbable_value_is_drawn_before_another_repeats() {
        let space = space(&[("a", "pchoice", json!([["rare", 0.000001], ["usual", 0.999999]]))]);
        let drawn = run(&mut RandomSearcher::new(&context(space, 1)), 2);
        assert_eq!(drawn, [r#"{"a":"usual"}"#, r#"{"a":"rare"}"#]);
    }

    #[test]
    fn draws_depend_on_seed_and_trial_and_not_on_the_order_of_requests() {
        let space = || space(&[("lr", "uniform", json!([0, 1])), ("n", "qnormal", json!([0, 10, 1]))]);
        let one = RandomSearcher::new(&context(space(), 42));
        let other = RandomSearcher::new(&context(space(), 42));
        let forward: Vec<_> = (0..10).map(|t| one.draw(TrialId(t))).collect();
        let mut backward: Vec<_> = (0..10).rev().map(|t| other.draw(TrialId(t))).collect();
        backward.reverse();
        assert_eq!(forward, backward);
        assert_ne!(forward[0], forward[1]);
        assert_ne!(forward[0], RandomSearcher::new(&context(space(), 43)).draw(TrialId(0)));
    }

    #[test]
    fn the_draws_of_a_seed_are_stable() {
        let space = space(&[
            ("lr", "loguniform", json!({"min": 1e-5, "max": 0.1})),
            ("units", "choice", json!([16, 32, 64])),
            ("dropout", "quniform", json!([0, 0.5, 0.1])),
        ]);
        let drawn = run(&mut RandomSearcher::new(&context(space, 0)), 3);
        insta::assert_snapshot!(drawn.join("\n"), @r#"
    {"lr":0.00663777024376681,"units":16,"dropout":0.5}
    {"lr":0.0005961491006496746,"units":64,"dropout":0.2}
    {"lr":0.000011064878385492099,"units":16,"dropout":0.2}
    "#);
    }
}

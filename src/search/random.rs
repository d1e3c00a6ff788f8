//! `random`: every trial is drawn from its own stream; a finite space gives nothing twice before it has given everything.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use rand::RngExt;

use super::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::method::{Field, Method, MethodKind, Need, SamplerKind};
use crate::schedule::full::Full;
use crate::space::Space;
use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;
use crate::words::stream::{Purpose, Stream, stream};

/// `kind: random`: `numRuns` draws at full budget.
pub static KIND: MethodKind = MethodKind {
    names: &["random"],
    fields: &[Field::required("numRuns")],
    params: Need::Required,
    metric: Need::Optional,
    resource: Need::Forbidden,
    build: |args| {
        let mut reader = args.reader();
        let runs = reader.positive("numRuns");
        reader
            .finish(|| Some(Method { kind: "random", schedule: Arc::new(Full::new(runs?)), sampler: Arc::new(Random) }))
    },
    advice: |_| Vec::new(),
};

/// `sampler: random`.
pub static SAMPLER: SamplerKind = SamplerKind { name: "random", build: || Arc::new(Random) };

/// Draws that look at nothing but the seed, the trial and, in a finite space, what earlier trials run with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Random;

impl Sampler for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(RandomSearcher::new(context))
    }

    fn draws_blindly(&self) -> bool {
        true
    }
}

/// How often a repeated configuration is drawn again before an unused one is looked for by index. Redraws keep the
/// parameters' own probabilities; the look-up ends for certain.
const REDRAWS: u32 = 64;

/// The live random searcher; models use it for the draws they do not choose themselves.
#[derive(Debug)]
pub struct RandomSearcher {
    space: Arc<Space>,
    seed: u64,
    /// In a finite space, fingerprints of what trials run with. Two configurations share one with probability 2⁻⁶⁴; that costs a redraw.
    taken: HashSet<u64>,
    distinct: Option<u64>,
}

impl RandomSearcher {
    /// A searcher that knows of no trial yet.
    pub fn new(context: &SearchContext) -> RandomSearcher {
        let distinct = context.space.cardinality();
        RandomSearcher { space: context.space.clone(), seed: context.seed, taken: HashSet::new(), distinct }
    }

    /// The configuration of `trial`. Repeats one that was adopted before only when a finite space has no other left.
    pub fn draw(&self, trial: TrialId) -> Assignment {
        let mut stream = stream(self.seed, trial, Purpose::Parameters);
        let first = self.space.sample(&mut stream);
        if self.is_new(&first) || self.distinct.is_some_and(|all| self.taken.len() as u64 >= all) {
            return first;
        }
        let redrawn = (0..REDRAWS).map(|_| self.space.sample(&mut stream)).find(|a| self.is_new(a));
        redrawn.or_else(|| self.unused(&mut stream)).unwrap_or(first)
    }

    /// The next configuration, in the space's own order from a drawn place on, that no trial runs with.
    fn unused(&self, stream: &mut Stream) -> Option<Assignment> {
        let all = self.distinct?;
        let start = stream.random_range(0..all);
        // among one more than are taken, one is free
        let tries = (self.taken.len() as u64 + 1).min(all);
        let indices = (0..tries).map(|i| if i < all - start { start + i } else { i - (all - start) });
        indices.filter_map(|index| self.space.configuration(index)).find(|a| self.is_new(a))
    }

    /// Whether no trial of a finite space runs with `assignment` yet; in a continuum always.
    pub fn is_new(&self, assignment: &Assignment) -> bool {
        self.taken.is_empty() || !self.taken.contains(&self.fingerprint(assignment))
    }

    fn fingerprint(&self, assignment: &Assignment) -> u64 {
        let mut hasher = DefaultHasher::new();
        for param in &self.space.params {
            assignment.get(&param.name).hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Searcher for RandomSearcher {
    fn propose(&mut self, ask: &Ask) -> Proposal {
        Proposal::Ready(self.draw(ask.trial))
    }

    fn adopt(&mut self, _trial: TrialId, assignment: &Assignment) {
        if self.distinct.is_some() {
            self.taken.insert(self.fingerprint(assignment));
        }
    }

    fn observe(&mut self, _observation: &Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;
    use crate::search::tests::{context, method_fault, run};
    use crate::space::tests::space;

    #[test]
    fn a_finite_space_is_drawn_completely_before_anything_repeats() {
        let space = space(&[("a", "choice", json!(["x", "y", "z"])), ("b", "range", json!([0, 100, 1]))]);
        let drawn: Vec<String> = run(&mut RandomSearcher::new(&context(space, 1)), 320);
        assert_eq!(drawn[..300].iter().collect::<HashSet<_>>().len(), 300);
        // afterwards repeats are given, without end
        assert_eq!(drawn.len(), 320);
    }

    #[test]
    fn a_value_that_is_almost_never_drawn_still_comes_before_a_repeat() {
        let space = space(&[("a", "pchoice", json!([["rare", 0.000001], ["usual", 0.999999]]))]);
        let drawn = run(&mut RandomSearcher::new(&context(space, 1)), 2);
        assert_eq!(drawn, [r#"{"a":"usual"}"#, r#"{"a":"rare"}"#]);
    }

    #[test]
    fn draws_depend_on_the_seed_and_the_trial_and_not_on_the_order_of_asking() {
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
    fn the_first_trials_of_a_seed_are_what_they_always_were() {
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

    #[test]
    fn the_number_of_runs_is_needed() {
        insta::assert_snapshot!(method_fault(&KIND, json!({})), @"`numRuns` is missing");
        insta::assert_snapshot!(method_fault(&KIND, json!({"numRuns": 0})), @"`numRuns` must be a whole number, 1 or more, found the number 0");
    }
}

//! Settings and state of the sampler.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rand::RngExt;

use super::pair::{DensityPair, EncodedResult};
use crate::search::encoding::{Branch, Encoding, INACTIVE, branch, is_in_branch};
use crate::search::observation::{count_configurations, rank_fractions};
use crate::search::random::RandomSearcher;
use crate::search::{GuessUse, Observation, PriorObservation, Proposal, Sampler, SearchContext, Searcher};
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Direction;
use crate::types::origin::ConfigOrigin;
use crate::types::stream::{Purpose, Stream, stream};
use crate::types::units::Resource;

/// Settings of the sampler.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tpe {
    /// Fraction of trials drawn at random, in [0, 1] (ρ in BOHB's paper).
    pub random_fraction: f64,
    /// β: of n results, the ⌈β√n⌉ best are good, but at most 25.
    pub good_factor: f64,
    /// Number of draws from the good density, of which the one with the best density ratio is proposed (64 in BOHB's paper).
    pub candidates: usize,
    /// Number of initial trials drawn at random.
    pub initial: u64,
}

impl Default for Tpe {
    fn default() -> Tpe {
        Tpe { random_fraction: 0.1, good_factor: 0.75, candidates: 64, initial: 0 }
    }
}

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(TpeSearcher::new(*self, context))
    }

    fn ignores_observations(&self) -> bool {
        false
    }

    fn guess_use(&self) -> GuessUse {
        GuessUse::Prior
    }

    fn rules(&self) -> u32 {
        2
    }
}

/// Maximum number of good results (Hyperopt's `linear_forgetting`, Optuna's `default_gamma`).
const MAX_GOOD: usize = 25;
/// Minimum number of results of a model, besides one for every two active parameters (BOHB, which estimates bandwidths: d + 4).
const MIN_RESULTS: usize = 3;

/// The densities of all results and, with conditions, those of each branch with enough results.
#[derive(Debug)]
struct Densities {
    all: DensityPair,
    branches: BTreeMap<Branch, DensityPair>,
    /// The branches of the best results; empty without conditions.
    leading: Vec<Branch>,
    /// Number of branches with results.
    branch_count: usize,
}

#[derive(Debug)]
struct TpeSearcher {
    settings: Tpe,
    encoding: Encoding,
    random: RandomSearcher,
    seed: u64,
    direction: Direction,
    /// The results at each resource.
    rungs: BTreeMap<Resource, Vec<EncodedResult>>,
    /// Those of each earlier study.
    earlier: BTreeMap<Resource, BTreeMap<u32, Vec<EncodedResult>>>,
    /// Densities of all observations so far; computed on demand.
    densities: Option<Densities>,
    /// That of the last proposal.
    origin: ConfigOrigin,
}

impl TpeSearcher {
    fn new(settings: Tpe, context: &SearchContext) -> TpeSearcher {
        TpeSearcher {
            settings,
            encoding: Encoding::new(context.space.clone()),
            random: RandomSearcher::new(context),
            seed: context.seed,
            direction: context.direction.unwrap_or(Direction::Minimize),
            rungs: BTreeMap::new(),
            earlier: BTreeMap::new(),
            densities: None,
            origin: ConfigOrigin::Random,
        }
    }

    fn row(&self, observation: &Observation<'_>) -> Option<EncodedResult> {
        let x = self.encoding.encode(observation.assignment)?;
        Some((x, observation.score.map_or(f64::INFINITY, |score| self.direction.cost(score))))
    }

    /// The densities at the highest resource with enough results (Falkner et al. 2018, Algorithm 2, lines 2 and 3).
    fn fit_densities(&self) -> Option<Densities> {
        let rungs = self.comparable_rungs();
        let (rows, (good, other)) =
            rungs.values().rev().find_map(|rows| Some((&**rows, self.split(rows.iter().collect())?)))?;
        let (groups, leading) = self.group(rows);
        let branch_count = groups.len();
        let all = DensityPair::new(&self.encoding, &good, &other);
        let fit = |(branch, rows)| {
            let (good, other) = self.split(rows)?;
            Some((branch, DensityPair::new(&self.encoding, &good, &other)))
        };
        Some(Densities { all, branches: groups.into_iter().filter_map(fit).collect(), leading, branch_count })
    }

    /// The results at each resource, with those of earlier studies. If there are any, costs are ranks within their study and resource,
    /// because tasks have different scales.
    fn comparable_rungs(&self) -> BTreeMap<Resource, Cow<'_, [EncodedResult]>> {
        let mut rungs: BTreeMap<Resource, Cow<'_, [EncodedResult]>> =
            self.rungs.iter().map(|(resource, rows)| (*resource, Cow::from(rows))).collect();
        if self.earlier.is_empty() {
            return rungs;
        }
        for rows in rungs.values_mut() {
            *rows = ranked(rows).into();
        }
        for (resource, studies) in &self.earlier {
            let rows = rungs.entry(*resource).or_default().to_mut();
            studies.values().for_each(|of_study| rows.extend(ranked(of_study)));
        }
        rungs
    }

    /// With conditions, the results of each branch, and the branches of the ⌈√n/4⌉ best of n results (Hyperopt's number of good ones).
    fn group<'r>(&self, rows: &'r [EncodedResult]) -> (BTreeMap<Branch, Vec<&'r EncodedResult>>, Vec<Branch>) {
        let mut groups: BTreeMap<Branch, Vec<&EncodedResult>> = BTreeMap::new();
        if !self.encoding.has_conditions() {
            return (groups, Vec::new());
        }
        rows.iter().for_each(|row| groups.entry(branch(&row.0)).or_default().push(row));
        let mut order: Vec<&EncodedResult> = rows.iter().collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        let count = (0.25 * (rows.len() as f64).sqrt()).ceil() as usize;
        (groups, order.into_iter().take(count).map(|row| branch(&row.0)).collect())
    }

    /// The ⌈β√n⌉ good ones of n results, the best first, and the others (Watanabe 2023, section 3; Hyperopt, with β = 0.25). Failures
    /// are never good. `None` with fewer than ⌈d/2⌉ + 3 results for d active parameters, or if all are failures.
    fn split<'r>(&self, mut rows: Vec<&'r EncodedResult>) -> Option<(Vec<&'r EncodedResult>, Vec<&'r EncodedResult>)> {
        let active = |row: &&EncodedResult| row.0.iter().filter(|x| **x != INACTIVE).count();
        let min_results = rows.iter().map(active).max().unwrap_or(0).div_ceil(2) + MIN_RESULTS;
        let successes = rows.iter().filter(|row| row.1.is_finite()).count();
        if rows.len() < min_results || successes == 0 {
            return None;
        }
        rows.sort_by(|a, b| a.1.total_cmp(&b.1));
        let good = (self.settings.good_factor * (rows.len() as f64).sqrt()).ceil() as usize;
        let others = rows.split_off(good.clamp(1, MAX_GOOD.min(successes)));
        Some((rows, others))
    }

    /// Draws a branch: each with its number among the best results, plus the prior with the weight of as many results as there are
    /// branches (Bergstra et al. 2011, section 4.2, where a choice of N values has the weights N·p + count).
    fn draw_branch(&self, densities: &Densities, stream: &mut Stream) -> Branch {
        let drawn = stream.random_range(0..densities.leading.len() + densities.branch_count);
        densities.leading.get(drawn).cloned().unwrap_or_else(|| branch(&self.encoding.draw(stream)))
    }

    /// The proposal of the model, and the logarithm of the ratio of the densities there. With conditions, candidates of one branch
    /// are compared: between branches the ratio would favour the one with more parameters or with more results.
    fn suggest(&mut self, trial: TrialId) -> Option<(f64, Assignment)> {
        let mut stream = stream(self.seed, trial, Purpose::Model);
        if trial.0 < self.settings.initial || stream.random::<f64>() < self.settings.random_fraction {
            return None;
        }
        if self.densities.is_none() {
            self.densities = self.fit_densities();
        }
        let densities = self.densities.as_ref()?;
        let chosen = self.encoding.has_conditions().then(|| self.draw_branch(densities, &mut stream));
        let own = chosen.as_ref().and_then(|chosen| densities.branches.get(chosen));
        self.best_candidate(own.unwrap_or(&densities.all), chosen.as_ref(), &mut stream)
    }

    /// The new candidate with the highest ratio of the densities, multiplied by the factor of the guesses (see `search::guess`), and the
    /// logarithm of the ratio. Candidates are of the branch `chosen`, if there is one, and feasible. The more draws are not feasible, the
    /// nearer the next are to known configurations.
    fn best_candidate(
        &self,
        pair: &DensityPair,
        chosen: Option<&Branch>,
        stream: &mut Stream,
    ) -> Option<(f64, Assignment)> {
        let belief = self.random.belief();
        let mut best: Option<(f64, f64, Assignment)> = None;
        let mut left = self.settings.candidates;
        let (mut bandwidth_factor, mut infeasible) = (1.0, 0);
        for _ in 0..self.encoding.draw_limit(left) {
            let mut x = pair.good().draw(bandwidth_factor, stream);
            self.encoding.snap(&mut x);
            if !is_in_branch(chosen, &x) {
                continue;
            }
            if !self.encoding.is_feasible(&x) {
                infeasible += 1;
                if infeasible % self.settings.candidates == 0 {
                    bandwidth_factor *= 0.5;
                }
                continue;
            }
            if left == 0 {
                break;
            }
            left -= 1;
            let ratio = pair.log_ratio(&x);
            let value = belief.map_or(ratio, |belief| ratio + belief.value(&x));
            if best.as_ref().is_some_and(|(max, ..)| value <= *max) {
                continue;
            }
            let assignment = self.encoding.decode(&x);
            if self.random.is_new(&assignment) {
                best = Some((value, ratio, assignment));
            }
        }
        best.map(|(_, ratio, assignment)| (ratio, assignment))
    }
}

/// `rows` with costs replaced by their ranks.
fn ranked(rows: &[EncodedResult]) -> Vec<EncodedResult> {
    let costs: Vec<f64> = rows.iter().map(|row| row.1).collect();
    rows.iter().zip(rank_fractions(&costs)).map(|((x, _), rank)| (x.clone(), rank)).collect()
}

impl Searcher for TpeSearcher {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        let name = self.settings.name();
        let of_model = |(ratio, at): (f64, Assignment)| (at, ConfigOrigin::model(name, ratio));
        let (assignment, origin) = match self.random.guess() {
            Some(guess) => guess,
            None => {
                let suggested = self.suggest(request.trial).map(of_model);
                suggested.unwrap_or_else(|| self.random.draw_for_model(request.trial))
            }
        };
        self.origin = origin;
        Proposal::Ready(assignment)
    }

    fn origin(&self) -> ConfigOrigin {
        self.origin.clone()
    }

    fn register(&mut self, trial: TrialId, assignment: &Assignment) {
        self.random.register(trial, assignment);
    }

    fn warm_start(&mut self, prior: &[PriorObservation]) {
        self.settings.initial = self.settings.initial.saturating_sub(count_configurations(prior));
        for prior in prior {
            let observation = prior.observation();
            match (prior.study, self.row(&observation)) {
                (Some(study), Some(row)) => {
                    self.earlier.entry(prior.resource).or_default().entry(study).or_default().push(row);
                }
                _ => self.observe(&observation),
            }
        }
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        let Some(row) = self.row(observation) else { return };
        self.rungs.entry(observation.resource).or_default().push(row);
        self.densities = None;
    }

    fn forget_failure(&mut self, _trial: TrialId, assignment: &Assignment, resource: Resource) {
        let Some(x) = self.encoding.encode(assignment) else { return };
        if let Some(observed) = self.rungs.get_mut(&resource)
            && let Some(at) = observed.iter().position(|(known, cost)| *known == x && *cost == f64::INFINITY)
        {
            observed.remove(at);
            self.densities = None;
        }
    }
}

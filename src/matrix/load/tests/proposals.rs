//! What every kind and sampler launches in spaces with conditions and constraints: complete, active where it should be, feasible.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::engine::event::Launch;
use crate::kinds;
use crate::search::PriorObservation;
use crate::search::catalogue;
use crate::sim::{JobModel, SimulatedJob, simulate};
use crate::types::assignment::Assignment;
use crate::types::ids::{Rung, TrialId};
use crate::types::objective::Score;
use crate::types::outcome::{Failure, Outcome};
use crate::types::units::{Moment, Resource};

/// A space, starting points in it, and configurations of an earlier study.
struct RuledSpace {
    /// `params` and `constraints`.
    text: &'static str,
    /// The field `initial`; the starting points leave out parameters.
    initial: &'static str,
    /// Whether a grid of it is small.
    is_discrete: bool,
}

/// Nested mappings, a chain of three conditions, and constraints within a branch and across it.
const NESTED: RuledSpace = RuledSpace {
    text: "params:
  model:
    family: {kind: choice, value: [cnn, mlp, linear]}
    cnn:
      pool: {kind: choice, value: [max, avg, none], when: {model.family: cnn}}
      stride: {kind: int, value: [1, 3], when: {model.cnn.pool: [max, avg]}}
      offset: {kind: int, value: [0, 2], when: {model.cnn.stride: [2, 3]}}
    mlp:
      layers: {kind: int, value: [1, 8], when: {model.family: mlp}}
      hidden: {kind: range, value: [16, 129, 16], when: {model.family: mlp}}
  scale: {kind: choice, value: [1, 2, 4]}
constraints:
- params['model.mlp.hidden'] * params['model.mlp.layers'] <= 256
- params['model.cnn.offset'] < params['model.cnn.stride']
- scale < 4 or params['model.family'] != 'mlp'
",
    initial: "initial: [{model.cnn.offset: 1}, {scale: 4}, {model.mlp.layers: 8}, {model.family: linear}, {model.cnn.stride: 1}]\n",
    is_discrete: true,
};

/// About 1 in 1,000 configurations is feasible, in one of two branches.
const NARROW: RuledSpace = RuledSpace {
    text: "params:
  x: {kind: uniform, value: [0, 1]}
  y: {kind: uniform, value: [0, 1]}
  branch: {kind: choice, value: [a, b]}
  z: {kind: int, value: [1, 1000], when: {branch: b}}
constraints:
- (x - y) | abs < 0.0005
",
    initial: "initial: [{x: 0.25}, {z: 7}, {y: 0.5, branch: a}]\n",
    is_discrete: false,
};

/// A grid of which 1 in 1,000 combinations is feasible.
const NARROW_GRID: RuledSpace = RuledSpace {
    text: "params:
  a: {kind: int, value: [1, 100]}
  b: {kind: int, value: [1, 100]}
  c: {kind: choice, value: [p, q], when: {b: [50, 51, 52]}}
constraints:
- a * b == 2500 or (a == 100 and b in [50, 51, 52])
",
    initial: "initial: [{a: 50}]\n",
    is_discrete: true,
};

/// The fields that each kind needs.
fn fields(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "hyperband" | "halving" => "maxIterations: 9\nresource: {name: epochs}\n",
        "asha" => "maxIterations: 9\nnumRuns: 14\nresource: {name: epochs}\n",
        "random" | "hyperopt" | "tpe" => "numRuns: 14\n",
        "bayes" => "numInitialRuns: 6\nmaxIterations: 8\n",
        "auto" => "maxIterations: 9\nnumRuns: 14\nresource: {name: epochs}\n",
        "grid" => "",
        _ => return None,
    })
}

/// Ends jobs with a value that depends on the configuration, every seventh as failed, and records what is launched.
#[derive(Default)]
struct Recorder {
    launched: Vec<Assignment>,
    jobs: u64,
}

impl JobModel for Recorder {
    fn launch(&mut self, _now: Moment, launch: &Launch) -> SimulatedJob {
        self.jobs += 1;
        if launch.job.key.rung == Rung(0) {
            self.launched.push((*launch.assignment).clone());
        }
        let numbers = launch.assignment.iter().filter_map(|(_, value)| value.as_f64());
        let score = Score::new(if self.jobs.is_multiple_of(7) { f64::NAN } else { numbers.sum() });
        let outcome = match score {
            Some(_) => Outcome::Succeeded { score },
            None => Outcome::Failed { failure: Failure::Exit(1) },
        };
        let run_time = Duration::from_millis(100 + self.jobs * 37 % 50);
        SimulatedJob { run_time, outcome, curve: Vec::new() }
    }
}

impl RuledSpace {
    fn load(&self, kind: &str, sampler: Option<&str>, initial: &str) -> Experiment {
        let fields = fields(kind).expect("a kind with fields");
        let text = format!(
            "kind: {kind}\nseed: 5\n{fields}metric: {{name: loss, optimization: minimize}}\n{initial}{}",
            self.text
        );
        let overrides = Overrides { sampler: sampler.map(str::to_owned), ..Overrides::default() };
        load_text(&text, &overrides).unwrap_or_else(|error| panic!("{text}{error}")).experiment
    }

    /// Jobs of an earlier study: random draws, some failed.
    fn prior(&self) -> Arc<[PriorObservation]> {
        let experiment = self.load("random", Some("random"), "");
        let mut recorder = Recorder::default();
        simulate(Arc::new(experiment), 1, &mut recorder);
        let observation = |(index, params): (u64, Assignment)| PriorObservation {
            trial: TrialId(u64::MAX - index),
            study: Some(index as u32 % 3),
            score: Score::new(if index.is_multiple_of(5) { f64::NAN } else { index as f64 }),
            params,
            resource: Resource::ONE,
            curve: Vec::new(),
        };
        (0..).zip(recorder.launched).map(observation).collect()
    }
}

/// All kinds that propose configurations, and all samplers.
fn kinds_and_samplers(space: &RuledSpace) -> Vec<(&'static str, Option<&'static str>)> {
    let takes = |kind: &&str| fields(kind).is_some() && (space.is_discrete || *kind != "grid");
    let own = kinds::names().filter(takes).map(|kind| (kind, None));
    let others = catalogue::names().map(|sampler| ("hyperband", Some(sampler)));
    own.chain(others).collect()
}

/// Simulates the study on three slots and checks each configuration that it launches.
fn assert_valid_launches(experiment: Experiment, what: &str) -> Vec<Assignment> {
    let (experiment, mut recorder) = (Arc::new(experiment), Recorder::default());
    simulate(Arc::clone(&experiment), 3, &mut recorder);
    for one in &recorder.launched {
        assert_eq!(experiment.space.complete(one).as_ref(), Ok(one), "{what}");
    }
    recorder.launched
}

#[test]
fn launches_after_starting_points_and_earlier_studies_are_complete_active_and_feasible() {
    for space in [&NESTED, &NARROW, &NARROW_GRID] {
        let prior = space.prior();
        assert!(prior.len() >= 12, "{}", space.text);
        for (kind, sampler) in kinds_and_samplers(space) {
            let what = format!("{kind} {sampler:?}\n{}", space.text);
            let initial = if kind == "grid" { "" } else { space.initial };
            let mut experiment = space.load(kind, sampler, initial);
            experiment.prior = Arc::clone(&prior);
            let points = experiment.initial.clone();
            let launched = assert_valid_launches(experiment, &what);
            assert!(launched.len() >= 9, "{} launches: {what}", launched.len());
            for (point, one) in points.iter().zip(&launched) {
                assert!(point.iter().all(|(name, value)| one.get(name) == Some(value)), "{point:?} {one:?} {what}");
            }
            let distinct: BTreeSet<String> = launched.iter().map(|one| json!(one).to_string()).collect();
            assert!(distinct.len() >= 5, "{} of {}: {what}", distinct.len(), launched.len());
        }
    }
}

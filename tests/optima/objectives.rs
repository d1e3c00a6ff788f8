//! Runs studies of functions with known optima in virtual time, from matrix files.

use std::f64::consts::PI;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hypertune::engine::event::Launch;
use hypertune::engine::experiment::{Experiment, MetricCondition};
use hypertune::matrix::command_line::overrides::Overrides;
use hypertune::matrix::load::load_bytes;
use hypertune::sim::{JobModel, SimulatedJob, simulate};
use hypertune::types::assignment::Assignment;
use hypertune::types::objective::{Direction, Score};
use hypertune::types::outcome::Outcome;
use hypertune::types::units::Moment;

/// An objective function with minimum 0.
pub struct Problem {
    /// Number of parameters, each in [0, 1].
    pub dims: usize,
    /// The regret of a configuration (difference to the minimum) after this fraction of the full resource.
    pub regret: fn(&[f64], f64) -> f64,
}

/// Branin's function (Dixon and Szegő 1978) over the unit square. The lower the resource, the more its valley is shifted.
pub const BRANIN: Problem = Problem {
    dims: 2,
    regret: |at, share| {
        let bias = 0.06 * (1.0 - share.sqrt());
        let (x, y) = (15.0 * (at[0] + bias).min(1.0) - 5.0, 15.0 * (at[1] - bias).max(0.0));
        let bend = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
        bend * bend + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0 - 0.397_887 + 3.0 * (1.0 - share)
    },
};

/// Hartmann's function of six parameters (Dixon and Szegő 1978). With a lower resource its wells are less deep by different amounts
/// (Kandasamy et al. 2017, appendix C).
pub const HARTMANN: Problem = Problem {
    dims: 6,
    regret: |at, share| {
        let wells = WELLS.iter().enumerate().map(|(i, (depth, widths, centre))| {
            let square: f64 = (0..6).map(|d| widths[d] * (at[d] - 1e-4 * centre[d]).powi(2)).sum();
            (depth - 0.3 * (1.0 - share) * (i as f64 + 1.0) / 4.0) * (-square).exp()
        });
        3.322_37 - wells.sum::<f64>()
    },
};

const WELLS: [(f64, [f64; 6], [f64; 6]); 4] = [
    (1.0, [10.0, 3.0, 17.0, 3.5, 1.7, 8.0], [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0]),
    (1.2, [0.05, 10.0, 17.0, 0.1, 8.0, 14.0], [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0]),
    (3.0, [3.0, 3.5, 1.7, 10.0, 17.0, 8.0], [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0]),
    (3.2, [17.0, 8.0, 0.05, 10.0, 0.1, 14.0], [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0]),
];

struct ObjectiveJobs<'a> {
    problem: &'a Problem,
    full: f64,
    /// The lowest regret of a job at the full resource.
    best: f64,
}

impl JobModel for ObjectiveJobs<'_> {
    fn launch(&mut self, _now: Moment, launch: &Launch) -> SimulatedJob {
        let resource = launch.resource.amount();
        let regret = (self.problem.regret)(&coordinates(&launch.assignment), resource / self.full);
        if resource == self.full {
            self.best = self.best.min(regret);
        }
        let outcome = Outcome::Succeeded { score: Score::new(regret) };
        SimulatedJob { run_time: Duration::from_secs_f64(resource), outcome, curve: Vec::new() }
    }
}

fn coordinates(assignment: &Assignment) -> Vec<f64> {
    assignment.iter().map(|(_, value)| value.as_f64().expect("a number")).collect()
}

/// The median over five seeds of the lowest regret at the resource `full` (1 if the kind has no resource) within `budget` units of
/// resource. `fields` is the matrix without parameters and metric.
pub fn median_regret(fields: &str, problem: &Problem, full: f64, budget: f64) -> f64 {
    let mut found: Vec<f64> = (0..5).map(|seed| regret(fields, problem, full, budget, seed)).collect();
    found.sort_by(f64::total_cmp);
    found[2]
}

fn regret(fields: &str, problem: &Problem, full: f64, budget: f64, seed: u64) -> f64 {
    let params: String = (0..problem.dims).map(|d| format!("  p{d}: {{kind: uniform, value: [0, 1]}}\n")).collect();
    let text = format!("{fields}\nmetric: {{name: regret, optimization: minimize}}\nparams:\n{params}");
    let mut experiment = load(&text, seed);
    experiment.limits.resource = Some(budget);
    let mut jobs = ObjectiveJobs { problem, full, best: f64::INFINITY };
    simulate(Arc::new(experiment), 1, &mut jobs);
    jobs.best
}

/// The study of a matrix file.
fn load(text: &str, seed: u64) -> Experiment {
    let overrides = Overrides { seed: Some(seed), ..Overrides::default() };
    let study = load_bytes("optima.yaml", text.as_bytes(), Path::new(""), &overrides);
    let mut experiment = study.unwrap_or_else(|report| panic!("{report}")).experiment;
    experiment.seed = seed;
    experiment
}

struct RecordedJobs<'a> {
    regret: &'a dyn Fn(&Assignment) -> f64,
    configurations: Vec<Assignment>,
}

impl JobModel for RecordedJobs<'_> {
    fn launch(&mut self, _now: Moment, launch: &Launch) -> SimulatedJob {
        let regret = (self.regret)(&launch.assignment);
        self.configurations.push(launch.assignment.as_ref().clone());
        let outcome = Outcome::Succeeded { score: Score::new(regret) };
        SimulatedJob { run_time: Duration::from_secs(1), outcome, curve: Vec::new() }
    }
}

/// The configurations of the first `jobs` jobs of the study in `text`.
pub fn configurations(text: &str, seed: u64, jobs: u64, regret: &dyn Fn(&Assignment) -> f64) -> Vec<Assignment> {
    let mut experiment = load(text, seed);
    experiment.limits.jobs = Some(jobs);
    run(experiment, regret)
}

fn run(experiment: Experiment, regret: &dyn Fn(&Assignment) -> f64) -> Vec<Assignment> {
    let mut model = RecordedJobs { regret, configurations: Vec::new() };
    simulate(Arc::new(experiment), 1, &mut model);
    model.configurations
}

/// The number of trials of the study in `text`, whose metric is `regret`, until the first regret of at most `target`; `cap` if none
/// of as many has one.
pub fn trials_until(text: &str, seed: u64, cap: u64, regret: &dyn Fn(&Assignment) -> f64, target: f64) -> u64 {
    let mut experiment = load(text, seed);
    experiment.limits.jobs = Some(cap);
    let is_reached = MetricCondition { metric: "regret".into(), value: target, direction: Direction::Minimize };
    experiment.stopping.conditions.push(is_reached);
    run(experiment, regret).len() as u64
}

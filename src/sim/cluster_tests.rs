//! Studies on a cluster with 10,000 slots in virtual time: jobs wait in a queue, and nodes are lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand_distr::StandardNormal;

use super::log_normal::LogNormalJobs;
use super::tests::experiment;
use super::*;
use crate::engine::event::{Command, FinishReason, Launch};
use crate::engine::experiment::Experiment;
use crate::kinds::{self, Method};
use crate::schedule::Schedule;
use crate::schedule::asha::Asha;
use crate::schedule::hyperband::{BracketSizes, brackets};
use crate::schedule::rung_levels::RungLevels;
use crate::schedule::sync_brackets::SyncBrackets;
use crate::space::{Param, Space, uniform};
use crate::types::args::Args;
use crate::types::assignment::Assignment;
use crate::types::ids::{JobKey, TrialId};
use crate::types::outcome::{Failure, Outcome};
use crate::types::stream::{Purpose, stream};
use crate::types::units::{Moment, Resource, ResourceKind};

const SLOTS: u32 = 10_000;
/// Median time in the queue; one standard deviation is a factor of e.
const QUEUE: Duration = Duration::from_secs(600);
const JOBS: LogNormalJobs = LogNormalJobs { seed: 1, sigma: 0.5, unit: Duration::from_secs(60) };

/// Jobs that wait in a queue before they run, and whose node is lost in a share `loss` of the attempts.
struct ClusterJobs {
    loss: f64,
    free_at: Vec<Moment>,
    /// Whether the last attempt of each job succeeded.
    jobs: BTreeMap<JobKey, bool>,
    lost: u64,
    promoted: BTreeSet<TrialId>,
    configurations: Vec<Arc<Assignment>>,
}

impl ClusterJobs {
    fn new(loss: f64, slots: u32) -> ClusterJobs {
        let free_at = vec![Moment(0); slots as usize];
        ClusterJobs {
            loss,
            free_at,
            jobs: BTreeMap::new(),
            lost: 0,
            promoted: BTreeSet::new(),
            configurations: Vec::new(),
        }
    }
}

impl JobModel for ClusterJobs {
    fn launch(&mut self, now: Moment, launch: &Launch) -> SimulatedJob {
        let mut jobs = JOBS;
        let mut job = jobs.launch(now, launch);
        let key = launch.job.key;
        let seed = (u64::from(key.rung.0) << 32) | u64::from(launch.job.attempt.0);
        let mut draws = stream(seed, key.trial, Purpose::Simulation);
        let queued: f64 = draws.sample(StandardNormal);
        let (is_lost, share): (f64, f64) = (draws.random(), draws.random());
        if is_lost < self.loss {
            let outcome = Outcome::Failed { failure: Failure::Infrastructure("Node failure on n2".to_owned()) };
            job = SimulatedJob { run_time: job.run_time.mul_f64(share), outcome, curve: Vec::new() };
            self.lost += 1;
        }
        job.run_time += QUEUE.mul_f64(libm::exp(queued));

        let free_at = &mut self.free_at[launch.slot.0 as usize];
        assert!(*free_at <= now, "{} is launched on busy slot {}", launch.job, launch.slot);
        *free_at = now.after(job.run_time);
        let before = self.jobs.insert(key, matches!(job.outcome, Outcome::Succeeded { .. }));
        assert!(before != Some(true), "{} runs again after a success", launch.job);
        if before.is_none() && launch.previous == Resource::ZERO {
            self.configurations.push(launch.assignment.clone());
        }
        job
    }

    fn on_command(&mut self, _now: Moment, command: &Command) {
        if let Command::Promoted { trial, .. } = command {
            self.promoted.insert(*trial);
        }
    }
}

fn levels() -> RungLevels {
    RungLevels::new(1.0, 27.0, 3.0, ResourceKind::Int).unwrap()
}

#[test]
fn no_slot_is_idle_and_no_job_is_lost_although_nodes_are() {
    let mut jobs = ClusterJobs::new(0.03, SLOTS);
    let trials = 30_000;
    let result = simulate(Arc::new(experiment(Arc::new(Asha::new(levels(), trials)))), SLOTS, &mut jobs);
    assert_eq!(result.reason, Some(FinishReason::Completed));
    assert!(jobs.lost > 500, "{} attempts were lost", jobs.lost);
    assert_eq!(result.before_tail.idle_fraction(), 0.0);
    assert!(jobs.jobs.values().all(|succeeded| *succeeded));
    assert_eq!(jobs.jobs.keys().filter(|job| job.rung.0 == 0).count() as u64, trials);
    assert_eq!(result.launches, jobs.jobs.len() as u64 + jobs.lost);
}

#[test]
fn lost_nodes_change_neither_jobs_nor_promotions_of_a_synchronous_study() {
    let study = |loss| {
        let schedule: Arc<dyn Schedule> =
            Arc::new(SyncBrackets::new(brackets(&levels(), BracketSizes::Floor), 40, &levels()));
        let mut jobs = ClusterJobs::new(loss, SLOTS);
        let result = simulate(Arc::new(experiment(schedule)), SLOTS, &mut jobs);
        assert_eq!(result.reason, Some(FinishReason::Completed));
        (jobs.jobs, jobs.promoted, jobs.lost)
    };
    let (without, with) = (study(0.0), study(0.1));
    assert!(without.2 == 0 && with.2 > 100, "{} attempts were lost", with.2);
    assert!((without.0, without.1) == (with.0, with.1));
}

/// The kind `name` with four parameters and `trials` trials.
fn experiment_of(name: &str, trials: u64) -> Experiment {
    let args = |entries: &[(&str, f64)]| -> Args {
        entries.iter().map(|(name, value)| ((*name).to_owned(), serde_json::json!(value))).collect()
    };
    let mut fields = args(&[("maxIterations", 27.0)]);
    fields.set("numRuns", trials.into());
    fields.set("resourceType", "int".into());
    let method: Method = (kinds::by_name(name).unwrap().build)(&fields).unwrap();
    let param = |name: &&str| {
        let domain = (uniform::UNIFORM.build)(&args(&[("low", 0.0), ("high", 1.0)])).unwrap();
        Param { name: Arc::from(*name), kind: "uniform", domain, guess: None }
    };
    let space = Space::new(["lr", "momentum", "dropout", "decay"].iter().map(param).collect());
    Experiment { method, space: Arc::new(space), ..experiment(Arc::new(Asha::new(levels(), trials))) }
}

#[test]
fn no_configuration_is_proposed_twice_to_many_slots() {
    for (name, slots, trials) in [("asha", 1_000, 3_000), ("auto", 100, 150)] {
        let mut jobs = ClusterJobs::new(0.03, slots);
        let result = simulate(Arc::new(experiment_of(name, trials)), slots, &mut jobs);
        assert_eq!(result.reason, Some(FinishReason::Completed));
        let distinct: BTreeSet<String> = jobs.configurations.iter().map(|found| format!("{found:?}")).collect();
        assert_eq!((distinct.len() as u64, jobs.configurations.len() as u64), (trials, trials), "{name}");
    }
}

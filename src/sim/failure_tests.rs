//! How often studies whose configurations fail at some rate are ended as broken, and how soon those that are.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;

use super::tests::experiment;
use super::*;
use crate::engine::event::{FinishReason, Launch};
use crate::schedule::full_budget::FullBudget;
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Failure, Outcome};
use crate::types::stream::{Purpose, stream};
use crate::types::units::Moment;

/// A share `rate` of the configurations fails with `failure`, within seconds; the others print their first reading after a minute.
struct Failing {
    seed: u64,
    rate: f64,
    failure: Failure,
}

impl JobModel for Failing {
    fn launch(&mut self, _now: Moment, launch: &Launch) -> SimulatedJob {
        let mut draws = stream(self.seed, launch.job.key.trial, Purpose::Simulation);
        let (fails, time): (f64, f64) = (draws.random(), draws.random());
        if fails < self.rate {
            let outcome = Outcome::Failed { failure: self.failure.clone() };
            return SimulatedJob { run_time: Duration::from_secs_f64(1.0 + 9.0 * time), outcome, curve: Vec::new() };
        }
        let curve = (1..9).map(|step| CurvePoint { step: f64::from(step), value: time }).collect();
        let outcome = Outcome::Succeeded { score: Score::new(time) };
        SimulatedJob { run_time: Duration::from_secs(540), outcome, curve }
    }
}

const SLOTS: [u32; 4] = [1, 2, 4, 16];

/// Whether the study was ended as broken, and after how many launches.
fn study(slots: u32, trials: u64, mut jobs: Failing) -> (bool, u64) {
    let experiment = Arc::new(experiment(Arc::new(FullBudget::new(trials))));
    let result = simulate(experiment, slots, &mut jobs);
    (matches!(result.reason, Some(FinishReason::FirstFailures { .. })), result.launches)
}

fn ended(rate: f64, failure: &Failure, slots: u32, studies: u64) -> u64 {
    let ended = |seed: &u64| study(slots, 15, Failing { seed: *seed, rate, failure: failure.clone() }).0;
    (0..studies).filter(ended).count() as u64
}

#[test]
fn fewer_than_one_in_a_hundred_studies_with_bad_configurations_are_ended() {
    const STUDIES: u64 = 300;
    let mut lines = Vec::new();
    for percent in [10, 20, 30, 40, 50, 60] {
        let rate = f64::from(percent) / 100.0;
        let by_slots = SLOTS.map(|slots| ended(rate, &Failure::Exit(1), slots, STUDIES));
        let share = by_slots.iter().sum::<u64>() as f64 / (STUDIES * SLOTS.len() as u64) as f64;
        assert!(share < 0.01, "{percent} % fail: {by_slots:?} of {STUDIES} each");
        lines.push(format!("{percent} %: {by_slots:?}"));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    10 %: [0, 0, 0, 0]
    20 %: [0, 0, 0, 0]
    30 %: [0, 0, 0, 0]
    40 %: [0, 0, 0, 0]
    50 %: [0, 0, 0, 0]
    60 %: [2, 2, 2, 2]
    ");
}

#[test]
fn no_study_is_ended_because_configurations_run_out_of_memory() {
    let failure = Failure::OutOfMemory("CUDA out of memory".into());
    assert_eq!(SLOTS.map(|slots| ended(0.4, &failure, slots, 200)), [0; 4]);
}

#[test]
fn a_broken_command_ends_the_study_after_its_first_jobs() {
    let launches = |failure: Failure| {
        SLOTS.map(|slots| {
            let (ended, launches) = study(slots, 300, Failing { seed: 1, rate: 1.0, failure: failure.clone() });
            assert!(ended, "{failure:?} on {slots} slots");
            launches
        })
    };
    let found = [
        launches(Failure::BadCommand("ModuleNotFoundError: No module named 'torch'".into())),
        launches(Failure::ProgramError("NameError: name 'modle' is not defined".into())),
        launches(Failure::NoMetric("`loss` was never printed".into())),
        launches(Failure::Exit(1)),
    ];
    insta::assert_snapshot!(found.map(|launches| format!("{launches:?}")).join("\n"), @r"
    [2, 3, 5, 17]
    [5, 6, 10, 32]
    [5, 6, 10, 32]
    [10, 12, 16, 39]
    ");
}

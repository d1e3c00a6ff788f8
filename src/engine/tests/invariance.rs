//! One seed, one outcome: whatever the slots, the order of events and the crashes.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::world::{Draws, World, experiment, full, hyperband, nature};
use crate::engine::event::FinishReason;
use crate::engine::experiment::{Experiment, Retries};
use crate::engine::replay::ReplayError;
use crate::search::random::Random;
use crate::space::tests::space;
use crate::types::ids::{Attempt, TrialId};
use crate::types::outcome::{Failure, Outcome};

fn study(draws: Draws) -> Experiment {
    experiment(hyperband(27.0), draws)
}

fn undisturbed(experiment: Experiment, slots: u32, order: u64) -> World {
    let mut world = World::new(experiment, slots);
    world.run(scrambled(order));
    world
}

/// Picks in an order that `seed` decides.
fn scrambled(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |count| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % count
    }
}

#[test]
fn a_whole_study_completes_as_planned() {
    let world = undisturbed(study(Draws::Blind), 4, 1);
    let result = world.result();
    assert_eq!(result.finish, Some(FinishReason::Completed));
    assert_eq!(result.configurations.len() as u64, world.engine.progress().trials);
    assert_eq!(world.engine.progress().trials, 27 + 9 + 6 + 4);
    assert_eq!(result.incumbent.unwrap().2.amount(), 27.0);
    assert!(world.launched().iter().all(|job| job.attempt == Attempt(1)));
}

#[test]
fn trials_are_dropped_from_memory_when_they_are_over() {
    let world = undisturbed(study(Draws::Blind), 4, 1);
    assert!(world.engine.trials.is_empty() && world.engine.running.is_empty());
    assert_eq!(world.engine.progress().brackets, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn slots_and_order_change_nothing(slots in 1u32..40, order: u64) {
        let expected = undisturbed(study(Draws::Blind), 1, 0).result();
        prop_assert_eq!(undisturbed(study(Draws::Blind), slots, order).result(), expected);
    }

    #[test]
    fn crashes_change_nothing(
        slots in 1u32..12, order: u64, cuts in proptest::collection::vec((0.0f64..1.0, 1u32..12), 1..4)
    ) {
        let expected = undisturbed(study(Draws::Blind), 1, 0).result();
        let mut world = undisturbed(study(Draws::Blind), slots, order);
        for (cut, slots) in cuts {
            let kept = (world.journal.len() as f64 * cut) as usize;
            world = World::resumed(study(Draws::Blind), slots, &world.journal[..kept]).unwrap();
            world.run(scrambled(order ^ kept as u64));
            prop_assert_eq!(&world.result(), &expected);
        }
    }
}

#[test]
fn every_prefix_resumes_to_the_same_result() {
    let whole = undisturbed(experiment(hyperband(9.0), Draws::Blind), 3, 5);
    for kept in 0..=whole.journal.len() {
        let mut world = World::resumed(experiment(hyperband(9.0), Draws::Blind), 2, &whole.journal[..kept]).unwrap();
        world.run(scrambled(kept as u64));
        assert_eq!(world.result(), whole.result(), "after {kept} lines");
    }
}

#[test]
fn a_limited_supply_ends_brackets_at_the_same_size_after_every_prefix() {
    let whole = undisturbed(study(Draws::Few(31)), 3, 5);
    assert_eq!(whole.engine.progress().trials, 31);
    for kept in 0..=whole.journal.len() {
        let mut world = World::resumed(study(Draws::Few(31)), 5, &whole.journal[..kept]).unwrap();
        world.run(scrambled(kept as u64));
        assert_eq!(world.result(), whole.result(), "after {kept} lines");
    }
}

#[test]
fn a_finite_space_is_drawn_the_same_after_every_prefix() {
    let values = [("x", "choice", json!([0.1, 0.2, 0.3, 0.4, 0.5])), ("y", "range", json!([0, 4, 1]))];
    let finite = || {
        let mut experiment = study(Draws::Blind);
        experiment.method.sampler = Arc::new(Random);
        Experiment { space: Arc::new(space(&values)), ..experiment }
    };
    let whole = undisturbed(finite(), 3, 5);
    for kept in (0..=whole.journal.len()).step_by(3) {
        let mut world = World::resumed(finite(), 5, &whole.journal[..kept]).unwrap();
        world.run(scrambled(kept as u64));
        assert_eq!(world.result(), whole.result(), "after {kept} lines");
    }
}

#[test]
fn a_model_goes_on_exactly_from_what_it_had_learnt() {
    let whole = undisturbed(experiment(hyperband(9.0), Draws::Learning), 1, 5);
    for kept in 0..=whole.journal.len() {
        let mut world = World::resumed(experiment(hyperband(9.0), Draws::Learning), 1, &whole.journal[..kept]).unwrap();
        world.run(scrambled(9));
        assert_eq!(world.result(), whole.result(), "after {kept} lines");
    }
}

#[test]
fn finished_jobs_never_run_twice_and_lost_ones_run_first() {
    let mut world = World::new(experiment(full(6), Draws::Blind), 2);
    world.end(0, nature(&world.running[0].clone()));
    let cut = world.journal.clone();
    let resumed = World::resumed(experiment(full(6), Draws::Blind), 3, &cut).unwrap();
    let jobs: Vec<_> = resumed.running.iter().map(|l| (l.job.key.trial.0, l.job.attempt.0)).collect();
    assert_eq!(jobs, [(1, 2), (2, 2), (3, 1)]);
    assert_eq!(resumed.engine.progress().jobs, 4);
}

#[test]
fn a_crash_does_not_use_up_retries() {
    let retrying = || Experiment {
        retries: Retries { max: 1, pause: Duration::from_secs(1) },
        ..experiment(full(1), Draws::Blind)
    };
    let world = World::new(retrying(), 1);
    let mut world = World::resumed(retrying(), 1, &world.journal).unwrap();
    world.end(0, Outcome::Failed { failure: Failure::Exit(1) });
    let mut world = World::resumed(retrying(), 1, &world.journal.clone()).unwrap();
    assert!(world.sleep(), "the retry's pause survives the crash");
    assert_eq!(world.running[0].job.attempt, Attempt(3));
    world.end(0, Outcome::Failed { failure: Failure::Exit(1) });
    assert_eq!(world.engine.progress().failed, 1);
}

#[test]
fn a_changed_seed_or_schedule_is_told() {
    let journal = undisturbed(study(Draws::Blind), 2, 0).journal;
    let other_seed = Experiment { seed: 8, ..study(Draws::Blind) };
    assert_eq!(World::resumed(other_seed, 2, &journal).err(), Some(ReplayError::Draw { trial: TrialId(0) }));
    let other_ladder = experiment(hyperband(9.0), Draws::Blind);
    insta::assert_snapshot!(
        World::resumed(other_ladder, 2, &journal).err().unwrap(),
        @"trial 0 rung 0 attempt 1 was launched with resource 1 and would get 1 now"
    );
    let mut promotions_gone = journal;
    promotions_gone
        .retain(|line| !matches!(line, crate::engine::tests::world::Line::Ended(job, ..) if job.key.trial.0 == 3));
    assert!(matches!(
        World::resumed(study(Draws::Blind), 2, &promotions_gone).err(),
        Some(ReplayError::Verdict { .. })
    ));
}

#[test]
fn a_finished_study_launches_nothing_more() {
    let whole = undisturbed(experiment(full(3), Draws::Blind), 2, 0);
    let again = World::resumed(experiment(full(3), Draws::Blind), 2, &whole.journal).unwrap();
    assert!(again.running.is_empty());
    assert_eq!(again.finish(), Some(&FinishReason::Completed));
}

//! Outside tuners and starting points.

use super::world::{Draws, World, experiment, full, hyperband, nature, x};
use crate::engine::event::{Event, FinishReason, LimitKind};
use crate::engine::experiment::{Experiment, Limits};
use crate::types::ids::TrialId;

fn answer(world: &mut World, trials: &[u64]) {
    world.asked.retain(|trial| !trials.contains(&trial.0));
    let suggestions = trials.iter().map(|trial| (TrialId(*trial), x(*trial as f64))).collect();
    world.feed(Event::Suggested { suggestions });
}

/// Answers everything and ends jobs in order until the study is over, or until `most` trials were suggested.
fn run(world: &mut World, most: u64) {
    while world.finish().is_none() {
        let asked: Vec<u64> = world.asked.iter().map(|trial| trial.0).filter(|trial| *trial < most).collect();
        if !asked.is_empty() {
            answer(world, &asked);
        } else if !world.asked.is_empty() {
            world.asked.clear();
            world.feed(Event::TunerFinished { error: None });
        } else {
            world.end(0, nature(&world.running[0].clone()));
        }
    }
}

#[test]
fn trials_wait_with_their_slot_for_an_answer() {
    let mut world = World::new(experiment(full(3), Draws::Outside), 2);
    assert_eq!(world.asked, [TrialId(0), TrialId(1)]);
    assert!(world.running.is_empty() && world.finish().is_none());
    answer(&mut world, &[1, 7]);
    assert_eq!(world.running[0].assignment.get("x").unwrap(), 1.0);
    assert_eq!(world.asked, [TrialId(0)], "the other slot stays reserved");
    run(&mut world, u64::MAX);
    assert_eq!(world.finish(), Some(&FinishReason::Completed));
}

#[test]
fn a_tuner_with_nothing_more_to_say_lets_the_study_go_on_with_what_it_has() {
    let mut world = World::new(experiment(hyperband(9.0), Draws::Outside), 3);
    run(&mut world, 6);
    assert_eq!(world.finish(), Some(&FinishReason::Completed));
    assert_eq!(world.result().configurations.len(), 6);
    assert_eq!(world.engine.progress().incumbent.unwrap().reached.amount(), 9.0, "promotions went on");
}

#[test]
fn a_study_whose_tuner_ran_out_resumes_from_every_prefix() {
    let mut whole = World::new(experiment(hyperband(9.0), Draws::Outside), 3);
    run(&mut whole, 7);
    for kept in 0..=whole.journal.len() {
        for slots in [1, 4] {
            let mut world =
                World::resumed(experiment(hyperband(9.0), Draws::Outside), slots, &whole.journal[..kept]).unwrap();
            run(&mut world, 7);
            assert_eq!(world.result(), whole.result(), "after {kept} lines with {slots} slots");
        }
    }
}

#[test]
fn a_broken_tuner_ends_the_study_after_what_runs() {
    let mut world = World::new(experiment(full(9), Draws::Outside), 2);
    answer(&mut world, &[0]);
    world.feed(Event::TunerFinished { error: Some("tuner.py died".into()) });
    assert_eq!(world.finish(), None);
    world.end(0, nature(&world.running[0].clone()));
    assert_eq!(world.finish(), Some(&FinishReason::Tuner { error: "tuner.py died".into() }));
    let resumed = World::resumed(experiment(full(9), Draws::Outside), 1, &world.journal).unwrap();
    assert_eq!(resumed.asked, [TrialId(1)]);
}

#[test]
fn a_limit_leaves_room_for_what_was_asked_for_before_it_came() {
    let limits = || Limits { jobs: Some(2), ..Limits::default() };
    let mut world = World::new(Experiment { limits: limits(), ..experiment(full(9), Draws::Outside) }, 4);
    assert_eq!((world.asked.len(), world.finish()), (2, None));
    run(&mut world, u64::MAX);
    assert_eq!(world.finish(), Some(&FinishReason::Limit { limit: LimitKind::Jobs }));
    assert_eq!(world.result().configurations.len(), 2);
}

#[test]
fn an_interruption_does_not_wait_for_answers() {
    let mut world = World::new(experiment(full(9), Draws::Outside), 2);
    world.feed(Event::Interrupted { signal: 2 });
    assert_eq!(world.finish(), Some(&FinishReason::Interrupted { signal: 2 }));
}

#[test]
fn starting_points_overrule_what_is_drawn() {
    let drawn = World::new(experiment(full(2), Draws::Blind), 2);
    let with_points = || Experiment { initial: vec![x(42.0)], ..experiment(full(2), Draws::Blind) };
    let world = World::new(with_points(), 2);
    let value = |world: &World, index: usize| world.running[index].assignment.get("x").cloned();
    assert_eq!(value(&world, 0), Some(42.0.into()));
    assert_eq!(value(&world, 1), value(&drawn, 1), "later draws do not shift");
    assert!(World::resumed(with_points(), 1, &world.journal).is_ok());
}

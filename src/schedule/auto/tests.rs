use serde_json::json;

use super::*;
use crate::schedule::{Next, Start, Verdict};
use crate::search::{Advice, Ask, Observation, Paused, Proposal, Searcher};
use crate::words::assignment::Assignment;
use crate::words::ids::{BracketId, JobKey, Rung, TrialId};
use crate::words::objective::Score;
use crate::words::units::Resource;

fn schedule(args: serde_json::Value) -> Arc<dyn Schedule> {
    let args: Args = args.as_object().unwrap().clone().into_iter().collect();
    (KIND.build)(&args).unwrap().schedule
}

fn ladder(args: serde_json::Value) -> Vec<(u64, f64)> {
    let plan = schedule(args).plan(None);
    plan.brackets[0].rungs.iter().map(|r| (r.configs, r.resource.amount())).collect()
}

/// Advises what it was told to.
struct Told(Advice);

impl Searcher for Told {
    fn propose(&mut self, _ask: &Ask) -> Proposal {
        Proposal::Exhausted
    }
    fn adopt(&mut self, _trial: TrialId, _assignment: &Assignment) {}
    fn observe(&mut self, _observation: &Observation<'_>) {}
    fn advise(&mut self, _ask: Option<&Ask>, _paused: &[Paused]) -> Advice {
        self.0
    }
}

fn start(live: &mut dyn Scheduler) -> Start {
    let Next::Start(start) = live.next() else { panic!("something is left to start") };
    start
}

fn end(live: &mut dyn Scheduler, start: Start, score: f64, advice: Advice) -> Vec<Verdict> {
    let mut verdicts = live.finish(start.key, Score::new(score));
    verdicts.extend(live.decide(&mut Told(advice)));
    verdicts
}

/// A scheduler after its first bracket, whose trial i scored i everywhere.
fn after_first(args: serde_json::Value) -> Box<dyn Scheduler> {
    let schedule = schedule(args);
    let jobs: u64 = schedule.plan(None).brackets[0].rungs.iter().map(|r| r.configs).sum();
    let mut live = schedule.scheduler(Some(Direction::Minimize));
    for _ in 0..jobs {
        let job = start(&mut *live);
        assert_eq!(job.bracket.round, 0);
        end(&mut *live, job, job.key.trial.0 as f64, Advice::StartNew);
    }
    live
}

#[test]
fn the_first_bracket_has_at_most_27_trials_and_four_full_trainings() {
    assert_eq!(ladder(json!({"maxIterations": 81})), [(27, 3.0), (9, 9.0), (3, 27.0), (1, 81.0)]);
    assert_eq!(ladder(json!({"maxIterations": 52, "minIterations": 2})), [(27, 2.0), (9, 5.0), (3, 17.0), (1, 52.0)]);
    assert_eq!(ladder(json!({"maxIterations": 9})), [(9, 1.0), (3, 3.0), (1, 9.0)]);
    assert_eq!(ladder(json!({"maxIterations": 1})), [(1, 1.0)]);
    assert_eq!(ladder(json!({"maxIterations": 100, "eta": 10})), [(10, 10.0), (1, 100.0)]);
    assert_eq!(ladder(json!({"maxIterations": 27, "numRuns": 9})), [(9, 1.0), (3, 3.0), (1, 9.0), (1, 27.0)]);
}

#[test]
fn a_new_trial_starts_two_rungs_below_the_last() {
    let mut live = after_first(json!({"maxIterations": 81}));
    let job = start(&mut *live);
    assert_eq!((job.key, job.resource.amount()), (JobKey { trial: TrialId(27), rung: Rung(0) }, 9.0));
    assert_eq!((job.bracket, job.previous), (BracketId { round: 1, bracket: 2 }, None));
}

#[test]
fn advice_sends_anyone_on_who_waits_even_whom_the_bracket_dropped() {
    let mut live = after_first(json!({"maxIterations": 81}));
    let job = start(&mut *live);
    let verdicts = end(&mut *live, job, 1.0, Advice::Continue(TrialId(20)));
    assert_eq!(verdicts, [Verdict::Promote(TrialId(20))]);
    let job = start(&mut *live);
    assert_eq!((job.key, job.resource.amount()), (JobKey { trial: TrialId(20), rung: Rung(1) }, 9.0));
    assert_eq!((job.bracket.round, job.previous.map(Resource::amount)), (0, Some(3.0)));
    assert_eq!(end(&mut *live, job, 1.0, Advice::Continue(TrialId(27))), [Verdict::Promote(TrialId(27))]);
    assert_eq!(start(&mut *live).resource.amount(), 27.0);
}

#[test]
fn advice_about_who_does_not_wait_is_not_taken() {
    let mut live = after_first(json!({"maxIterations": 81}));
    let job = start(&mut *live);
    assert_eq!(end(&mut *live, job, 1.0, Advice::Continue(TrialId(0))), []);
    assert_eq!(start(&mut *live).key.trial, TrialId(28));
}

#[test]
fn without_an_opinion_the_best_third_of_the_rung_goes_on() {
    let mut live = after_first(json!({"maxIterations": 81}));
    let job = start(&mut *live);
    assert_eq!(end(&mut *live, job, 2.5, Advice::NoOpinion), [Verdict::Promote(TrialId(27))]);
    let job = start(&mut *live);
    assert_eq!(end(&mut *live, job, 25.0, Advice::NoOpinion), []);
}

#[test]
fn when_nothing_is_left_to_run_all_who_wait_are_retired() {
    let mut live = after_first(json!({"maxIterations": 9, "numRuns": 10}));
    let job = start(&mut *live);
    let verdicts = end(&mut *live, job, 1.0, Advice::StartNew);
    assert_eq!(verdicts.len(), 9, "all but the one that ran to the end: {verdicts:?}");
    assert_eq!(live.next(), Next::Done);
}

#[test]
fn a_failed_trial_is_over() {
    let mut live = after_first(json!({"maxIterations": 81}));
    let job = start(&mut *live);
    assert_eq!(live.finish(job.key, None), [Verdict::Retire(job.key.trial)]);
}

#[test]
fn a_replay_takes_over_what_was_decided_and_nothing_else() {
    let mut live = after_first(json!({"maxIterations": 81}));
    let job = start(&mut *live);
    live.finish(job.key, Score::new(1.0));
    assert!(!live.accept(Verdict::Promote(TrialId(0))), "it ran to the end");
    assert!(live.accept(Verdict::Promote(TrialId(20))));
    assert_eq!(live.decide(&mut Told(Advice::Continue(TrialId(21)))), [], "that end has been decided on");
    assert_eq!(start(&mut *live).key.trial, TrialId(20));
}

#[test]
fn at_most_27_trials_wait_and_the_worst_of_them_is_over() {
    let mut live = after_first(json!({"maxIterations": 81}));
    // 26 of the bracket wait: all but the one that ran to the end
    for cost in [0.5, 1.0] {
        let job = start(&mut *live);
        let verdicts = end(&mut *live, job, cost, Advice::StartNew);
        let expected: &[Verdict] = if cost == 0.5 { &[] } else { &[Verdict::Retire(TrialId(26))] };
        assert_eq!(verdicts, expected, "trial 26 had the greatest cost of the lowest rung");
    }
    let job = start(&mut *live);
    // worse than 11 of 12 in its rung, where trial 25 was worse than 25 of 27
    assert_eq!(end(&mut *live, job, 99.0, Advice::StartNew), [Verdict::Retire(TrialId(25))]);
}

//! The first bracket, advice, replay and the bound of paused trials.

use super::*;
use crate::schedule::{Advisor, Next, Start, Verdict};
use crate::types::advice::{Advice, SlotChoices};
use crate::types::allocation::PromotedStart;
use crate::types::ids::{BracketId, JobKey, Rung, TrialId};
use crate::types::objective::Score;
use crate::types::units::{Resource, ResourceKind};

fn schedule(min: f64, max: f64, eta: f64, max_trials: u64) -> FreezeThaw {
    FreezeThaw::new(
        &RungLevels::new(min, max, eta, ResourceKind::Int).unwrap(),
        max_trials,
        PromotedStart::FromCheckpoint,
    )
}

/// Configurations and resource of each rung of the first bracket.
fn rungs(schedule: &FreezeThaw) -> Vec<(u64, f64)> {
    schedule.plan(None).brackets[0].rungs.iter().map(|r| (r.configs, r.resource.amount())).collect()
}

/// To start a new trial two rungs below a last rung of 81.
fn start_new() -> Advice {
    Advice::StartNew { at: resource(9.0) }
}

fn resource(amount: f64) -> Resource {
    Resource::new(amount).expect("a resource")
}

/// To promote `trial` to the resource `to`.
fn promote(trial: u64, to: f64) -> Advice {
    Advice::Promote { trial: TrialId(trial), to: resource(to) }
}

/// Always gives the same advice.
struct Fixed(Advice);

impl Advisor for Fixed {
    fn advise(&mut self, _choices: SlotChoices<'_>) -> Advice {
        self.0
    }
}

fn start(scheduler: &mut dyn Scheduler) -> Start {
    let Next::Start(start) = scheduler.next() else { panic!("a job is left to start") };
    start
}

fn end(scheduler: &mut dyn Scheduler, start: Start, score: f64, advice: Advice) -> Vec<Verdict> {
    let mut verdicts = scheduler.finish(start.key, Score::new(score));
    verdicts.extend(scheduler.decide(&mut Fixed(advice)));
    verdicts
}

/// A scheduler after its first bracket, in which trial i had score i in all jobs.
fn after_first_bracket(schedule: &FreezeThaw) -> Box<dyn Scheduler> {
    let jobs: u64 = schedule.plan(None).brackets[0].rungs.iter().map(|r| r.configs).sum();
    let mut scheduler = schedule.scheduler(Some(Direction::Minimize));
    for _ in 0..jobs {
        let job = start(&mut *scheduler);
        assert_eq!(job.bracket.round, 0);
        end(&mut *scheduler, job, job.key.trial.0 as f64, start_new());
    }
    scheduler
}

#[test]
fn the_first_bracket_has_at_most_27_trials() {
    assert_eq!(rungs(&schedule(1.0, 81.0, 3.0, UNLIMITED)), [(27, 3.0), (9, 9.0), (3, 27.0), (1, 81.0)]);
    assert_eq!(rungs(&schedule(2.0, 52.0, 3.0, UNLIMITED)), [(27, 2.0), (9, 5.0), (3, 17.0), (1, 52.0)]);
    assert_eq!(rungs(&schedule(1.0, 9.0, 3.0, UNLIMITED)), [(9, 1.0), (3, 3.0), (1, 9.0)]);
    assert_eq!(rungs(&schedule(1.0, 1.0, 3.0, UNLIMITED)), [(1, 1.0)]);
    assert_eq!(rungs(&schedule(1.0, 100.0, 10.0, UNLIMITED)), [(10, 10.0), (1, 100.0)]);
    assert_eq!(rungs(&schedule(1.0, 27.0, 3.0, 9)), [(9, 1.0), (3, 3.0), (1, 9.0), (1, 27.0)]);
}

#[test]
fn a_new_trial_starts_two_rungs_below_the_last() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
    let job = start(&mut *scheduler);
    assert_eq!((job.key, job.resource.amount()), (JobKey { trial: TrialId(27), rung: Rung(1) }, 9.0));
    assert_eq!((job.bracket, job.previous), (BracketId { round: 1, bracket: 4 }, None));
}

#[test]
fn advice_can_promote_any_paused_trial_even_of_the_first_bracket() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
    let job = start(&mut *scheduler);
    let verdicts = end(&mut *scheduler, job, 1.0, promote(20, 9.0));
    assert_eq!(verdicts, [Verdict::Promote(TrialId(20))]);
    let job = start(&mut *scheduler);
    assert_eq!((job.key, job.resource.amount()), (JobKey { trial: TrialId(20), rung: Rung(1) }, 9.0));
    assert_eq!((job.bracket.round, job.previous.map(Resource::amount)), (0, Some(3.0)));
    assert_eq!(end(&mut *scheduler, job, 1.0, promote(27, 27.0)), [Verdict::Promote(TrialId(27))]);
    assert_eq!(start(&mut *scheduler).resource.amount(), 27.0);
}

#[test]
fn advice_to_promote_a_trial_that_is_not_paused_is_ignored() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
    let job = start(&mut *scheduler);
    assert_eq!(end(&mut *scheduler, job, 1.0, promote(0, 81.0)), []);
    assert_eq!(start(&mut *scheduler).key.trial, TrialId(28));
}

#[test]
fn without_an_opinion_the_top_third_of_a_rung_is_promoted() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
    let job = start(&mut *scheduler);
    assert_eq!(end(&mut *scheduler, job, 2.5, Advice::NoOpinion), [Verdict::Promote(TrialId(27))]);
    let job = start(&mut *scheduler);
    assert_eq!(end(&mut *scheduler, job, 25.0, Advice::NoOpinion), []);
}

#[test]
fn when_no_job_is_left_all_paused_trials_are_retired() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 9.0, 3.0, 10));
    let job = start(&mut *scheduler);
    let verdicts = end(&mut *scheduler, job, 1.0, start_new());
    assert_eq!(verdicts.len(), 9, "all trials except the one that finished the last rung: {verdicts:?}");
    assert_eq!(scheduler.next(), Next::Done);
}

#[test]
fn a_failed_trial_is_retired() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
    let job = start(&mut *scheduler);
    assert_eq!(scheduler.finish(job.key, None), [Verdict::Retire(job.key.trial)]);
}

#[test]
fn a_replay_accepts_possible_verdicts_only() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
    let job = start(&mut *scheduler);
    scheduler.finish(job.key, Score::new(1.0));
    assert!(!scheduler.accept(Verdict::Promote(TrialId(0))), "it finished the last rung");
    assert!(scheduler.accept(Verdict::Promote(TrialId(20))));
    assert_eq!(scheduler.decide(&mut Fixed(promote(21, 9.0))), [], "the job end was already decided");
    assert_eq!(start(&mut *scheduler).key.trial, TrialId(20));
}

#[test]
fn at_most_27_trials_are_paused_and_the_worst_is_retired() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
    // 26 trials of the first bracket are paused: all except the one that finished the last rung.
    for cost in [0.5, 1.0] {
        let job = start(&mut *scheduler);
        let verdicts = end(&mut *scheduler, job, cost, start_new());
        let expected: &[Verdict] = if cost == 0.5 { &[] } else { &[Verdict::Retire(TrialId(26))] };
        assert_eq!(verdicts, expected, "trial 26 has the highest cost of the lowest rung");
    }
    let job = start(&mut *scheduler);
    // Worse than 11 of 12 in its rung, while trial 25 is worse than 25 of 27.
    assert_eq!(end(&mut *scheduler, job, 99.0, start_new()), [Verdict::Retire(TrialId(25))]);
}

#[test]
fn advice_can_start_a_trial_at_any_rung() {
    for (rung, amount) in [(0, 3.0), (2, 27.0), (3, 81.0)] {
        let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
        let job = start(&mut *scheduler);
        end(&mut *scheduler, job, 50.0, Advice::StartNew { at: resource(amount) });
        let job = start(&mut *scheduler);
        assert_eq!((job.key, job.resource.amount()), (JobKey { trial: TrialId(28), rung: Rung(rung) }, amount));
        assert_eq!(job.previous, None);
    }
}

#[test]
fn advice_can_skip_rungs_and_a_replay_repeats_it() {
    let schedule = schedule(1.0, 81.0, 3.0, UNLIMITED);
    let mut scheduler = after_first_bracket(&schedule);
    let job = start(&mut *scheduler);
    let verdicts = end(&mut *scheduler, job, 1.0, promote(20, 81.0));
    assert_eq!(verdicts, [Verdict::PromoteTo(TrialId(20), Rung(3))]);
    let skipping = start(&mut *scheduler);
    assert_eq!((skipping.key.rung, skipping.resource.amount()), (Rung(3), 81.0));
    assert_eq!(skipping.previous.map(Resource::amount), Some(3.0), "the resource of its last job");
    assert_eq!(scheduler.finish(skipping.key, Score::new(0.5)), [Verdict::Retire(TrialId(20))]);

    let mut replayed = after_first_bracket(&schedule);
    let job = start(&mut *replayed);
    replayed.finish(job.key, Score::new(1.0));
    assert!(
        !replayed.accept(Verdict::PromoteTo(TrialId(21), Rung(1))),
        "rung 1 is the next one, so nothing is skipped"
    );
    assert!(replayed.accept(verdicts[0]));
    assert_eq!(start(&mut *replayed), skipping);
}

#[test]
fn a_replay_starts_new_trials_at_the_recorded_rung() {
    let mut scheduler = after_first_bracket(&schedule(1.0, 81.0, 3.0, UNLIMITED));
    let key = JobKey { trial: TrialId(27), rung: Rung(3) };
    let Next::Start(job) = scheduler.next_recorded(key) else { panic!("a job is left to start") };
    assert_eq!((job.key, job.resource.amount()), (key, 81.0));
    let unknown = JobKey { trial: TrialId(28), rung: Rung(9) };
    let Next::Start(job) = scheduler.next_recorded(unknown) else { panic!("a job is left to start") };
    assert_eq!(job.key.rung, Rung(1), "there is no rung 9");
}

#[test]
fn with_earlier_studies_the_first_bracket_has_at_most_9_trials_that_start_higher() {
    let informed = |schedule: FreezeThaw| schedule.with_earlier_studies().expect("it differs");
    let rungs = |schedule: &dyn Schedule| -> Vec<(u64, f64)> {
        schedule.plan(None).brackets[0].rungs.iter().map(|r| (r.configs, r.resource.amount())).collect()
    };
    let warm = informed(schedule(1.0, 81.0, 3.0, UNLIMITED));
    assert_eq!(rungs(&*warm), [(9, 9.0), (3, 27.0), (1, 81.0)]);
    assert_eq!(rungs(&*warm.with_length(100)), rungs(&*warm));
    assert_eq!(rungs(&*informed(schedule(1.0, 3.0, 3.0, UNLIMITED))), [(3, 1.0), (1, 3.0)]);
}

#[test]
fn a_replay_that_ends_in_the_first_bracket_decides_no_level() {
    let mut scheduler = schedule(1.0, 81.0, 3.0, UNLIMITED).scheduler(Some(Direction::Minimize));
    for trial in 0..5 {
        let key = JobKey { trial: TrialId(trial), rung: Rung(0) };
        assert!(matches!(scheduler.next_recorded(key), Next::Start(job) if job.key == key));
        scheduler.finish(key, Score::new(trial as f64));
    }
    let mut keys = Vec::new();
    while keys.len() < 45 {
        let job = start(&mut *scheduler);
        keys.push(job.key);
        end(&mut *scheduler, job, job.key.trial.0 as f64, start_new());
    }
    let later: Vec<JobKey> = keys.into_iter().filter(|key| key.trial.0 >= 27).collect();
    assert!(later.iter().all(|key| key.rung == Rung(1)), "{later:?}");
}

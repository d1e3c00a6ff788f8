use proptest::prelude::*;

use super::histories::{HistoryEvent, candidates, history};
use super::*;
use crate::types::ids::Rung;
use crate::types::outcome::StopRule;

const DIRECTIONS: [Direction; 2] = [Direction::Minimize, Direction::Maximize];

const WHOLE: Allocation = Allocation { from: Resource::ZERO, to: Resource::ONE };

fn candidate(trial: u64, completion: Completion, reached: f64, score: f64) -> Candidate {
    let job = JobKey { trial: TrialId(trial), rung: Rung(0) };
    let reached = Resource::new(reached).expect("finite and not negative");
    Candidate { job, completion, reached, score: Score::new(score).expect("finite") }
}

fn winner(candidates: &[Candidate], decisive: Option<u64>) -> Option<u64> {
    let decisive = decisive.map(|trial| JobKey { trial: TrialId(trial), rung: Rung(0) });
    best(Direction::Minimize, candidates.iter().copied(), decisive).map(|candidate| candidate.job.trial.0)
}

#[test]
fn completion_before_resource_before_score_before_trial() {
    let stopped = candidate(0, Completion::Partial, 20.0, 0.0);
    let low = candidate(1, Completion::Full, 3.0, 0.1);
    let high = [candidate(4, Completion::Full, 9.0, 0.5), candidate(3, Completion::Full, 9.0, 0.5)];
    assert_eq!(winner(&[], None), None);
    assert_eq!(winner(&[stopped], None), Some(0));
    assert_eq!(winner(&[stopped, low], None), Some(1));
    assert_eq!(winner(&[stopped, low, high[0]], None), Some(4));
    assert_eq!(winner(&[stopped, low, high[0], high[1]], None), Some(3));
}

#[test]
fn the_decisive_job_competes_by_its_score_alone() {
    let stopped = candidate(0, Completion::Partial, 1.0, 0.4);
    let low = candidate(1, Completion::Full, 3.0, 0.1);
    let high = candidate(2, Completion::Full, 9.0, 0.5);
    assert_eq!(winner(&[stopped, low, high], Some(0)), Some(0), "it is better than the first of the others");
    assert_eq!(winner(&[stopped, low, candidate(2, Completion::Full, 9.0, 0.3)], Some(0)), Some(2));
    assert_eq!(winner(&[low, high], Some(0)), Some(2), "it has no candidate");
}

#[test]
fn without_a_direction_there_is_no_incumbent() {
    let mut tracker = IncumbentTracker::new(None);
    let job = JobKey { trial: TrialId(0), rung: Rung(0) };
    tracker.ended(job, &Outcome::Succeeded { score: Score::new(1.0) }, WHOLE, None);
    assert_eq!((tracker.best(), tracker.settled()), (None, None));
}

#[test]
fn an_end_that_is_not_final_is_no_candidate() {
    let job = JobKey { trial: TrialId(0), rung: Rung(0) };
    let by = StopRule::new(StopRule::INTERRUPTED, None, None);
    assert_eq!(Candidate::new(job, &Outcome::Stopped { score: Score::new(1.0), by }, WHOLE, None), None);
}

#[test]
fn memory_grows_with_open_trials_only() {
    let mut tracker = IncumbentTracker::new(Some(Direction::Minimize));
    for trial in 0..10_000 {
        let job = JobKey { trial: TrialId(trial), rung: Rung(0) };
        tracker.launched(job);
        tracker.ended(job, &Outcome::Succeeded { score: Score::new(1.0) }, WHOLE, None);
        tracker.retired(job.trial);
    }
    assert_eq!((tracker.open.len(), tracker.recent.len()), (0, MAX_SLOTS as usize));
}

fn apply(tracker: &mut IncumbentTracker, step: &HistoryEvent) {
    match step {
        HistoryEvent::Launched(job) => tracker.launched(*job),
        HistoryEvent::Ended { job, allocation, outcome, step } => {
            tracker.ended(*job, outcome, *allocation, *step);
        }
        HistoryEvent::Retired(trial) => tracker.retired(*trial),
        HistoryEvent::Decided(job) => tracker.decided(*job),
        HistoryEvent::Finished => {}
    }
}

proptest! {
    #[test]
    fn the_tracker_agrees_with_the_rule_on_the_whole_history(steps in history()) {
        for direction in DIRECTIONS {
            let mut tracker = IncumbentTracker::new(Some(direction));
            for (at, step) in steps.iter().enumerate() {
                apply(&mut tracker, step);
                let (candidates, decisive) = candidates(&steps[..=at]);
                prop_assert_eq!(tracker.best(), best(direction, candidates, decisive), "after step {}", at);
            }
        }
    }

    #[test]
    fn the_decisive_job_may_be_recorded_last(steps in history()) {
        let mut tracker = IncumbentTracker::new(Some(Direction::Minimize));
        let (named, others): (Vec<_>, Vec<_>) = steps.iter().partition(|step| matches!(step, HistoryEvent::Decided(_)));
        others.iter().chain(&named).for_each(|step| apply(&mut tracker, step));
        let (candidates, decisive) = candidates(&steps);
        prop_assert_eq!(tracker.best(), best(Direction::Minimize, candidates, decisive));
    }
}

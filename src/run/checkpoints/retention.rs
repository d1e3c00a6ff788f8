//! Whose checkpoints are kept when a trial is over.

use std::collections::{BTreeSet, HashMap};

use super::Removal;
use crate::engine::event::FinishReason;
use crate::types::allocation::Allocation;
use crate::types::ids::{JobKey, TrialId};
use crate::types::incumbent::IncumbentTracker;
use crate::types::objective::Direction;
use crate::types::outcome::Outcome;
use crate::types::units::Resource;

/// `--keep-checkpoints`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Keep {
    /// Every trial's.
    All,
    /// Of trials that were never dropped: those that may still be promoted and those that finished at the full resource.
    #[default]
    Promoted,
    /// Of trials that may still be promoted, and the best one's; in a finished study the best one's only.
    Best,
    /// Of trials that may still be promoted; in a finished study nobody's.
    None,
}

/// Decides from what is journalled, so that a resumed study decides alike.
#[derive(Clone, Debug)]
pub struct Retention {
    keep: Keep,
    full: Option<Resource>,
    /// How far trials that are not over got.
    reached: HashMap<TrialId, Resource>,
    incumbents: IncumbentTracker,
    /// Trials that are over and keep their checkpoint under [`Keep::Best`].
    kept: Vec<TrialId>,
    /// Trials that were launched and whose checkpoints have not been removed.
    present: BTreeSet<TrialId>,
}

impl Retention {
    /// For a study whose trials end at `full` (`None`: there is one resource only).
    pub fn new(keep: Keep, full: Option<Resource>, direction: Option<Direction>) -> Retention {
        let incumbents = IncumbentTracker::new(direction);
        Retention { keep, full, reached: HashMap::new(), incumbents, kept: Vec::new(), present: BTreeSet::new() }
    }

    /// A job was launched; an earlier end of it no longer counts.
    pub fn launched(&mut self, job: JobKey) {
        self.reached.remove(&job.trial);
        self.present.insert(job.trial);
        self.incumbents.launched(job);
    }

    /// A job ended that was to train `allocation`; `step` is the resource that its last reading named.
    pub fn ended(&mut self, job: JobKey, allocation: Allocation, outcome: &Outcome, step: Option<f64>) {
        if let Outcome::Succeeded { .. } = outcome {
            self.reached.insert(job.trial, allocation.to);
        }
        self.incumbents.ended(job, outcome, allocation.reached(outcome, step));
    }

    /// A reading of `job` met the condition that ends the study.
    pub fn decided(&mut self, job: JobKey) {
        self.incumbents.decided(job);
    }

    /// `trial` is over: whose checkpoints go now.
    ///
    /// The best of the trials that are over keeps its checkpoint even while a trial that is not over is ahead of it, and so does
    /// the decisive one until [`Retention::finished`]: whichever trial becomes the incumbent has a checkpoint.
    pub fn retired(&mut self, trial: TrialId) -> Vec<TrialId> {
        let reached = self.reached.remove(&trial);
        self.incumbents.retired(trial);
        let removed = self.removed_with(trial, reached);
        for trial in &removed {
            self.present.remove(trial);
        }
        removed
    }

    /// Whose checkpoints go when `trial`, which got to `reached`, is over.
    fn removed_with(&mut self, trial: TrialId, reached: Option<Resource>) -> Vec<TrialId> {
        match self.keep {
            Keep::All => Vec::new(),
            Keep::None => vec![trial],
            Keep::Promoted => {
                let finished = reached.is_some_and(|r| self.full.is_none_or(|full| r >= full));
                if finished { Vec::new() } else { vec![trial] }
            }
            Keep::Best => {
                self.kept.push(trial);
                let settled = self.incumbents.settled().map(|candidate| candidate.job.trial);
                let decisive = self.incumbents.decisive().map(|job| job.trial);
                self.keep_only(|trial| Some(trial) == settled || Some(trial) == decisive)
            }
        }
    }

    /// The session ended for `reason`. If the study cannot go on, no copy is needed any more, and [`Keep::Best`] and [`Keep::None`]
    /// apply to the trials too that were neither promoted nor dropped yet.
    pub fn finished(&mut self, reason: &FinishReason) -> Vec<Removal> {
        if reason.is_resumable() {
            return Vec::new();
        }
        let best = self.incumbents.best().map(|candidate| candidate.job.trial);
        let keep = self.keep;
        let removal = |trial| match keep {
            Keep::None => Removal::Checkpoint(trial),
            Keep::Best if Some(trial) != best => Removal::Checkpoint(trial),
            Keep::All | Keep::Promoted | Keep::Best => Removal::AllCopies(trial),
        };
        std::mem::take(&mut self.present).into_iter().map(removal).collect()
    }

    fn keep_only(&mut self, keep: impl Fn(TrialId) -> bool) -> Vec<TrialId> {
        self.kept.extract_if(.., |trial| !keep(*trial)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::types::ids::Rung;
    use crate::types::incumbent;
    use crate::types::incumbent::histories::{HistoryEvent, candidates, history};
    use crate::types::objective::Score;
    use crate::types::outcome::Failure;

    /// Trial 0 ends with 0.3 at 1 and is dropped; 1 reaches 9 with 0.2, 2 with 0.1, 3 fails there.
    fn removed(keep: Keep) -> Vec<u64> {
        let mut retention = Retention::new(keep, Resource::new(9.0), Some(Direction::Minimize));
        let mut gone = Vec::new();
        let ok = |score| Outcome::Succeeded { score: Score::new(score) };
        let failed = Outcome::Failed { failure: Failure::Exit(1) };
        for (trial, resource, outcome) in [(0, 1.0, ok(0.05)), (1, 9.0, ok(0.2)), (2, 9.0, ok(0.1)), (3, 9.0, failed)] {
            let allocation = Allocation { from: Resource::ZERO, to: Resource::new(resource).unwrap() };
            retention.ended(JobKey { trial: TrialId(trial), rung: Rung(0) }, allocation, &outcome, None);
            gone.extend(retention.retired(TrialId(trial)).iter().map(|t| t.0));
        }
        gone
    }

    #[test]
    fn each_choice_removes_what_it_should() {
        assert_eq!(removed(Keep::All), [0; 0]);
        assert_eq!(removed(Keep::Promoted), [0, 3]);
        assert_eq!(removed(Keep::Best), [0, 1, 3]);
        assert_eq!(removed(Keep::None), [0, 1, 2, 3]);
    }

    fn apply(retention: &mut Retention, step: &HistoryEvent) -> Vec<TrialId> {
        match step {
            HistoryEvent::Launched(job) => retention.launched(*job),
            HistoryEvent::Ended { job, allocation, outcome, step } => {
                retention.ended(*job, *allocation, outcome, *step)
            }
            HistoryEvent::Retired(trial) => return retention.retired(*trial),
            HistoryEvent::Decided(job) => retention.decided(*job),
            HistoryEvent::Finished => {
                let removals = retention.finished(&FinishReason::Completed);
                return removals
                    .into_iter()
                    .filter(|r| matches!(r, Removal::Checkpoint(_)))
                    .map(Removal::trial)
                    .collect();
            }
        }
        Vec::new()
    }

    proptest! {
        /// `decided` counts when the whole study is known to end for it, which a reader of the journal learns last.
        #[test]
        fn the_incumbent_never_loses_its_checkpoint(steps in history()) {
            let direction = Direction::Minimize;
            let mut retention = Retention::new(Keep::Best, Resource::new(27.0), Some(direction));
            let (mut removed, mut over) = (HashSet::new(), HashSet::new());
            for (at, step) in steps.iter().enumerate() {
                removed.extend(apply(&mut retention, step));
                over.extend(if let HistoryEvent::Retired(trial) = step { Some(*trial) } else { None });
                let (candidates, decisive) = candidates(&steps[..=at]);
                let finished = *step == HistoryEvent::Finished;
                for decisive in [None, decisive].into_iter().filter(|job| !finished || *job == decisive) {
                    let best = incumbent::best(direction, candidates.iter().copied(), decisive);
                    prop_assert!(best.is_none_or(|best| !removed.contains(&best.job.trial)), "{best:?} after step {at}");
                }
                let kept = over.difference(&removed).count();
                prop_assert!(kept <= if decisive.is_some() && !finished { 2 } else { 1 }, "{kept} after step {at}");
            }
        }
    }
}

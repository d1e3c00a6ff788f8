//! Decides which checkpoints are kept when a trial is over.

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
    /// Of every trial.
    All,
    /// Of trials that may still be promoted, and of trials that finished at the full resource.
    #[default]
    Promoted,
    /// Of trials that may still be promoted, and of the best trial; in a finished study, of the best trial only.
    Best,
    /// Of trials that may still be promoted; in a finished study, of none.
    None,
}

/// Depends on journalled records only, so that a resumed study decides the same.
#[derive(Clone, Debug)]
pub struct Retention {
    keep: Keep,
    full_resource: Option<Resource>,
    /// Resource that unfinished trials have reached.
    reached: HashMap<TrialId, Resource>,
    incumbents: IncumbentTracker,
    /// Trials that are over and keep their checkpoint under [`Keep::Best`].
    kept: Vec<TrialId>,
    /// Trials that were launched and whose checkpoints have not been removed.
    present: BTreeSet<TrialId>,
    /// Trials whose last job failed. It may run again, from its copy.
    failed: BTreeSet<TrialId>,
}

impl Retention {
    /// For a study whose trials finish at `full_resource`; `None` if all jobs have the same resource.
    pub fn new(keep: Keep, full_resource: Option<Resource>, direction: Option<Direction>) -> Retention {
        let incumbents = IncumbentTracker::new(direction);
        Retention {
            keep,
            full_resource,
            reached: HashMap::new(),
            incumbents,
            kept: Vec::new(),
            present: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    /// A job was launched. An earlier end of the same job no longer counts.
    pub fn launched(&mut self, job: JobKey) {
        self.reached.remove(&job.trial);
        self.failed.remove(&job.trial);
        self.kept.retain(|trial| *trial != job.trial);
        self.present.insert(job.trial);
        self.incumbents.launched(job);
    }

    /// A job with `allocation` ended; `step` is the resource of its last reading.
    pub fn ended(&mut self, job: JobKey, allocation: Allocation, outcome: &Outcome, step: Option<f64>) {
        match outcome {
            Outcome::Succeeded { .. } => drop(self.reached.insert(job.trial, allocation.to)),
            Outcome::Failed { .. } => drop(self.failed.insert(job.trial)),
            Outcome::Stopped { .. } => {}
        }
        self.incumbents.ended(job, outcome, allocation, step);
    }

    /// A reading of `job` met the condition that ends the study.
    pub fn decided(&mut self, job: JobKey) {
        self.incumbents.decided(job);
    }

    /// `trial` is over. Returns the trials whose checkpoints are to be removed now.
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

    /// The trials whose checkpoints are to be removed when `trial` is over after reaching `reached`.
    fn removed_with(&mut self, trial: TrialId, reached: Option<Resource>) -> Vec<TrialId> {
        match self.keep {
            Keep::All => Vec::new(),
            Keep::None => vec![trial],
            Keep::Promoted => {
                let finished = reached.is_some_and(|r| self.full_resource.is_none_or(|full| r >= full));
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

    /// The session ended for `reason`. If the study cannot be continued, copies are no longer needed, and [`Keep::Best`] and
    /// [`Keep::None`] also apply to trials that may still be promoted.
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
        let present = std::mem::take(&mut self.present);
        let keeps_copies = |trial: &TrialId| keep == Keep::All && self.failed.contains(trial);
        present.into_iter().filter(|trial| !keeps_copies(trial)).map(removal).collect()
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
        let mut removed = Vec::new();
        let ok = |score| Outcome::Succeeded { score: Score::new(score) };
        let failed = Outcome::Failed { failure: Failure::Exit(1) };
        for (trial, resource, outcome) in [(0, 1.0, ok(0.05)), (1, 9.0, ok(0.2)), (2, 9.0, ok(0.1)), (3, 9.0, failed)] {
            let allocation = Allocation { from: Resource::ZERO, to: Resource::new(resource).unwrap() };
            retention.ended(JobKey { trial: TrialId(trial), rung: Rung(0) }, allocation, &outcome, None);
            removed.extend(retention.retired(TrialId(trial)).iter().map(|t| t.0));
        }
        removed
    }

    #[test]
    fn each_option_removes_its_checkpoints() {
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

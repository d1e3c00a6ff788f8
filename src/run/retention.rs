//! Whose checkpoints are kept when a trial is over.

use std::collections::HashMap;

use crate::words::ids::TrialId;
use crate::words::objective::{Direction, Score};
use crate::words::outcome::Outcome;
use crate::words::units::Resource;

/// `--keep-checkpoints`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Keep {
    /// Every trial's.
    All,
    /// Of trials that were never dropped: those that may still be promoted and those that finished at the full resource.
    #[default]
    Promoted,
    /// Of trials that may still be promoted, and the best one's.
    Best,
    /// Of trials that may still be promoted.
    None,
}

/// Decides from what is journalled, so that a resumed study decides alike.
#[derive(Clone, Debug)]
pub struct Retention {
    keep: Keep,
    full: Option<Resource>,
    direction: Option<Direction>,
    /// How far trials that are not over got.
    reached: HashMap<TrialId, Resource>,
    best: Option<(Resource, Score, TrialId)>,
    /// The best trial, once it is over.
    kept: Option<TrialId>,
}

impl Retention {
    /// For a study whose trials end at `full` (`None`: there is one resource only).
    pub fn new(keep: Keep, full: Option<Resource>, direction: Option<Direction>) -> Retention {
        Retention { keep, full, direction, reached: HashMap::new(), best: None, kept: None }
    }

    /// A job of `trial` ended.
    pub fn ended(&mut self, trial: TrialId, resource: Resource, outcome: &Outcome) {
        if let Outcome::Succeeded { .. } = outcome {
            self.reached.insert(trial, resource);
        }
        let (Some(score), Some(direction), false) = (outcome.score(), self.direction, outcome.runs_again()) else {
            return;
        };
        let better = self.best.is_none_or(|(before, best, holder)| {
            let by_score = direction.order(score, best).then(trial.cmp(&holder));
            before.cmp(&resource).then(by_score).is_lt()
        });
        if better {
            self.best = Some((resource, score, trial));
        }
    }

    /// `trial` is over: whose checkpoints go now.
    pub fn retired(&mut self, trial: TrialId) -> Vec<TrialId> {
        let reached = self.reached.remove(&trial);
        match self.keep {
            Keep::All => Vec::new(),
            Keep::None => vec![trial],
            Keep::Promoted => {
                let finished = reached.is_some_and(|r| self.full.is_none_or(|full| r >= full));
                if finished { Vec::new() } else { vec![trial] }
            }
            Keep::Best if self.best.is_some_and(|(_, _, best)| best == trial) => {
                self.kept.replace(trial).into_iter().collect()
            }
            Keep::Best => vec![trial],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::outcome::Failure;

    /// Trial 0 ends with 0.3 at 1 and is dropped; 1 reaches 9 with 0.2, 2 with 0.1, 3 fails there.
    fn removed(keep: Keep) -> Vec<u64> {
        let mut retention = Retention::new(keep, Resource::new(9.0), Some(Direction::Minimize));
        let mut gone = Vec::new();
        let ok = |score| Outcome::Succeeded { score: Score::new(score) };
        let failed = Outcome::Failed { failure: Failure::Exit(1) };
        for (trial, resource, outcome) in [(0, 1.0, ok(0.05)), (1, 9.0, ok(0.2)), (2, 9.0, ok(0.1)), (3, 9.0, failed)] {
            retention.ended(TrialId(trial), Resource::new(resource).unwrap(), &outcome);
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
}

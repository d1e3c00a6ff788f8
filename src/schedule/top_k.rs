//! The best k trials of a rung, in O(log n) per trial.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::types::ids::TrialId;
use crate::types::objective::{Direction, Score, rank};

/// Max-heap of the current top k (worst first out), min-heap of the rest (best first out). Each trial is promoted at most once.
#[derive(Debug)]
pub struct TopK {
    direction: Direction,
    top: BinaryHeap<Entry>,
    rest: BinaryHeap<Reverse<Entry>>,
}

/// Entries are ordered by rank: the greatest entry is the worst.
#[derive(Clone, Copy, Debug)]
struct Entry {
    trial: TrialId,
    score: Score,
    direction: Direction,
    state: EntryState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum EntryState {
    NotPromoted,
    Promoted,
    /// Not promoted, and returned by [`TopK::retire_unpromoted`].
    Retired,
}

impl TopK {
    /// An empty collection.
    pub fn new(direction: Direction) -> TopK {
        TopK { direction, top: BinaryHeap::new(), rest: BinaryHeap::new() }
    }

    /// Adds a trial. Call [`TopK::pop_promotable`] until it returns `None` before the next insertion.
    pub fn insert(&mut self, trial: TrialId, score: Score) {
        self.rest.push(Reverse(Entry { trial, score, direction: self.direction, state: EntryState::NotPromoted }));
    }

    /// Marks one trial of the best `k` that was not promoted before and returns it. `k` must not decrease between calls.
    pub fn pop_promotable(&mut self, k: u64) -> Option<TrialId> {
        while let Some(Reverse(best)) = self.rest.peek().copied() {
            if self.top.len() as u64 >= k {
                // The top is full: the best of the rest enters only if it replaces the worst of the top.
                let worst = self.top.peek().copied().filter(|worst| best < *worst)?;
                self.top.pop();
                self.rest.push(Reverse(worst));
            }
            self.rest.pop();
            self.top.push(Entry { state: EntryState::Promoted, ..best });
            if best.state != EntryState::Promoted {
                return Some(best.trial);
            }
        }
        None
    }

    /// The trials that were not promoted and not returned by an earlier call. They stay in the collection, because a larger `k` may
    /// promote them after all.
    pub fn retire_unpromoted(&mut self) -> Vec<TrialId> {
        let mut retired = Vec::new();
        let mut rest = std::mem::take(&mut self.rest).into_vec();
        for Reverse(entry) in rest.iter_mut().filter(|entry| entry.0.state == EntryState::NotPromoted) {
            entry.state = EntryState::Retired;
            retired.push(entry.trial);
        }
        self.rest = rest.into();
        retired
    }

    /// Undoes all calls of [`TopK::retire_unpromoted`].
    pub fn restore_retired(&mut self) {
        let mut rest = std::mem::take(&mut self.rest).into_vec();
        for Reverse(entry) in rest.iter_mut().filter(|entry| entry.0.state == EntryState::Retired) {
            entry.state = EntryState::NotPromoted;
        }
        self.rest = rest.into();
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        rank(self.direction, (self.trial, Some(self.score)), (other.trial, Some(other.score)))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inserts `scores` one by one; `k` maps the number of inserted trials to the size of the top.
    fn promoted(top_k: &mut TopK, scores: &[(u64, f64)], k: impl Fn(u64) -> u64) -> Vec<u64> {
        let mut promoted = Vec::new();
        for (count, &(trial, score)) in (1..).zip(scores) {
            top_k.insert(TrialId(trial), Score::new(score).unwrap());
            while let Some(trial) = top_k.pop_promotable(k(count)) {
                promoted.push(trial.0);
            }
        }
        promoted
    }

    #[test]
    fn each_trial_of_the_top_third_is_promoted_once() {
        let mut top_k = TopK::new(Direction::Minimize);
        let scores = [(0, 5.0), (1, 4.0), (2, 6.0), (3, 3.0), (4, 7.0), (5, 2.0)];
        // 1 is the best of the first three, 3 replaces it, 5 enters when k becomes 2 and 3 stays.
        assert_eq!(promoted(&mut top_k, &scores, |n| n / 3), [1, 3, 5]);
        let left = |top_k: &mut TopK| -> std::collections::BTreeSet<u64> {
            top_k.retire_unpromoted().iter().map(|trial| trial.0).collect()
        };
        assert_eq!(left(&mut top_k), [0, 2, 4].into());
        assert_eq!(left(&mut top_k), [].into());
        top_k.restore_retired();
        assert_eq!(top_k.pop_promotable(4), Some(TrialId(0)), "it is still in order");
        assert_eq!(left(&mut top_k), [2, 4].into());
    }

    #[test]
    fn ties_are_promoted_in_order_of_trial_id() {
        let mut top_k = TopK::new(Direction::Maximize);
        assert_eq!(promoted(&mut top_k, &[(3, 1.0), (1, 1.0), (2, 1.0)], |n| n / 3 * 2), [1, 2]);
    }

    #[test]
    fn a_replaced_trial_that_re_enters_is_not_promoted_again() {
        let mut top_k = TopK::new(Direction::Maximize);
        let scores = [(0, 1.0), (1, 2.0), (2, 0.0), (3, 0.0)];
        assert_eq!(promoted(&mut top_k, &scores, |n| n.div_ceil(2)), [0, 1]);
    }

    #[test]
    fn with_k_zero_nothing_is_promoted() {
        let mut top_k = TopK::new(Direction::Minimize);
        assert_eq!(promoted(&mut top_k, &[(0, 1.0), (1, 0.5)], |_| 0), [] as [u64; 0]);
    }
}

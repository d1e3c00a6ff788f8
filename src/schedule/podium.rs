//! The best of a rung while it fills, in O(log n) for each trial that comes in.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::words::ids::TrialId;
use crate::words::objective::{Direction, Score, rank};

/// Two heaps: the trials on the places, the worst of them on top, and the others, the best of them on top. Whoever is or was on
/// a place has been told to go on; nobody is told twice.
#[derive(Debug)]
pub struct Podium {
    direction: Direction,
    placed: BinaryHeap<Contender>,
    others: BinaryHeap<Reverse<Contender>>,
}

/// The greatest contender is the worst.
#[derive(Clone, Copy, Debug)]
struct Contender {
    trial: TrialId,
    score: Score,
    direction: Direction,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Open,
    GoesOn,
}

impl Podium {
    /// An empty one.
    pub fn new(direction: Direction) -> Podium {
        Podium { direction, placed: BinaryHeap::new(), others: BinaryHeap::new() }
    }

    /// A trial comes in with its score. Follow with [`Podium::rise`] until it gives none.
    pub fn enter(&mut self, trial: TrialId, score: Score) {
        self.others.push(Reverse(Contender { trial, score, direction: self.direction, fate: Fate::Open }));
    }

    /// The next trial that is among the best `places` and has not been told to go on.
    pub fn rise(&mut self, places: u64) -> Option<TrialId> {
        while let Some(Reverse(best)) = self.others.peek().copied() {
            if self.placed.len() as u64 >= places {
                // Full: the best of the others has a place only if it beats the worst that has one.
                let worst = self.placed.peek().copied().filter(|worst| best < *worst)?;
                self.placed.pop();
                self.others.push(Reverse(worst));
            }
            self.others.pop();
            self.placed.push(Contender { fate: Fate::GoesOn, ..best });
            if best.fate == Fate::Open {
                return Some(best.trial);
            }
        }
        None
    }

    /// Empties it and gives the trials that were never told to go on.
    pub fn clear(&mut self) -> impl Iterator<Item = TrialId> + use<> {
        self.placed = BinaryHeap::new();
        let others = std::mem::take(&mut self.others).into_vec();
        others.into_iter().filter(|other| other.0.fate == Fate::Open).map(|other| other.0.trial)
    }
}

impl Ord for Contender {
    fn cmp(&self, other: &Self) -> Ordering {
        rank(self.direction, (self.trial, Some(self.score)), (other.trial, Some(other.score)))
    }
}

impl PartialOrd for Contender {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Contender {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Contender {}

#[cfg(test)]
mod tests {
    use super::*;

    fn come_in(podium: &mut Podium, scores: &[(u64, f64)], places: impl Fn(u64) -> u64) -> Vec<u64> {
        let mut risen = Vec::new();
        for (count, &(trial, score)) in (1..).zip(scores) {
            podium.enter(TrialId(trial), Score::new(score).unwrap());
            while let Some(trial) = podium.rise(places(count)) {
                risen.push(trial.0);
            }
        }
        risen
    }

    #[test]
    fn each_of_the_top_third_rises_once() {
        let mut podium = Podium::new(Direction::Minimize);
        let scores = [(0, 5.0), (1, 4.0), (2, 6.0), (3, 3.0), (4, 7.0), (5, 2.0)];
        // 1 leads the first three, 3 takes its place, 5 comes with the second place, on which 3 stays.
        assert_eq!(come_in(&mut podium, &scores, |n| n / 3), [1, 3, 5]);
        let left: std::collections::BTreeSet<_> = podium.clear().map(|t| t.0).collect();
        assert_eq!(left, [0, 2, 4].into());
    }

    #[test]
    fn ties_rise_in_order_of_trial() {
        let mut podium = Podium::new(Direction::Maximize);
        assert_eq!(come_in(&mut podium, &[(3, 1.0), (1, 1.0), (2, 1.0)], |n| n / 3 * 2), [1, 2]);
    }

    #[test]
    fn a_displaced_trial_that_comes_back_is_not_told_again() {
        let mut podium = Podium::new(Direction::Maximize);
        let scores = [(0, 1.0), (1, 2.0), (2, 0.0), (3, 0.0)];
        assert_eq!(come_in(&mut podium, &scores, |n| n.div_ceil(2)), [0, 1]);
    }

    #[test]
    fn no_places_nobody_rises() {
        let mut podium = Podium::new(Direction::Minimize);
        assert_eq!(come_in(&mut podium, &[(0, 1.0), (1, 0.5)], |_| 0), [] as [u64; 0]);
    }
}

//! The cut-off of a rung.

use super::job::JobView;
use crate::types::objective::{Direction, Score, rank};

/// The worst of `jobs`, all of one rung, whose trial was promoted, with its value; of equal ones that of the highest trial.
pub fn cut_off<'a>(direction: Direction, jobs: impl IntoIterator<Item = &'a JobView>) -> Option<(&'a JobView, Score)> {
    let promoted = jobs.into_iter().filter(|job| job.promoted).filter_map(|job| Some((job, job.score?)));
    let entry = |(job, score): &(&JobView, Score)| (job.job.key.trial, Some(*score));
    promoted.max_by(|a, b| rank(direction, entry(a), entry(b)))
}

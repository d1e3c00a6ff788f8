//! Brackets and rungs: done, running and planned.

use std::collections::HashMap;

use serde::Serialize;

use crate::report::number;
use crate::report::study_progress::{RungCounts, StudyProgress};
use crate::report::view::{JobStatus, StudyView};
use crate::schedule::{BracketPlan, Plan, finite};
use crate::types::ids::{BracketId, Rung};
use crate::types::units::Resource;

/// One rung.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RungStatus {
    /// Its index in the bracket.
    pub rung: Rung,
    /// The resource of its jobs.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// Trials whose job ended.
    pub done: u64,
    /// Trials whose job runs.
    pub running: u64,
    /// Expected trials: as planned, or fewer if too few were promoted into the rung; null if only a limit ends the study.
    pub planned: Option<u64>,
    /// Failed trials among the done.
    pub failed: u64,
    /// Trials promoted to the next rung.
    pub promoted: u64,
    /// The best value.
    pub best: Option<f64>,
}

/// One bracket.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BracketStatus {
    /// Round and bracket.
    #[serde(flatten)]
    pub id: BracketId,
    /// Its rungs, smallest resource first.
    pub rungs: Vec<RungStatus>,
}

impl BracketStatus {
    /// Whether all expected jobs have ended.
    pub fn is_complete(&self) -> bool {
        self.rungs.iter().all(|rung| rung.running == 0 && rung.planned.is_some_and(|planned| rung.done >= planned))
    }
}

/// The started brackets, and those of `plan` in the rounds so far that have not started.
pub(super) fn brackets(view: &StudyView, progress: &StudyProgress, plan: Option<&Plan>) -> Vec<BracketStatus> {
    let mut running: HashMap<(BracketId, Rung), u64> = HashMap::new();
    for job in view.jobs.iter().filter(|job| job.status == JobStatus::Running) {
        *running.entry((job.bracket, job.job.key.rung)).or_default() += 1;
    }
    let mut brackets: Vec<BracketStatus> =
        progress.started_brackets().into_iter().map(|(id, rungs)| started(id, rungs, &running)).collect();
    let last_round = brackets.iter().map(|bracket| bracket.id.round).max().unwrap_or(0);
    for planned in plan.into_iter().flat_map(|plan| &plan.brackets) {
        // In a plan of one round, a bracket has started under any round: `auto` gives its two brackets different ones.
        let rounds = if progress.rounds > 1 { 0..=last_round } else { 0..=0 };
        let has_started = |round: u32| {
            let matches = |id: BracketId| id.bracket == planned.bracket && (progress.rounds == 1 || id.round == round);
            brackets.iter().any(|bracket| matches(bracket.id))
        };
        let waiting: Vec<u32> = rounds.filter(|round| !has_started(*round)).collect();
        brackets.extend(waiting.into_iter().map(|round| not_started(round, planned)));
    }
    brackets.sort_by_key(|bracket| bracket.id.start_order());
    brackets
}

fn started(id: BracketId, rungs: &[RungCounts], running: &HashMap<(BracketId, Rung), u64>) -> BracketStatus {
    let rungs = (0..).map(Rung).zip(rungs).map(|(rung, counts)| RungStatus {
        rung,
        resource: counts.resource,
        done: counts.ended,
        running: running.get(&(id, rung)).copied().unwrap_or(0),
        planned: finite(counts.configs),
        failed: counts.failed,
        promoted: counts.promoted,
        best: counts.best.map(|best| best.score.value()),
    });
    BracketStatus { id, rungs: rungs.collect() }
}

fn not_started(round: u32, plan: &BracketPlan) -> BracketStatus {
    let rungs = (0..).map(Rung).zip(&plan.rungs).map(|(rung, planned)| RungStatus {
        rung,
        resource: planned.resource,
        done: 0,
        running: 0,
        planned: finite(planned.configs),
        failed: 0,
        promoted: 0,
        best: None,
    });
    BracketStatus { id: BracketId { round, bracket: plan.bracket }, rungs: rungs.collect() }
}

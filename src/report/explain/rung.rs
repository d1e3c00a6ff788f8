//! A trial among the others of its rung, and the decision about it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::number;
use crate::report::status::StatusInput;
use crate::report::study_progress::RungCounts;
use crate::report::view::cut_off::cut_off;
use crate::report::view::{JobStatus, JobView, StudyView};
use crate::schedule::finite;
use crate::types::ids::{BracketId, Rung, TrialId};
use crate::types::objective::{Score, rank};
use crate::types::units::Resource;

/// The result for a trial at a rung.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RungDecision {
    /// Its job runs.
    Running,
    /// Its job was cut off and runs again when the study is resumed.
    Interrupted,
    /// It was promoted to the next rung.
    Promoted,
    /// Other trials were promoted instead.
    Dropped,
    /// It has no value, so it is never promoted.
    Failed,
    /// There is no higher rung.
    Complete,
    /// The schedule has not decided: the rung is not full, or the trial is paused.
    Undecided,
}

/// A trial with its value at a rung.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct TrialAtRung {
    /// The trial.
    pub trial: TrialId,
    /// Its value.
    pub value: Score,
}

/// A trial at one rung.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RungExplanation {
    /// The rung.
    pub rung: Rung,
    /// Its resource.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// The trial's value; null without one.
    pub value: Option<Score>,
    /// Its position among the trials with a value in this rung, from 1; null without a value.
    pub rank: Option<u64>,
    /// Trials with a value in this rung.
    pub ranked: u64,
    /// Trials that ended in this rung, failed ones included.
    pub ended: u64,
    /// Expected trials in this rung; null if only a limit ends the study.
    pub planned: Option<u64>,
    /// Trials that were promoted from this rung.
    pub promoted: u64,
    /// The worst trial that was promoted.
    pub cutoff: Option<TrialAtRung>,
    /// The next better trial.
    pub better: Option<TrialAtRung>,
    /// The next worse trial.
    pub worse: Option<TrialAtRung>,
    /// The decision.
    pub decision: RungDecision,
    /// The reason, as a clause.
    pub why: String,
}

/// The rungs of the trial of `jobs`, in order.
pub fn rungs(input: &StatusInput<'_>, jobs: &[&JobView]) -> Vec<RungExplanation> {
    let latest: BTreeMap<Rung, &JobView> = jobs.iter().map(|job| (job.job.key.rung, *job)).collect();
    let started = input.progress.started_brackets();
    let rungs = latest.into_values().map(|job| {
        let bracket = started.iter().find(|(id, _)| *id == job.bracket).map_or(&[][..], |(_, rungs)| rungs);
        let attempts = jobs.iter().filter(|other| other.job.key.rung == job.job.key.rung).count();
        Comparison::new(input.view, job).explain(input, job, bracket, attempts)
    });
    rungs.collect()
}

/// The trials of one rung.
struct Comparison<'a> {
    /// With a value, the best first.
    ranking: Vec<(&'a JobView, Score)>,
    /// The latest job of each trial that has ended.
    ended: u64,
    promoted: u64,
}

impl<'a> Comparison<'a> {
    /// The trials of the rung of `job`.
    fn new(view: &'a StudyView, job: &JobView) -> Comparison<'a> {
        let is_here = |other: &&JobView| (other.bracket, other.job.key.rung) == (job.bracket, job.job.key.rung);
        let latest: BTreeMap<TrialId, &JobView> =
            view.jobs.iter().filter(is_here).map(|job| (job.job.key.trial, job)).collect();
        let scored = latest.values().filter_map(|job| Some((*job, job.score?)));
        let mut ranking: Vec<(&JobView, Score)> = scored.collect();
        if let Some(direction) = view.direction() {
            let entry = |(job, score): &(&JobView, Score)| (job.job.key.trial, Some(*score));
            ranking.sort_by(|a, b| rank(direction, entry(a), entry(b)));
        }
        let ended = latest.values().filter(|job| job.status != JobStatus::Running && !job.interrupted).count() as u64;
        Comparison { ranking, ended, promoted: latest.values().filter(|job| job.promoted).count() as u64 }
    }

    fn explain(
        &self,
        input: &StatusInput<'_>,
        job: &JobView,
        bracket: &[RungCounts],
        attempts: usize,
    ) -> RungExplanation {
        let own = self.ranking.iter().position(|(other, _)| other.job.key == job.job.key);
        let at = |position: usize| {
            self.ranking.get(position).map(|(job, value)| TrialAtRung { trial: job.job.key.trial, value: *value })
        };
        let index = job.job.key.rung.0 as usize;
        let planned = bracket.get(index).and_then(|rung| finite(rung.configs));
        let jobs = self.ranking.iter().map(|(job, _)| *job);
        let cutoff = input.view.direction().and_then(|direction| cut_off(direction, jobs));
        let cutoff = cutoff.map(|(job, value)| TrialAtRung { trial: job.job.key.trial, value });
        let is_last = !bracket.is_empty() && index + 1 == bracket.len();
        let decision = decision(job, is_last);
        let explained = RungExplanation {
            rung: job.job.key.rung,
            resource: job.resource,
            value: job.score,
            rank: own.map(|position| position as u64 + 1),
            ranked: self.ranking.len() as u64,
            ended: self.ended,
            planned,
            promoted: self.promoted,
            cutoff,
            better: own.and_then(|position| position.checked_sub(1)).and_then(at),
            worse: own.and_then(|position| at(position + 1)),
            decision,
            why: String::new(),
        };
        RungExplanation { why: why(&explained, job, PromotionRule::of(input, job.bracket), attempts), ..explained }
    }
}

fn decision(job: &JobView, is_last: bool) -> RungDecision {
    match job.status {
        JobStatus::Running => RungDecision::Running,
        _ if job.promoted => RungDecision::Promoted,
        _ if job.interrupted => RungDecision::Interrupted,
        JobStatus::Failed | JobStatus::Timeout | JobStatus::Lost if job.score.is_none() => RungDecision::Failed,
        _ if is_last => RungDecision::Complete,
        _ if job.retired => RungDecision::Dropped,
        _ => RungDecision::Undecided,
    }
}

/// How the schedule of a bracket decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PromotionRule {
    /// When a rung is full.
    FullRungs,
    /// After each end.
    Asynchronous,
    /// A model chooses among paused trials.
    Model,
}

impl PromotionRule {
    fn of(input: &StatusInput<'_>, bracket: BracketId) -> PromotionRule {
        match input.kind {
            // The first bracket of `auto` is one of successive halving (`schedule/freeze_thaw`).
            Some("auto") if bracket.round > 0 => PromotionRule::Model,
            Some("auto") => PromotionRule::FullRungs,
            _ if input.progress.open_ended => PromotionRule::Asynchronous,
            _ => PromotionRule::FullRungs,
        }
    }
}

fn why(rung: &RungExplanation, job: &JobView, schedule: PromotionRule, attempts: usize) -> String {
    let attempt = if attempts > 1 { format!(" (attempt {attempts})") } else { String::new() };
    let rank = rung.rank.map(|rank| format!("rank {rank} of {}", rung.ranked));
    let ranked = |rest: &str| rank.as_ref().map_or_else(|| rest.to_owned(), |rank| format!("{rank}; {rest}"));
    let stopped = match (&job.reason, job.status) {
        (Some(reason), JobStatus::Stopped) if !job.interrupted => format!("stopped early by {reason}; "),
        _ => String::new(),
    };
    let best = match rung.promoted {
        0 => "no trial of this rung was promoted".to_owned(),
        1 => "the best one was promoted".to_owned(),
        k => format!("{k} were promoted"),
    };
    let reason = match (rung.decision, schedule) {
        (RungDecision::Running, _) => format!("its job runs{attempt}"),
        (RungDecision::Interrupted, _) => "its job was cut off and runs again when the study is resumed".to_owned(),
        (RungDecision::Failed, _) => {
            let reason = job.reason.as_deref().unwrap_or("no reason is recorded");
            format!("{reason}{attempt}; a trial without a value is never promoted")
        }
        (RungDecision::Complete, _) => ranked("there is no higher rung"),
        (RungDecision::Promoted, PromotionRule::Model) => ranked("the model chose it among the paused trials"),
        (RungDecision::Dropped, PromotionRule::Model) => ranked("the model chose other trials"),
        (RungDecision::Promoted | RungDecision::Dropped, _) => ranked(&best),
        (RungDecision::Undecided, PromotionRule::FullRungs)
            if rung.planned.is_some_and(|planned| rung.ended < planned) =>
        {
            let planned = rung.planned.unwrap_or(rung.ended);
            ranked(&format!("{} of {planned} trials of this rung have ended", rung.ended))
        }
        (RungDecision::Undecided, PromotionRule::Asynchronous) => {
            ranked("it is promoted if it comes into the best 1/eta of this rung")
        }
        (RungDecision::Undecided, PromotionRule::Model) => ranked("it is paused; the model may promote it later"),
        (RungDecision::Undecided, PromotionRule::FullRungs) if rung.planned.is_some() => {
            ranked("this rung is full; it is decided when the study is resumed")
        }
        (RungDecision::Undecided, PromotionRule::FullRungs) => ranked("it is decided when this rung is full"),
    };
    format!("{stopped}{reason}")
}

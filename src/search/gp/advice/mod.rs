//! Decides what a free slot is used for: a new trial or a paused one, and with which resource.

mod job_value;

use super::model::RankedTrial;
use super::searcher::{GpSearcher, Suggestion};
use crate::search::observation::is_prior_trial;
use crate::types::advice::{Advice, PausedTrial, SlotChoices};
use crate::types::allocation::PromotedStart;
use crate::types::ids::TrialId;
use crate::types::units::Resource;

use job_value::JobCost;

/// A trial whose next job could use the slot.
struct Candidate<'a> {
    /// Its configuration.
    x: &'a [f64],
    /// The resource of its last job; `None` for a new trial.
    last: Option<Resource>,
    /// The value to improve on.
    bar: f64,
}

/// The best next job of a trial.
#[derive(Clone, Copy)]
struct BestJob {
    /// The logarithm of its expected improvement per cost.
    value: f64,
    resource: Resource,
}

impl GpSearcher {
    /// The job with the largest expected improvement per resource: at any rung of a new trial, or at any higher rung of a paused one. If
    /// no new trial may start, the trial with the best predicted mean is promoted.
    pub(super) fn advise_slot(&mut self, choices: SlotChoices<'_>) -> Advice {
        let ranking = self.model.ranking();
        let Some(request) = choices.new_trial else {
            let nothing = Advice::StartNew { at: self.max_resource };
            return self.promote_best_mean(&ranking, choices).unwrap_or(nothing);
        };
        let Suggestion::Configuration { x, bar, .. } = self.suggestion(request.trial) else {
            return Advice::StartNew { at: request.resource };
        };
        let new = self.best_job(&Candidate { x: &x, last: None, bar }, choices);
        let paused = self.best_paused(&ranking, choices);
        match (new, paused) {
            (Some(new), Some((trial, job))) if job.value > new.value => Advice::Promote { trial, to: job.resource },
            (Some(new), _) => Advice::StartNew { at: new.resource },
            (None, _) => Advice::StartNew { at: request.resource },
        }
    }

    /// The paused trial whose next job has the largest value, and that job.
    fn best_paused(&mut self, ranking: &[RankedTrial], choices: SlotChoices<'_>) -> Option<(TrialId, BestJob)> {
        let bar = self.incumbent_mean(ranking)? - self.margin();
        let mut best: Option<(TrialId, BestJob)> = None;
        for PausedTrial { trial, resource } in choices.paused {
            let Some(ranked) = ranking.iter().find(|ranked| ranked.trial == *trial) else { continue };
            let candidate = Candidate { x: &ranked.x, last: Some(*resource), bar };
            let job = self.best_job(&candidate, choices);
            if let Some(job) = job.filter(|job| best.is_none_or(|(_, other)| job.value > other.value)) {
                best = Some((*trial, job));
            }
        }
        best
    }

    /// The most valuable next job of a trial.
    fn best_job(&mut self, candidate: &Candidate<'_>, choices: SlotChoices<'_>) -> Option<BestJob> {
        let is_higher = |rung: &&Resource| candidate.last.is_none_or(|last| rung.amount() > last.amount());
        let rungs: Vec<Resource> = choices.rungs.iter().filter(is_higher).copied().collect();
        let log_resources = rungs.iter().map(|rung| self.log_resource(rung.amount())).collect::<Option<Vec<f64>>>()?;
        let outlooks = self.model.posterior()?.outlooks(candidate.x, &log_resources);
        let mut best: Option<BestJob> = None;
        for (rung, outlook) in rungs.into_iter().zip(outlooks) {
            let value = outlook.log_gain_per_cost(self.cost(rung, candidate.last, choices.promoted), candidate.bar);
            if best.is_none_or(|other| value > other.value) {
                best = Some(BestJob { value, resource: rung });
            }
        }
        best
    }

    /// What a job at `rung` costs after one at `last`, and what is left after it.
    fn cost(&self, rung: Resource, last: Option<Resource>, promoted: PromotedStart) -> JobCost {
        let full = self.max_resource;
        let rest = if rung.amount() < full.amount() { promoted.cost(full, Some(rung)) } else { 0.0 };
        JobCost { job: promoted.cost(rung, last) / full.amount(), rest: rest / full.amount() }
    }

    /// Promotes the trial with the best predicted mean, if it is paused.
    fn promote_best_mean(&mut self, ranking: &[RankedTrial], choices: SlotChoices<'_>) -> Option<Advice> {
        let best = ranking.iter().find(|ranked| !is_prior_trial(ranked.trial))?;
        let paused = choices.paused.iter().find(|paused| paused.trial == best.trial)?;
        let bar = self.incumbent_mean(ranking)?;
        let job = self.best_job(&Candidate { x: &best.x, last: Some(paused.resource), bar }, choices)?;
        Some(Advice::Promote { trial: best.trial, to: job.resource })
    }
}

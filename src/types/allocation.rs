//! The resource of one job: allotted, reached and spent.

use serde::{Deserialize, Serialize};

use super::outcome::{CurvePoint, Outcome};
use super::units::Resource;

/// The range of resource that a job trains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allocation {
    /// The start: the resource of the trial's checkpoint, or zero if the job trains from scratch.
    pub from: Resource,
    /// The end, if the job runs to its end; at least `from`.
    pub to: Resource,
}

/// Whether a job trained all of its resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Completion {
    /// It trained all of it.
    Full,
    /// It was stopped early; its score is that of its last reading.
    Partial,
}

impl Completion {
    /// Of a job that has reached `reached` of `allotted`.
    pub fn new(ran_to_end: bool, reached: Resource, allotted: Resource) -> Completion {
        if ran_to_end || reached >= allotted { Completion::Full } else { Completion::Partial }
    }
}

impl Allocation {
    /// The resource that a job with `outcome` reached. `step` is the resource in its last reading.
    ///
    /// A job that ran to its end reached `to`. Any other reached `step`, or `from` if the reading has no step.
    pub fn reached(&self, outcome: &Outcome, step: Option<f64>) -> Resource {
        if outcome.ran_to_end() { self.to } else { self.reached_step(step).unwrap_or(self.from) }
    }

    /// The resource that a job with `outcome` spent: from `from` to the step in its last reading. A job that did not run to its end
    /// and has no step above `from` counts in full, so that jobs without steps cannot exceed a budget; one that runs again counts
    /// nothing then, because its next attempt counts.
    pub fn spent(&self, outcome: &Outcome, step: Option<f64>) -> f64 {
        if outcome.ran_to_end() {
            return self.total();
        }
        let unknown = if outcome.runs_again() { 0.0 } else { self.total() };
        self.reached_step(step).map_or(unknown, |reached| reached.amount() - self.from.amount())
    }

    /// Whether a job with `outcome` trained all of its resource: it ran to its end, or was stopped at its last step.
    pub fn completion(&self, outcome: &Outcome, step: Option<f64>) -> Completion {
        Completion::new(outcome.ran_to_end(), self.reached(outcome, step), self.to)
    }

    /// The resource that the job spends if it runs to its end.
    pub fn total(&self) -> f64 {
        self.to.amount() - self.from.amount()
    }

    /// The resource at which models observe the value of a job: [`Allocation::to`], or the last point of the curve if the job was
    /// stopped early.
    pub fn observed(&self, outcome: &Outcome, curve: &[CurvePoint]) -> Resource {
        let stopped = matches!(outcome, Outcome::Stopped { .. });
        let last = curve.last().filter(|_| stopped).and_then(|point| Resource::new(point.step));
        last.filter(|step| self.from < *step && *step < self.to).unwrap_or(self.to)
    }

    fn reached_step(&self, step: Option<f64>) -> Option<Resource> {
        let step = Resource::new(step?)?;
        (step > self.from).then(|| step.min(self.to))
    }
}

/// The checkpoint directory that the job of a promoted trial starts with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum PromotedStart {
    /// An empty one: the job trains from scratch (`resume: false`).
    #[default]
    #[serde(rename = "start_over")]
    FromScratch,
    /// The one that the trial's previous job left (`resume: true`).
    #[serde(rename = "continue")]
    FromCheckpoint,
}

impl PromotedStart {
    /// The allocation of a job with `resource` whose trial had `previous` in its previous job.
    pub fn allocation(self, resource: Resource, previous: Option<Resource>) -> Allocation {
        let from = match self {
            PromotedStart::FromScratch => Resource::ZERO,
            PromotedStart::FromCheckpoint => previous.unwrap_or(Resource::ZERO),
        };
        Allocation { from, to: resource }
    }

    /// The resource that a job spends if it runs to its end; arguments as in [`PromotedStart::allocation`].
    pub fn cost(self, resource: Resource, previous: Option<Resource>) -> f64 {
        self.allocation(resource, previous).total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::objective::Score;
    use crate::types::outcome::{Failure, StopRule};

    const fn resource(amount: Option<Resource>) -> Resource {
        match amount {
            Some(amount) => amount,
            None => panic!("finite and not negative"),
        }
    }

    fn allocation(from: f64, to: f64) -> Allocation {
        Allocation { from: resource(Resource::new(from)), to: resource(Resource::new(to)) }
    }

    fn stopped() -> Outcome {
        Outcome::Stopped { score: Score::new(0.5), by: StopRule::new("median", None, None) }
    }

    fn reached_and_spent(allocation: Allocation, outcome: &Outcome, step: Option<f64>) -> (f64, f64) {
        (allocation.reached(outcome, step).amount(), allocation.spent(outcome, step))
    }

    #[test]
    fn a_job_that_ran_to_its_end_counts_in_full() {
        let ends = [
            Outcome::Succeeded { score: None },
            Outcome::Failed { failure: Failure::NoMetric(String::new()) },
            Outcome::Failed { failure: Failure::NotFinite(String::new()) },
        ];
        for outcome in ends {
            assert_eq!(reached_and_spent(allocation(9.0, 27.0), &outcome, Some(12.0)), (27.0, 18.0));
        }
    }

    #[test]
    fn a_stopped_job_counts_up_to_its_last_step() {
        for outcome in [stopped(), Outcome::Failed { failure: Failure::Exit(1) }] {
            assert_eq!(reached_and_spent(allocation(0.0, 27.0), &outcome, Some(4.0)), (4.0, 4.0));
            assert_eq!(reached_and_spent(allocation(9.0, 27.0), &outcome, Some(12.0)), (12.0, 3.0));
            assert_eq!(reached_and_spent(allocation(9.0, 27.0), &outcome, Some(99.0)), (27.0, 18.0));
        }
    }

    #[test]
    fn a_stopped_job_without_steps_reached_nothing_and_counts_in_full() {
        for step in [None, Some(9.0), Some(1.0), Some(-3.0), Some(f64::NAN)] {
            assert_eq!(reached_and_spent(allocation(9.0, 27.0), &stopped(), step), (9.0, 18.0), "{step:?}");
        }
    }

    #[test]
    fn a_job_that_runs_again_counts_what_is_known() {
        let interrupted = |score| Outcome::Stopped { score, by: StopRule::new(StopRule::INTERRUPTED, None, None) };
        for outcome in [interrupted(Score::new(0.5)), Outcome::Failed { failure: Failure::Lost }] {
            assert_eq!(reached_and_spent(allocation(9.0, 27.0), &outcome, Some(12.0)), (12.0, 3.0));
            assert_eq!(reached_and_spent(allocation(9.0, 27.0), &outcome, None), (9.0, 0.0));
        }
    }

    #[test]
    fn a_job_stopped_at_its_last_step_is_complete() {
        let completion = |step| allocation(9.0, 27.0).completion(&stopped(), step);
        assert_eq!(
            [Some(27.0), Some(26.0), None].map(completion),
            [Completion::Full, Completion::Partial, Completion::Partial]
        );
    }

    #[test]
    fn models_use_the_end_of_the_curve_only_for_a_stopped_job() {
        let curve = [CurvePoint { step: 4.0, value: 0.5 }];
        assert_eq!(allocation(0.0, 27.0).observed(&stopped(), &curve).amount(), 4.0);
        assert_eq!(allocation(9.0, 27.0).observed(&stopped(), &curve).amount(), 27.0);
        assert_eq!(allocation(0.0, 27.0).observed(&Outcome::Succeeded { score: None }, &curve).amount(), 27.0);
    }
}

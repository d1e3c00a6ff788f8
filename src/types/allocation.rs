//! The resource of one job: what it was given, how far it came and what it spent.

use super::outcome::{CurvePoint, Outcome};
use super::units::Resource;

/// The span of resource that one job trains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allocation {
    /// Where it starts: what its trial's checkpoint holds, zero where the job trains from scratch.
    pub from: Resource,
    /// Where it ends if nothing ends it before; at least `from`.
    pub to: Resource,
}

impl Allocation {
    /// How far a job came that ended with `outcome`; `step` is the resource that its last reading named.
    ///
    /// A job that ran to its end reached all of `to`. Any other reached what its readings prove: the last step, or `from` where
    /// no reading named the resource.
    pub fn reached(&self, outcome: &Outcome, step: Option<f64>) -> Resource {
        if outcome.ran_to_end() { self.to } else { self.known(step).unwrap_or(self.from) }
    }

    /// What a job spent that ended with `outcome`: from `from` to the last known step. One that was cut off and never named a step
    /// beyond `from` counts in full, so that no budget is exceeded by jobs that do not say how far they came.
    pub fn spent(&self, outcome: &Outcome, step: Option<f64>) -> f64 {
        if outcome.ran_to_end() {
            return self.total();
        }
        self.known(step).map_or(self.total(), |reached| reached.amount() - self.from.amount())
    }

    /// What the job spends if it runs to its end.
    pub fn total(&self) -> f64 {
        self.to.amount() - self.from.amount()
    }

    /// Where models place the value of a job: [`Allocation::to`], or the last point of the curve where the job was ended before.
    /// Curves count readings where these do not name the resource.
    pub fn observed(&self, outcome: &Outcome, curve: &[CurvePoint]) -> Resource {
        let stopped = matches!(outcome, Outcome::Stopped { .. });
        let last = curve.last().filter(|_| stopped).and_then(|point| Resource::new(point.step));
        last.filter(|step| self.from < *step && *step < self.to).unwrap_or(self.to)
    }

    fn known(&self, step: Option<f64>) -> Option<Resource> {
        let step = Resource::new(step?)?;
        (step > self.from).then(|| step.min(self.to))
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

    fn seen(allocation: Allocation, outcome: &Outcome, step: Option<f64>) -> (f64, f64) {
        (allocation.reached(outcome, step).amount(), allocation.spent(outcome, step))
    }

    #[test]
    fn a_job_that_ran_to_its_end_counts_in_full_whatever_it_printed() {
        let ends = [
            Outcome::Succeeded { score: None },
            Outcome::Failed { failure: Failure::NoMetric(String::new()) },
            Outcome::Failed { failure: Failure::NotFinite(String::new()) },
        ];
        for outcome in ends {
            assert_eq!(seen(allocation(9.0, 27.0), &outcome, Some(12.0)), (27.0, 18.0));
        }
    }

    #[test]
    fn a_job_that_was_cut_off_counts_up_to_its_last_step() {
        for outcome in [stopped(), Outcome::Failed { failure: Failure::Exit(1) }] {
            assert_eq!(seen(allocation(0.0, 27.0), &outcome, Some(4.0)), (4.0, 4.0));
            assert_eq!(seen(allocation(9.0, 27.0), &outcome, Some(12.0)), (12.0, 3.0));
            assert_eq!(seen(allocation(9.0, 27.0), &outcome, Some(99.0)), (27.0, 18.0));
        }
    }

    #[test]
    fn a_job_that_names_no_step_has_proven_nothing_and_may_have_spent_everything() {
        for step in [None, Some(9.0), Some(1.0), Some(-3.0), Some(f64::NAN)] {
            assert_eq!(seen(allocation(9.0, 27.0), &stopped(), step), (9.0, 18.0), "{step:?}");
        }
    }

    #[test]
    fn models_use_the_end_of_the_curve_of_a_stopped_job_only() {
        let curve = [CurvePoint { step: 4.0, value: 0.5 }];
        assert_eq!(allocation(0.0, 27.0).observed(&stopped(), &curve).amount(), 4.0);
        assert_eq!(allocation(9.0, 27.0).observed(&stopped(), &curve).amount(), 27.0);
        assert_eq!(allocation(0.0, 27.0).observed(&Outcome::Succeeded { score: None }, &curve).amount(), 27.0);
    }
}

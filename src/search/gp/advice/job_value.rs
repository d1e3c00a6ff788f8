//! What a job is worth: the improvement that is expected of it and of the rest of its trial, per resource.

use crate::search::gp::acquisition::log_h;
use crate::search::gp::posterior::Outlook;
use crate::types::std_normal;

/// Number of equally likely results of a job that are compared.
const OUTCOMES: u32 = 64;

/// Costs as fractions of R.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct JobCost {
    /// Of the job, > 0.
    pub job: f64,
    /// From the job's end to the full resource, ≥ 0.
    pub rest: f64,
}

impl Outlook {
    /// The logarithm of the largest ratio of expected improvement over `bar` to expected cost among all rules that continue the trial
    /// after the job if the result is good enough: the index of a project with two stages (Gittins 1979, "Bandit Processes and Dynamic
    /// Allocation Indices", section 3: the supremum over stopping times). The trial's value counts only at the full resource.
    ///
    /// With `rest` = 0 it is ln(EI / job).
    pub fn log_gain_per_cost(self, cost: JobCost, bar: f64) -> f64 {
        if cost.rest <= 0.0 {
            return log_improvement(self.mean, self.std, bar) - libm::log(cost.job);
        }
        let left = (self.std * self.std - self.explained * self.explained).max(1e-8 * self.std * self.std).sqrt();
        let share = 1.0 / f64::from(OUTCOMES);
        let (mut gain, mut best) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        // the best results first: the trial continues after the first i + 1 of them
        for i in 0..OUTCOMES {
            let z = std_normal::quantile((f64::from(i) + 0.5) * share);
            gain = log_add(gain, log_improvement(self.mean + self.explained * z, left, bar) + libm::log(share));
            let continued = f64::from(i + 1) * share;
            best = best.max(gain - libm::log(cost.job + continued * cost.rest));
        }
        best
    }
}

/// ln E[max(bar − value, 0)] of a normal value.
fn log_improvement(mean: f64, std: f64, bar: f64) -> f64 {
    libm::log(std) + log_h((bar - mean) / std)
}

/// ln(eᵃ + eᵇ), without overflow or underflow.
fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + libm::log1p(libm::exp(low - high)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTLOOK: Outlook = Outlook { mean: 0.3, std: 1.0, explained: 0.8 };

    #[test]
    fn at_the_full_resource_it_is_expected_improvement_per_cost() {
        let value = OUTLOOK.log_gain_per_cost(JobCost { job: 0.5, rest: 0.0 }, 0.0);
        let expected = libm::log(0.266_761_4 / 0.5);
        assert!((value - expected).abs() < 1e-6, "{value} {expected}");
    }

    #[test]
    fn a_job_that_tells_nothing_is_worth_as_much_as_the_whole_trial() {
        let outlook = Outlook { explained: 0.0, ..OUTLOOK };
        let value = outlook.log_gain_per_cost(JobCost { job: 0.1, rest: 0.9 }, 0.0);
        let whole = outlook.log_gain_per_cost(JobCost { job: 1.0, rest: 0.0 }, 0.0);
        assert!((value - whole).abs() < 1e-6, "{value} {whole}");
    }

    #[test]
    fn a_job_that_tells_everything_for_little_is_worth_more_than_the_full_resource() {
        let outlook = Outlook { explained: 1.0, ..OUTLOOK };
        let full = outlook.log_gain_per_cost(JobCost { job: 1.0, rest: 0.0 }, 0.0);
        let cheap = outlook.log_gain_per_cost(JobCost { job: 0.1, rest: 1.0 }, 0.0);
        assert!(cheap > full + 0.5, "{cheap} {full}");
        let dear = outlook.log_gain_per_cost(JobCost { job: 0.9, rest: 1.0 }, 0.0);
        assert!(dear < full, "{dear} {full}");
    }

    #[test]
    fn more_information_is_never_worth_less() {
        let values = (0..=10).map(|i| {
            let outlook = Outlook { explained: f64::from(i) / 10.0, ..OUTLOOK };
            outlook.log_gain_per_cost(JobCost { job: 0.2, rest: 0.8 }, -0.5)
        });
        let values: Vec<f64> = values.collect();
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0] - 0.02), "{values:?}");
    }

    #[test]
    fn improvements_too_small_for_a_float_are_still_compared() {
        let value = |mean: f64| Outlook { mean, ..OUTLOOK }.log_gain_per_cost(JobCost { job: 0.1, rest: 0.9 }, -60.0);
        assert!(value(0.0).is_finite() && value(0.0) > value(1.0));
    }
}

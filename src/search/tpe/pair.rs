//! The densities of good and of other results, and the ratio by which candidates are compared.

use super::kde::Density;
use crate::search::encoding::Encoding;

/// The vector and the cost of a result; a failure has infinite cost.
pub type EncodedResult = (Vec<f64>, f64);

/// Maximum number of results in a density; keeps a suggestion below a millisecond.
const MAX_POINTS: usize = 200;

/// l(x) and g(x) of Bergstra et al. 2011, and where jobs fail.
#[derive(Debug)]
pub struct DensityPair {
    good: Density,
    other: Density,
    /// `None` if no job failed.
    failures: Option<FailureModel>,
}

/// The densities of results with a value and of failures.
#[derive(Debug)]
struct FailureModel {
    successes: Density,
    failures: Density,
    /// The fraction of results that are not failures.
    share: f64,
}

impl DensityPair {
    /// The densities of the `good` results and the `other` ones, of which every k-th is used if they are many. All good ones have a
    /// value.
    pub fn new(encoding: &Encoding, good: &[&EncodedResult], other: &[&EncodedResult]) -> DensityPair {
        let (failed, rest): (Vec<&EncodedResult>, Vec<&EncodedResult>) =
            other.iter().partition(|row| row.1.is_infinite());
        let successes: Vec<&EncodedResult> = good.iter().copied().chain(rest).collect();
        let failures = (!failed.is_empty()).then(|| FailureModel {
            share: successes.len() as f64 / (successes.len() + failed.len()) as f64,
            successes: density(encoding, &successes),
            failures: density(encoding, &failed),
        });
        DensityPair { good: density(encoding, good), other: density(encoding, other), failures }
    }

    /// The density from which candidates are drawn.
    pub fn good(&self) -> &Density {
        &self.good
    }

    /// The logarithm of l(x)/g(x) times the probability that a job with `x` does not fail, up to a constant. The latter is γ/(γ + (1 −
    /// γ)·f(x)/s(x)) for the densities s of successes and f of failures and the share γ of successes (Gelbart, Snoek and Adams 2014,
    /// section 2.1, for the product; Watanabe and Hutter 2023, "c-TPE", section 3, for the ratio).
    pub fn log_ratio(&self, x: &[f64]) -> f64 {
        self.good.log_density(x)
            - self.other.log_density(x)
            - self.failures.as_ref().map_or(0.0, |model| model.penalty(x))
    }
}

impl FailureModel {
    fn penalty(&self, x: &[f64]) -> f64 {
        let odds = libm::exp(self.failures.log_density(x) - self.successes.log_density(x));
        libm::log(self.share + (1.0 - self.share) * odds)
    }
}

fn density(encoding: &Encoding, rows: &[&EncodedResult]) -> Density {
    let step = rows.len().div_ceil(MAX_POINTS).max(1);
    Density::new(encoding, rows.iter().step_by(step).map(|row| row.0.clone()).collect())
}

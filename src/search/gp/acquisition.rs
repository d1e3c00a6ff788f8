//! How much is to be hoped for at a point, given what the model believes there. All for minimisation, larger is better.

use std::f64::consts::PI;

use super::posterior::Belief;
use crate::space::gauss;

/// What a suggestion maximises.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Acquisition {
    /// ln of the expected improvement on the best value by more than `margin` (Ament et al. 2023, section 4: the logarithm keeps
    /// its gradient where the improvement itself vanishes).
    LogExpectedImprovement {
        /// ξ ≥ 0 in the transformed scale.
        margin: f64,
    },
    /// ln of the probability of an improvement by more than `margin`.
    LogProbability {
        /// ξ ≥ 0 in the transformed scale.
        margin: f64,
    },
    /// Minus the lower confidence bound: κ deviations below the mean.
    ConfidenceBound {
        /// κ ≥ 0.
        kappa: f64,
    },
}

/// An acquisition with its derivatives by mean and deviation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Merit {
    /// The acquisition.
    pub value: f64,
    /// ∂/∂ mean.
    pub by_mean: f64,
    /// ∂/∂ deviation.
    pub by_deviation: f64,
}

impl Acquisition {
    /// The merit of `belief` where `best` is the value to improve on.
    pub fn merit(self, belief: Belief, best: f64) -> Merit {
        let Belief { mean, deviation } = belief;
        match self {
            Acquisition::LogExpectedImprovement { margin } => {
                let z = (best - margin - mean) / deviation;
                // h' = Φ, so ∂ln EI/∂μ = −Φ/(σ·h) and ∂ln EI/∂σ = φ/(σ·h)
                let (cdf, pdf) = over_h(z);
                let value = libm::log(deviation) + log_h(z);
                Merit { value, by_mean: -cdf / deviation, by_deviation: pdf / deviation }
            }
            Acquisition::LogProbability { margin } => {
                let z = (best - margin - mean) / deviation;
                let hazard = hazard(z) / deviation;
                Merit { value: log_cdf(z), by_mean: -hazard, by_deviation: -hazard * z }
            }
            Acquisition::ConfidenceBound { kappa } => {
                Merit { value: kappa * deviation - mean, by_mean: -1.0, by_deviation: kappa }
            }
        }
    }
}

/// ln φ(z).
pub fn log_pdf(z: f64) -> f64 {
    -0.5 * (z * z + libm::log(2.0 * PI))
}

/// ln Φ(z).
pub fn log_cdf(z: f64) -> f64 {
    if z > TAIL { libm::log(gauss::cdf(z)) } else { log_pdf(z) - libm::log(hazard(z)) }
}

/// ln (φ(z) + z·Φ(z)): log expected improvement of a standard normal.
pub fn log_h(z: f64) -> f64 {
    if z > TAIL {
        return libm::log(pdf(z) + z * gauss::cdf(z));
    }
    // φ(z)·(1 − a·M(a)) with a = −z; with M = 1/(a + c), 1 − a·M = c·M
    let rest = mills_rest(-z);
    log_pdf(z) + libm::log(rest / (rest - z))
}

/// Below it, differences of φ and Φ lose too many digits, and quotients of both go by Mills' ratio.
const TAIL: f64 = -5.0;

fn pdf(z: f64) -> f64 {
    libm::exp(log_pdf(z))
}

/// Φ(z)/h and φ(z)/h with h = φ(z) + z·Φ(z).
fn over_h(z: f64) -> (f64, f64) {
    if z > TAIL {
        let (pdf, cdf) = (pdf(z), gauss::cdf(z));
        let h = pdf + z * cdf;
        return (cdf / h, pdf / h);
    }
    let rest = mills_rest(-z);
    (1.0 / rest, (rest - z) / rest)
}

/// φ(z)/Φ(z).
fn hazard(z: f64) -> f64 {
    if z > TAIL { pdf(z) / gauss::cdf(z) } else { mills_rest(-z) - z }
}

/// c in Mills' ratio (1 − Φ(a))/φ(a) = 1/(a + c) for a ≥ 5, by Laplace's continued fraction c = 1/(a + 2/(a + 3/(a + …))).
fn mills_rest(a: f64) -> f64 {
    (1..=24).rev().fold(0.0, |rest, k| f64::from(k) / (a + rest))
}

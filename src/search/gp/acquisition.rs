//! Acquisition functions: expected improvement, probability of improvement, confidence bound. All are for minimization of the
//! modelled value; a larger acquisition value is better.

use std::f64::consts::PI;

use super::posterior::Prediction;
use crate::types::std_normal;

/// What a suggestion maximizes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Acquisition {
    /// ln E[max(best − margin − value, 0)]. The logarithm has a useful gradient where the expected improvement itself vanishes
    /// (Ament et al. 2023, "Unexpected Improvements to Expected Improvement for Bayesian Optimization", section 4).
    LogExpectedImprovement {
        /// ξ ≥ 0, in units of the transformed values.
        margin: f64,
    },
    /// ln P(value < best − margin).
    LogProbabilityOfImprovement {
        /// ξ ≥ 0, in units of the transformed values.
        margin: f64,
    },
    /// κ·σ − μ, the negative lower confidence bound.
    ConfidenceBound {
        /// κ ≥ 0.
        kappa: f64,
    },
}

/// The value of an acquisition function and its partial derivatives.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AcquisitionValue {
    /// The value.
    pub value: f64,
    /// Derivative with respect to the predicted mean.
    pub d_mean: f64,
    /// Derivative with respect to the predicted standard deviation.
    pub d_std: f64,
}

impl Acquisition {
    /// The acquisition value of a prediction; `best` is the value to improve on.
    pub fn evaluate(self, prediction: Prediction, best: f64) -> AcquisitionValue {
        let Prediction { mean, std } = prediction;
        match self {
            Acquisition::LogExpectedImprovement { margin } => {
                let z = (best - margin - mean) / std;
                // h = φ(z) + z·Φ(z), h' = Φ, so ∂ln EI/∂μ = −Φ/(σ·h) and ∂ln EI/∂σ = φ/(σ·h)
                let (cdf, pdf) = over_h(z);
                let value = libm::log(std) + log_h(z);
                AcquisitionValue { value, d_mean: -cdf / std, d_std: pdf / std }
            }
            Acquisition::LogProbabilityOfImprovement { margin } => {
                let z = (best - margin - mean) / std;
                let hazard = hazard(z) / std;
                AcquisitionValue { value: log_cdf(z), d_mean: -hazard, d_std: -hazard * z }
            }
            Acquisition::ConfidenceBound { kappa } => {
                AcquisitionValue { value: kappa * std - mean, d_mean: -1.0, d_std: kappa }
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
    if z > TAIL { libm::log(std_normal::cdf(z)) } else { log_pdf(z) - libm::log(hazard(z)) }
}

/// ln(φ(z) + z·Φ(z)): the log expected improvement of a standard normal variable.
pub fn log_h(z: f64) -> f64 {
    if z > TAIL {
        return libm::log(pdf(z) + z * std_normal::cdf(z));
    }
    // φ(z)·(1 − a·M(a)) with a = −z and Mills' ratio M = 1/(a + c), so 1 − a·M = c·M.
    let c = mills_c(-z);
    log_pdf(z) + libm::log(c / (c - z))
}

/// Below it, φ + z·Φ loses too many digits to cancellation, and Mills' ratio is used.
const TAIL: f64 = -5.0;

fn pdf(z: f64) -> f64 {
    libm::exp(log_pdf(z))
}

/// Φ(z)/h and φ(z)/h with h = φ(z) + z·Φ(z).
fn over_h(z: f64) -> (f64, f64) {
    if z > TAIL {
        let (pdf, cdf) = (pdf(z), std_normal::cdf(z));
        let h = pdf + z * cdf;
        return (cdf / h, pdf / h);
    }
    let c = mills_c(-z);
    (1.0 / c, (c - z) / c)
}

/// φ(z)/Φ(z), the inverse Mills ratio.
fn hazard(z: f64) -> f64 {
    if z > TAIL { pdf(z) / std_normal::cdf(z) } else { mills_c(-z) - z }
}

/// c in Mills' ratio (1 − Φ(a))/φ(a) = 1/(a + c) for a ≥ 5, by Laplace's continued fraction c = 1/(a + 2/(a + 3/(a + …)))
/// (Abramowitz and Stegun, 26.2.14).
fn mills_c(a: f64) -> f64 {
    (1..=24).rev().fold(0.0, |c, k| f64::from(k) / (a + c))
}

//! Settings of the sampler.

use super::acquisition::Acquisition;
use super::kernel::KernelShape;

/// Settings of the sampler.
#[derive(Clone, PartialEq, Debug)]
pub struct Gp {
    /// The model.
    pub model: ModelSettings,
    /// The acquisition function.
    pub acquisition: Acquisition,
    /// Fraction of trials drawn at random, in [0, 1]: a guard against a wrong model. It can be small, because expected improvement
    /// explores too.
    pub random_fraction: f64,
    /// Number of initial trials drawn at random.
    pub initial: u64,
    /// Number of observations below which trials are drawn at random.
    pub min_observations: usize,
}

impl Default for Gp {
    fn default() -> Gp {
        Gp {
            model: ModelSettings::default(),
            acquisition: Acquisition::LogExpectedImprovement { margin: 0.0 },
            random_fraction: 0.02,
            initial: 0,
            min_observations: 10,
        }
    }
}

/// Settings of the model.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ModelSettings {
    /// The kernel over configurations.
    pub kernel: KernelShape,
    /// Starting point and prior mean of every length scale, as a fraction of the parameter's range; `None` for a default that
    /// depends on the number of parameters.
    pub length_scale: Option<f64>,
    /// Number of additional starting points of every fit, drawn from the priors.
    pub restarts: usize,
}

//! Settings of the sampler.

use rand::RngExt;

use super::acquisition::Acquisition;
use super::kernel::KernelShape;
use crate::types::stream::Stream;

/// Settings of the sampler.
#[derive(Clone, PartialEq, Debug)]
pub struct Gp {
    /// The model.
    pub model: ModelSettings,
    /// What a suggestion maximizes.
    pub criterion: Criterion,
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
            criterion: Criterion::DrawnMargin { highest: 0.03 },
            random_fraction: 0.02,
            initial: 0,
            min_observations: 10,
        }
    }
}

/// The lowest margin of [`Criterion::DrawnMargin`], in units of the transformed values.
const LOWEST_MARGIN: f64 = 1e-3;

/// What a suggestion maximizes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Criterion {
    /// Expected improvement by at least a margin that is drawn for each decision, its logarithm uniformly: one that
    /// suits every stage of a study is not known in advance (Jones 2001, "A Taxonomy of Global Optimization Methods Based on Response
    /// Surfaces", section 6; Lizotte 2008, "Practical Bayesian Optimization", section 3.3).
    /// Without a margin, most late trials repeat the incumbent for a small but certain improvement.
    DrawnMargin {
        /// The highest margin, in standard deviations of the results; the lowest is 0.001.
        highest: f64,
    },
    /// The same acquisition function for all trials.
    Fixed(Acquisition),
}

impl Criterion {
    /// The least improvement that counts, in units of the transformed values.
    pub(super) fn margin(self, stream: &mut Stream) -> f64 {
        match self {
            Criterion::DrawnMargin { highest } => {
                let (low, high) = (libm::log(LOWEST_MARGIN), libm::log(highest));
                libm::exp(low + stream.random::<f64>() * (high - low))
            }
            Criterion::Fixed(Acquisition::LogExpectedImprovement { margin }) => margin,
            Criterion::Fixed(_) => 0.0,
        }
    }

    /// The acquisition function with the margin that was drawn.
    pub(super) fn acquisition(self, margin: f64) -> Acquisition {
        match self {
            Criterion::DrawnMargin { .. } => Acquisition::LogExpectedImprovement { margin },
            Criterion::Fixed(acquisition) => acquisition,
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

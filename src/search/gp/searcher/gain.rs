//! The improvement that the model expects from further trials, for the limit `--patience`.

use super::{EFFORT, GpSearcher, Suggestion};
use crate::search::gp::acquisition::Acquisition;
use crate::search::gp::optimize::{AcquisitionFn, SearchRegion, maximize};
use crate::search::gp::subspace::Subspace;
use crate::search::observation::is_prior_trial;
use crate::search::{GainEstimate, GainRequest};
use crate::types::stream::{Purpose, stream};

/// What was gained counts from the median of so many first trials, or of all that were drawn before the first suggestion.
const FIRST_TRIALS: u64 = 10;

impl GpSearcher {
    /// The expected improvement at the best candidate times the number of trials, divided by the difference between the predicted means of
    /// the median of the first trials and of the best one.
    pub(super) fn gain(&mut self, request: &GainRequest) -> GainEstimate {
        self.gained_share(request).filter(|share| share.is_finite()).map_or(GainEstimate::Unknown, GainEstimate::Share)
    }

    fn gained_share(&mut self, request: &GainRequest) -> Option<f64> {
        self.fit_earlier_studies();
        if self.has_too_few_observations() {
            return None;
        }
        let ranking = self.model.ranking();
        let last_first = FIRST_TRIALS.max(self.settings.initial);
        let own = ranking.iter().filter(|ranked| !is_prior_trial(ranked.trial));
        // `ranking` is sorted by the mean
        let first: Vec<f64> = own.filter(|ranked| ranked.trial.0 < last_first).map(|ranked| ranked.mean).collect();
        let best = ranking.first()?.mean;
        let gained = first.get(first.len() / 2)? - best;
        let Suggestion::Configuration { x, .. } = self.suggestion(request.trial) else { return None };
        let improvement = Acquisition::LogExpectedImprovement { margin: 0.0 };
        let prediction = self.model.posterior()?.predict_batch(&[x]).first().copied()?;
        let mut log_gain = improvement.evaluate(prediction, best).value;
        let share = |log_gain: f64| (gained > 0.0).then(|| libm::exp(log_gain) * request.trials / gained);
        // The suggestion may be the best for a large margin or in a part of the space only.
        if share(log_gain)? < request.enough {
            let known: Vec<Vec<f64>> = ranking.into_iter().take(super::LOCAL_CENTERS).map(|ranked| ranked.x).collect();
            let function =
                AcquisitionFn { posterior: self.model.posterior()?, acquisition: improvement, best, belief: None };
            let mut stream = stream(self.seed, request.trial, Purpose::Model);
            let region = SearchRegion { known: &known, subspace: &Subspace::Whole };
            let found = maximize(function, &self.encoding, region, EFFORT, &mut stream);
            log_gain = found.first().map_or(log_gain, |(value, _)| value.max(log_gain));
        }
        share(log_gain)
    }
}

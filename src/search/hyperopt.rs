//! `hyperopt`, also called `tpe`: one of Hyperopt's three algorithms, each trial with the full budget.

use std::sync::Arc;

use super::Sampler;
use super::anneal::Anneal;
use super::random::Random;
use super::tpe::Tpe;
use crate::method::{Field, Method, MethodKind, Need};
use crate::schedule::ENDLESS;
use crate::schedule::full::Full;
use crate::words::args::{Args, Fault};

/// `kind: hyperopt`: `numRuns` trials, or `maxIterations` times as many where that is given too: in Polyaxon an iteration starts `numRuns`
/// runs. Without `numRuns` an iteration is one trial. No iteration is waited for: each suggestion follows from all that ended
/// before it.
///
/// `algorithm`: `tpe` (default), `rand` or `anneal`.
pub static KIND: MethodKind = MethodKind {
    names: &["hyperopt", "tpe"],
    fields: &[Field::optional("numRuns"), Field::optional("maxIterations"), Field::optional("algorithm")],
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Forbidden,
    build,
    advice: |_| Vec::new(),
};

/// Random draws before the densities are asked: Hyperopt's `n_startup_jobs`, but never more than half of the trials, so that a short study
/// learns too.
const STARTUP: u64 = 20;

/// The words of `algorithm`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Algorithm {
    #[default]
    Tpe,
    Rand,
    Anneal,
}

fn build(args: &Args) -> Result<Method, Vec<Fault>> {
    let mut reader = args.reader();
    let words = [("tpe", Algorithm::Tpe), ("rand", Algorithm::Rand), ("anneal", Algorithm::Anneal)];
    let algorithm = reader.word_or_absent("algorithm", &words).unwrap_or_default();
    let runs = reader.positive_or_absent("numRuns");
    let iterations = reader.positive_or_absent("maxIterations");
    if reader.raw("numRuns").is_none() && reader.raw("maxIterations").is_none() {
        reader.fault_at(Vec::new(), "`numRuns` is missing", Some("it is the number of trials".into()));
    }
    reader.finish(|| {
        let trials = runs.unwrap_or(1).saturating_mul(iterations.unwrap_or(1)).min(ENDLESS - 1);
        Some(Method { kind: "hyperopt", schedule: Arc::new(Full::new(trials)), sampler: sampler(algorithm, trials) })
    })
}

fn sampler(algorithm: Algorithm, trials: u64) -> Arc<dyn Sampler> {
    match algorithm {
        Algorithm::Tpe => Arc::new(Tpe { initial: STARTUP.min(trials / 2), random_fraction: 0.0, ..Tpe::default() }),
        Algorithm::Rand => Arc::new(Random),
        Algorithm::Anneal => Arc::new(Anneal),
    }
}

#[cfg(test)]
mod tests;

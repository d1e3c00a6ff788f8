//! `hyperopt`, also called `tpe`: one of Hyperopt's three algorithms.

use std::sync::Arc;

use super::kind::{Field, MatrixKind, Method, Need, no_advice};
use crate::schedule::UNLIMITED;
use crate::schedule::full_budget::FullBudget;
use crate::search::Sampler;
use crate::search::anneal::Anneal;
use crate::search::random::Random;
use crate::search::tpe::Tpe;
use crate::types::args::{ArgError, Args};

/// `kind: hyperopt`: `numRuns`·`maxIterations` trials with the full budget; each factor is 1 if absent, and one of them is
/// required.
///
/// In Polyaxon an iteration starts `numRuns` runs and waits for them. Here no iteration is waited for: each suggestion uses all
/// results so far.
///
/// `algorithm`: `tpe` (default), `rand` or `anneal`.
pub static KIND: MatrixKind = MatrixKind {
    names: &["hyperopt", "tpe"],
    fields: &[Field::optional("numRuns"), Field::optional("maxIterations"), Field::optional("algorithm")],
    trials: None,
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Forbidden,
    build,
    advice: no_advice,
};

/// Number of random draws before the first suggestion of `tpe` (Hyperopt's `n_startup_jobs`), but at most half of the trials.
const STARTUP: u64 = 20;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Algorithm {
    #[default]
    Tpe,
    Rand,
    Anneal,
}

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let words = [("tpe", Algorithm::Tpe), ("rand", Algorithm::Rand), ("anneal", Algorithm::Anneal)];
    let algorithm = reader.optional_keyword("algorithm", &words).unwrap_or_default();
    let runs = reader.optional_positive("numRuns");
    let iterations = reader.optional_positive("maxIterations");
    if reader.raw("numRuns").is_none() && reader.raw("maxIterations").is_none() {
        reader.error_at(Vec::new(), "`numRuns` is missing", Some("it is the number of trials".into()));
    }
    reader.finish(|| {
        let trials = runs.unwrap_or(1).saturating_mul(iterations.unwrap_or(1)).min(UNLIMITED - 1);
        let schedule = Arc::new(FullBudget::new(trials));
        Some(Method { kind: "hyperopt", schedule, sampler: sampler(algorithm, trials) })
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

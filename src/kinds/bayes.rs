//! `bayes`: Bayesian optimization with a Gaussian process, with Polyaxon's fields.

use std::sync::Arc;

use super::kind::{Field, MatrixKind, Method, Need};
use crate::schedule::UNLIMITED;
use crate::schedule::full_budget::FullBudget;
use crate::search::gp::{Acquisition, Criterion, Gp, KernelShape, ModelSettings};
use crate::types::args::{ArgError, ArgReader, Args, PathSegment};

/// `kind: bayes`: `numInitialRuns` random draws, then `maxIterations` suggestions, each with the full budget.
///
/// `utilityFunction` selects the acquisition function and the model; the default is the sampler `gp`.
/// - `acquisitionFunction`: `ucb` (default), `ei` or `poi`.
/// - `kappa` ≥ 0, for `ucb`: weight of the standard deviation in mean − κ·σ (default 1.2).
/// - `eps` ≥ 0, for `ei` and `poi`: minimum improvement, in standard deviations of the values as the model sees them (default 0),
///   so that it means the same for every metric (Brochu, Cora and de Freitas 2010, section 2.3, scale it by the signal variance).
/// - `gaussianProcess.kernel`: `matern` (default) or `rbf`; `nu` > 0 (default 1.5): see [`kernel_shape`].
/// - `gaussianProcess.lengthScale` > 0: where the fit of each parameter's length scale starts, as a fraction of the parameter's
///   range; the default depends on the number of parameters.
/// - `gaussianProcess.numRestartsOptimizer` (default 0): number of additional starting points of that fit.
pub static KIND: MatrixKind = MatrixKind {
    names: &["bayes"],
    fields: &[
        Field::required("numInitialRuns"),
        Field::required("maxIterations"),
        Field::mapping("utilityFunction", &UTILITY),
    ],
    trials: Some("`numInitialRuns` + `maxIterations`; set one, as in --set maxIterations=20"),
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Forbidden,
    build,
    advice,
};

const UTILITY: [Field; 6] = [
    Field::optional("acquisitionFunction"),
    Field::optional("kappa"),
    Field::optional("eps"),
    Field::mapping("gaussianProcess", &PROCESS),
    Field::optional("numWarmup"),
    Field::optional("numIterations"),
];

const PROCESS: [Field; 4] = [
    Field::optional("kernel"),
    Field::optional("lengthScale"),
    Field::optional("nu"),
    Field::optional("numRestartsOptimizer"),
];

/// Default of `kappa`, from the example in Polyaxon's documentation.
const DEFAULT_KAPPA: f64 = 1.2;
/// Default of `nu`, as in Polyaxon.
const DEFAULT_NU: f64 = 1.5;
/// Maximum of `numRestartsOptimizer`: each restart costs as much as the first fit.
const MAX_RESTARTS: u64 = 1000;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Utility {
    #[default]
    Ucb,
    Ei,
    Poi,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Kernel {
    #[default]
    Matern,
    Rbf,
}

/// The kernel used for Matérn smoothness `nu`: the nearest that has a closed form (ν = 1/2, 3/2, 5/2; halfway, the smoother
/// one), and from 7/2 the squared exponential, which data hardly distinguish from it (Rasmussen and Williams 2006, section 4.2).
fn kernel_shape(nu: f64) -> KernelShape {
    match nu {
        ..1.0 => KernelShape::Matern12,
        ..2.0 => KernelShape::Matern32,
        ..3.5 => KernelShape::Matern52,
        _ => KernelShape::SquaredExponential,
    }
}

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let initial = reader.positive("numInitialRuns");
    let iterations = reader.positive("maxIterations");
    let utility = reader.mapping("utilityFunction", read_utility);
    reader.finish(|| {
        let (initial, trials) = (initial?, initial?.saturating_add(iterations?).min(UNLIMITED - 1));
        let Gp { model, criterion, .. } = Gp::default();
        let (criterion, process) =
            utility.map_or((criterion, None), |(utility, process)| (Criterion::Fixed(utility), process));
        let model = process.unwrap_or(model);
        // Every trial after the initial runs is a suggestion of the model, as the field names say.
        let sampler = Gp { model, criterion, random_fraction: 0.0, initial, min_observations: 1 };
        Some(Method { kind: "bayes", schedule: Arc::new(FullBudget::new(trials)), sampler: Arc::new(sampler) })
    })
}

fn read_utility(reader: &mut ArgReader<'_>) -> (Acquisition, Option<ModelSettings>) {
    let words = [("ucb", Utility::Ucb), ("ei", Utility::Ei), ("poi", Utility::Poi)];
    let utility = reader.optional_keyword("acquisitionFunction", &words).unwrap_or_default();
    let kappa = read_non_negative(reader, "kappa").unwrap_or(DEFAULT_KAPPA);
    let margin = read_non_negative(reader, "eps").unwrap_or(0.0);
    let acquisition = match utility {
        Utility::Ucb => Acquisition::ConfidenceBound { kappa },
        Utility::Ei => Acquisition::LogExpectedImprovement { margin },
        Utility::Poi => Acquisition::LogProbabilityOfImprovement { margin },
    };
    (acquisition, reader.mapping("gaussianProcess", read_process))
}

fn read_process(reader: &mut ArgReader<'_>) -> ModelSettings {
    let words = [("matern", Kernel::Matern), ("rbf", Kernel::Rbf)];
    let kernel = reader.optional_keyword("kernel", &words).unwrap_or_default();
    let nu = read_positive(reader, "nu").unwrap_or(DEFAULT_NU);
    let length_scale = read_positive(reader, "lengthScale");
    let restarts = reader.optional_count("numRestartsOptimizer").unwrap_or(0);
    let message = format!("`numRestartsOptimizer` must be at most {MAX_RESTARTS}, found {restarts}");
    reader.check(restarts <= MAX_RESTARTS, "numRestartsOptimizer", message);
    let kernel = match kernel {
        Kernel::Matern => kernel_shape(nu),
        Kernel::Rbf => KernelShape::SquaredExponential,
    };
    ModelSettings { kernel, length_scale, restarts: restarts.min(MAX_RESTARTS) as usize }
}

fn read_non_negative(reader: &mut ArgReader<'_>, name: &str) -> Option<f64> {
    let number = reader.optional_number(name)?;
    reader.check(number >= 0.0, name, format!("`{name}` must be 0 or more, found {number}"));
    Some(number)
}

fn read_positive(reader: &mut ArgReader<'_>, name: &str) -> Option<f64> {
    let number = reader.optional_number(name)?;
    reader.check(number > 0.0, name, format!("`{name}` must be above 0, found {number}"));
    Some(number)
}

/// Warns about fields without effect and about a `nu` that is replaced.
fn advice(args: &Args) -> Vec<ArgError> {
    let Some(utility) = args.get("utilityFunction") else { return Vec::new() };
    let text = |path: &str| utility.pointer(path).and_then(|value| value.as_str());
    let is_ucb = text("/acquisitionFunction").is_none_or(|word| word == "ucb");
    let is_matern = text("/gaussianProcess/kernel").is_none_or(|word| word == "matern");
    let effort = "the effort per suggestion cannot be configured";
    let fields = [
        ("/kappa", is_ucb, "it applies to `ucb` only"),
        ("/eps", !is_ucb, "it applies to `ei` and `poi` only"),
        ("/gaussianProcess/nu", is_matern, "it applies to `matern` only"),
        ("/numWarmup", false, effort),
        ("/numIterations", false, effort),
    ];
    let unused =
        fields.into_iter().filter(|(path, used, _)| !used && utility.pointer(path).is_some_and(|v| !v.is_null()));
    let mut advice: Vec<ArgError> =
        unused.map(|(path, _, why)| warning(path, format!("has no effect: {why}"))).collect();
    let nu = utility.pointer("/gaussianProcess/nu").and_then(|value| value.as_f64());
    advice.extend(nu.filter(|_| is_matern).and_then(|nu| Some(warning("/gaussianProcess/nu", replaced_nu(nu)?))));
    advice
}

/// The smoothness that is used instead of `nu`; `None` if it is used unchanged.
fn replaced_nu(nu: f64) -> Option<String> {
    let (used, name) = match kernel_shape(nu) {
        KernelShape::Matern12 => (0.5, "0.5"),
        KernelShape::Matern32 => (1.5, "1.5"),
        KernelShape::Matern52 => (2.5, "2.5"),
        KernelShape::SquaredExponential => (f64::INFINITY, "infinite, as in `rbf`"),
    };
    (nu != used).then(|| format!("{nu} is taken as {name}"))
}

/// A warning at `path`, a JSON pointer into `utilityFunction`.
fn warning(path: &str, message: String) -> ArgError {
    let names = path.split('/').skip(1);
    let keys = ["utilityFunction"].into_iter().chain(names.clone()).map(|name| PathSegment::Key(name.to_owned()));
    let name = names.last().unwrap_or_default();
    ArgError { path: keys.collect(), message: format!("`{name}` {message}"), hint: None }
}

#[cfg(test)]
mod tests;

//! `bayes`: random draws, then what a Gaussian process over the configurations makes most of: Polyaxon's Bayesian optimization.

use std::sync::Arc;

use super::gp::Gp;
use super::gp::acquisition::Acquisition;
use super::gp::kernel::Shape;
use super::gp::model::Settings;
use crate::method::{Field, Method, MethodKind, Need};
use crate::schedule::ENDLESS;
use crate::schedule::full::Full;
use crate::words::args::{Args, Fault, Reader, Step};

/// `kind: bayes`: `numInitialRuns` random draws and `maxIterations` suggestions, each with the full budget.
///
/// `utilityFunction` says what a suggestion maximises and with which model; left out, both are those of `sampler: gp`.
/// - `acquisitionFunction`: `ucb` (default), `ei` or `poi`.
/// - `kappa` ≥ 0, for `ucb`: how many deviations of its own uncertainty a mean is given as a bonus (default 1.2).
/// - `eps` ≥ 0, for `ei` and `poi`: how much better counts as better, in standard deviations of all values as the model sees them (default 0),
///   so that it means the same for every metric (Brochu, Cora and de Freitas 2010, section 2.3, who scale it by the signal's variance).
/// - `gaussianProcess.kernel`: `matern` (default) or `rbf`; `nu` > 0 (default 1.5): see [`shape`].
/// - `gaussianProcess.lengthScale` > 0: where the search for each parameter's length starts, as a share of the parameter's range; the
///   default depends on the number of parameters.
/// - `gaussianProcess.numRestartsOptimizer` (default 0): from how many further places that search starts.
pub static KIND: MethodKind = MethodKind {
    names: &["bayes"],
    fields: &[
        Field::required("numInitialRuns"),
        Field::required("maxIterations"),
        Field::mapping("utilityFunction", &UTILITY),
    ],
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

/// κ where the file has none (the one in Polyaxon's documented example).
const KAPPA: f64 = 1.2;
/// ν where the file has none (Polyaxon's default).
const NU: f64 = 1.5;
/// Most further starts of a fit: each costs as much as the first.
const MOST_RESTARTS: u64 = 1000;

/// The words of `acquisitionFunction`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Utility {
    #[default]
    Bound,
    Improvement,
    Probability,
}

/// The words of `kernel`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Family {
    #[default]
    Matern,
    Gaussian,
}

/// The kernel that stands for Matérn's with smoothness ν: the nearest that has a closed form (1/2, 3/2, 5/2, the smoother of two that
/// are as near), and from 7/2 on the squared exponential, from which data hardly tell it (Rasmussen and Williams 2006, section 4.2).
pub fn shape(nu: f64) -> Shape {
    match nu {
        ..1.0 => Shape::Exponential,
        ..2.0 => Shape::Matern32,
        ..3.5 => Shape::Matern52,
        _ => Shape::Gaussian,
    }
}

fn build(args: &Args) -> Result<Method, Vec<Fault>> {
    let mut reader = args.reader();
    let initial = reader.positive("numInitialRuns");
    let iterations = reader.positive("maxIterations");
    let given = reader.mapping("utilityFunction", utility);
    reader.finish(|| {
        let (initial, runs) = (initial?, initial?.saturating_add(iterations?).min(ENDLESS - 1));
        let Gp { model, acquisition, .. } = Gp::default();
        let (acquisition, process) = given.unwrap_or((acquisition, None));
        let model = process.unwrap_or(model);
        // a suggestion is a suggestion: none is left to chance, however little is known
        let sampler = Gp { model, acquisition, random_fraction: 0.0, initial, least_readings: 1 };
        Some(Method { kind: "bayes", schedule: Arc::new(Full::new(runs)), sampler: Arc::new(sampler) })
    })
}

fn utility(reader: &mut Reader<'_>) -> (Acquisition, Option<Settings>) {
    let words = [("ucb", Utility::Bound), ("ei", Utility::Improvement), ("poi", Utility::Probability)];
    let utility = reader.word_or_absent("acquisitionFunction", &words).unwrap_or_default();
    let kappa = not_negative(reader, "kappa").unwrap_or(KAPPA);
    let margin = not_negative(reader, "eps").unwrap_or(0.0);
    let acquisition = match utility {
        Utility::Bound => Acquisition::ConfidenceBound { kappa },
        Utility::Improvement => Acquisition::LogExpectedImprovement { margin },
        Utility::Probability => Acquisition::LogProbability { margin },
    };
    (acquisition, reader.mapping("gaussianProcess", process))
}

fn process(reader: &mut Reader<'_>) -> Settings {
    let words = [("matern", Family::Matern), ("rbf", Family::Gaussian)];
    let family = reader.word_or_absent("kernel", &words).unwrap_or_default();
    let nu = positive(reader, "nu").unwrap_or(NU);
    let length = positive(reader, "lengthScale");
    let restarts = reader.count_or_absent("numRestartsOptimizer").unwrap_or(0);
    let few = format!("`numRestartsOptimizer` must be at most {MOST_RESTARTS}, found {restarts}");
    reader.check(restarts <= MOST_RESTARTS, "numRestartsOptimizer", few);
    let shape = match family {
        Family::Matern => shape(nu),
        Family::Gaussian => Shape::Gaussian,
    };
    Settings { shape, length, restarts: restarts.min(MOST_RESTARTS) as usize }
}

fn not_negative(reader: &mut Reader<'_>, name: &str) -> Option<f64> {
    let number = reader.number_or_absent(name)?;
    reader.check(number >= 0.0, name, format!("`{name}` must be 0 or more, found {number}"));
    Some(number)
}

fn positive(reader: &mut Reader<'_>, name: &str) -> Option<f64> {
    let number = reader.number_or_absent(name)?;
    reader.check(number > 0.0, name, format!("`{name}` must be above 0, found {number}"));
    Some(number)
}

/// Names what the file says and nothing follows from, and a smoothness that is not taken as it stands.
fn advice(args: &Args) -> Vec<Fault> {
    let Some(utility) = args.get("utilityFunction") else { return Vec::new() };
    let text = |path: &str| utility.pointer(path).and_then(|value| value.as_str());
    let is_bound = text("/acquisitionFunction").is_none_or(|word| word == "ucb");
    let is_matern = text("/gaussianProcess/kernel").is_none_or(|word| word == "matern");
    let idle = [
        ("/kappa", is_bound, "it belongs to `ucb`"),
        ("/eps", !is_bound, "it belongs to `ei` and `poi`"),
        ("/gaussianProcess/nu", is_matern, "it belongs to `matern`"),
        ("/numWarmup", false, "how long a suggestion is looked for is not up to the file"),
        ("/numIterations", false, "how long a suggestion is looked for is not up to the file"),
    ];
    let idle = idle.into_iter().filter(|(path, used, _)| !used && utility.pointer(path).is_some_and(|v| !v.is_null()));
    let mut advice: Vec<Fault> = idle.map(|(path, _, why)| note(path, format!("has no effect: {why}"))).collect();
    let nu = utility.pointer("/gaussianProcess/nu").and_then(|value| value.as_f64());
    advice.extend(nu.filter(|_| is_matern).and_then(|nu| Some(note("/gaussianProcess/nu", taken_as(nu)?))));
    advice
}

/// What a smoothness is taken as, unless it is taken as it stands.
fn taken_as(nu: f64) -> Option<String> {
    let (taken, name) = match shape(nu) {
        Shape::Exponential => (0.5, "0.5"),
        Shape::Matern32 => (1.5, "1.5"),
        Shape::Matern52 => (2.5, "2.5"),
        Shape::Gaussian => (f64::INFINITY, "infinite, as in `rbf`"),
    };
    (nu != taken).then(|| format!("{nu} is taken as {name}"))
}

/// A remark on the field at `path` (a JSON pointer) of the utility function.
fn note(path: &str, message: String) -> Fault {
    let names = path.split('/').skip(1);
    let keys = ["utilityFunction"].into_iter().chain(names.clone()).map(|name| Step::Key(name.to_owned()));
    let name = names.last().unwrap_or_default();
    Fault { path: keys.collect(), message: format!("`{name}` {message}"), hint: None }
}

#[cfg(test)]
mod tests;

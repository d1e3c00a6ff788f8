//! The importance of all parameters of a study.

use rand::RngExt;
use serde::Serialize;

use super::effect::{self, Effect, EffectPoint};
use super::forest::Forest;
use super::param_column::{self, ParamColumn};
use super::rows::{self, TrialRow};
use super::tree::TrainingSet;
use super::variance::{self, VarianceParts};

use crate::report::view::StudyView;
use crate::types::ids::TrialId;
use crate::types::objective::{Direction, Metric};
use crate::types::stream::{Purpose, Stream, stream};

/// Fewest trials with a value.
pub const MIN_TRIALS: usize = 10;
/// Maximum number of trials that are used: a random subset.
const MAX_TRIALS: usize = 1_000;
/// Minimum out-of-sample R² for shares to count as reliable.
const RELIABLE: f64 = 0.3;
/// So many trials per parameter are enough for a model that fits (Loeppky, Sacks & Welch 2009, "Choosing the Sample Size of a Computer
/// Experiment").
const TRIALS_PER_PARAM: usize = 10;
/// Maximum number of pairs.
const MAX_PAIRS: usize = 5;
/// Pairs with a smaller share are left out.
const MIN_PAIR: f64 = 0.01;

/// The importance of all parameters.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ImportanceView {
    /// The metric whose variance is divided.
    pub metric: Option<Metric>,
    /// Trials with a value.
    pub trials: u64,
    /// Those that were used: all, or a random subset of many.
    pub used: u64,
    /// Share of the variance that the model predicts for trials that it was not fitted to, ≤ 1.
    pub r_squared: f64,
    /// Whether the shares can be relied on: `r_squared` ≥ 0.3.
    pub reliable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreliable: Option<UnreliableReason>,
    /// The parameters, most important first.
    pub params: Vec<ParamImportance>,
    /// The strongest interactions of two parameters, at most 5, strongest first.
    pub pairs: Vec<PairImportance>,
    /// Parameters with the same value in all trials.
    pub constant: Vec<String>,
    /// Parameters that are not active in any trial.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inactive: Vec<String>,
}

/// Why shares cannot be relied on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreliableReason {
    /// There are fewer than ten trials per parameter.
    FewTrials,
    /// There are enough trials, but the model does not fit: noise, a cause that is no parameter, or effects that it cannot describe.
    PoorFit,
}

impl UnreliableReason {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            UnreliableReason::FewTrials => "too few trials to say",
            UnreliableReason::PoorFit => "the model does not fit",
        }
    }
}

/// The importance of a parameter.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ParamImportance {
    /// Its name.
    pub name: String,
    /// The share of the variance that it explains alone, in [0, 1]: its first-order Sobol' index.
    pub share: f64,
    /// The share with all its interactions, in [`share`, 1]: its total Sobol' index.
    pub total: f64,
    /// Standard deviation of `share` between parts of the forest, which are fitted to different resamples of the trials.
    pub spread: f64,
    /// The direction of the effect.
    pub effect: Effect,
    /// The mean value at some of its values, in order of the values.
    pub curve: Vec<EffectPoint>,
}

/// The share of the variance that two parameters explain together and neither explains alone.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PairImportance {
    /// Their names.
    pub names: [String; 2],
    /// In [0, 1].
    pub share: f64,
}

/// Why there is nothing to say about the importance of parameters.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ImportanceError {
    /// Too few trials have a value.
    #[error("{trials} of at least {MIN_TRIALS} trials that are needed have a value")]
    TooFewTrials {
        /// Trials with a value.
        trials: usize,
    },
    /// All trials have the same value.
    #[error("all {trials} trials have the same value")]
    SameValue {
        /// Trials with a value.
        trials: usize,
    },
    /// All trials have the same parameters.
    #[error("no parameter has different values in the {trials} trials with a value")]
    SameParams {
        /// Trials with a value.
        trials: usize,
    },
}

/// The importance of the parameters of `view`, by its metric (`report::ranking::rank_by` sets another one).
///
/// Each trial counts once, with its value at the highest resource that it reached, converted to the highest resource by the values of
/// the trials that continued from there. So all trials count, those that were not promoted too, and the resource itself does
/// not. The result depends on the view only.
///
/// # Errors
/// Too few trials have a value, or nothing varies.
pub fn importance(view: &StudyView) -> Result<ImportanceView, ImportanceError> {
    let mut rows = rows::rows(view);
    let trials = rows.len();
    if trials < MIN_TRIALS {
        return Err(ImportanceError::TooFewTrials { trials });
    }
    if rows.iter().all(|row| row.value == rows[0].value) {
        return Err(ImportanceError::SameValue { trials });
    }
    let mut random = stream(view.header.seed, TrialId(trials as u64), Purpose::Importance);
    subset(&mut rows, &mut random);
    let names = names(view, &rows);
    let mut columns: Vec<ParamColumn> = names.iter().filter_map(|name| ParamColumn::new(name, &rows)).collect();
    if columns.is_empty() {
        return Err(ImportanceError::SameParams { trials });
    }
    let unvaried = names.into_iter().filter(|name| columns.iter().all(|column| column.name != *name));
    let (constant, inactive) = unvaried.partition(|name| rows.iter().any(|row| row.params.get(name).is_some()));
    // The parameter that decides whether another one is active comes before it.
    columns.sort_by(|a, b| a.inactive.total_cmp(&b.inactive));
    let coordinates = |row: &TrialRow<'_>| columns.iter().map(|c| c.coordinate(row.params.get(&c.name))).collect();
    let set = TrainingSet {
        columns: &columns,
        rows: rows.iter().map(coordinates).collect(),
        values: rows.iter().map(|row| row.value).collect(),
    };
    let forest = Forest::fit(set, &mut random);
    let parts = variance::parts(&columns, &forest);
    let direction = view.direction().unwrap_or(Direction::Minimize);
    Ok(ImportanceView {
        metric: view.header.metric.clone(),
        trials: trials as u64,
        used: rows.len() as u64,
        r_squared: forest.r_squared,
        reliable: forest.r_squared >= RELIABLE,
        unreliable: (forest.r_squared < RELIABLE).then(|| match trials < TRIALS_PER_PARAM * columns.len() {
            true => UnreliableReason::FewTrials,
            false => UnreliableReason::PoorFit,
        }),
        params: params(&columns, &forest, &parts, direction),
        pairs: pairs(&columns, &parts),
        constant,
        inactive,
    })
}

/// Keeps a random subset of [`MAX_TRIALS`] in order (Fan et al. 1962, "Development of Sampling Plans", method 1).
fn subset(rows: &mut Vec<TrialRow<'_>>, random: &mut Stream) {
    let (mut left, mut wanted) = (rows.len(), MAX_TRIALS);
    rows.retain(|_| {
        let keep = random.random_range(0..left) < wanted;
        left -= 1;
        wanted -= usize::from(keep);
        keep
    });
}

/// The names of all parameters, in the order of the matrix.
fn names(view: &StudyView, rows: &[TrialRow<'_>]) -> Vec<String> {
    let mut names: indexmap::IndexSet<&str> = view.header.params.iter().map(String::as_str).collect();
    rows.iter().for_each(|row| names.extend(row.params.iter().map(|(name, _)| name)));
    names.into_iter().map(str::to_owned).collect()
}

fn params(
    columns: &[ParamColumn],
    forest: &Forest,
    parts: &VarianceParts,
    direction: Direction,
) -> Vec<ParamImportance> {
    let resampled: Vec<VarianceParts> = forest.divided().iter().map(|part| variance::parts(columns, part)).collect();
    let param = |(i, column): (usize, &ParamColumn)| {
        let share = share(parts.main[i], parts);
        let total = self::share(parts.total[i], parts).max(share);
        let grid = column.grid();
        let means = forest.marginal(i, grid);
        let point = |(at, mean): (&param_column::GridValue, &f64)| EffectPoint {
            value: at.value.clone().unwrap_or_default(),
            active: at.value.is_some(),
            mean: *mean,
        };
        ParamImportance {
            name: column.name.clone(),
            share,
            total,
            spread: deviation(resampled.iter().map(|parts| self::share(parts.main[i], parts))),
            effect: effect::effect(grid, &means, total, direction),
            curve: grid.iter().zip(&means).map(point).collect(),
        }
    };
    let mut params: Vec<ParamImportance> = columns.iter().enumerate().map(param).collect();
    params.sort_by(|a, b| b.total.total_cmp(&a.total));
    params
}

fn pairs(columns: &[ParamColumn], parts: &VarianceParts) -> Vec<PairImportance> {
    let count = columns.len();
    let pair = |(i, j): (usize, usize)| PairImportance {
        names: [columns[i].name.clone(), columns[j].name.clone()],
        share: share(parts.pairs[i][j], parts),
    };
    let mut pairs: Vec<PairImportance> = (0..count)
        .flat_map(|i| (i + 1..count).map(move |j| (i, j)))
        .map(pair)
        .filter(|pair| pair.share >= MIN_PAIR)
        .collect();
    pairs.sort_by(|a, b| b.share.total_cmp(&a.share));
    pairs.truncate(MAX_PAIRS);
    pairs
}

fn share(part: f64, parts: &VarianceParts) -> f64 {
    if parts.whole > 0.0 { (part / parts.whole).clamp(0.0, 1.0) } else { 0.0 }
}

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(2) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt()
}

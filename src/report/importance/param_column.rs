//! A parameter's values as coordinates that follow the distribution of the matrix.

use serde_json::Value;

use super::rows::TrialRow;
use crate::report::plot::scale::Scale;

/// From this number of drawn configurations on their values are the distribution of a parameter; with fewer it is even over the range,
/// on a logarithmic scale where the range spans some decades.
const MIN_DRAWN: usize = 32;
/// Maximum number of numbers that are levels; more are a continuous range.
const MAX_STEPS: usize = 32;
/// Maximum number of categories; rarer ones are one category.
pub const MAX_CATEGORIES: usize = 64;
/// Number of values at which the effect of a continuous parameter is evaluated.
const GRID: usize = 9;

/// A value of a parameter in a trial: `None` where the parameter is not active.
pub type ParamValue<'a> = Option<&'a Value>;

/// A set of coordinates of one parameter.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum CoordinateSet {
    /// From the first to the second, of an ordered parameter; its mass is its length.
    Interval(f64, f64),
    /// The categories whose bit is set.
    Categories(u64),
}

/// A value whose effect is evaluated.
#[derive(Clone, PartialEq, Debug)]
pub struct GridValue {
    /// `None` where the parameter is not active.
    pub value: Option<Value>,
    /// Its coordinate.
    pub coordinate: f64,
    /// Whether it is a number, which has an order.
    pub is_number: bool,
}

/// The coordinates of a parameter. Where all values are numbers, they are in [0, 1] and evenly distributed; null and being inactive are
/// intervals of their own before the numbers. Otherwise they are indices of categories, and null and being inactive are categories.
#[derive(Clone, Debug)]
pub struct ParamColumn {
    /// The parameter's name.
    pub name: String,
    /// Share of trials in which it is not active.
    pub inactive: f64,
    grid: Vec<GridValue>,
    kind: ColumnKind,
}

#[derive(Clone, Debug)]
enum ColumnKind {
    /// Values that have intervals, ascending: null and inactive, then numbers. The end of each interval.
    Steps { values: Vec<Option<Value>>, ends: Vec<f64> },
    /// Null and inactive with the end of their intervals, then the distribution of numbers.
    Continuous { special: Vec<Option<Value>>, ends: Vec<f64>, numbers: Distribution },
    /// The masses of the categories.
    Categories { values: Vec<Option<Value>>, masses: Vec<f64> },
}

#[derive(Clone, Debug)]
enum Distribution {
    Sample(Vec<f64>),
    Even { scale: Scale, low: f64, high: f64 },
}

impl Distribution {
    fn of(numbers: &[f64], drawn: &[f64]) -> Distribution {
        if drawn.len() >= MIN_DRAWN {
            return Distribution::Sample(sorted(drawn));
        }
        let scale = Scale::of_numbers(numbers.iter().copied());
        let positions = || numbers.iter().filter_map(|number| scale.position(*number));
        let (low, high) = (positions().fold(1.0, f64::min), positions().fold(0.0, f64::max));
        Distribution::Even { scale, low, high }
    }

    /// The distribution function at `number`.
    fn at(&self, number: f64) -> f64 {
        match self {
            Distribution::Sample(sorted) => {
                let (below, up_to) =
                    (sorted.partition_point(|x| *x < number), sorted.partition_point(|x| *x <= number));
                (below + up_to) as f64 / (2 * sorted.len()) as f64
            }
            Distribution::Even { scale, low, high } => {
                let at = scale.position(number).unwrap_or(0.5);
                if high > low { ((at - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
            }
        }
    }
}

impl ParamColumn {
    /// The column of `name`; `None` if all trials have the same value.
    pub fn new(name: &str, rows: &[TrialRow<'_>]) -> Option<ParamColumn> {
        let values: Vec<ParamValue<'_>> = rows.iter().map(|row| row.params.get(name)).collect();
        let drawn: Vec<ParamValue<'_>> =
            rows.iter().filter(|row| row.is_drawn).map(|row| row.params.get(name)).collect();
        let levels = levels(&values);
        if levels.len() < 2 {
            return None;
        }
        let is_number = |value: &ParamValue<'_>| value.is_some_and(Value::is_number);
        let is_ordered = levels.iter().all(|value| is_number(value) || is_special(value));
        let kind = match (is_ordered, levels.len() <= MAX_STEPS) {
            (false, _) => categories(levels, &values, &drawn),
            (true, true) => {
                let masses = masses(&levels, &values, &drawn);
                ColumnKind::Steps { ends: cumulated(&masses), values: owned(&levels) }
            }
            (true, false) => continuous(&levels, &values, &drawn),
        };
        let inactive = values.iter().filter(|value| value.is_none()).count() as f64 / values.len() as f64;
        let mut column = ParamColumn { name: name.to_owned(), inactive, grid: Vec::new(), kind };
        column.grid = column.grid_of(&values);
        Some(column)
    }

    /// The coordinate of `value`.
    pub fn coordinate(&self, value: ParamValue<'_>) -> f64 {
        let index = |values: &[Option<Value>]| values.iter().position(|other| is_same(&other.as_ref(), &value));
        match &self.kind {
            ColumnKind::Steps { values, ends } => index(values).map_or(0.5, |i| middle(ends, i)),
            ColumnKind::Continuous { special, ends, numbers } => match index(special) {
                Some(i) => middle(ends, i),
                None => {
                    let before = ends.last().copied().unwrap_or(0.0);
                    before + (1.0 - before) * numbers.at(value.and_then(Value::as_f64).unwrap_or(0.0))
                }
            },
            ColumnKind::Categories { values, .. } => index(values).unwrap_or(values.len() - 1) as f64,
        }
    }

    /// Whether the parameter has categories, not numbers.
    pub fn is_categorical(&self) -> bool {
        matches!(self.kind, ColumnKind::Categories { .. })
    }

    /// All coordinates.
    pub fn whole(&self) -> CoordinateSet {
        match &self.kind {
            ColumnKind::Categories { values, .. } => {
                CoordinateSet::Categories(u64::MAX >> (MAX_CATEGORIES - values.len()))
            }
            _ => CoordinateSet::Interval(0.0, 1.0),
        }
    }

    /// Where to split an ordered parameter between the neighbouring coordinates `left` < `right`: at the end of an interval, or halfway.
    pub fn threshold(&self, left: f64, right: f64) -> f64 {
        let ends = match &self.kind {
            ColumnKind::Steps { ends, .. } | ColumnKind::Continuous { ends, .. } => ends.as_slice(),
            ColumnKind::Categories { .. } => &[],
        };
        let end = ends.iter().copied().find(|end| *end > left && *end <= right);
        end.unwrap_or_else(|| left + (right - left) / 2.0)
    }

    /// The probability of `set`.
    pub fn mass(&self, set: CoordinateSet) -> f64 {
        match (set, &self.kind) {
            (CoordinateSet::Interval(low, high), _) => (high - low).max(0.0),
            (CoordinateSet::Categories(bits), ColumnKind::Categories { masses, .. }) => {
                masses.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, mass)| mass).sum()
            }
            (CoordinateSet::Categories(_), _) => 0.0,
        }
    }

    /// The values at which its effect is evaluated: all categories and levels; of a continuous range values at even distances in
    /// probability.
    pub fn grid(&self) -> &[GridValue] {
        &self.grid
    }

    fn grid_of(&self, values: &[ParamValue<'_>]) -> Vec<GridValue> {
        let mut shown: Vec<Option<Value>> = match &self.kind {
            ColumnKind::Steps { values, .. } | ColumnKind::Categories { values, .. } => values.clone(),
            ColumnKind::Continuous { special, .. } => special.clone(),
        };
        if let ColumnKind::Continuous { .. } = self.kind {
            let mut numbers: Vec<&Value> = values.iter().copied().flatten().filter(|value| value.is_number()).collect();
            numbers.sort_by(|a, b| a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0)));
            shown.extend((0..GRID).map(|i| Some(numbers[(numbers.len() - 1) * i / (GRID - 1)].clone())));
        }
        let is_number = |value: &Option<Value>| !self.is_categorical() && value.as_ref().is_some_and(Value::is_number);
        let grid = shown.into_iter().map(|value| GridValue {
            coordinate: self.coordinate(value.as_ref()),
            is_number: is_number(&value),
            value,
        });
        grid.collect()
    }
}

fn is_special(value: &ParamValue<'_>) -> bool {
    value.is_none_or(Value::is_null)
}

/// Inactive, null, numbers ascending, then other values in order of their first trial.
fn levels<'a>(values: &[ParamValue<'a>]) -> Vec<ParamValue<'a>> {
    let mut seen = std::collections::HashSet::new();
    let key =
        |value: &ParamValue<'_>| value.map(|value| value.as_f64().map_or_else(|| value.to_string(), |x| x.to_string()));
    let mut levels: Vec<ParamValue<'a>> = values.iter().copied().filter(|value| seen.insert(key(value))).collect();
    let rank = |value: &ParamValue<'_>| match value {
        None => (0, 0.0),
        Some(Value::Null) => (1, 0.0),
        Some(value) => value.as_f64().map_or((3, 0.0), |number| (2, number)),
    };
    levels.sort_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)));
    levels
}

/// The probability of each level: its frequency in drawn configurations; with few of them even among values, and the frequency in all
/// trials of null and of being inactive.
fn masses(levels: &[ParamValue<'_>], values: &[ParamValue<'_>], drawn: &[ParamValue<'_>]) -> Vec<f64> {
    let share = |level: &ParamValue<'_>, among: &[ParamValue<'_>]| {
        among.iter().filter(|value| is_same(value, level)).count() as f64 / among.len().max(1) as f64
    };
    let mut masses: Vec<f64> = if drawn.len() >= MIN_DRAWN {
        levels.iter().map(|level| share(level, drawn)).collect()
    } else {
        let special: f64 = levels.iter().filter(|level| level.is_none()).map(|level| share(level, values)).sum();
        let others = levels.iter().filter(|level| level.is_some()).count().max(1) as f64;
        levels.iter().map(|level| if level.is_none() { special } else { (1.0 - special) / others }).collect()
    };
    let sum: f64 = masses.iter().sum();
    masses.iter_mut().for_each(|mass| *mass /= if sum > 0.0 { sum } else { 1.0 });
    masses
}

fn is_same(one: &ParamValue<'_>, other: &ParamValue<'_>) -> bool {
    match (one.and_then(Value::as_f64), other.and_then(Value::as_f64)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn categories(mut levels: Vec<ParamValue<'_>>, values: &[ParamValue<'_>], drawn: &[ParamValue<'_>]) -> ColumnKind {
    if levels.len() > MAX_CATEGORIES {
        levels.sort_by_key(|level| std::cmp::Reverse(values.iter().filter(|value| is_same(value, level)).count()));
        levels.truncate(MAX_CATEGORIES);
    }
    ColumnKind::Categories { masses: masses(&levels, values, drawn), values: owned(&levels) }
}

fn continuous(levels: &[ParamValue<'_>], values: &[ParamValue<'_>], drawn: &[ParamValue<'_>]) -> ColumnKind {
    let special: Vec<ParamValue<'_>> = levels.iter().copied().filter(is_special).collect();
    let among = if drawn.len() >= MIN_DRAWN { drawn } else { values };
    let share = |level: &ParamValue<'_>| among.iter().filter(|v| is_same(v, level)).count() as f64 / among.len() as f64;
    let ends = cumulated(&special.iter().map(share).collect::<Vec<_>>());
    let numbers =
        |of: &[ParamValue<'_>]| of.iter().filter_map(|value| value.and_then(Value::as_f64)).collect::<Vec<_>>();
    ColumnKind::Continuous {
        ends,
        special: owned(&special),
        numbers: Distribution::of(&numbers(values), &numbers(drawn)),
    }
}

fn owned(levels: &[ParamValue<'_>]) -> Vec<Option<Value>> {
    levels.iter().map(|level| level.cloned()).collect()
}

fn cumulated(masses: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let ends = masses.iter().map(|mass| {
        sum += mass;
        sum
    });
    ends.collect()
}

/// The middle of the `i`-th interval.
fn middle(ends: &[f64], i: usize) -> f64 {
    let start = if i == 0 { 0.0 } else { ends[i - 1] };
    start + (ends[i] - start) / 2.0
}

fn sorted(numbers: &[f64]) -> Vec<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

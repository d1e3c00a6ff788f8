//! Regression trees as lists of leaves (Breiman et al. 1984, "Classification and Regression Trees", chapter 8).

use rand::RngExt;

use super::param_column::{CoordinateSet, MAX_CATEGORIES, ParamColumn};
use crate::types::stream::Stream;

/// Smallest number of rows in a leaf, repeated rows included.
const MIN_LEAF: usize = 2;
/// A later column must be better than an earlier one by this factor, so that the same division of the rows is always taken from the
/// earliest: a condition counts for the parameter that decides it.
const MARGIN: f64 = 1.0 + 1e-9;

/// The rows that trees are fitted to.
#[derive(Debug)]
pub struct TrainingSet<'a> {
    pub columns: &'a [ParamColumn],
    /// A coordinate per column, by rows.
    pub rows: Vec<Vec<f64>>,
    /// The value of each row.
    pub values: Vec<f64>,
}

/// A region with one value.
#[derive(Clone, PartialEq, Debug)]
pub struct Leaf {
    /// The columns that restrict it, ascending, with what they allow and the probability of that.
    pub restrictions: Vec<(usize, CoordinateSet, f64)>,
    /// Its probability.
    pub mass: f64,
    /// Mean of the rows in it.
    pub value: f64,
}

impl Leaf {
    /// Whether `row` is in it.
    pub fn contains(&self, row: &[f64]) -> bool {
        self.restrictions.iter().all(|(column, set, _)| contains(*set, row[*column]))
    }
}

/// Whether `set` has `coordinate`.
pub fn contains(set: CoordinateSet, coordinate: f64) -> bool {
    match set {
        CoordinateSet::Interval(low, high) => (low..high).contains(&coordinate) || (high == 1.0 && coordinate == 1.0),
        CoordinateSet::Categories(bits) => bits >> (coordinate as u64).min(63) & 1 == 1,
    }
}

/// A node that may become two.
struct Node {
    rows: Vec<usize>,
    region: Vec<CoordinateSet>,
    split: Option<Split>,
}

#[derive(Clone, Copy)]
struct Split {
    column: usize,
    left: CoordinateSet,
    right: CoordinateSet,
    /// By how much it reduces the sum of squares.
    gain: f64,
}

/// The leaves of a tree for `sample`, rows of `set` with repetitions; at most `max_leaves`, the best split first. Each node looks at
/// `tried` columns.
pub fn grow(
    set: &TrainingSet<'_>,
    sample: Vec<usize>,
    max_leaves: usize,
    tried: usize,
    stream: &mut Stream,
) -> Vec<Leaf> {
    let region = set.columns.iter().map(ParamColumn::whole).collect();
    let mut nodes = vec![node(set, sample, region, tried, stream)];
    while nodes.len() < max_leaves {
        let gain = |node: &Node| node.split.map_or(0.0, |split| split.gain);
        let Some(best) = (0..nodes.len()).max_by(|a, b| gain(&nodes[*a]).total_cmp(&gain(&nodes[*b]))) else { break };
        let Some(split) = nodes[best].split else { break };
        let Node { rows, region, .. } = nodes.swap_remove(best);
        let (left, right): (Vec<usize>, Vec<usize>) =
            rows.into_iter().partition(|row| contains(split.left, set.rows[*row][split.column]));
        for (rows, part) in [(left, split.left), (right, split.right)] {
            let mut region = region.clone();
            region[split.column] = part;
            nodes.push(node(set, rows, region, tried, stream));
        }
    }
    nodes.iter().map(|node| leaf(set, node)).collect()
}

fn node(
    set: &TrainingSet<'_>,
    rows: Vec<usize>,
    region: Vec<CoordinateSet>,
    tried: usize,
    stream: &mut Stream,
) -> Node {
    let mut columns: Vec<usize> = (0..set.columns.len()).collect();
    while columns.len() > tried {
        columns.remove(stream.random_range(0..columns.len()));
    }
    let mut split: Option<Split> = None;
    for column in columns {
        let found = match region[column] {
            CoordinateSet::Interval(low, high) => ordered_split(set, &rows, column, (low, high)),
            CoordinateSet::Categories(bits) => category_split(set, &rows, column, bits),
        };
        if let Some(found) = found
            && split.is_none_or(|split| found.gain > split.gain * MARGIN)
        {
            split = Some(found);
        }
    }
    Node { rows, region, split }
}

/// Count and sum of values.
#[derive(Clone, Copy, Default)]
struct Sums {
    count: usize,
    sum: f64,
}

impl Sums {
    fn add(&mut self, other: Sums) {
        self.count += other.count;
        self.sum += other.sum;
    }

    /// By how much a division into `self` and the rest of `all` reduces the sum of squares; `None` if a part is too small.
    fn gain(self, all: Sums) -> Option<f64> {
        let rest = Sums { count: all.count - self.count, sum: all.sum - self.sum };
        let square = |part: Sums| part.sum * part.sum / part.count as f64;
        let gain = || square(self) + square(rest) - square(all);
        (self.count >= MIN_LEAF && rest.count >= MIN_LEAF).then(gain).filter(|gain| *gain > 0.0)
    }
}

fn ordered_split(set: &TrainingSet<'_>, rows: &[usize], column: usize, (low, high): (f64, f64)) -> Option<Split> {
    let mut sorted: Vec<(f64, f64)> = rows.iter().map(|row| (set.rows[*row][column], set.values[*row])).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all = Sums { count: sorted.len(), sum: sorted.iter().map(|(_, value)| value).sum() };
    let (mut left, mut best): (Sums, Option<(f64, f64)>) = (Sums::default(), None);
    for pair in sorted.windows(2) {
        left.add(Sums { count: 1, sum: pair[0].1 });
        if pair[0].0 < pair[1].0
            && let Some(gain) = left.gain(all)
            && best.is_none_or(|(_, other)| gain > other)
        {
            best = Some((set.columns[column].threshold(pair[0].0, pair[1].0), gain));
        }
    }
    let (at, gain) = best?;
    let (left, right) = (CoordinateSet::Interval(low, at), CoordinateSet::Interval(at, high));
    Some(Split { column, left, right, gain })
}

/// The best division of categories in two is one of their order by means (Breiman et al. 1984, theorem 4.5).
fn category_split(set: &TrainingSet<'_>, rows: &[usize], column: usize, bits: u64) -> Option<Split> {
    let mut sums = [Sums::default(); MAX_CATEGORIES];
    for row in rows {
        let category = (set.rows[*row][column] as usize).min(MAX_CATEGORIES - 1);
        sums[category].add(Sums { count: 1, sum: set.values[*row] });
    }
    let mean = |i: usize| sums[i].sum / sums[i].count as f64;
    let mut present: Vec<usize> = (0..MAX_CATEGORIES).filter(|i| sums[*i].count > 0).collect();
    present.sort_by(|a, b| mean(*a).total_cmp(&mean(*b)));
    let mut all = Sums::default();
    present.iter().for_each(|i| all.add(sums[*i]));
    let (mut left, mut left_bits, mut best) = (Sums::default(), 0, None::<(u64, f64)>);
    for i in present.iter().take(present.len().saturating_sub(1)) {
        left.add(sums[*i]);
        left_bits |= 1 << i;
        if let Some(gain) = left.gain(all)
            && best.is_none_or(|(_, other)| gain > other)
        {
            best = Some((left_bits, gain));
        }
    }
    // Categories without rows here go to the right.
    let (left, gain) = best?;
    Some(Split { column, left: CoordinateSet::Categories(left), right: CoordinateSet::Categories(bits & !left), gain })
}

fn leaf(set: &TrainingSet<'_>, node: &Node) -> Leaf {
    let restricted = node.region.iter().enumerate().filter(|(column, part)| **part != set.columns[*column].whole());
    let restrictions: Vec<_> =
        restricted.map(|(column, part)| (column, *part, set.columns[column].mass(*part))).collect();
    let sum: f64 = node.rows.iter().map(|row| set.values[*row]).sum();
    let mass = restrictions.iter().map(|(_, _, mass)| mass).product();
    Leaf { restrictions, mass, value: sum / node.rows.len().max(1) as f64 }
}

//! The columns of `trials`.

use std::cmp::Ordering;

use indexmap::IndexSet;
use serde_json::Value;

use super::trials::TrialView;
use super::view::StudyView;
use super::{metrics, number, text};

/// A column.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Its name in JSON and in the table.
    pub name: String,
    field: Field,
}

/// What a column shows.
#[derive(Clone, PartialEq, Debug)]
enum Field {
    Trial,
    Bracket,
    Status,
    Resource,
    Value,
    Jobs,
    Duration,
    Reason,
    Param(String),
    Metric(String),
}

/// The fields with a name of their own; the resource and the value also have the names that the study gives them.
const FIELDS: [(&str, Field); 8] = [
    ("trial", Field::Trial),
    ("bracket", Field::Bracket),
    ("status", Field::Status),
    ("resource", Field::Resource),
    ("value", Field::Value),
    ("jobs", Field::Jobs),
    ("duration_s", Field::Duration),
    ("reason", Field::Reason),
];

/// The cell of a parameter that a trial does not have.
const INACTIVE: &str = "–";

/// A name of which the trials have no field.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no trial has a field `{name}`; there are {}", .known.join(", "))]
pub struct UnknownColumnError {
    name: String,
    known: Vec<String>,
}

impl Column {
    fn new(name: &str, field: Field) -> Column {
        Column { name: name.to_owned(), field }
    }

    /// The column called `name`: a field, a parameter (`params.lr` or `lr`) or a metric (`metrics.acc` or `acc`).
    ///
    /// # Errors
    /// No trial of `view` has it.
    pub fn named(name: &str, view: &StudyView, trials: &[TrialView]) -> Result<Column, UnknownColumnError> {
        let params = param_names(trials);
        let metrics: IndexSet<String> = trials.iter().flat_map(TrialView::metric_names).collect();
        let param = |name: &str| params.contains(name).then(|| Field::Param(name.to_owned()));
        let metric = |name: &str| {
            let known = metrics.contains(name) || metrics.contains(&name.replace('/', "."));
            known.then(|| Field::Metric(name.to_owned()))
        };
        let own = || {
            let is = |own: Option<&str>| own == Some(name);
            let resource = is(view.header.resource_name()).then_some(Field::Resource);
            resource.or_else(|| is(view.header.metric.as_ref().map(|m| m.name.as_str())).then_some(Field::Value))
        };
        let prefixed = || {
            let found = name.strip_prefix("params.").and_then(param);
            found.or_else(|| name.strip_prefix("metrics.").and_then(metric))
        };
        let fixed = FIELDS.iter().find(|(other, _)| *other == name).map(|(_, field)| field.clone());
        let field = fixed.or_else(own).or_else(|| param(name)).or_else(prefixed).or_else(|| metric(name));
        field.map(|field| Column::new(name, field)).ok_or_else(|| {
            let fields = FIELDS.iter().map(|(name, _)| (*name).to_owned());
            let params = params.iter().map(|name| format!("params.{name}"));
            let metrics = metrics.iter().map(|name| format!("metrics.{name}"));
            UnknownColumnError { name: name.to_owned(), known: fields.chain(params).chain(metrics).collect() }
        })
    }

    /// Those of the table if none are chosen; reasons only if some trial has one.
    pub fn usual(view: &StudyView, trials: &[TrialView]) -> Vec<Column> {
        let mut columns: Vec<_> = FIELDS[..3].iter().map(|(name, field)| Column::new(name, field.clone())).collect();
        columns.extend(view.header.resource_name().map(|name| Column::new(name, Field::Resource)));
        columns.extend(view.header.metric.as_ref().map(|metric| Column::new(&metric.name, Field::Value)));
        columns.push(Column::new("duration_s", Field::Duration));
        columns.extend(param_names(trials).into_iter().map(|name| Column::new(name, Field::Param(name.to_owned()))));
        let has_reason = trials.iter().any(|trial| trial.reason.is_some());
        columns.extend(has_reason.then(|| Column::new("reason", Field::Reason)));
        columns
    }

    /// Its place in the order in which columns are omitted where space is short; `None` if it never is.
    fn omission(&self, trials: &[TrialView]) -> Option<u8> {
        let is_constant = || trials.windows(2).all(|pair| self.json(&pair[0]) == self.json(&pair[1]));
        match &self.field {
            Field::Bracket => Some(0),
            Field::Duration => Some(1),
            Field::Param(_) if is_constant() => Some(2),
            Field::Param(_) => Some(3),
            Field::Reason => Some(4),
            Field::Status => Some(5),
            Field::Trial | Field::Resource | Field::Value | Field::Jobs | Field::Metric(_) => None,
        }
    }

    /// Whether it shows text, for the side it is aligned to.
    pub fn is_reason(&self) -> bool {
        self.field == Field::Reason
    }

    /// Its value as JSON; null if `trial` has none.
    pub fn json(&self, trial: &TrialView) -> Value {
        match &self.field {
            Field::Trial => trial.trial.0.into(),
            Field::Bracket => trial.bracket.into(),
            Field::Status => trial.status.name().into(),
            Field::Resource => number::json(trial.resource.amount()),
            Field::Value => trial.score.map_or(Value::Null, |score| number::json(score.value())),
            Field::Jobs => trial.jobs.into(),
            Field::Duration => trial.duration_s.into(),
            Field::Reason => trial.reason.clone().into(),
            Field::Param(name) => trial.params.get(name).cloned().unwrap_or_default(),
            Field::Metric(name) => metrics::find(&trial.metrics, name).cloned().unwrap_or_default(),
        }
    }

    /// Its cell in a table; empty if `trial` has none.
    pub fn text(&self, trial: &TrialView) -> String {
        match (&self.field, self.json(trial)) {
            (Field::Duration, _) => format!("{:.1}", trial.duration_s),
            (Field::Resource, _) => number::shortest(trial.resource.amount()),
            (Field::Value, Value::Number(value)) => value.as_f64().map(text::short).unwrap_or_default(),
            (Field::Param(name), Value::Null) if trial.params.get(name).is_some() => "null".to_owned(),
            (Field::Param(_), Value::Null) => INACTIVE.to_owned(),
            (_, Value::Null) => String::new(),
            (_, value) => text::short_value(&value),
        }
    }
}

/// Spaces between two columns of the table.
const GAP: usize = 2;

/// The columns that a table of `trials` in `width` columns of text has space for, and the names of the others. Omitted first are
/// the bracket, the duration and parameters with one value, then parameters from the last, the reason and the status.
pub fn fitting(mut columns: Vec<Column>, trials: &[TrialView], width: usize) -> (Vec<Column>, Vec<String>) {
    let cells = |column: &Column| trials.iter().map(|trial| text::width(&column.text(trial))).max().unwrap_or(0);
    let mut widths: Vec<usize> = columns.iter().map(|column| cells(column).max(text::width(&column.name))).collect();
    let mut omitted = Vec::new();
    while widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1) > width {
        let rank = |(at, column): (usize, &Column)| Some((column.omission(trials)?, usize::MAX - at, at));
        let Some((.., at)) = columns.iter().enumerate().filter_map(rank).min() else { break };
        widths.remove(at);
        omitted.push(columns.remove(at).name);
    }
    (columns, omitted)
}

/// Which way [`sort`] sorts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SortOrder {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// Sorts `trials` by `column`. Trials without a value there come last either way; ties keep their order.
pub fn sort(trials: &mut [TrialView], column: &Column, order: SortOrder) {
    trials.sort_by(|a, b| {
        let (a, b) = (column.json(a), column.json(b));
        a.is_null().cmp(&b.is_null()).then_with(|| match order {
            SortOrder::Ascending => order_values(&a, &b),
            SortOrder::Descending => order_values(&b, &a),
        })
    });
}

/// Numbers before everything else, which is in alphabetical order.
fn order_values(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => text::value(a).cmp(&text::value(b)),
    }
}

fn param_names(trials: &[TrialView]) -> IndexSet<&str> {
    trials.iter().flat_map(|trial| trial.params.iter().map(|(name, _)| name)).collect()
}

//! The rows of the table of all trials, which the script of the page sorts and filters, and from which it describes marks of plots.

use serde_json::{Value, json};

use super::data::ReportData;
use crate::report::text::{short, short_value};
use crate::report::trials::TrialView;

/// The names of the columns before the parameters. The script knows the first by its position.
const FIRST: [&str; 4] = ["trial", "bracket", "status", "resource"];

/// `{"metric", "columns": [{"name", "numeric"}], "rows": [[…]], "classes": {trial: class}}`; the first column is the trial.
pub fn table(data: &ReportData<'_>) -> Value {
    let params = data.plots.params();
    let has_reason = data.trials.iter().any(|trial| trial.reason.is_some());
    let mut columns: Vec<Value> = Vec::new();
    let mut column = |name: &str, numeric: bool| columns.push(json!({"name": name, "numeric": numeric}));
    for (at, name) in FIRST.into_iter().enumerate() {
        column(if at == 3 { data.resource() } else { name }, at != 2);
    }
    column(data.plots.metric, true);
    column("seconds", true);
    for name in &params {
        let is_number =
            |trial: &TrialView| trial.params.get(name).is_none_or(|value| value.is_number() || value.is_null());
        column(name, data.trials.iter().all(is_number));
    }
    if has_reason {
        column("reason", false);
    }
    let rows = data.trials.iter().map(|trial| row(trial, &params, has_reason)).collect::<Vec<_>>();
    json!({"metric": data.plots.metric, "minimize": data.plots.direction == crate::types::objective::Direction::Minimize,
        "columns": columns, "rows": rows})
}

fn row(trial: &TrialView, params: &[&str], has_reason: bool) -> Value {
    let mut cells = vec![
        trial.trial.0.into(),
        trial.bracket.into(),
        trial.status.name().into(),
        number(trial.resource.amount()),
        trial.score.map_or(Value::Null, |score| number(score.value())),
        number(trial.duration_s),
    ];
    cells.extend(params.iter().map(|name| match trial.params.get(name) {
        None | Some(Value::Null) => Value::Null,
        Some(Value::Number(value)) => value.as_f64().map_or(Value::Null, number),
        Some(other) => short_value(other).into(),
    }));
    cells.extend(has_reason.then(|| trial.reason.clone().into()));
    Value::Array(cells)
}

/// In at most six significant digits: the exact values are in `trials --format json`.
fn number(value: f64) -> Value {
    short(value).parse().map_or(Value::Null, crate::report::number::json)
}

//! Two things side by side as text.

use serde_json::Value;

use super::side_by_side::{DiffRow, SideBySide};
use crate::report::text::{self, TextStyle, painted};
use crate::types::printable::printable;

/// Columns between two columns.
const GAP: &str = "  ";
/// Fewest columns of a value before it is cut.
const MIN_VALUE: usize = 12;

/// `diff` as text with colours, for a screen of `columns` columns: rows without a difference are dim, numbers have their difference.
pub fn render(diff: &SideBySide, columns: usize) -> String {
    let names = diff.rows.iter().map(|row| text::width(&printable(&row.name)) + GAP.len()).max().unwrap_or(0);
    let deltas = diff.rows.iter().map(|row| text::width(&delta(row))).max().unwrap_or(0);
    let room = columns.saturating_sub(names + deltas + 3 * GAP.len()) / 2;
    let cell = |value: &str| {
        let whole = printable(value).into_owned();
        if text::width(&whole) <= room.max(MIN_VALUE) {
            whole
        } else {
            format!("{}…", text::cut(&whole, room.max(MIN_VALUE) - 1))
        }
    };
    let (a, b) = (cell(&diff.a), cell(&diff.b));
    let widest = |side: fn(&DiffRow) -> &Value, title: &str| {
        let cells = diff.rows.iter().map(|row| text::width(&cell(&shown(side(row)))));
        cells.max().unwrap_or(0).max(text::width(title))
    };
    let (left, right) = (widest(|row| &row.a, &a), widest(|row| &row.b, &b));
    let line = |name: &str, a: &str, b: &str, delta: &str| {
        let line = format!(
            "{}{GAP}{}{GAP}{}{GAP}{delta}",
            text::padded(name, names),
            text::padded(a, left),
            text::padded(b, right)
        );
        line.trim_end().to_owned()
    };
    let mut out = format!("{}\n", painted(TextStyle::Bold, &line("", &a, &b, "")));
    let mut section = "";
    for row in &diff.rows {
        if row.section != section {
            section = row.section;
            out += &format!("{}\n", painted(TextStyle::Bold, section));
        }
        let name = format!("{GAP}{}", printable(&row.name));
        let line = line(&name, &cell(&shown(&row.a)), &cell(&shown(&row.b)), &delta(row));
        out += &if row.differs { line } else { painted(TextStyle::Dim, &line) };
        out.push('\n');
    }
    out
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => text::short_value(other),
    }
}

/// Right minus left, of numbers that differ.
fn delta(row: &DiffRow) -> String {
    match (row.a.as_f64(), row.b.as_f64()) {
        (Some(a), Some(b)) if a != b => format!("{}{}", if b > a { "+" } else { "" }, text::short(b - a)),
        _ => String::new(),
    }
}

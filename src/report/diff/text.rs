//! Two things side by side as text.

use serde_json::Value;

use super::side_by_side::{DiffRow, SideBySide};
use crate::report::text::{self, TextStyle, painted};
use crate::types::printable::printable;

/// Spaces between two columns.
const GAP: &str = "  ";
/// The heading of the column of differences, which is shown if there is one.
const DIFFERENCE: &str = "difference";
/// Fewest columns of a value before it is cut.
const MIN_VALUE: usize = 12;

/// `diff` as text with colours, for a screen of `columns` columns: rows without a difference are dim, numbers have their difference.
pub fn render(diff: &SideBySide, columns: usize) -> String {
    let names = diff.rows.iter().map(|row| text::width(&printable(&row.name)) + GAP.len()).max().unwrap_or(0);
    let widest_difference = diff.rows.iter().map(|row| text::width(&difference(row))).max().unwrap_or(0);
    let heading = if widest_difference > 0 { DIFFERENCE } else { "" };
    let differences = widest_difference.max(text::width(heading));
    let room = columns.saturating_sub(names + differences + 3 * GAP.len()) / 2;
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
    let line = |name: &str, a: &str, b: &str, difference: &str| {
        let line = format!(
            "{}{GAP}{}{GAP}{}{GAP}{difference}",
            text::padded(name, names),
            text::padded(a, left),
            text::padded(b, right)
        );
        line.trim_end().to_owned()
    };
    let mut out = format!("{}\n", painted(TextStyle::Bold, &line("", &a, &b, heading)));
    let mut section = "";
    for row in &diff.rows {
        if row.section != section {
            section = row.section;
            out += &format!("{}\n", painted(TextStyle::Bold, section));
        }
        let name = format!("{GAP}{}", printable(&row.name));
        let line = line(&name, &cell(&shown(&row.a)), &cell(&shown(&row.b)), &difference(row));
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

/// Empty without a difference.
fn difference(row: &DiffRow) -> String {
    match row.difference {
        Some(difference) if difference != 0.0 => {
            format!("{}{}", if difference > 0.0 { "+" } else { "" }, text::short(difference))
        }
        _ => String::new(),
    }
}

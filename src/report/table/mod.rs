//! Tables of aligned columns.

use super::text::{self, TextStyle, painted};

/// Columns between two columns of a table.
const GAP: usize = 2;

/// The side at which the cells of a column are aligned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Left,
    Right,
}

/// A table with a dim header, without borders and without wrapping. Cells are printable text without styles.
pub fn table(header: &[&str], align: &[Align], rows: &[Vec<String>]) -> String {
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column)).map(|cell| text::width(cell));
    let widths: Vec<usize> =
        header.iter().enumerate().map(|(at, name)| cells(at).max().unwrap_or(0).max(text::width(name))).collect();
    let line = |row: &[&str]| {
        let padded = row.iter().zip(&widths).zip(align).map(|((cell, width), align)| {
            let missing = " ".repeat(width.saturating_sub(text::width(cell)));
            match align {
                Align::Left => format!("{cell}{missing}"),
                Align::Right => format!("{missing}{cell}"),
            }
        });
        padded.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    let mut out = format!("{}\n", painted(TextStyle::Dim, &line(header)));
    for row in rows {
        out += &line(&row.iter().map(String::as_str).collect::<Vec<_>>());
        out.push('\n');
    }
    out
}

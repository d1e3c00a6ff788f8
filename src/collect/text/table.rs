//! Tables with a header line, as fastai and skorch print them: names, then rows of numbers.
//!
//! A header has names only, in columns that are two blanks, a tab, a comma or a bar apart, or one blank if it begins with `epoch` or
//! `step`. A row has as many cells, each a number, a duration or a placeholder. A row with fewer cells is read by the columns of the
//! header below which they are.

use std::ops::Range;

use super::number;

/// Most columns, and bytes of the longest name.
const MAX_COLUMNS: usize = 64;
const MAX_NAME: usize = 60;
/// What a header whose names are one blank apart begins with; other lines of words are sentences.
const STEP_NAMES: [&str; 6] = ["epoch", "step", "iter", "iteration", "round", "batch"];
/// Names of other columns that count.
const STEP_COLUMNS: [&str; 6] = ["e", "ep", "#", "it", "n", "t"];
/// First columns of tables whose rows are about different things.
const THING_COLUMNS: [&str; 14] = [
    "class", "label", "category", "target", "fold", "split", "feature", "layer", "group", "cluster", "id", "index",
    "seed", "rank",
];
/// The content of a cell without a number.
const PLACEHOLDERS: [&str; 8] = ["-", "--", "+", "*", "None", "N/A", "n/a", ""];

/// What is drawn between columns.
const BARS: [char; 4] = ['|', '│', '┃', '║'];

/// What separates columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Separator {
    /// One or more blanks in rows; see [`TableHeader::parse`] for headers.
    Blanks,
    Comma,
    Bar,
}

/// The names of the columns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableHeader {
    separator: Separator,
    columns: Vec<(String, Range<usize>)>,
    /// Whether it could be a sentence: `Epoch finished`, `Done, saving`.
    may_be_sentence: bool,
}

/// A number of a row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TableCell<'h> {
    /// The name of its column.
    pub name: &'h str,
    /// The index of its column.
    pub column: usize,
    /// The number.
    pub number: f64,
    /// Whether it was printed without a decimal point or an exponent.
    pub is_whole: bool,
}

impl TableHeader {
    /// `line` as a header; `None` if it is none.
    pub fn parse(line: &str) -> Option<TableHeader> {
        let separator = match () {
            () if line.contains(BARS) => Separator::Bar,
            () if line.contains(',') => Separator::Comma,
            () => Separator::Blanks,
        };
        let mut cells = match separator {
            Separator::Blanks => split(line, Separator::Blanks, 2),
            other => split(line, other, 1),
        };
        let mut may_be_sentence = separator == Separator::Comma && line.contains(", ");
        if cells.len() == 1 && STEP_NAMES.iter().any(|name| starts_with_word(line, name)) {
            cells = split(line, Separator::Blanks, 1);
            may_be_sentence = true;
        }
        let is_header = (2..=MAX_COLUMNS).contains(&cells.len()) && cells.iter().all(|(cell, _)| is_name(cell));
        let is_unique = |index: usize| cells[..index].iter().all(|(cell, _)| *cell != cells[index].0);
        if !is_header || !(0..cells.len()).all(is_unique) {
            return None;
        }
        let columns = cells.into_iter().map(|(cell, range)| (cell.to_owned(), range)).collect();
        Some(TableHeader { separator, columns, may_be_sentence })
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// How many columns it has.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Whether it could be a sentence.
    pub fn may_be_sentence(&self) -> bool {
        self.may_be_sentence
    }

    /// The first column that counts epochs or steps.
    pub fn step_column(&self) -> Option<usize> {
        self.names().position(|name| {
            let name = name.to_ascii_lowercase();
            STEP_COLUMNS.contains(&name.as_str()) || STEP_NAMES.iter().any(|step| name.contains(step))
        })
    }

    /// Whether its rows are about different things, such as classes, and not about one thing at different times.
    pub fn lists_things(&self) -> bool {
        let first = self.names().next().unwrap_or_default().to_ascii_lowercase();
        THING_COLUMNS.contains(&first.as_str())
    }

    /// The numbers of a row; `None` if `line` is no row of this table.
    pub fn row(&self, line: &str) -> Option<Vec<TableCell<'_>>> {
        if !line.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let cells = split(line, self.separator, 1);
        let is_aligned = self.separator == Separator::Blanks && cells.len() > 1 && cells.len() < self.columns.len();
        if (cells.len() != self.columns.len() && !is_aligned) || !cells.iter().all(|(cell, _)| is_cell(cell)) {
            return None;
        }
        let mut numbers = Vec::with_capacity(cells.len());
        for (index, (cell, range)) in cells.iter().enumerate() {
            let column = if is_aligned { self.column_at(range)? } else { index };
            if let Some(number) = number::whole(cell) {
                let is_whole = !cell.contains(['.', 'e', 'E', 'n', 'N']);
                numbers.push(TableCell { name: &self.columns.get(column)?.0, column, number, is_whole });
            }
        }
        Some(numbers)
    }

    /// Whether `line` has numbers only and is no row of this table.
    pub fn is_row_of_another(&self, line: &str) -> bool {
        let cells = split(line, self.separator, 1);
        cells.len() > 1 && cells.iter().all(|(cell, _)| number::whole(cell).is_some()) && self.row(line).is_none()
    }

    /// The only column that overlaps `range`.
    fn column_at(&self, range: &Range<usize>) -> Option<usize> {
        let overlaps = |(_, column): &(String, Range<usize>)| column.start < range.end && range.start < column.end;
        let mut overlapping = (0..self.columns.len()).filter(|index| overlaps(&self.columns[*index]));
        let column = overlapping.next()?;
        overlapping.next().is_none().then_some(column)
    }
}

/// Whether `line` is drawn: `|---|---|`, `-----  ----`, `└──┴──┘`.
pub fn is_rule(line: &str) -> bool {
    let is_drawn =
        |c: char| matches!(c, '-' | '=' | '+' | '|' | ':' | ' ' | '_') || ('\u{2500}'..='\u{257f}').contains(&c);
    line.chars().all(is_drawn)
        && line.chars().any(|c| matches!(c, '-' | '=' | '_') || ('\u{2500}'..='\u{257f}').contains(&c))
}

/// The cells of `line` with their characters; `blanks` is how many blanks separate two. A tab counts as many.
fn split(line: &str, separator: Separator, blanks: usize) -> Vec<(&str, Range<usize>)> {
    let outer = match separator {
        Separator::Blanks => return split_at_blanks(line, blanks),
        Separator::Comma => line.split(',').collect::<Vec<_>>(),
        Separator::Bar => line.trim().trim_matches(BARS).split(BARS).collect(),
    };
    outer.into_iter().map(|cell| (cell.trim(), 0..0)).collect()
}

fn split_at_blanks(line: &str, blanks: usize) -> Vec<(&str, Range<usize>)> {
    let mut cells: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let mut gap = blanks;
    for (column, (at, c)) in line.char_indices().enumerate() {
        if cells.len() > MAX_COLUMNS {
            break;
        }
        match (c, cells.last_mut()) {
            (' ', _) => gap += 1,
            ('\t', _) => gap += blanks,
            (_, Some((bytes, columns))) if gap < blanks => {
                (bytes.end, columns.end, gap) = (at + c.len_utf8(), column + 1, 0);
            }
            _ => {
                cells.push((at..at + c.len_utf8(), column..column + 1));
                gap = 0;
            }
        }
    }
    cells.into_iter().map(|(bytes, columns)| (&line[bytes], columns)).collect()
}

fn starts_with_word(line: &str, word: &str) -> bool {
    line.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word))
}

fn is_name(cell: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || " _./@%#()'-".contains(c);
    cell.len() <= MAX_NAME
        && cell.starts_with(|c: char| c.is_alphabetic() || c == '#')
        && cell.chars().all(is_part)
        && !matches!(cell.to_ascii_lowercase().as_str(), "nan" | "inf" | "none")
}

/// A number, a duration such as `00:12` or `3.1s`, or a placeholder.
fn is_cell(cell: &str) -> bool {
    let is_duration = || {
        let time = cell.strip_suffix(['s', 'm']).unwrap_or(cell);
        time.starts_with(|c: char| c.is_ascii_digit())
            && time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
    };
    PLACEHOLDERS.contains(&cell) || number::whole(cell).is_some() || is_duration()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(header: &str, line: &str) -> Option<String> {
        let header = TableHeader::parse(header)?;
        let numbers = header.row(line)?;
        Some(numbers.into_iter().map(|cell| format!("{}={} ", cell.name, cell.number)).collect())
    }

    #[test]
    fn rows_are_read_below_headers() {
        let tables = [
            (
                "epoch     train_loss  valid_loss  time    ",
                "0         0.7         0.5         00:01  ",
                "epoch=0 train_loss=0.7 valid_loss=0.5 ",
            ),
            ("E    #       LOSS NER  SCORE", "  1     200     0.25    97.5%", "E=1 #=200 LOSS NER=0.25 SCORE=97.5 "),
            ("epoch loss acc", "3 1e-3 nan", "epoch=3 loss=0.001 acc=NaN "),
            ("epoch\tloss", "3\t0.5", "epoch=3 loss=0.5 "),
            ("epoch,loss,acc", "1,0.5,0.9", "epoch=1 loss=0.5 acc=0.9 "),
            ("| epoch | loss |", "| 1 | - |", "epoch=1 "),
            ("│ epoch │ loss │", "│ 1     │ 0.5  │", "epoch=1 loss=0.5 "),
        ];
        for (header, line, numbers) in tables {
            assert_eq!(row(header, line).as_deref(), Some(numbers), "{header}");
        }
    }

    #[test]
    fn a_row_with_an_empty_cell_is_read_by_position() {
        let header = "  epoch    train_loss    cp     dur";
        assert_eq!(row(header, "      1        0.5000     +  0.1080").unwrap(), "epoch=1 train_loss=0.5 dur=0.108 ");
        assert_eq!(row(header, "      2        0.4000        0.0974").unwrap(), "epoch=2 train_loss=0.4 dur=0.0974 ");
        assert_eq!(row(header, "1 2"), None);
    }

    #[test]
    fn sentences_and_other_lines_are_neither() {
        let lines =
            ["the loss is low", "loss", "epoch: 1  loss: 2", "epoch  epoch", "Epoch 1", "1  2", "a  nan", "a  b=c", ""];
        for line in lines {
            assert_eq!(TableHeader::parse(line), None, "{line}");
        }
        for line in ["1 2 3", "1", "1 x", "-------  -----", "Epoch 1/2 |--| 0.00% [0/6 00:00<?]", "", "- -"] {
            assert_eq!(row("epoch  loss", line), None, "{line}");
        }
    }
}

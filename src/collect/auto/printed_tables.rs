//! The tables that a job prints on its two streams, and where they end.
//!
//! A table ends where the numbers below it are of something else: at another header, and at a line of text, an empty line or a second
//! rule. If it has a column that counts epochs or steps, it continues after these with the row that continues the count, because
//! progress bars and messages are printed between rows.

use crate::collect::collector::OutputStream;
use crate::collect::text::table::{TableCell, TableHeader, is_rule};

/// Bytes of the longest line that is looked at.
const MAX_LINE: usize = 4096;

/// The last table of each stream.
#[derive(Debug, Default)]
pub(super) struct PrintedTables {
    stdout: Option<PrintedTable>,
    stderr: Option<PrintedTable>,
}

/// What comes between the rows of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Interruption {
    /// An empty line.
    Blank,
    /// Anything else that is no row.
    Text,
}

impl PrintedTables {
    /// A line that is no row was printed.
    pub fn interrupt(&mut self, stream: OutputStream, interruption: Interruption) {
        let slot = self.slot(stream);
        if slot.as_mut().is_some_and(|table| !table.may_continue(interruption)) {
            *slot = None;
        }
    }

    /// The numbers of `line` if it is a row. A header without a name that is wanted does not replace one that has such a name if it
    /// may be a sentence or has another number of columns.
    pub fn row(
        &mut self,
        stream: OutputStream,
        line: &[u8],
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<Vec<TableCell<'_>>> {
        let text = str::from_utf8(line).ok().filter(|line| line.len() <= MAX_LINE);
        let Some(line) = text.filter(|line| !is_rule(line)) else {
            let is_first_rule = text.is_some() && self.slot(stream).as_ref().is_some_and(|table| table.rows == 0);
            if !is_first_rule {
                self.interrupt(stream, Interruption::Text);
            }
            return None;
        };
        if let Some(header) = TableHeader::parse(line) {
            self.header(stream, header, is_wanted);
            return None;
        }
        let known = self.slot(stream).as_ref()?;
        if known.header.is_row_of_another(line) {
            *self.slot(stream) = None;
            return None;
        }
        if known.header.row(line).is_none() {
            self.interrupt(stream, Interruption::Text);
            return None;
        }
        let slot = self.slot(stream);
        if slot.as_mut().is_some_and(|table| !table.accept_row(line)) {
            *slot = None;
        }
        let table = slot.as_ref().filter(|table| !table.header.lists_things())?;
        table.header.row(line)
    }

    fn header(&mut self, stream: OutputStream, header: TableHeader, is_wanted: impl Fn(&str) -> bool) {
        let has_wanted = |header: &TableHeader| header.names().any(&is_wanted);
        let slot = self.slot(stream);
        let replaces = match slot {
            Some(table) if table.header.names().eq(header.names()) => {
                table.is_interrupted = false;
                return;
            }
            Some(table) if has_wanted(&table.header) => {
                !header.may_be_sentence() && (has_wanted(&header) || header.columns() == table.header.columns())
            }
            _ => true,
        };
        if replaces {
            *slot = Some(PrintedTable::new(header));
        } else {
            self.interrupt(stream, Interruption::Text);
        }
    }

    fn slot(&mut self, stream: OutputStream) -> &mut Option<PrintedTable> {
        match stream {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        }
    }
}

/// A table and its rows so far.
#[derive(Debug)]
struct PrintedTable {
    header: TableHeader,
    step_column: Option<usize>,
    rows: u64,
    is_interrupted: bool,
    /// The last step, and how much more it was than the one before.
    last: Option<f64>,
    increment: Option<f64>,
    /// Which columns had a whole number.
    whole: Vec<bool>,
}

impl PrintedTable {
    fn new(header: TableHeader) -> PrintedTable {
        let whole = vec![false; header.columns()];
        let step_column = header.step_column();
        PrintedTable { header, step_column, rows: 0, is_interrupted: false, last: None, increment: None, whole }
    }

    /// Whether rows may follow after `interruption`.
    fn may_continue(&mut self, interruption: Interruption) -> bool {
        if self.rows == 0 && interruption == Interruption::Blank {
            return true;
        }
        self.is_interrupted = true;
        self.step_column.is_some()
    }

    /// Whether `line`, which has the form of a row, is one; if so it is counted.
    fn accept_row(&mut self, line: &str) -> bool {
        let Some(cells) = self.header.row(line) else { return false };
        let step = self.step_column.and_then(|column| cells.iter().find(|cell| cell.column == column));
        let step = step.map(|cell| cell.number);
        let has_new_form = self.rows > 0 && cells.iter().any(|cell| cell.is_whole && !self.whole[cell.column]);
        let continues = step.is_some_and(|step| self.continues(step));
        let is_row = match (self.is_interrupted, self.step_column) {
            (true, _) => continues && !has_new_form,
            (false, Some(_)) => continues || !has_new_form,
            (false, None) => true,
        };
        if !is_row {
            return false;
        }
        for cell in cells.iter().filter(|cell| cell.is_whole) {
            self.whole[cell.column] = true;
        }
        self.increment = step.zip(self.last).map(|(step, last)| step - last).or(self.increment);
        self.last = step.or(self.last);
        self.rows += 1;
        self.is_interrupted = false;
        true
    }

    /// Whether `step` is the next one.
    fn continues(&self, step: f64) -> bool {
        match (self.last, self.increment) {
            (None, _) => step >= 0.0 && step.fract() == 0.0,
            (Some(last), Some(increment)) => step == last + increment,
            (Some(last), None) => {
                step == last + 1.0 || (step == 2.0 * last && last > 0.0) || (last == 0.0 && step > 0.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: OutputStream = OutputStream::Stdout;
    const TABLE: [&str; 3] = ["epoch  loss  acc", "1  0.5  0.9", "2  0.25  0.95"];

    /// The values of `loss` in the rows.
    fn losses(lines: &[&str]) -> Vec<f64> {
        let mut tables = PrintedTables::default();
        let mut losses = Vec::new();
        for line in lines {
            if line.is_empty() {
                tables.interrupt(OUT, Interruption::Blank);
                continue;
            }
            let row = tables.row(OUT, line.as_bytes(), |name| name == "loss").unwrap_or_default();
            losses.extend(row.iter().find(|cell| cell.name == "loss").map(|cell| cell.number));
        }
        losses
    }

    #[test]
    fn rows_of_something_else_are_not_read() {
        let others: [&[&str]; 11] = [
            &["class  f1  support", "0  0.9  10", "1  0.8  12"],
            &["name  precision  recall", "3  0.8  0.9"],
            &["Confusion matrix:", "50  2  1", "3  45  2"],
            &["50  2  1", "3  45  2"],
            &["", "3  45  2"],
            &["", "0.9  0.8  0.7"],
            &["-----  ----  ----", "10  0.9  0.8"],
            &["epoch finished", "7  0.125  0.9"],
            &["the end", "1  0.9  0.8", "3  0.7  0.6"],
            &["              precision  recall  f1-score  support", "", "  0  0.9  0.8  10", "  3  0.9  0.8"],
            &["| class | loss |", "|---|---|", "| 1 | 0.9 |"],
        ];
        for other in others {
            assert_eq!(losses(&[&TABLE, other].concat()), [0.5, 0.25], "{other:?}");
        }
    }

    #[test]
    fn a_table_goes_on_behind_bars_messages_and_its_own_header() {
        let between: [&[&str]; 8] = [
            &["Epoch 3/3 |---| 0%"],
            &["saved the checkpoint"],
            &["", ""],
            &["Epoch finished, saving"],
            &["name  value"],
            &["epoch  loss  acc"],
            &["-----  ----  ---", "epoch  loss  acc", "-----  ----  ---"],
            &["-----  ----  ---"],
        ];
        for lines in between {
            assert_eq!(losses(&[&TABLE, lines, &["3  0.125  0.9"]].concat()), [0.5, 0.25, 0.125], "{lines:?}");
        }
        assert_eq!(
            losses(&["epoch  loss", "Epoch 0 |--|", "0  0.5", "Epoch 1 |--|", "1  0.25", "", "2  0.1"]),
            [0.5, 0.25, 0.1]
        );
        assert_eq!(losses(&["step  loss", "100  0.5", "x", "200  0.25", "x", "300  0.1"]), [0.5, 0.25, 0.1]);
    }

    #[test]
    fn a_table_without_steps_ends_at_the_first_other_line() {
        let table = ["loss  acc", "", "----  ---", "0.5  0.9", "0.25  0.9"];
        for other in ["some text", "", "----  ---", "a  b"] {
            assert_eq!(losses(&[&table[..], &[other, "0.1  0.2"]].concat()), [0.5, 0.25], "{other}");
        }
        assert_eq!(losses(&["| class | loss |", "|--|--|", "| 0 | 0.5 |"]), [0.0; 0]);
    }

    #[test]
    fn a_later_table_with_the_metric_counts() {
        assert_eq!(losses(&[&TABLE[..], &["step,loss", "1,0.125"]].concat()), [0.5, 0.25, 0.125]);
    }
}

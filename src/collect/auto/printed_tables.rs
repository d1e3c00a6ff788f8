//! The tables that a job prints on its two streams.

use crate::collect::collector::OutputStream;
use crate::collect::text::table::TableHeader;

/// Bytes of the longest line that is looked at.
const MAX_LINE: usize = 4096;

/// The last header of each stream.
#[derive(Debug, Default)]
pub(super) struct PrintedTables {
    stdout: Option<TableHeader>,
    stderr: Option<TableHeader>,
}

impl PrintedTables {
    /// The numbers of `line` if it is a row. A header without a name that is wanted does not replace one that has such a name.
    pub fn row(
        &mut self,
        stream: OutputStream,
        line: &[u8],
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<Vec<(&str, f64)>> {
        let line = str::from_utf8(line).ok().filter(|line| line.len() <= MAX_LINE)?;
        let known = match stream {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        };
        if let Some(header) = TableHeader::parse(line) {
            let has_wanted = |header: &TableHeader| header.names().any(&is_wanted);
            if has_wanted(&header) || !known.as_ref().is_some_and(has_wanted) {
                *known = Some(header);
            }
            return None;
        }
        known.as_ref()?.row(line)
    }
}

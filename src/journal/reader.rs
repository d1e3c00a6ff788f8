//! Reads a journal line by line, in bounded memory. A torn end is ignored; any other damage is an error.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::JournalError;
use super::flat_records;
use super::folder::files;
use super::folder::layout::StudyFolder;
use super::line::{self, JournalEnd, LineError, LineFormat};
use super::record::{Header, Record};

/// Longest line in bytes that is read as a record. A header holds the matrix file, an end record up to a mebibyte of metrics.
pub const MAX_LINE: u64 = 64 << 20;

/// A journal being read: its header, then its records in order as an iterator.
#[derive(Debug)]
pub struct JournalReader<R = BufReader<File>> {
    path: PathBuf,
    source: R,
    format: LineFormat,
    line: u64,
    end: JournalEnd,
    buffer: Vec<u8>,
    done: bool,
}

/// The fields of a first line that every format has.
#[derive(Deserialize)]
struct HeaderFormat {
    #[serde(rename = "type")]
    kind: String,
    format: Option<u64>,
}

/// Opens a study's journal and reads its header. `Ok(None)` if the header is incomplete, so that nothing was launched.
pub fn open(folder: &StudyFolder) -> Result<Option<(Header, JournalReader)>, JournalError> {
    let mut reader = open_before_header(folder)?;
    Ok(reader.header()?.map(|header| (header, reader)))
}

/// Opens a study's journal. [`JournalReader::header`] must be called first.
pub fn open_before_header(folder: &StudyFolder) -> Result<JournalReader, JournalError> {
    let path = folder.journal();
    let file = files::open_to_read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            JournalError::Missing { folder: folder.root().to_owned() }
        }
        _ => JournalError::Io { path: path.clone(), operation: "read", source },
    })?;
    Ok(JournalReader::new(&path, BufReader::with_capacity(1 << 16, file)))
}

/// Refuses a study whose seed would give other draws with the rules `wanted` than when it started.
pub fn check_sampling_rules(header: &Header, wanted: u32, folder: &StudyFolder) -> Result<(), JournalError> {
    if header.sampling_rules == wanted {
        return Ok(());
    }
    Err(JournalError::SamplingRules {
        path: folder.journal(),
        found: header.sampling_rules,
        wanted,
        version: header.version.clone(),
    })
}

impl<R: BufRead> JournalReader<R> {
    /// A reader over `source`; `path` is for messages.
    pub fn new(path: &Path, source: R) -> JournalReader<R> {
        let (format, end) = (LineFormat::default(), JournalEnd::default());
        JournalReader { path: path.to_owned(), source, format, line: 0, end, buffer: Vec::new(), done: false }
    }

    /// Reads the first line. `None` if it is torn or absent.
    pub fn header(&mut self) -> Result<Option<Header>, JournalError> {
        if !self.read_line()? {
            return Ok(None);
        }
        self.format = self.detect_format()?;
        match self.parse()? {
            Some(Record::Study(header)) => Ok(Some(*header)),
            Some(_) => Err(self.corrupt(LineError::NotAHeader)),
            None => Ok(None),
        }
    }

    /// The end of the records read so far.
    pub fn end(&self) -> JournalEnd {
        self.end
    }

    /// The line of the last record, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The format of the journal whose first line is in the buffer. The content of a line with a wrong checksum is ignored.
    fn detect_format(&self) -> Result<LineFormat, JournalError> {
        let checked = line::has_checksum(&self.buffer);
        if checked && line::verify(&self.buffer).is_err() {
            return Ok(LineFormat::Checked);
        }
        match serde_json::from_slice(&self.buffer) {
            Ok(HeaderFormat { kind, format: Some(found) }) if kind == "study" => {
                LineFormat::from_number(found).ok_or_else(|| JournalError::Format { path: self.path.clone(), found })
            }
            _ if checked => Ok(LineFormat::Checked),
            _ => Ok(LineFormat::Plain),
        }
    }

    /// Reads one line into the buffer, without its newline; false at the end and before a torn last line.
    fn read_line(&mut self) -> Result<bool, JournalError> {
        self.buffer.clear();
        let read = Read::by_ref(&mut self.source).take(MAX_LINE).read_until(b'\n', &mut self.buffer);
        read.map_err(|source| JournalError::Io { path: self.path.clone(), operation: "read", source })?;
        if self.buffer.pop_if(|last| *last == b'\n').is_some() {
            self.line += 1;
            return Ok(true);
        }
        let damage = if self.buffer.len() as u64 >= MAX_LINE {
            LineError::TooLong(MAX_LINE)
        } else if let Some((last, line)) = self.buffer.split_last()
            && *last != 0
            && line::verify(line).is_ok()
        {
            // A crash leaves part of a line or whole lines, so this byte was a newline.
            LineError::NoNewline
        } else {
            return Ok(false);
        };
        self.line += 1;
        Err(self.corrupt(damage))
    }

    /// The record in the buffer; `None` if a power cut tore the line.
    fn parse(&mut self) -> Result<Option<Record>, JournalError> {
        let length = self.buffer.len() as u64 + 1;
        let blank = memchr::memmem::find(&self.buffer, &[0, 0]).is_some();
        match self.record() {
            Ok(record) => {
                self.end = JournalEnd { format: self.format, length: self.end.length + length, lines: self.line };
                Ok(Some(record))
            }
            Err(damage) => {
                let error = self.corrupt(damage);
                if blank && self.no_record_follows()? { Ok(None) } else { Err(error) }
            }
        }
    }

    fn record(&mut self) -> Result<Record, LineError> {
        self.format.check(&mut self.buffer, self.line)?;
        // serde_json parses one line at a time, so its line number is always 1.
        let why =
            |e: serde_json::Error| LineError::NotARecord(e.to_string().replace(" at line 1 column ", " at column "));
        flat_records::parse(&mut self.buffer).map_err(why)
    }

    /// After a power cut, blocks that a file system did not write read as NULs. A line with a run of them is a torn end if no record
    /// follows it.
    fn no_record_follows(&mut self) -> Result<bool, JournalError> {
        while self.read_line()? {
            let sound = match self.format {
                LineFormat::Plain => serde_json::from_slice::<Record>(&self.buffer).is_ok(),
                LineFormat::Checked => line::verify(&self.buffer).is_ok(),
            };
            if sound {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn corrupt(&self, damage: LineError) -> JournalError {
        JournalError::Corrupt { path: self.path.clone(), line: self.line, damage }
    }
}

impl<R: BufRead> Iterator for JournalReader<R> {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let record = self.read_line().and_then(|complete| if complete { self.parse() } else { Ok(None) });
        self.done = !matches!(record, Ok(Some(_)));
        record.transpose()
    }
}

#[cfg(test)]
mod tests;

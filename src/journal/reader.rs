//! Reads records back: line by line, in bounded memory, tolerant of a torn end and of nothing else.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::JournalError;
use super::folder::files;
use super::folder::layout::StudyFolder;
use super::line::{self, Damage, JournalEnd, LineFormat};
use super::record::{Header, Record, SAMPLING_RULES};

/// Longest line that is taken for a record. A header holds the matrix file, an end record up to a mebibyte of metrics.
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
    over: bool,
}

/// What a line came to.
enum Line {
    Record(Record),
    End,
}

/// The part of a first line that every format has.
#[derive(Deserialize)]
struct Stamp {
    #[serde(rename = "type")]
    kind: String,
    format: Option<u64>,
}

/// Opens a study's journal and reads its header. `Ok(None)`: the journal ends before its header does, so nothing was ever launched.
pub fn open(folder: &StudyFolder) -> Result<Option<(Header, JournalReader)>, JournalError> {
    let mut reader = begin(folder)?;
    Ok(reader.header()?.map(|header| (header, reader)))
}

/// Opens a study's journal; its header is to be read first.
pub fn begin(folder: &StudyFolder) -> Result<JournalReader, JournalError> {
    let path = folder.journal();
    let file = files::open_to_read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            JournalError::Missing { folder: folder.root().to_owned() }
        }
        _ => JournalError::Io { path: path.clone(), operation: "read", source },
    })?;
    Ok(JournalReader::new(&path, BufReader::with_capacity(1 << 16, file)))
}

/// Refuses a study whose further draws would not be those its seed gave when it was begun.
pub fn check_sampling_rules(header: &Header, folder: &StudyFolder) -> Result<(), JournalError> {
    if header.sampling_rules == SAMPLING_RULES {
        return Ok(());
    }
    Err(JournalError::SamplingRules {
        path: folder.journal(),
        found: header.sampling_rules,
        version: header.version.clone(),
    })
}

impl<R: BufRead> JournalReader<R> {
    /// A reader over `source`; `path` is for messages.
    pub fn new(path: &Path, source: R) -> JournalReader<R> {
        let (format, end) = (LineFormat::default(), JournalEnd::default());
        JournalReader { path: path.to_owned(), source, format, line: 0, end, buffer: Vec::new(), over: false }
    }

    /// The first line. `None` if it is torn or absent.
    pub fn header(&mut self) -> Result<Option<Header>, JournalError> {
        if !self.fetch()? {
            return Ok(None);
        }
        self.format = self.stamped()?;
        match self.parse()? {
            Line::Record(Record::Study(header)) => Ok(Some(*header)),
            Line::Record(_) => Err(self.corrupt(Damage::NoHeader)),
            Line::End => Ok(None),
        }
    }

    /// Where the records read so far end.
    pub fn end(&self) -> JournalEnd {
        self.end
    }

    /// The line of the record read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The format of the journal whose first line is in the buffer. What a line with a wrong checksum says is not believed.
    fn stamped(&self) -> Result<LineFormat, JournalError> {
        let checked = line::has_checksum(&self.buffer);
        if checked && line::checked(&self.buffer).is_err() {
            return Ok(LineFormat::Checked);
        }
        match serde_json::from_slice(&self.buffer) {
            Ok(Stamp { kind, format: Some(found) }) if kind == "study" => {
                LineFormat::of_number(found).ok_or_else(|| JournalError::Format { path: self.path.clone(), found })
            }
            _ if checked => Ok(LineFormat::Checked),
            _ => Ok(LineFormat::Plain),
        }
    }

    /// Reads one line into the buffer, without its newline; false at the end and before a torn last line.
    fn fetch(&mut self) -> Result<bool, JournalError> {
        self.buffer.clear();
        let read = Read::by_ref(&mut self.source).take(MAX_LINE).read_until(b'\n', &mut self.buffer);
        read.map_err(|source| JournalError::Io { path: self.path.clone(), operation: "read", source })?;
        if self.buffer.pop_if(|last| *last == b'\n').is_some() {
            self.line += 1;
            return Ok(true);
        }
        let damage = if self.buffer.len() as u64 >= MAX_LINE {
            Damage::TooLong(MAX_LINE)
        } else if let Some((last, line)) = self.buffer.split_last()
            && *last != 0
            && line::checked(line).is_ok()
        {
            // What a crash leaves ends within a line or with it, so that this byte was a newline.
            Damage::NoNewline
        } else {
            return Ok(false);
        };
        self.line += 1;
        Err(self.corrupt(damage))
    }

    /// The record in the buffer, or the end where the line is one that a power cut tore.
    fn parse(&mut self) -> Result<Line, JournalError> {
        let length = self.buffer.len() as u64 + 1;
        let blank = self.buffer.windows(2).any(|pair| pair == [0, 0]);
        match self.record() {
            Ok(record) => {
                self.end = JournalEnd { format: self.format, length: self.end.length + length, lines: self.line };
                Ok(Line::Record(record))
            }
            Err(damage) => {
                let fault = self.corrupt(damage);
                if blank && self.nothing_follows()? { Ok(Line::End) } else { Err(fault) }
            }
        }
    }

    fn record(&mut self) -> Result<Record, Damage> {
        self.format.check(&mut self.buffer, self.line)?;
        // One line is parsed at a time, so that serde_json's own line number is always 1.
        let why = |e: serde_json::Error| Damage::NotARecord(e.to_string().replace(" at line 1 column ", " at column "));
        serde_json::from_slice(&self.buffer).map_err(why)
    }

    /// After a power cut a file system may show blocks that it never wrote as NULs: a line with a run of them is a torn end if no
    /// record follows it.
    fn nothing_follows(&mut self) -> Result<bool, JournalError> {
        while self.fetch()? {
            let sound = match self.format {
                LineFormat::Plain => serde_json::from_slice::<Record>(&self.buffer).is_ok(),
                LineFormat::Checked => line::checked(&self.buffer).is_ok(),
            };
            if sound {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn corrupt(&self, damage: Damage) -> JournalError {
        JournalError::Corrupt { path: self.path.clone(), line: self.line, damage }
    }
}

impl<R: BufRead> Iterator for JournalReader<R> {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let line = self.fetch().and_then(|there| if there { self.parse() } else { Ok(Line::End) });
        match line {
            Ok(Line::Record(record)) => Some(Ok(record)),
            Ok(Line::End) => {
                self.over = true;
                None
            }
            Err(fault) => {
                self.over = true;
                Some(Err(fault))
            }
        }
    }
}

#[cfg(test)]
mod tests;

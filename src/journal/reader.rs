//! Reads records back: line by line, in bounded memory, tolerant of a torn end and of nothing else.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::fault::JournalFault;
use super::layout::StudyFolder;
use super::record::{FORMAT, Header, Record, SAMPLING_RULES};

/// Longest line that is taken for a record. A header holds the matrix file, an end record up to a mebibyte of metrics.
pub const MAX_LINE: u64 = 64 << 20;

/// A journal being read: its header, then its records in order as an iterator.
#[derive(Debug)]
pub struct JournalReader<R = BufReader<File>> {
    path: PathBuf,
    source: R,
    line: u64,
    offset: u64,
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
pub fn open(folder: &StudyFolder) -> Result<Option<(Header, JournalReader)>, JournalFault> {
    let path = folder.journal();
    let file = File::open(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            JournalFault::Missing { folder: folder.root().to_owned() }
        }
        _ => JournalFault::Io { path: path.clone(), doing: "read", source },
    })?;
    let mut reader = JournalReader::new(&path, BufReader::with_capacity(1 << 16, file));
    Ok(reader.header()?.map(|header| (header, reader)))
}

/// Refuses a study whose further draws would not be those its seed gave when it was begun.
pub fn check_sampling_rules(header: &Header, folder: &StudyFolder) -> Result<(), JournalFault> {
    if header.sampling_rules == SAMPLING_RULES {
        return Ok(());
    }
    Err(JournalFault::SamplingRules {
        path: folder.journal(),
        found: header.sampling_rules,
        version: header.version.clone(),
    })
}

impl<R: BufRead> JournalReader<R> {
    /// A reader over `source`; `path` is for messages.
    pub fn new(path: &Path, source: R) -> JournalReader<R> {
        JournalReader { path: path.to_owned(), source, line: 0, offset: 0, buffer: Vec::new(), over: false }
    }

    /// The first line. `None` if it is torn or absent.
    pub fn header(&mut self) -> Result<Option<Header>, JournalFault> {
        if !self.fetch()? {
            return Ok(None);
        }
        if let Ok(Stamp { kind, format: Some(found) }) = serde_json::from_slice(&self.buffer)
            && kind == "study"
            && found != u64::from(FORMAT)
        {
            return Err(JournalFault::Format { path: self.path.clone(), found });
        }
        match self.parse()? {
            Line::Record(Record::Study(header)) => Ok(Some(*header)),
            Line::Record(_) => Err(self.corrupt("the first record must be the study's header".into())),
            Line::End => Ok(None),
        }
    }

    /// Bytes of the whole records read so far: where writing may go on once the iterator is through.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The line of the record read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Reads one line into the buffer, without its newline; false at the end and before a torn last line.
    fn fetch(&mut self) -> Result<bool, JournalFault> {
        self.buffer.clear();
        let read = Read::by_ref(&mut self.source).take(MAX_LINE).read_until(b'\n', &mut self.buffer);
        read.map_err(|source| JournalFault::Io { path: self.path.clone(), doing: "read", source })?;
        if self.buffer.pop_if(|last| *last == b'\n').is_some() {
            self.line += 1;
            return Ok(true);
        }
        if self.buffer.len() as u64 >= MAX_LINE {
            self.line += 1;
            return Err(self.corrupt(format!("longer than {MAX_LINE} bytes")));
        }
        Ok(false)
    }

    /// The record in the buffer. After a power cut a file system may show blocks it never wrote as NULs: such a line, with no
    /// record behind it, is a torn end too.
    fn parse(&mut self) -> Result<Line, JournalFault> {
        match serde_json::from_slice(&self.buffer) {
            Ok(record) => {
                self.offset += self.buffer.len() as u64 + 1;
                Ok(Line::Record(record))
            }
            Err(e) => {
                let fault = self.corrupt(e.to_string());
                if !self.buffer.contains(&0) {
                    return Err(fault);
                }
                while self.fetch()? {
                    if serde_json::from_slice::<Record>(&self.buffer).is_ok() {
                        return Err(fault);
                    }
                }
                Ok(Line::End)
            }
        }
    }

    fn corrupt(&self, why: String) -> JournalFault {
        JournalFault::Corrupt { path: self.path.clone(), line: self.line, why }
    }
}

impl<R: BufRead> Iterator for JournalReader<R> {
    type Item = Result<Record, JournalFault>;

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

//! The lines of a journal: how a record is written, and how damage is found.
//!
//! Format 1 is the record's JSON object and a newline. Format 2 ends the object with two more fields:
//!
//! ```text
//! {"type":"retired","trial":3,"n":17,"crc":"d8c16610"}
//! ```
//!
//! `n` is the line's number, from 1, so that a line that was dropped, repeated or moved is found. `crc` is the CRC-32 (IEEE 802.3, as
//! in zlib) of the line's bytes before `,"crc"`, in eight lower-case hexadecimal digits: it finds every change within 32 adjacent bits
//! and misses one in 2³² of all others. Nothing follows it but `"}` and the newline, each checked byte by byte.

use std::io;

use super::record::Record;

/// The formats that are read. The default is that of new journals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LineFormat {
    /// Format 1: the record only.
    Plain,
    /// Format 2: number and checksum in each line.
    #[default]
    Checked,
}

/// The end of a journal, from which a writer appends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JournalEnd {
    /// The format of its lines.
    pub format: LineFormat,
    /// Length of its complete lines in bytes.
    pub length: u64,
    /// Number of its complete lines.
    pub lines: u64,
}

/// LineError of a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineError {
    /// Its bytes differ from those that were written.
    #[error("its checksum does not match its bytes")]
    Checksum,
    /// It does not end in a checksum.
    #[error("it does not end in a checksum")]
    NoChecksum,
    /// Lines are missing, repeated or in another order.
    #[error(
        "expected record number {expected}, found {found}: records are {} or out of order",
        if found > expected { "missing" } else { "repeated" }
    )]
    Number {
        /// The number in the line.
        found: u64,
        /// The number that the line must have.
        expected: u64,
    },
    /// It is no record, for the given reason.
    #[error("it is not a journal record: {0}")]
    NotARecord(String),
    /// The first line is a record other than a header.
    #[error("the first record is not the study's header")]
    NotAHeader,
    /// Its newline is another byte.
    #[error("another byte is in the place of its newline")]
    NoNewline,
    /// It is longer than any record; the greatest length in bytes.
    #[error("it is longer than {0} bytes")]
    TooLong(u64),
}

const CHECKSUM: &[u8] = b",\"crc\":\"";
const NUMBER: &[u8] = b",\"n\":";
/// `,"crc":"`, eight digits, `"}`.
const SUFFIX: usize = CHECKSUM.len() + 8 + 2;

impl LineFormat {
    /// The format with this number in its header, if it is read.
    pub fn from_number(number: u64) -> Option<LineFormat> {
        match number {
            1 => Some(LineFormat::Plain),
            2 => Some(LineFormat::Checked),
            _ => None,
        }
    }

    /// Appends the line with number `number` that holds `record`, newline included, to `lines`.
    pub fn write(self, record: &Record, number: u64, lines: &mut Vec<u8>) -> io::Result<()> {
        let start = lines.len();
        serde_json::to_writer(&mut *lines, record)?;
        if self == LineFormat::Checked {
            lines.pop();
            lines.extend_from_slice(NUMBER);
            io::Write::write_fmt(lines, format_args!("{number}"))?;
            let checksum = crc32fast::hash(&lines[start..]);
            lines.extend_from_slice(CHECKSUM);
            io::Write::write_fmt(lines, format_args!("{checksum:08x}\"}}"))?;
        }
        lines.push(b'\n');
        Ok(())
    }

    /// Checks `line`, given without its newline, against its checksum and `number`, and reduces it to the record.
    pub fn check(self, line: &mut Vec<u8>, number: u64) -> Result<(), LineError> {
        if self == LineFormat::Plain {
            return Ok(());
        }
        let (found, record) = verify(line)?;
        if found != number {
            return Err(LineError::Number { found, expected: number });
        }
        line.truncate(record);
        line.push(b'}');
        Ok(())
    }
}

/// Whether `line`, given without its newline, ends in a checksum, correct or not.
pub fn has_checksum(line: &[u8]) -> bool {
    split_checksum(line).is_some()
}

/// Verifies the checksum of a line. Returns its number and the length in bytes of its record without the last brace.
pub fn verify(line: &[u8]) -> Result<(u64, usize), LineError> {
    let (covered, checksum) = split_checksum(line).ok_or(LineError::NoChecksum)?;
    if *checksum != *format!("{:08x}", crc32fast::hash(covered)).as_bytes() {
        return Err(LineError::Checksum);
    }
    let digits = covered.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, digits) = covered.split_at(covered.len() - digits);
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    let record = before.strip_suffix(NUMBER).map(<[u8]>::len);
    number.zip(record).ok_or_else(|| LineError::NotARecord("it has no number".into()))
}

/// The bytes that the checksum covers, and its digits.
fn split_checksum(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (covered, suffix) = line.split_at_checked(line.len().checked_sub(SUFFIX)?)?;
    let digits = suffix.strip_prefix(CHECKSUM)?.strip_suffix(b"\"}")?;
    Some((covered, digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::TrialId;

    fn line() -> Vec<u8> {
        let mut line = Vec::new();
        LineFormat::Checked.write(&Record::Retired { trial: TrialId(3) }, 17, &mut line).unwrap();
        line
    }

    #[test]
    fn an_object_ends_in_number_and_checksum() {
        insta::assert_snapshot!(String::from_utf8(line()).unwrap().trim_end(), @r#"{"type":"retired","trial":3,"n":17,"crc":"d8c16610"}"#);
        let mut read = line();
        read.pop();
        LineFormat::Checked.check(&mut read, 17).unwrap();
        assert_eq!(read, br#"{"type":"retired","trial":3}"#);
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let whole = line();
        for bit in 0..(whole.len() - 1) * 8 {
            let mut flipped = whole[..whole.len() - 1].to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(LineFormat::Checked.check(&mut flipped, 17).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn another_number_is_found() {
        let mut read = line();
        read.pop();
        let damage = LineFormat::Checked.check(&mut read, 16).unwrap_err();
        insta::assert_snapshot!(damage, @"expected record number 16, found 17: records are missing or out of order");
    }
}

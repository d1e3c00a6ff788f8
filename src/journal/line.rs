//! How a record is written as a line, and how a damaged line is recognized.
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

use std::fmt;
use std::io;

use super::record::Record;

/// The formats that are read. New journals are written in the default one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LineFormat {
    /// Format 1: nothing but the record.
    Plain,
    /// Format 2: number and checksum in each line.
    #[default]
    Checked,
}

/// Where a journal ends: what a writer must know to append.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JournalEnd {
    /// How its lines are written.
    pub format: LineFormat,
    /// Bytes of its whole lines.
    pub length: u64,
    /// Its whole lines.
    pub lines: u64,
}

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Damage {
    /// Its bytes are not those that were written.
    Checksum,
    /// It does not end in a checksum.
    NoChecksum,
    /// Lines are missing, repeated or in another order.
    Number {
        /// The number in the line.
        found: u64,
        /// The number that the line must have here.
        expected: u64,
    },
    /// It holds no record.
    NotARecord(String),
    /// The first line is a record, but not a header.
    NoHeader,
    /// The line is complete, and another byte is where its newline was.
    NoNewline,
    /// It is longer than any record, in bytes.
    TooLong(u64),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Checksum => f.write_str("its checksum does not match its bytes"),
            Damage::NoChecksum => f.write_str("it does not end in a checksum"),
            Damage::Number { found, expected } if found > expected => {
                write!(f, "expected record number {expected}, found {found}: records are missing or out of order")
            }
            Damage::Number { found, expected } => {
                write!(f, "expected record number {expected}, found {found}: records are repeated or out of order")
            }
            Damage::NotARecord(why) => write!(f, "it is not a journal record: {why}"),
            Damage::NoHeader => f.write_str("the first record is not the study's header"),
            Damage::NoNewline => f.write_str("another byte is in the place of its newline"),
            Damage::TooLong(most) => write!(f, "it is longer than {most} bytes"),
        }
    }
}

const CHECKSUM: &[u8] = b",\"crc\":\"";
const NUMBER: &[u8] = b",\"n\":";
/// `,"crc":"`, eight digits, `"}`.
const SUFFIX: usize = CHECKSUM.len() + 8 + 2;

impl LineFormat {
    /// The format with this number in its header, if it is one that is read.
    pub fn of_number(number: u64) -> Option<LineFormat> {
        match number {
            1 => Some(LineFormat::Plain),
            2 => Some(LineFormat::Checked),
            _ => None,
        }
    }

    /// Makes `line` the line with number `number` that holds `record`, newline included.
    pub fn write(self, record: &Record, number: u64, line: &mut Vec<u8>) -> io::Result<()> {
        line.clear();
        serde_json::to_writer(&mut *line, record)?;
        if self == LineFormat::Checked {
            line.pop();
            line.extend_from_slice(NUMBER);
            io::Write::write_fmt(line, format_args!("{number}"))?;
            let checksum = crc32fast::hash(line);
            line.extend_from_slice(CHECKSUM);
            io::Write::write_fmt(line, format_args!("{checksum:08x}\"}}"))?;
        }
        line.push(b'\n');
        Ok(())
    }

    /// Checks `line`, given without its newline, against its checksum and `number`; number and checksum are then cut off, so that the
    /// record alone remains.
    pub fn check(self, line: &mut Vec<u8>, number: u64) -> Result<(), Damage> {
        if self == LineFormat::Plain {
            return Ok(());
        }
        let (found, record) = checked(line)?;
        if found != number {
            return Err(Damage::Number { found, expected: number });
        }
        line.truncate(record);
        line.push(b'}');
        Ok(())
    }
}

/// Whether `line`, given without its newline, has the form of a line with a checksum, be it right or wrong.
pub fn has_checksum(line: &[u8]) -> bool {
    split(line).is_some()
}

/// The number in a line whose checksum is right, and how many of its bytes belong to the record, its last brace not counted.
pub fn checked(line: &[u8]) -> Result<(u64, usize), Damage> {
    let (covered, checksum) = split(line).ok_or(Damage::NoChecksum)?;
    if *checksum != *format!("{:08x}", crc32fast::hash(covered)).as_bytes() {
        return Err(Damage::Checksum);
    }
    let digits = covered.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, digits) = covered.split_at(covered.len() - digits);
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    let record = before.strip_suffix(NUMBER).map(<[u8]>::len);
    number.zip(record).ok_or_else(|| Damage::NotARecord("it has no number".into()))
}

/// What the checksum covers, and its digits.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
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
    fn number_and_checksum_end_the_object() {
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

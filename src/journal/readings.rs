//! `readings.jsonl`: the readings of all jobs, for learning curves in views.
//!
//! No decision depends on this file, so it is never synced and may be lost or torn. A line is one reading, with all its numbers:
//!
//! ```text
//! {"trial":7,"rung":1,"attempt":1,"reading":4,"step":4.0,"metrics":{"loss":0.5,"grad_norm":"NaN"}}
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::folder::files;
use super::folder::layout::StudyFolder;
use crate::types::ids::JobId;
use crate::types::outcome::Reading;

/// Longest line that is read, in bytes.
const MAX_LINE: u64 = 1 << 20;
/// So many readings of a job are recorded before every second one is skipped, and half as many before the distance doubles again: a
/// job with a million readings has about five hundred lines.
const FIRST_READINGS: u64 = 64;

/// One line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReadingRecord {
    /// The job that printed it.
    #[serde(flatten)]
    pub job: JobId,
    /// Its ordinal among the job's readings, from 1.
    #[serde(rename = "reading")]
    pub ordinal: u64,
    /// The value of the resource in it, if present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// All its numbers.
    #[serde(with = "numbers")]
    pub metrics: Vec<(String, f64)>,
}

impl ReadingRecord {
    /// The number with this name.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(found, _)| found == name).map(|(_, number)| *number)
    }
}

/// Decides which readings of one job are recorded: all of the first, later ones at distances that double.
#[derive(Clone, Copy, Debug)]
pub struct ReadingSampler {
    counted: u64,
    stride: u64,
    /// Number of readings to record before the stride doubles.
    until_doubled: u64,
}

impl Default for ReadingSampler {
    fn default() -> Self {
        ReadingSampler { counted: 0, stride: 1, until_doubled: FIRST_READINGS }
    }
}

impl ReadingSampler {
    /// Counts the next reading. Returns its ordinal and whether to record it.
    pub fn count(&mut self) -> (u64, bool) {
        let recorded = self.counted.is_multiple_of(self.stride);
        self.counted += 1;
        if recorded {
            self.until_doubled -= 1;
            if self.until_doubled == 0 {
                (self.stride, self.until_doubled) = (self.stride.saturating_mul(2), FIRST_READINGS / 2);
            }
        }
        (self.counted, recorded)
    }
}

/// The file, open for all jobs of a session.
#[derive(Debug)]
pub struct ReadingsFile {
    /// `None` if it could not be opened.
    file: Option<File>,
    error: OnceLock<io::Error>,
}

impl ReadingsFile {
    /// Opens the file of the study in `folder`, or creates it, and ends a torn last line. If that fails, readings are dropped, and
    /// [`ReadingsFile::error`] returns the error.
    pub fn open(folder: &StudyFolder) -> ReadingsFile {
        let (file, error) = match ReadingsFile::open_file(folder) {
            Ok(file) => (Some(file), OnceLock::new()),
            Err(error) => (None, OnceLock::from(error)),
        };
        ReadingsFile { file, error }
    }

    fn open_file(folder: &StudyFolder) -> io::Result<File> {
        let mut file = files::open(&folder.readings(), OpenOptions::new().create(true).read(true).append(true))?;
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        if last != [b'\n'] {
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    /// Appends complete lines in one write. After an error, which [`ReadingsFile::error`] returns, all lines are dropped.
    pub fn append(&self, lines: &[u8]) {
        if lines.is_empty() || self.error.get().is_some() {
            return;
        }
        if let Some(Err(error)) = self.file.as_ref().map(|mut file| file.write_all(lines)) {
            let _ = self.error.set(error);
        }
    }

    /// The error after which readings are dropped, if there was one.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.get()
    }
}

/// Serializes a reading as a line, appended to `out`.
pub fn write_line(out: &mut Vec<u8>, job: JobId, ordinal: u64, reading: Reading) -> io::Result<()> {
    let Reading { step, numbers: metrics } = reading;
    let length = out.len();
    let written = serde_json::to_writer(&mut *out, &ReadingRecord { job, ordinal, step, metrics });
    match written {
        Ok(()) => out.push(b'\n'),
        Err(_) => out.truncate(length),
    }
    written.map_err(io::Error::from)
}

/// The readings of the study in `folder`, in the order in which they were printed. Torn, damaged and foreign lines are skipped; a
/// missing file has no readings.
///
/// # Errors
/// The file cannot be opened, or is not a regular file.
pub fn read(folder: &StudyFolder) -> io::Result<impl Iterator<Item = ReadingRecord>> {
    let mut source = match files::open_to_read(&folder.readings()) {
        Ok(file) => Some(BufReader::new(file)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    let mut line = Vec::new();
    Ok(std::iter::from_fn(move || {
        let source = source.as_mut()?;
        loop {
            line.clear();
            if Read::by_ref(source).take(MAX_LINE).read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            if let Ok(record) = serde_json::from_slice(&line) {
                return Some(record);
            }
        }
    }))
}

/// The readings in the last `bytes` of the file and whether these are all of it. As [`read`] otherwise.
pub fn read_tail(folder: &StudyFolder, bytes: u64) -> io::Result<(Vec<ReadingRecord>, bool)> {
    let mut file = match files::open_to_read(&folder.readings()) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), true)),
        Err(e) => return Err(e),
    };
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    let mut tail = Vec::new();
    file.take(bytes).read_to_end(&mut tail)?;
    let records = tail.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok((records.collect(), length <= bytes))
}

/// Numbers as a JSON object. Those that JSON cannot express are the strings `NaN`, `Infinity` and `-Infinity`.
mod numbers {
    use std::fmt;

    use serde::de::{MapAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Finite(f64),
        Text(String),
    }

    pub fn serialize<S: Serializer>(numbers: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(numbers.iter().map(|(name, number)| (name, in_json(*number))))
    }

    fn in_json(number: f64) -> serde_json::Value {
        match (number.is_finite(), number.is_nan(), number > 0.0) {
            (true, ..) => number.into(),
            (_, true, _) => "NaN".into(),
            (.., true) => "Infinity".into(),
            _ => "-Infinity".into(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, f64)>, D::Error> {
        deserializer.deserialize_map(NumbersVisitor)
    }

    struct NumbersVisitor;

    impl<'de> Visitor<'de> for NumbersVisitor {
        type Value = Vec<(String, f64)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of numbers")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut numbers = Vec::new();
            while let Some((name, number)) = map.next_entry::<String, Number>()? {
                let number = match number {
                    Number::Finite(number) => number,
                    Number::Text(text) => text.parse().map_err(serde::de::Error::custom)?,
                };
                numbers.push((name, number));
            }
            Ok(numbers)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::{Attempt, JobKey, Rung, TrialId};

    fn job(trial: u64) -> JobId {
        JobId { key: JobKey { trial: TrialId(trial), rung: Rung(1) }, attempt: Attempt(1) }
    }

    fn reading(loss: f64) -> Reading {
        Reading { step: Some(4.0), numbers: vec![("loss".into(), loss), ("norm".into(), f64::NEG_INFINITY)] }
    }

    fn recorded(readings: u64) -> Vec<u64> {
        let mut sampler = ReadingSampler::default();
        (0..readings).map(|_| sampler.count()).filter_map(|(ordinal, recorded)| recorded.then_some(ordinal)).collect()
    }

    #[test]
    fn all_first_readings_are_recorded_and_later_ones_are_thinned() {
        assert_eq!(recorded(64), (1..=64).collect::<Vec<_>>());
        assert_eq!(recorded(70)[64..], [65, 67, 69]);
        assert!((400..600).contains(&recorded(1_000_000).len()), "{}", recorded(1_000_000).len());
    }

    #[test]
    fn lines_have_the_documented_form_and_are_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let mut lines = Vec::new();
        write_line(&mut lines, job(7), 4, reading(f64::NAN)).unwrap();
        let documented =
            r#"{"trial":7,"rung":1,"attempt":1,"reading":4,"step":4.0,"metrics":{"loss":"NaN","norm":"-Infinity"}}"#;
        assert_eq!(String::from_utf8(lines.clone()).unwrap(), format!("{documented}\n"));
        ReadingsFile::open(&folder).append(&lines);
        let found: Vec<ReadingRecord> = read(&folder).unwrap().collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].number("loss").unwrap().is_nan());
        assert_eq!((found[0].job, found[0].ordinal, found[0].number("norm")), (job(7), 4, Some(f64::NEG_INFINITY)));
    }

    #[test]
    fn the_tail_has_the_last_readings() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        assert!(read_tail(&folder, 100).unwrap().1);
        let mut lines = Vec::new();
        (0..9).for_each(|trial| write_line(&mut lines, job(trial), 1, reading(0.5)).unwrap());
        std::fs::write(folder.readings(), &lines).unwrap();
        let trials = |bytes: usize| {
            let (readings, all) = read_tail(&folder, bytes as u64).unwrap();
            (readings.iter().map(|record| record.job.key.trial.0).collect::<Vec<_>>(), all)
        };
        assert_eq!(trials(lines.len() / 9 * 2 + 5), (vec![7, 8], false));
        assert_eq!(trials(lines.len()), ((0..9).collect(), true));
    }

    #[test]
    fn torn_and_damaged_lines_are_skipped() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        assert_eq!(read(&folder).unwrap().count(), 0, "a missing file has no readings");
        std::fs::write(folder.readings(), "\u{0}\u{0}\nnothing\n{\"trial\":1,\"ru").unwrap();
        let mut lines = Vec::new();
        write_line(&mut lines, job(2), 1, reading(0.5)).unwrap();
        ReadingsFile::open(&folder).append(&lines);
        assert_eq!(read(&folder).unwrap().map(|record| record.job.key.trial.0).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn the_error_of_a_full_disk_is_returned_at_the_end() {
        let file = ReadingsFile { file: File::options().append(true).open("/dev/full").ok(), error: OnceLock::new() };
        file.append(b"line\n");
        file.append(b"line\n");
        assert_eq!(file.error().unwrap().raw_os_error(), Some(libc::ENOSPC));
    }
}

//! Recognizes files of a driver by their content. Without a journal a name such as `lock` is no evidence.

use super::lease::parse_lease_line;
use crate::journal::line;
use crate::journal::readings::ReadingRecord;

/// The start of every journal.
const HEADER: &[u8] = b"{\"type\":\"study\",\"format\":";
/// Bytes of the shortest torn header that is recognized: `{"type":"study"`. Shorter ones may be any JSON file.
const SHORTEST_HEADER: usize = 15;
/// The start of every reading, torn ones included.
const READING: &[u8] = b"{\"trial\":";

/// The origin of a file, judged by its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileOrigin {
    /// It is empty, or has only NULs, which a file system may write in a power cut.
    Empty,
    /// A driver wrote it.
    Driver,
    /// It is not known that a driver wrote it.
    Unknown,
}

impl FileOrigin {
    /// The origin of a file with `bytes`; `is_own` recognizes a driver's.
    pub fn of(bytes: &[u8], is_own: fn(&[u8]) -> bool) -> FileOrigin {
        match () {
            () if bytes.iter().all(|byte| *byte == 0) => FileOrigin::Empty,
            () if is_own(bytes) => FileOrigin::Driver,
            () => FileOrigin::Unknown,
        }
    }
}

/// Whether `bytes` are the start of a journal: a header, a torn one, or a damaged one before a line with a correct checksum.
pub fn starts_a_journal(bytes: &[u8]) -> bool {
    let torn = bytes.len() >= SHORTEST_HEADER && HEADER.starts_with(bytes);
    let is_intact = |line| line::verify(line).is_ok();
    torn || bytes.starts_with(HEADER) || bytes.split(|byte| *byte == b'\n').take(2).any(is_intact)
}

/// Whether `bytes` are a lock file: lines with a process id and, unless the driver ended normally, with a host, a number and the id of a boot.
pub fn is_lock(bytes: &[u8]) -> bool {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let is_lease = |line| std::str::from_utf8(line).is_ok_and(|line| parse_lease_line(line).is_some());
    match lines[..] {
        [pid, b""] => is_number(pid),
        [pid, lease, b""] => is_number(pid) && is_lease(lease),
        _ => false,
    }
}

/// Whether `bytes` are a list of session marks, one per line: components separated by `/`, the last one `PID-START-TIME`, and then, but
/// for earlier versions, a blank and the name of the launcher, and perhaps a blank and a JSON object. The last line may be torn.
pub fn is_session_list(bytes: &[u8]) -> bool {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let torn = lines.pop().unwrap_or_default();
    let is_torn_line = torn.is_empty() || starts_a_mark(torn) || starts_a_session(torn);
    is_torn_line && lines.iter().all(|line| starts_a_session(line) && !line.ends_with(b" "))
}

/// Whether `bytes` are a whole mark, alone or with a blank and the name of a launcher, or the start of one, behind it. A JSON object may
/// follow.
fn starts_a_session(bytes: &[u8]) -> bool {
    let mut parts = bytes.splitn(3, |byte| *byte == b' ');
    let mark = parts.next().unwrap_or_default();
    let launcher = parts.next().unwrap_or_default();
    let details = parts.next().unwrap_or_default();
    starts_a_mark(mark)
        && has_three_numbers(mark)
        && launcher.iter().all(u8::is_ascii_lowercase)
        && (details.is_empty() || details.starts_with(b"{"))
}

/// Whether `bytes` are the start of a mark: at least the driver's process id, a hyphen and a digit.
fn starts_a_mark(bytes: &[u8]) -> bool {
    let in_component = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let mut components: Vec<&[u8]> = bytes.split(|byte| *byte == b'/').collect();
    let last = components.pop().unwrap_or_default();
    let mut numbers: Vec<&[u8]> = last.split(|byte| *byte == b'-').collect();
    let count = numbers.len();
    let torn = numbers.pop().unwrap_or_default();
    components.iter().all(|component| !component.is_empty() && component.iter().all(in_component))
        && (2..=3).contains(&count)
        && numbers.into_iter().all(is_number)
        && (is_number(torn) || count == 3 && torn.is_empty())
}

fn has_three_numbers(mark: &[u8]) -> bool {
    let own = mark.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    own.split(|byte| *byte == b'-').filter(|number| is_number(number)).count() == 3
}

/// Whether `bytes` are the start of a readings file: the first line is a reading, every other line is a reading or part of one.
pub fn starts_readings(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let is_reading = |line: &[u8]| serde_json::from_slice::<ReadingRecord>(line).is_ok();
    let may_be_torn = |line: &[u8]| READING.starts_with(line) || line.starts_with(READING);
    lines.next().is_some_and(is_reading) && lines.all(|line| may_be_torn(line) || is_reading(line))
}

fn is_number(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_recognized_from_its_type_on() {
        for (text, own) in [
            ("{", false),
            ("{\"type\":\"study", false),
            ("{\"type\":\"study\"", true),
            ("{\"type\":\"study\",\"form", true),
            ("{\"type\":\"study\",\"format\":2,\"x", true),
            ("{\"type\":\"study\"}", false),
            ("{\"type\":\"study\",\"name\":\"a survey\"}\n", false),
        ] {
            assert_eq!(starts_a_journal(text.as_bytes()), own, "{text}");
        }
    }

    #[test]
    fn a_damaged_header_does_not_hide_a_journal() {
        let mut text = b"{\"tzpe\":\"study\",\"format\":1,\"sampling_rules\":1}\n".to_vec();
        let mut line = Vec::new();
        let record = crate::journal::record::Record::Retired { trial: crate::types::ids::TrialId(0) };
        line::LineFormat::Checked.write(&record, 2, &mut line).unwrap();
        text.extend(line);
        assert!(starts_a_journal(&text));
    }

    #[test]
    fn a_lock_file_is_a_process_id_and_perhaps_a_lease() {
        for (text, own) in [
            ("12\n", true),
            ("12\nnode7 0000000042\n", true),
            ("12\nnode7 0000000042 a2f9e615-0d25-4228-b0a9-69a99f6d8006\n", true),
            ("12", false),
            ("\n", false),
            ("12\n\n", false),
            ("12\nmy notes\n", false),
            ("12\nnode7 1 2\n", false),
            ("precious\n", false),
        ] {
            assert_eq!(is_lock(text.as_bytes()), own, "{text:?}");
        }
    }

    #[test]
    fn a_session_list_has_marks_only() {
        for (text, own) in [
            ("1-2-3\n", true),
            ("1-2-3\n4-5-6/0-0-1/7-8-9\n", true),
            ("1-2-3/tuner/7-8-9\n", true),
            ("1-2-3", true),
            ("1-2-", true),
            ("1-2", true),
            ("1-", false),
            ("1", false),
            ("1--", false),
            ("1-2-\n", false),
            ("1-2-3-4\n", false),
            ("1-2\n", false),
            ("1-2-3\nthesis\n", false),
            ("/1-2-3\n", false),
            ("my notes/1-2-3\n", false),
        ] {
            assert_eq!(is_session_list(text.as_bytes()), own, "{text:?}");
        }
    }

    #[test]
    fn readings_start_with_a_complete_one() {
        let whole = r#"{"trial":7,"rung":1,"attempt":1,"reading":4,"step":4.0,"metrics":{"loss":"NaN"}}"#;
        for (text, own) in [
            (format!("{whole}\n"), true),
            (format!("{whole}\n{{\"trial\":7,\"ru\n{whole}\n"), true),
            (format!("{whole}\n{{\"tr"), true),
            (format!("{whole}\nprecious\n"), false),
            (format!("precious\n{whole}\n"), false),
            ("{\"trial\":7,\"patient\":\"x\"}\n".into(), false),
        ] {
            assert_eq!(starts_readings(text.as_bytes()), own, "{text:?}");
        }
    }
}

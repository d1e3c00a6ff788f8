use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::journal::record::{EndRecord, FORMAT, LaunchRecord, PlanTotals, ProcessUsage};
use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::origin::ConfigOrigin;
use crate::types::outcome::{CurvePoint, Failure, Outcome, Readings};
use crate::types::units::{Moment, Resource};

fn header() -> Record {
    Record::Study(Box::new(Header {
        format: FORMAT,
        sampling_rules: 1,
        version: "0.1.0".into(),
        matrix_path: "m.yaml".into(),
        matrix: "kind: random\n".into(),
        directory: String::new(),
        study: String::new(),
        component: None,
        command: vec!["train".into()],
        options: json!({}),
        seed: u64::MAX,
        metric: None,
        collector: None,
        resource: None,
        promoted: Default::default(),
        params: Vec::new(),
        log_params: Vec::new(),
        prior: Vec::new(),
        sampler_choice: None,
        plan: PlanTotals::default(),
        started_at: "2026-01-01T00:00:00Z".into(),
    }))
}

fn job(trial: u64) -> JobId {
    JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) }
}

fn sample(lr: f64) -> Vec<Record> {
    let launch = LaunchRecord {
        job: job(0),
        bracket: BracketId { round: 0, bracket: 4 },
        resource: Resource::new(1.0).unwrap(),
        previous: Resource::ZERO,
        slot: Slot(1),
        params: Some([("lr".into(), json!(lr)), ("n".into(), json!(i64::MIN))].into_iter().collect()),
        origin: Some(ConfigOrigin::model("gp", 0.25)),
        at: Moment(u64::MAX - 1),
    };
    let end = |outcome| {
        Record::End(Box::new(EndRecord {
            job: job(0),
            outcome,
            readings: Readings {
                metrics: [("loss".to_owned(), json!("NaN"))].into_iter().collect(),
                curve: vec![CurvePoint { step: 1.0, value: lr }],
                thinned_from: Some(70),
            },
            usage: ProcessUsage { duration_s: lr.abs(), exit_code: Some(1), ..ProcessUsage::default() },
            stderr_tail: "no\nway".into(),
            at: Moment(7),
        }))
    };
    vec![
        header(),
        Record::Launch(Box::new(launch)),
        end(Outcome::Failed { failure: Failure::Exit(1) }),
        end(Outcome::Failed { failure: Failure::Timeout }),
        Record::Retired { trial: TrialId(0) },
    ]
}

fn text(records: &[Record]) -> Vec<u8> {
    lines(records).concat()
}

fn lines(records: &[Record]) -> Vec<Vec<u8>> {
    let line = |(number, record)| {
        let mut line = Vec::new();
        LineFormat::Checked.write(record, number, &mut line).unwrap();
        line
    };
    (1..).zip(records).map(line).collect()
}

/// The same in format 1.
fn plain(records: &[Record]) -> Vec<u8> {
    let line = |r| serde_json::to_string(r).unwrap() + "\n";
    let text = records.iter().map(line).collect::<String>();
    text.replacen("\"format\":2", "\"format\":1", 1).into_bytes()
}

/// The records and the length of their lines in bytes.
fn read(bytes: &[u8]) -> Result<(Vec<Record>, u64), JournalError> {
    let mut reader = JournalReader::new(Path::new("s/journal.jsonl"), bytes);
    let Some(header) = reader.header()? else { return Ok((Vec::new(), 0)) };
    let mut records = vec![Record::Study(Box::new(header))];
    for record in &mut reader {
        records.push(record?);
    }
    Ok((records, reader.end().length))
}

proptest! {
    #[test]
    fn written_records_are_read_back_exactly(lr in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
        let records = sample(lr);
        let bytes = text(&records);
        prop_assert_eq!(read(&bytes).unwrap(), (records, bytes.len() as u64));
    }

    #[test]
    fn a_journal_cut_at_any_byte_gives_its_whole_lines(cut in 0usize..2000) {
        let records = sample(0.1);
        let bytes = text(&records);
        let cut = cut.min(bytes.len());
        let whole = bytes[..cut].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let lines = bytes[..cut].iter().filter(|b| **b == b'\n').count();
        prop_assert_eq!(read(&bytes[..cut]).unwrap(), (records[..lines].to_vec(), whole as u64));
    }

    #[test]
    fn errors_about_foreign_bytes_name_the_line(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..900) {
        let mut journal = text(&sample(0.1));
        let at = at.min(journal.len());
        journal.splice(at..at, bytes);
        if let Err(error) = read(&journal) {
            prop_assert!(error.to_string().starts_with("s/journal.jsonl:"), "{}", error);
        }
    }
}

#[test]
fn blocks_of_nuls_at_the_end_are_a_torn_end() {
    let records = sample(0.1);
    let bytes = text(&records);
    let mut torn = bytes.clone();
    torn.extend([0; 4096]);
    assert_eq!(read(&torn).unwrap(), (records.clone(), bytes.len() as u64));
    torn.extend(b"\n\0\0\n");
    assert_eq!(read(&torn).unwrap(), (records, bytes.len() as u64));
    torn.extend(text(&sample(0.2)));
    assert!(matches!(read(&torn), Err(JournalError::Corrupt { line: 6, .. })));
}

#[test]
fn damage_names_file_and_line() {
    let mut bytes = text(&sample(0.1));
    let second = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
    bytes[second] = b'!';
    insta::assert_snapshot!(read(&bytes).unwrap_err(), @"s/journal.jsonl:2: damaged record: its checksum does not match its bytes; `hypertune check s` reports how much can be saved");
    let mut bytes = plain(&sample(0.1));
    let second = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
    bytes[second] = b'!';
    insta::assert_snapshot!(read(&bytes).unwrap_err(), @"s/journal.jsonl:2: damaged record: it is not a journal record: expected value at column 1; `hypertune check s` reports how much can be saved");
}

#[test]
fn format_1_is_read() {
    let records = sample(0.1);
    let bytes = plain(&records);
    let (read, length) = read(&bytes).unwrap();
    assert_eq!(length, bytes.len() as u64);
    assert_eq!(read[1..], records[1..]);
    let Record::Study(header) = &read[0] else { panic!("{read:?}") };
    assert_eq!(header.format, 1);
}

#[test]
fn every_flipped_bit_is_found() {
    let bytes = text(&sample(0.1));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = read(&flipped).expect_err("a flipped bit is damage");
        assert!(matches!(error, JournalError::Corrupt { .. }), "bit {bit}: {error}");
    }
}

#[test]
fn every_missing_repeated_or_moved_line_is_found() {
    let lines = lines(&sample(0.1));
    let refused = |lines: &[Vec<u8>]| assert!(matches!(read(&lines.concat()), Err(JournalError::Corrupt { .. })));
    for at in 0..lines.len() {
        let mut repeated = lines.clone();
        repeated.insert(at, lines[at].clone());
        refused(&repeated);
        for other in (0..lines.len()).filter(|other| *other != at) {
            let mut swapped = lines.clone();
            swapped.swap(at, other);
            refused(&swapped);
        }
        // A journal without its last line is valid: a crash may leave it.
        if at + 1 < lines.len() {
            let mut shorter = lines.clone();
            shorter.remove(at);
            refused(&shorter);
        }
    }
}

#[test]
fn a_single_nul_in_the_last_line_is_damage() {
    let mut bytes = text(&sample(0.1));
    let at = bytes.len() - 40;
    bytes[at] = 0;
    assert!(matches!(read(&bytes), Err(JournalError::Corrupt { line: 5, damage: LineError::Checksum, .. })));
}

#[test]
fn another_format_is_refused_whatever_else_it_holds() {
    insta::assert_snapshot!(read(b"{\"type\":\"study\",\"format\":9,\"colour\":\"blue\"}\n").unwrap_err(), @"s/journal.jsonl: journal format 9, but this hypertune reads formats 1 to 2; use the version that wrote it, or discard the study with --overwrite");
}

#[test]
fn a_journal_must_start_with_its_header() {
    let error = read(b"{\"type\":\"retired\",\"trial\":0}\n").unwrap_err();
    assert!(matches!(error, JournalError::Corrupt { line: 1, .. }), "{error}");
}

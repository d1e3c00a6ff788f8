//! The journal: a damaged one is refused with file and line, or resumed; every journal that can be read can be shown.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use hypertune::engine::Engine;
use hypertune::engine::event::{Command, Event, FinishReason};
use hypertune::engine::experiment::Experiment;
use hypertune::journal::error::JournalError;
use hypertune::journal::folder::layout::StudyFolder;
use hypertune::journal::reader::JournalReader;
use hypertune::journal::record::{Header, Record};
use hypertune::journal::replay::replay;
use hypertune::matrix::command_line::overrides::Overrides;
use hypertune::matrix::load::load_bytes;
use hypertune::report::export::catalogue::EXPORTERS;
use hypertune::report::summary::Summary;
use hypertune::report::trial_columns::Column;
use hypertune::report::view::{ViewBuilder, ViewDetail};
use hypertune::report::{summary_text, trials, trials_table};
use hypertune::types::objective::Score;
use hypertune::types::outcome::Outcome;
use hypertune_test_support::Lab;
use proptest::prelude::*;

use crate::cases;
use crate::damage::{damage, damaged};

const TAIL: &str = "seed: 7\nresource: {name: epochs}\nmetric: {name: loss, optimization: minimize}\n\
                    params:\n  x: {kind: uniform, value: [0, 1]}\n  y: {kind: choice, value: [1, 2, 3]}\n";

/// Matrices whose journals are damaged: synchronous and asynchronous promotion, models, and rules on running jobs.
const KINDS: [&str; 5] = [
    "kind: hyperband\nmaxIterations: 9\nresume: true\n",
    "kind: asha\nmaxIterations: 9\nnumRuns: 8\n",
    "kind: auto\nmaxIterations: 9\nnumRuns: 8\n",
    "kind: hyperband\nmaxIterations: 9\nsampler: tpe\nearlyStopping:\n  - {metric: loss, optimization: minimize, policy: {kind: median, minSamples: 1}}\n",
    "kind: halving\nminIterations: 1\nmaxIterations: 4\neta: 2\nearlyStopping:\n  - {kind: failure_early_stopping, percent: 90}\n",
];

const WORDS: [&str; 24] = [
    "launch",
    "end",
    "kill",
    "promoted",
    "retired",
    "finish",
    "session",
    "study",
    "succeeded",
    "stopped",
    "failed",
    "lost",
    "exit",
    "interrupted",
    "limit",
    "completed",
    "metric_reached",
    "trial",
    "rung",
    "attempt",
    "bracket",
    "slot",
    "score",
    "params",
];

/// Journals that the hypertune binary wrote, with some failed jobs.
fn journals() -> &'static [Vec<u8>] {
    static JOURNALS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    JOURNALS.get_or_init(|| KINDS.iter().map(|kind| write_journal(&format!("{kind}{TAIL}"))).collect())
}

/// The same in format 1, which has no checksums.
fn plain_journals() -> &'static [Vec<u8>] {
    static JOURNALS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let record = |line: &str| format!("{}}}\n", &line[..line.rfind(",\"n\":").expect("a number")]);
    let plain = |journal: &Vec<u8>| {
        let text: String = String::from_utf8_lossy(journal).lines().map(record).collect();
        text.replacen("\"format\":2", "\"format\":1", 1).into_bytes()
    };
    JOURNALS.get_or_init(|| journals().iter().map(plain).collect())
}

/// Reads all records and returns their number.
fn read_all(journal: &[u8]) -> Result<usize, JournalError> {
    let mut reader = reader(journal);
    reader.header()?;
    reader.try_fold(0, |records, record| record.map(|_| records + 1))
}

fn write_journal(matrix: &str) -> Vec<u8> {
    let lab = Lab::new(matrix);
    let ended = lab.run("-q -j 2 --keep-going --retries 1", "fail-below=0.2 fail-first=0");
    assert!(matches!(ended.code(), Some(0 | 3)), "{ended:?}");
    std::fs::read(lab.study().join("journal.jsonl")).expect("a journal")
}

fn experiment(kind: usize) -> Experiment {
    let matrix = format!("{}{TAIL}", KINDS[kind]);
    let overrides = Overrides::default();
    load_bytes("m.yaml", matrix.as_bytes(), Path::new(""), &overrides).expect("a valid matrix").experiment
}

fn reader(journal: &[u8]) -> JournalReader<&[u8]> {
    JournalReader::new(Path::new("m.study/journal.jsonl"), journal)
}

fn names_its_line(error: &JournalError) {
    let text = error.to_string();
    assert!(text.starts_with("m.study/journal.jsonl:"), "{text}");
}

/// Computes every view.
fn can_be_shown(journal: &[u8]) {
    let mut reader = reader(journal);
    let header = match reader.header() {
        Ok(Some(header)) => header,
        Ok(None) => return,
        Err(error) => return names_its_line(&error),
    };
    let mut builder = ViewBuilder::new(ViewDetail::Full);
    builder.push(Record::Study(Box::new(header)));
    for record in &mut reader {
        match record {
            Ok(record) => builder.push(record),
            Err(error) => return names_its_line(&error),
        }
    }
    builder.mark_running_as_lost();
    let view = builder.finish(Path::new("m.study")).expect("it has a header");
    let summary = Summary::new(&view, PathBuf::from("logs"), |_| Default::default());
    let _ = summary_text::render(&summary);
    assert!(serde_json::to_string(&summary).is_ok());
    let trials = trials::trials(&view);
    let _ = trials_table::table(&trials, &Column::usual(&view, &trials));
    for exporter in EXPORTERS {
        exporter.export(&view, &mut Vec::new()).expect("memory takes anything");
    }
}

/// Resumes the study: it is refused with a line, or runs to completion. The header is not damaged: another header is another study.
fn can_be_resumed(kind: usize, header: &[u8], rest: &[u8]) {
    let journal = [header, rest].concat();
    let mut reader = reader(&journal);
    let Ok(Some(Header { .. })) = reader.header() else { panic!("the header is whole") };
    let mut engine = Engine::new(Arc::new(experiment(kind)), 2);
    let folder = StudyFolder::new("m.study");
    let standing = match replay(&mut reader, &folder, &mut engine, |_, _| {}) {
        Ok(standing) => standing,
        Err(error) => return names_its_line(&error),
    };
    assert!(standing.end.length <= journal.len() as u64);
    let mut now = standing.at;
    let recovery = engine.recover();
    assert!(recovery.lost.len() < 1000);
    let mut waiting = engine.handle(now, Event::Start);
    let mut finished: Option<FinishReason> = None;
    let mut wake = None;
    for step in 0..2000 {
        let mut next = Vec::new();
        for command in waiting {
            match command {
                Command::Launch(launch) => next.push(launch.job),
                Command::Finish(reason) => finished = Some(reason),
                Command::WakeAt(moment) => wake = Some(moment),
                _ => {}
            }
        }
        waiting = Vec::new();
        for job in &next {
            let outcome = Outcome::Succeeded { score: Score::new(f64::from(step)) };
            now = now.after(std::time::Duration::from_secs(1));
            waiting.extend(engine.handle(now, Event::Ended { job: *job, outcome, curve: Vec::new(), step: None }));
        }
        if finished.is_some() {
            break;
        }
        if next.is_empty() {
            let Some(moment) = wake.take() else { break };
            now = now.max(moment);
            waiting = engine.handle(now, Event::Tick);
        }
    }
    assert!(finished.is_some() || standing.finished.is_some(), "the study has no end: {engine:?}");
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn damaged_journals_are_shown_or_refused(which in 0..KINDS.len(), damage in damage()) {
        can_be_shown(&damaged(&journals()[which], &damage, &WORDS));
        can_be_shown(&damaged(&plain_journals()[which], &damage, &WORDS));
    }

    #[test]
    fn damaged_journals_are_resumed_or_refused(which in 0..KINDS.len(), damage in damage()) {
        for journal in [&journals()[which], &plain_journals()[which]] {
            let first = journal.iter().position(|b| *b == b'\n').expect("a header") + 1;
            let (header, rest) = journal.split_at(first);
            can_be_resumed(which, header, &damaged(rest, &damage, &WORDS));
        }
    }

    #[test]
    fn ten_flipped_bits_are_found_each(which in 0..KINDS.len(), bits in prop::collection::vec(any::<prop::sample::Index>(), 10)) {
        let journal = &journals()[which];
        for bit in bits {
            let bit = bit.index(journal.len() * 8);
            let mut flipped = journal.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = read_all(&flipped).expect_err("a flipped bit is damage");
            prop_assert!(matches!(error, JournalError::Corrupt { .. }), "bit {}: {}", bit, error);
            names_its_line(&error);
        }
    }

    #[test]
    fn missing_repeated_and_swapped_lines_are_found(
        which in 0..KINDS.len(), first in any::<prop::sample::Index>(), second in any::<prop::sample::Index>()
    ) {
        let lines: Vec<&[u8]> = journals()[which].split_inclusive(|byte| *byte == b'\n').collect();
        let (first, second) = (first.index(lines.len() - 1), second.index(lines.len()));
        let (mut missing, mut repeated, mut swapped) = (lines.clone(), lines.clone(), lines.clone());
        missing.remove(first);
        repeated.insert(first, lines[second]);
        swapped.swap(first, second);
        for (lines, sound) in [(missing, false), (repeated, false), (swapped, first == second)] {
            prop_assert_eq!(read_all(&lines.concat()).is_ok(), sound);
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        can_be_shown(&bytes);
    }
}

#[test]
fn every_prefix_is_shown_and_resumed() {
    for (which, journal) in journals().iter().enumerate() {
        let first = journal.iter().position(|b| *b == b'\n').expect("a header") + 1;
        for cut in (first..=journal.len()).step_by(211) {
            can_be_shown(&journal[..cut]);
            can_be_resumed(which, &journal[..first], &journal[first..cut]);
            read_all(&journal[..cut]).expect("a torn end is no damage");
        }
    }
}

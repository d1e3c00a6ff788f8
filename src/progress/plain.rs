//! Progress without a terminal: one plain line per finished rung.

use std::sync::{Mutex, PoisonError};

use super::stderr::{print_message, print_progress};
use super::study_progress::StudyProgress;
use super::verbosity::Verbosity;
use super::{job, line};
use crate::journal::record::Record;
use crate::run::observer::Observer;

/// Number of progress lines of a study whose rungs are never full.
const PARTS: f64 = 10.0;

/// Prints plain lines to stderr.
#[derive(Debug)]
pub struct PlainProgress {
    progress: Mutex<StudyProgress>,
    verbosity: Verbosity,
}

impl PlainProgress {
    pub fn new(progress: StudyProgress, verbosity: Verbosity) -> PlainProgress {
        PlainProgress { progress: Mutex::new(progress), verbosity }
    }

    /// The line for `record`, if it has one.
    fn line(&self, record: &Record) -> Option<String> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let before = parts_done(&progress);
        let full = progress.record(record);
        if !progress.is_live() {
            return None;
        }
        if self.verbosity == Verbosity::Verbose
            && let Record::End(end) = record
        {
            return Some(job::finished_line(&progress, end));
        }
        if progress.open_ended {
            return (parts_done(&progress) > before).then(|| line::study(&progress, progress.now, usize::MAX));
        }
        full.map(|rung| line::full_rung(&progress, &rung))
    }
}

/// Number of finished parts of a study; for an unlimited one, how often the number of its jobs has doubled.
fn parts_done(progress: &StudyProgress) -> u64 {
    match progress.share(progress.now) {
        Some(share) => (share * PARTS) as u64,
        None => u64::from(progress.done.max(1).ilog2()),
    }
}

impl Observer for PlainProgress {
    fn record(&self, record: &Record) {
        if let Some(line) = self.line(record) {
            print_progress(&line);
        }
    }

    fn note(&self, text: &str) {
        print_message(&format!("note: {text}"));
    }
}

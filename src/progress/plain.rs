//! Progress where nothing can be redrawn: one plain line per finished rung.

use std::sync::{Mutex, PoisonError};

use super::stderr::{print_message, print_progress};
use super::tally::Tally;
use super::verbosity::Verbosity;
use super::{job, line};
use crate::journal::record::Record;
use crate::run::observer::Observer;

/// A study without fixed rungs is heard of after each such part of it.
const PARTS: f64 = 10.0;

/// Prints to stderr.
#[derive(Debug)]
pub struct PlainProgress {
    tally: Mutex<Tally>,
    verbosity: Verbosity,
}

impl PlainProgress {
    /// For a study counted by `tally`.
    pub fn new(tally: Tally, verbosity: Verbosity) -> PlainProgress {
        PlainProgress { tally: Mutex::new(tally), verbosity }
    }

    /// The line that `record` gives rise to, if any.
    fn line(&self, record: &Record) -> Option<String> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let before = step(&tally);
        let full = tally.record(record);
        if !tally.is_live() {
            return None;
        }
        if self.verbosity == Verbosity::Verbose
            && let Record::End(end) = record
        {
            return Some(job::ended(&tally, end));
        }
        if tally.open_ended {
            return (step(&tally) > before).then(|| line::study(&tally, tally.now, usize::MAX));
        }
        full.map(|rung| line::full_rung(&tally, &rung))
    }
}

/// How many parts of a study are behind us; where it has no bound, how often its jobs have doubled.
fn step(tally: &Tally) -> u64 {
    match tally.share(tally.now) {
        Some(share) => (share * PARTS) as u64,
        None => u64::from(tally.done.max(1).ilog2()),
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

//! Progress where nothing can be redrawn: one plain line per finished rung.

use std::sync::{Mutex, PoisonError};

use super::tally::Tally;
use super::{Verbosity, job, line};
use crate::journal::record::Record;
use crate::run::watch::Watcher;
use crate::schedule::Plan;

/// Share of the planned jobs after which a plan without fixed rungs is heard of.
const TENTHS: u64 = 10;

/// Prints to stderr.
#[derive(Debug)]
pub struct Plain {
    tally: Mutex<Tally>,
    open_ended: bool,
    verbosity: Verbosity,
}

impl Plain {
    /// For a study that follows `plan`.
    pub fn new(plan: &Plan, verbosity: Verbosity) -> Plain {
        Plain { tally: Mutex::new(Tally::new(plan)), open_ended: plan.open_ended, verbosity }
    }

    /// The line that `record` gives rise to, if any.
    fn line(&self, record: &Record) -> Option<String> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let before = tally.done * TENTHS / tally.planned_jobs.max(1);
        let full = tally.record(record);
        if !tally.is_live() {
            return None;
        }
        if self.verbosity == Verbosity::Verbose
            && let Record::End(end) = record
        {
            return Some(job::ended(&tally, end));
        }
        if self.open_ended {
            let crossed = tally.done * TENTHS / tally.planned_jobs.max(1) > before;
            return crossed.then(|| line::study(&tally, tally.now));
        }
        full.map(|rung| line::full_rung(&tally, &rung))
    }
}

impl Watcher for Plain {
    fn record(&self, record: &Record) {
        if let Some(line) = self.line(record) {
            eprintln!("{line}");
        }
    }

    fn note(&self, text: &str) {
        eprintln!("note: {text}");
    }
}

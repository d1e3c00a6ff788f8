//! Notes about what the collectors of a session found, each given once.

use std::mem::Discriminant;
use std::sync::{Mutex, PoisonError};

use crate::collect::collector::{Collected, Remark, Wanted};
use crate::types::ids::TrialId;

/// Jobs with readings after which a metric that none of them had is noted.
const JOBS: u64 = 2;
/// Most names that a note lists.
const LISTED: usize = 12;

/// What was noted in this session.
#[derive(Debug, Default)]
pub struct MetricNotes {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    remarks: Vec<Discriminant<Remark>>,
    /// Jobs with names so far; none are counted after the note.
    jobs: u64,
    is_noted: bool,
    /// Metrics of early-stopping rules that some reading had.
    found: Vec<String>,
    /// The first trial whose metric was read, and from what.
    source: Option<(TrialId, String)>,
    is_source_noted: bool,
    /// Whether a job that succeeded in spite of an exception was noted.
    is_exception_noted: bool,
}

impl MetricNotes {
    /// Notes what a job that has ended adds. `absent` are the metrics of early-stopping rules that none of its readings had.
    pub fn job_ended(&self, trial: TrialId, collected: &Collected, wanted: &Wanted, absent: &[String]) -> Vec<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = Vec::new();
        for remark in &collected.remarks {
            let kind = std::mem::discriminant(remark);
            if !state.remarks.contains(&kind) {
                state.remarks.push(kind);
                notes.push(format!("trial {trial}: {remark}"));
            }
        }
        notes.extend(state.other_source(trial, collected));
        notes.extend(state.absent_metric(collected, wanted, absent));
        notes
    }
}

impl MetricNotes {
    /// Notes the first job that succeeded although its output ends with a traceback of `exception`.
    pub fn succeeded_with(&self, trial: TrialId, exception: &str) -> Option<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_noted = std::mem::replace(&mut state.is_exception_noted, true);
        (!is_noted).then(|| {
            format!(
                "trial {trial}: the output ends with a traceback ({exception}), but the exit code is 0, so that the job counts as \
                 succeeded; in a pipe the exit code is that of the last program: use bash -c 'set -o pipefail; …'"
            )
        })
    }
}

impl State {
    /// Says if the metric was read from another form or stream than in the first trial.
    fn other_source(&mut self, trial: TrialId, collected: &Collected) -> Option<String> {
        let source = collected.source.as_ref().filter(|_| !self.is_source_noted)?;
        let (first, known) = self.source.get_or_insert_with(|| (trial, source.clone()));
        if known == source {
            return None;
        }
        let note = format!(
            "the metric was read from {known} in trial {first} and from {source} in trial {trial}; if these are different numbers, \
             print it in one form or set `metric.collect`"
        );
        self.is_source_noted = true;
        Some(note)
    }

    fn absent_metric(&mut self, collected: &Collected, wanted: &Wanted, absent: &[String]) -> Option<String> {
        if wanted.others.is_empty() || collected.names.is_empty() || self.is_noted {
            return None;
        }
        self.jobs += 1;
        for name in wanted.others.iter().filter(|name| !absent.contains(name)) {
            if !self.found.contains(name) {
                self.found.push(name.clone());
            }
        }
        let name = wanted.others.iter().find(|name| !self.found.contains(name))?;
        if self.jobs < JOBS {
            return None;
        }
        self.is_noted = true;
        let names: Vec<String> = collected.names.iter().take(LISTED).map(|seen| format!("`{}`", seen.name)).collect();
        Some(format!(
            "no reading of the first {JOBS} jobs has `{name}`, the metric of an early-stopping rule; the readings have {}",
            names.join(", ")
        ))
    }
}

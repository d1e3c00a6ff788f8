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
        notes.extend(state.absent_metric(collected, wanted, absent));
        notes
    }
}

impl State {
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

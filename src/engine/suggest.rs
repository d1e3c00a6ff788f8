//! An outside tuner proposes: trials hold their slot while it thinks.

use std::sync::Arc;

use super::event::{Command, FinishReason};
use super::job::ScheduledJob;
use super::state::{Engine, PendingSuggestion, TunerState};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;

impl Engine {
    /// Launches the answered trials, those that a limit of jobs or resource had still room for among them. Answers that nobody asked for
    /// are ignored; those that come too late start nothing.
    pub(super) fn suggested(&mut self, suggestions: Vec<(TrialId, Assignment)>, out: &mut Vec<Command>) {
        for (trial, proposal) in suggestions {
            let Some(asked) = self.asked.remove(&trial) else { continue };
            if self.starts_again() {
                let assignment = Arc::new(self.with_starting_point(trial, proposal));
                self.launch(ScheduledJob::first(asked.start, assignment), Some(asked.slot), out);
            } else {
                self.slots.give_back(asked.slot);
                self.held.push_back(asked.start);
            }
        }
    }

    /// No more answers: with a fault the study ends after what runs, without one it goes on with the trials it has.
    pub(super) fn tuner_finished(&mut self, error: Option<String>, out: &mut Vec<Command>) {
        self.tuner = TunerState::Exhausted;
        let asked = std::mem::take(&mut self.asked);
        for PendingSuggestion { slot, .. } in asked.values() {
            self.slots.give_back(*slot);
        }
        match error {
            Some(error) => self.stop(FinishReason::Tuner { error }, out),
            None => {
                let never_run: Vec<TrialId> = asked.into_keys().collect();
                if !never_run.is_empty() {
                    let verdicts = self.close(&never_run);
                    self.announce(verdicts, out);
                }
            }
        }
    }
}

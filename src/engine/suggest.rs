//! Suggestions of the external tuner. A trial holds its slot while it waits for one.

use std::sync::Arc;

use super::event::{Command, FinishReason};
use super::job::ScheduledJob;
use super::state::{Engine, PendingSuggestion, TunerState};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::origin::ConfigOrigin;

impl Engine {
    /// Launches pending trials with their suggested configurations. Suggestions for other trials are ignored. If the study's phase
    /// permits no launch, the trials are deferred.
    pub(super) fn launch_suggested(&mut self, suggestions: Vec<(TrialId, Assignment)>, out: &mut Vec<Command>) {
        for (trial, proposal) in suggestions {
            let Some(pending) = self.pending_suggestions.remove(&trial) else { continue };
            if self.may_relaunch() {
                let assignment = Arc::new(self.with_starting_point(trial, proposal));
                let origin = self.origin(trial, ConfigOrigin::Tuner);
                let job = ScheduledJob::new(pending.start, assignment).with_origin(Some(origin));
                self.launch(job, Some(pending.slot), out);
            } else {
                self.slots.release(pending.slot);
                self.deferred_starts.push_back(pending.start);
            }
        }
    }

    /// The tuner has no more suggestions: after an error the study ends when no job is running, otherwise it continues with the
    /// trials it has.
    pub(super) fn tuner_finished(&mut self, error: Option<String>, out: &mut Vec<Command>) {
        self.tuner = TunerState::Exhausted;
        let pending = std::mem::take(&mut self.pending_suggestions);
        for PendingSuggestion { slot, .. } in pending.values() {
            self.slots.release(*slot);
        }
        match error {
            Some(error) => self.stop(FinishReason::Tuner { error }, out),
            None => {
                let never_run: Vec<TrialId> = pending.into_keys().collect();
                if !never_run.is_empty() {
                    let verdicts = self.close_scheduler(&never_run);
                    self.emit_verdicts(verdicts, out);
                }
            }
        }
    }
}

//! Delays removals until the records that justify them are on the disk.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::file_error::FileError;
use super::store::{Checkpoints, Removal};
use crate::types::ids::TrialId;

/// Minimum time between the records of a removal and the removal, while the study runs.
const DELAY: Duration = Duration::from_secs(1);

/// The sending end. The receiver finishes when it is dropped.
#[derive(Debug)]
pub struct RemovalQueue {
    sender: Sender<Removal>,
}

impl RemovalQueue {
    /// A queue and the receiver for [`remove_after_sync`].
    pub fn new() -> (RemovalQueue, Receiver<Removal>) {
        let (sender, receiver) = channel();
        (RemovalQueue { sender }, receiver)
    }

    /// Requests a removal after the next sync. Its records must be in the journal.
    pub fn push(&self, removal: Removal) {
        // If there is no receiver, the journal cannot be synced, and nothing may be removed.
        let _ = self.sender.send(removal);
    }
}

/// The note about a failed removal.
pub fn removal_warning(error: &FileError) -> String {
    format!("cannot remove {error}; no job needs it any more: remove it yourself")
}

/// `first` and the removals requested within [`DELAY`].
fn collect_due(first: Removal, queue: &Receiver<Removal>) -> Vec<Removal> {
    let mut due = vec![first];
    let until = Instant::now() + DELAY;
    while let Ok(next) = queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
        due.push(next);
    }
    due
}

/// Syncs `journal`, then does the removals that an earlier session of a finished study left undone.
pub fn remove_pending(checkpoints: &Checkpoints, removals: Vec<Removal>, journal: &Path, note: impl Fn(&str)) {
    if removals.is_empty() || File::open(journal).and_then(|journal| journal.sync_data()).is_err() {
        return;
    }
    for removal in removals {
        if let Err(error) = checkpoints.remove(removal) {
            note(&removal_warning(&error));
        }
    }
}

/// Receives removals until the queue is dropped. Syncs the journal once per batch, then removes. Failed removals are retried once at
/// the end. Returns early if the journal cannot be synced.
pub fn remove_after_sync<E>(
    checkpoints: &Checkpoints,
    queue: &Receiver<Removal>,
    sync: impl Fn() -> Result<(), E>,
    note: impl Fn(&str),
) {
    let mut noted: HashSet<TrialId> = HashSet::new();
    let mut failed = Vec::new();
    while let Ok(first) = queue.recv() {
        let due = collect_due(first, queue);
        if sync().is_err() {
            return;
        }
        for removal in due {
            if let Err(error) = checkpoints.remove(removal) {
                if noted.insert(removal.trial()) {
                    note(&removal_warning(&error));
                }
                failed.push(removal);
            }
        }
    }
    for removal in failed {
        let _ = checkpoints.remove(removal);
    }
}

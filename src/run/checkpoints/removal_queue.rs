//! Removals wait until the records that justify them are on the disk.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::file_error::FileError;
use super::store::{Checkpoints, Removal};
use crate::types::ids::TrialId;

/// Shortest time between a removal's records and the removal, while the study runs.
const DELAY: Duration = Duration::from_secs(1);

/// The sending end: removals whose records are appended to the journal. Removals end when it is dropped.
#[derive(Debug)]
pub struct RemovalQueue {
    sender: Sender<Removal>,
}

impl RemovalQueue {
    /// A queue and what [`remove_after_sync`] reads.
    pub fn new() -> (RemovalQueue, Receiver<Removal>) {
        let (sender, receiver) = channel();
        (RemovalQueue { sender }, receiver)
    }

    /// Removes it after the next sync.
    pub fn push(&self, removal: Removal) {
        // Without a receiver the journal cannot be synced, and nothing may be removed.
        let _ = self.sender.send(removal);
    }
}

/// What the user should know of a removal that failed.
pub fn removal_warning(error: &FileError) -> String {
    format!("cannot remove {error}; no job needs it any more: remove it yourself")
}

/// `first`, and what is asked for before its delay is over; of the last one, the delay may be shorter.
fn collect_due(first: Removal, queue: &Receiver<Removal>) -> Vec<Removal> {
    let mut due = vec![first];
    let until = Instant::now() + DELAY;
    while let Ok(next) = queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
        due.push(next);
    }
    due
}

/// Removes what an earlier session did not, in a study that has finished; syncs `journal`, which justifies it, before.
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

/// Receives removals until the queue is dropped; syncs the journal once for all that wait, then removes them. What cannot be
/// removed is tried once more at the end. Returns early if the journal cannot be synced.
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

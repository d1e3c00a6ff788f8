//! Checkpoints of trials, which promoted jobs go on from where the matrix has `resume: true`.
//!
//! A job at a higher rung finds in its directory what the job before it left. Before its process is spawned, a copy is made; every
//! further attempt of the job begins from that copy, in this session or in a later one. After a power cut the disk holds some
//! beginning of the journal, and of other files what was synced. These rules make that enough:
//!
//! - What a job leaves is synced before its end is journalled.
//! - The copy is synced, renamed to its final name, and the rename synced; then the launch record is synced; then the job is spawned.
//!   So where there is no copy, the directory is as the job before left it.
//! - A copy is named after the session and the attempt that made it. It is used only if that session is in the journal, and not
//!   before the session that journalled the trial's last value: so it is not of an earlier study in the same folder, and not of a
//!   job whose records were lost. See [`CopyHistory`].
//! - Nothing is removed before the records that make it useless are synced, nor within a second of them, in case the disk reports
//!   too early that it has synced.
//! - A session that resumes a study first syncs what it found, which may be in the page cache only.
//!
//! Without `resume: true` every job starts with an empty directory, and nothing is copied or synced. A directory that its job did not
//! touch is renamed for the next job of the slot (`slot_directories`); one that a job used never moves.

mod contents;
mod copy;
mod copy_name;
mod directory;
mod durable;
pub(crate) mod file_error;
mod removal_queue;
mod remove;
pub(crate) mod restart_check;
pub(crate) mod retention;
mod slot_directories;
mod store;
mod trial_folder;
mod walk;

pub use copy_name::CopyHistory;
pub use durable::KernelDisk;
pub use file_error::FileError;
pub use removal_queue::{RemovalQueue, removal_warning, remove_after_sync, remove_pending};
pub use remove::remove as remove_tree;
pub use store::{Checkpoints, Prepared, Removal};

#[cfg(test)]
mod tests;

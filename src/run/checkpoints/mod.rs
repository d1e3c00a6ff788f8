//! The checkpoints of trials. With `resume: true`, promoted jobs continue from them.
//!
//! A promoted job starts with the directory that the previous job of its trial wrote to. It is copied before the process is spawned, and
//! every further attempt of the job starts from the copy, in this session or a later one. After a power cut, the disk holds a prefix
//! of the journal, and of other files only what was synced. These rules make that sufficient:
//!
//! - The files of a job are synced before its end is journalled.
//! - The copy is synced, renamed to its final name, and the rename synced; then the launch record is synced; then the job is spawned.
//!   So if there is no copy, the directory is unchanged since the previous job.
//! - The name of a copy contains the session and the attempt that made it. It is used only if the journal has that session, and not
//!   before the session of the trial's last value: otherwise it belongs to an earlier study in the same folder, or to a job whose
//!   records were lost. See [`CopyHistory`].
//! - Nothing is removed until a second after the records that make it unnecessary, and until they are synced: a disk may report a sync
//!   too early.
//! - A session that resumes a study first syncs the existing files, which may be in the page cache only.
//!
//! Without `resume: true` every job starts with an empty directory, and nothing is copied or synced. It is a new
//! one each time: a directory that is given on to another job may still be the working directory of a process of the first.

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

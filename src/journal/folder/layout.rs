//! The layout of a study's folder.
//!
//! ```text
//! STUDY/journal.jsonl                         the journal
//! STUDY/lock                                  the process id of the driver; like the journal, locked while it runs
//! STUDY/journal.new.jsonl                     temporary: the journal that replaces a discarded one
//! STUDY/journal.discarded.jsonl               the journal of a study that is being discarded
//! STUDY/journal.sessions                      marks of sessions that did not end normally
//! STUDY/readings.jsonl                        readings of all jobs, for learning curves
//! STUDY/tuner.stderr.log                      the stderr of an external tuner
//! STUDY/trials/7/rung-1.stdout.log            one file per job and stream, created when the stream has its first byte
//! STUDY/trials/7/rung-1.attempt-2.stderr.log  the same of a further attempt
//! STUDY/trials/7/rung-1.config.yaml           the configuration file of a job, if the study has one
//! STUDY/trials/7/checkpoint/                  HYPERTUNE_CHECKPOINT_DIR
//! STUDY/trials/7/checkpoint.before-rung-1.SESSION-1/  the checkpoint before the running job started
//! ```

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::types::ids::{Attempt, JobId, TrialId};

/// One of a job's two output streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogStream {
    /// Standard output, with the readings.
    Stdout,
    /// Standard error.
    Stderr,
}

impl LogStream {
    /// `stdout` or `stderr`.
    pub fn name(self) -> &'static str {
        match self {
            LogStream::Stdout => "stdout",
            LogStream::Stderr => "stderr",
        }
    }
}

/// A study's folder. Creating the value does not access the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StudyFolder {
    root: PathBuf,
}

impl StudyFolder {
    /// The study in `root`, a path as the user gave it.
    pub fn new(root: impl Into<PathBuf>) -> StudyFolder {
        StudyFolder { root: root.into() }
    }

    /// The same folder with an absolute path, which jobs can use in any directory.
    pub fn absolute(&self) -> io::Result<StudyFolder> {
        Ok(StudyFolder { root: std::path::absolute(&self.root)? })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.jsonl")
    }

    /// An empty journal, before it replaces a discarded one.
    pub fn new_journal(&self) -> PathBuf {
        self.root.join("journal.new.jsonl")
    }

    /// The journal of a study that is being discarded: while it exists, other files may belong to that study.
    pub fn discarded(&self) -> PathBuf {
        self.root.join("journal.discarded.jsonl")
    }

    /// The paths of all files that a driver may create in the folder itself.
    pub fn files(&self) -> [PathBuf; 7] {
        [
            self.journal(),
            self.new_journal(),
            self.discarded(),
            self.sessions(),
            self.lock(),
            self.readings(),
            self.tuner_log(),
        ]
    }

    /// The readings of all jobs.
    pub fn readings(&self) -> PathBuf {
        self.root.join("readings.jsonl")
    }

    /// The file that holds the driver's process id.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The marks by which processes of killed sessions are found, also without a journal. Empty or absent if there are none.
    pub fn sessions(&self) -> PathBuf {
        self.root.join("journal.sessions")
    }

    /// The stderr of an external tuner, of all sessions.
    pub fn tuner_log(&self) -> PathBuf {
        self.root.join("tuner.stderr.log")
    }

    /// All trials' folders.
    pub fn trials(&self) -> PathBuf {
        self.root.join("trials")
    }

    /// A trial's folder: `HYPERTUNE_TRIAL_DIR`.
    pub fn trial(&self, trial: TrialId) -> PathBuf {
        self.root.join(format!("trials/{trial}"))
    }

    /// A trial's checkpoints: `HYPERTUNE_CHECKPOINT_DIR`.
    pub fn checkpoint(&self, trial: TrialId) -> PathBuf {
        self.root.join(format!("trials/{trial}/checkpoint"))
    }

    /// The log of a job's `stream`. The file exists only if the job printed something.
    pub fn log(&self, job: JobId, stream: LogStream) -> PathBuf {
        let (trial, rung, stream) = (job.key.trial, job.key.rung, stream.name());
        self.root.join(match job.attempt {
            Attempt(0 | 1) => format!("trials/{trial}/rung-{rung}.{stream}.log"),
            Attempt(n) => format!("trials/{trial}/rung-{rung}.attempt-{n}.{stream}.log"),
        })
    }

    /// Whether an entry of `trials` has the name of a trial.
    pub fn is_trial(name: &OsStr) -> bool {
        !name.is_empty() && name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::{JobKey, Rung};

    #[test]
    fn each_job_of_a_trial_has_its_own_logs() {
        let folder = StudyFolder::new("s");
        let job =
            |rung, attempt| JobId { key: JobKey { trial: TrialId(7), rung: Rung(rung) }, attempt: Attempt(attempt) };
        assert_eq!(folder.log(job(0, 1), LogStream::Stdout), Path::new("s/trials/7/rung-0.stdout.log"));
        assert_eq!(folder.log(job(1, 2), LogStream::Stderr), Path::new("s/trials/7/rung-1.attempt-2.stderr.log"));
    }
}

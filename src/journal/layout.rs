//! Where things lie in a study's folder.
//!
//! ```text
//! STUDY/journal.jsonl                         what happened
//! STUDY/lock                                  who drives it (held with flock; holds the driver's process id)
//! STUDY/tuner.stderr.log                      what an outside tuner prints on stderr
//! STUDY/trials/7/rung-1.stdout.log            one file per job and stream, made when its first byte comes
//! STUDY/trials/7/rung-1.attempt-2.stderr.log  the same of a further attempt
//! STUDY/trials/7/checkpoint/                  HYPERTUNE_CHECKPOINT_DIR
//! STUDY/trials/7/checkpoint.before-rung-1/    the checkpoint as it was when the running job began
//! ```

use std::io;
use std::path::{Path, PathBuf};

use crate::words::ids::{Attempt, JobId, Rung, TrialId};

/// One of a job's two output streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogStream {
    /// Readings and whatever else the command prints.
    Stdout,
    /// Its complaints.
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

/// A study's folder. Making one touches no disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StudyFolder {
    root: PathBuf,
}

impl StudyFolder {
    /// The study in `root`, as the user wrote it.
    pub fn new(root: impl Into<PathBuf>) -> StudyFolder {
        StudyFolder { root: root.into() }
    }

    /// The same folder by its absolute path; jobs that change their directory still find it.
    pub fn absolute(&self) -> io::Result<StudyFolder> {
        Ok(StudyFolder { root: std::path::absolute(&self.root)? })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The append-only record.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.jsonl")
    }

    /// The file whose lock the driver holds.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// What an outside tuner prints on stderr, over all sessions.
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

    /// The checkpoint as it was when the trial's job at `rung` began.
    pub fn snapshot(&self, trial: TrialId, rung: Rung) -> PathBuf {
        self.root.join(format!("trials/{trial}/checkpoint.before-rung-{rung}"))
    }

    /// What a job printed on `stream`. There is no file if it printed nothing.
    pub fn log(&self, job: JobId, stream: LogStream) -> PathBuf {
        let (trial, rung, stream) = (job.key.trial, job.key.rung, stream.name());
        self.root.join(match job.attempt {
            Attempt(0 | 1) => format!("trials/{trial}/rung-{rung}.{stream}.log"),
            Attempt(n) => format!("trials/{trial}/rung-{rung}.attempt-{n}.{stream}.log"),
        })
    }

    /// Removes what hypertune put there, the journal first, and nothing else; the lock file stays with its holder.
    pub fn clear(&self) -> io::Result<()> {
        let absent_is_fine = |result: io::Result<()>| match result {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        absent_is_fine(std::fs::remove_file(self.journal()))?;
        absent_is_fine(std::fs::remove_file(self.tuner_log()))?;
        absent_is_fine(std::fs::remove_dir_all(self.trials()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::ids::JobKey;

    #[test]
    fn jobs_of_one_trial_have_logs_of_their_own() {
        let folder = StudyFolder::new("s");
        let job =
            |rung, attempt| JobId { key: JobKey { trial: TrialId(7), rung: Rung(rung) }, attempt: Attempt(attempt) };
        assert_eq!(folder.log(job(0, 1), LogStream::Stdout), Path::new("s/trials/7/rung-0.stdout.log"));
        assert_eq!(folder.log(job(1, 2), LogStream::Stderr), Path::new("s/trials/7/rung-1.attempt-2.stderr.log"));
    }

    #[test]
    fn clearing_leaves_foreign_files_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        std::fs::create_dir_all(folder.checkpoint(TrialId(0))).unwrap();
        std::fs::write(folder.journal(), "x").unwrap();
        std::fs::write(dir.path().join("thesis.tex"), "x").unwrap();
        folder.clear().unwrap();
        folder.clear().unwrap();
        assert!(dir.path().join("thesis.tex").exists());
        assert!(!folder.journal().exists() && !folder.trials().exists());
    }
}

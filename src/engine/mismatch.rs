//! How a journal differs from what the engine would have done.

use std::fmt;

use crate::types::ids::{JobId, TrialId};
use crate::types::units::Resource;

/// How the record differs from what this engine would have done.
#[derive(Clone, PartialEq, Debug)]
pub enum ReplayError {
    /// Another job was due than the recorded one.
    Job {
        /// The recorded one.
        recorded: JobId,
        /// The one due, if any.
        due: Option<JobId>,
    },
    /// The job has another bracket or resource than recorded.
    Allotment {
        /// Which job.
        job: JobId,
        /// Resource recorded.
        recorded: Resource,
        /// Resource due.
        due: Resource,
    },
    /// The seed gives another configuration than recorded: the sampling rules have changed.
    Draw {
        /// Which trial.
        trial: TrialId,
    },
    /// The trial's first launch has no configuration.
    NoConfiguration {
        /// Which trial.
        trial: TrialId,
    },
    /// An end of a job that was not running.
    NotRunning {
        /// Which job.
        job: JobId,
    },
    /// A promotion or a drop that does not follow from the recorded results.
    Verdict {
        /// Which trial.
        trial: TrialId,
    },
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Job { recorded, due: Some(due) } => {
                write!(f, "{recorded} was launched where {due} is due now")
            }
            ReplayError::Job { recorded, due: None } => write!(f, "{recorded} was launched where nothing is due now"),
            ReplayError::Allotment { job, recorded, due } => {
                write!(f, "{job} was launched with resource {recorded} and would get {due} now")
            }
            ReplayError::Draw { trial } => {
                write!(
                    f,
                    "trial {trial} ran with another configuration than its seed gives now: sampling rules have changed"
                )
            }
            ReplayError::NoConfiguration { trial } => write!(f, "the first launch of trial {trial} has no parameters"),
            ReplayError::NotRunning { job } => write!(f, "{job} ended without having been launched"),
            ReplayError::Verdict { trial } => {
                write!(f, "the promotion or end of trial {trial} does not follow from the results before it")
            }
        }
    }
}

impl std::error::Error for ReplayError {}

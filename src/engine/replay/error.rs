//! Differences between a journal and the decisions of this engine.

use std::fmt;

use crate::types::ids::{BracketId, JobId, TrialId};
use crate::types::units::Resource;

/// A record that differs from what this engine decides.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ReplayError {
    /// The schedule has another job next.
    #[error("{recorded} was launched; the schedule now launches {due}")]
    Job {
        /// The job in the journal.
        recorded: JobId,
        /// The job that the schedule has next.
        due: JobId,
    },
    /// The schedule has no job next.
    #[error("{recorded} was launched; the schedule now launches nothing")]
    NoJob {
        /// The job in the journal.
        recorded: JobId,
    },
    /// The schedule gives the job another bracket or resource.
    #[error("{job} was launched with {recorded}; the schedule now gives it {due}")]
    Allotment {
        /// The job.
        job: JobId,
        /// Its allotment in the journal.
        recorded: Allotment,
        /// Its allotment by the schedule.
        due: Allotment,
    },
    /// The seed gives another configuration: the sampling rules have changed.
    #[error("the seed now gives trial {trial} another configuration than recorded; the sampling rules have changed")]
    Configuration {
        /// The trial.
        trial: TrialId,
    },
    /// The trial's first launch has no configuration.
    #[error("the first launch of trial {trial} has no parameters")]
    NoConfiguration {
        /// The trial.
        trial: TrialId,
    },
    /// A job ended that was not running.
    #[error("{job} ended but was not launched")]
    NotRunning {
        /// The job.
        job: JobId,
    },
    /// A promotion or retirement that does not follow from the recorded results.
    #[error("the promotion or retirement of trial {trial} does not follow from the results before it")]
    Verdict {
        /// The trial.
        trial: TrialId,
    },
}

/// What a job gets from the schedule.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Allotment {
    /// Its bracket.
    pub bracket: BracketId,
    /// The resource of the job.
    pub resource: Resource,
    /// The resource of the trial's previous job; zero for the first.
    pub previous: Resource,
}

impl fmt::Display for Allotment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BracketId { round, bracket } = self.bracket;
        write!(f, "resource {} after {} in bracket {bracket} of round {round}", self.resource, self.previous)
    }
}

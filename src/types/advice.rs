//! Requests of a schedule to a model when a slot is free, and the responses.

use super::ids::{BracketId, TrialId};
use super::units::Resource;

/// A request for the configuration of one new trial.
#[derive(Clone, Copy, Debug)]
pub struct TrialRequest {
    /// The trial that will run it.
    pub trial: TrialId,
    /// The bracket it starts in.
    pub bracket: BracketId,
    /// The resource of its first job.
    pub resource: Resource,
}

/// A trial that is paused between two rungs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PausedTrial {
    /// Its id.
    pub trial: TrialId,
    /// The resource of its last job.
    pub resource: Resource,
}

/// The best use of a free slot according to a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advice {
    /// Promote this paused trial.
    Promote(TrialId),
    /// Start a new trial. If none may start, do nothing.
    StartNew,
    /// The model has too little data to decide.
    NoOpinion,
}

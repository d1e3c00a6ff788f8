//! Requests of a schedule to a model when a slot is free, and the responses.

use super::allocation::PromotedStart;
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

/// What a free slot can be used for.
#[derive(Clone, Copy, Debug)]
pub struct SlotChoices<'a> {
    /// The next new trial, if one may start. It may start at any rung.
    pub new_trial: Option<TrialRequest>,
    /// Trials that may be promoted to any higher rung.
    pub paused: &'a [PausedTrial],
    /// The resources of all rungs, ascending; the last is R. Not empty.
    pub rungs: &'a [Resource],
    /// What the job of a promoted trial starts with.
    pub promoted: PromotedStart,
}

/// The best use of a free slot according to a model. All resources are those of rungs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Advice {
    /// Promote a paused trial.
    Promote {
        /// The trial.
        trial: TrialId,
        /// The resource of its next job.
        to: Resource,
    },
    /// Start a new trial. If none may start, do nothing.
    StartNew {
        /// The resource of its first job.
        at: Resource,
    },
    /// The model has too little data to decide.
    NoOpinion,
}

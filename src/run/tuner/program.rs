//! The tuner's program, and the session it runs in.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::journal::folder::layout::StudyFolder;

use crate::launch::orphans::mark::SessionMark;
use crate::launch::orphans::process_groups::ProcessGroups;
use crate::types::ids::Slot;

/// A version of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ProtocolVersion {
    /// Every configuration has every parameter.
    One = 1,
    /// Parameters may have conditions, and configurations constraints.
    Two = 2,
}

/// The tuner's command and settings.
#[derive(Clone, PartialEq, Debug)]
pub struct TunerProgram {
    /// Its name in messages.
    pub name: String,
    /// Argument list, not empty; the program is located as for jobs.
    pub argv: Vec<String>,
    /// The version that the matrix names.
    pub version: Option<String>,
    /// The matrix's `tuner.params`.
    pub params: Map<String, Value>,
    /// Longest time between a request and its response.
    pub timeout: Duration,
    /// The newest version of the protocol that it reads.
    pub protocol: ProtocolVersion,
}

/// Session state the tuner needs.
#[derive(Clone, Copy, Debug)]
pub struct TunerContext<'a> {
    /// The study's folder, absolute.
    pub folder: &'a StudyFolder,
    /// Marks the tuner's process in its environment.
    pub session: &'a SessionMark,
    /// Where the guard finds the tuner's process group if the driver is killed.
    pub groups: &'a ProcessGroups,
    /// The tuner's slot in the guard's table, which no job uses.
    pub slot: Slot,
}

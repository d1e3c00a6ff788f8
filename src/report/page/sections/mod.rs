//! The sections of the report, one file each.

pub(super) mod brackets;
pub(super) mod cost;
pub(super) mod curves;
pub(super) mod early_stopping;
pub(super) mod failures;
pub(super) mod headline;
pub(super) mod importance;
pub(super) mod incumbent;
pub(super) mod parallel;
pub(super) mod slices;
pub(super) mod timeline;
pub(super) mod trials;

//! The kinds of early-stopping rules and of policies.

/// The kind of an early-stopping rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoppingKind {
    /// A metric condition, or a policy on running jobs.
    Metric,
    /// A limit on the share of failed jobs.
    Failure,
}

/// Early-stopping rules by name.
pub static STOPPING: [(&str, StoppingKind); 2] =
    [("metric_early_stopping", StoppingKind::Metric), ("failure_early_stopping", StoppingKind::Failure)];

/// The comparison that a policy makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PolicyKind {
    /// With the median of the other jobs.
    Median,
    /// With the best job.
    Diff,
    /// With the other running jobs.
    Truncation,
}

/// Policies by name.
pub static POLICIES: [(&str, PolicyKind); 3] =
    [("median", PolicyKind::Median), ("diff", PolicyKind::Diff), ("truncation", PolicyKind::Truncation)];

//! The kinds of early stopping and of its policies.

/// What an entry of `earlyStopping` may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoppingKind {
    /// A metric condition, or a policy on running jobs.
    Metric,
    /// A share of failed jobs.
    Failure,
}

/// Kinds of early stopping.
pub static STOPPING: [(&str, StoppingKind); 2] =
    [("metric_early_stopping", StoppingKind::Metric), ("failure_early_stopping", StoppingKind::Failure)];

/// What a policy of a metric early stopping compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PolicyKind {
    /// With the median of the others.
    Median,
    /// With the best.
    Diff,
    /// With the other running jobs.
    Truncation,
}

/// Kinds of policies.
pub static POLICIES: [(&str, PolicyKind); 3] =
    [("median", PolicyKind::Median), ("diff", PolicyKind::Diff), ("truncation", PolicyKind::Truncation)];

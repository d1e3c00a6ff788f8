//! Reads `termination`, which an operation and its component may give.

use std::time::Duration;

use super::ignored::{self, IgnoredFields};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::Entry;
use crate::types::units::LONGEST_SPAN;

/// The most retries of a job.
const MAX_RETRIES: u64 = 1_000;

/// When jobs are retried and ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TerminationSection {
    /// Attempts of a job after the first.
    pub max_retries: Option<u32>,
    /// The longest run time of a job.
    pub timeout: Option<Duration>,
}

impl TerminationSection {
    /// The fields of this one, or those of `other` where it has none.
    pub fn or(self, other: TerminationSection) -> TerminationSection {
        TerminationSection {
            max_retries: self.max_retries.or(other.max_retries),
            timeout: self.timeout.or(other.timeout),
        }
    }
}

/// Reads `termination: {maxRetries, timeout}`; the timeout is in seconds.
pub fn read(entry: &Entry, ignored_fields: &mut IgnoredFields, findings: &mut Findings) -> TerminationSection {
    let mut termination = TerminationSection::default();
    let fields = Fields::new(&entry.value, "`termination`", entry.key_span.clone(), findings);
    let Some(mut fields) = fields else { return termination };
    if let Some((count, span)) = fields.count("maxRetries", findings) {
        termination.max_retries = u32::try_from(count).ok().filter(|_| count <= MAX_RETRIES);
        if termination.max_retries.is_none() {
            findings.error(span, format!("`maxRetries` must be at most {MAX_RETRIES}, found {count}"));
        }
    }
    if let Some((seconds, span)) = fields.number("timeout", findings) {
        let timeout = Duration::try_from_secs_f64(seconds).ok();
        termination.timeout = timeout.filter(|span| !span.is_zero() && *span <= LONGEST_SPAN);
        if termination.timeout.is_none() {
            let most = LONGEST_SPAN.as_secs();
            findings.error(span, format!("`timeout` must be between 0 and {most} seconds, found {seconds}"));
        }
    }
    ignored_fields.take(&mut fields, &ignored::TERMINATION);
    fields.finish(findings);
    termination
}

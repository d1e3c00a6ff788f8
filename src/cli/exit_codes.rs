//! The table of exit codes.

use crate::engine::event::FinishReason;

/// How hypertune exits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// The study is complete, or the requested output is printed.
    Done,
    /// An error of hypertune or the operating system.
    Internal,
    /// The command line, the matrix or the study is invalid; nothing was launched or written.
    Usage,
    /// The study ended and no job returned a value, or too many jobs failed.
    NoResult,
    /// A limit stopped the study before its plan was complete.
    Limit,
    /// A signal stopped the study; its number.
    Signal(i32),
}

/// The table in `--help`.
pub const HELP: &str = "\
Exit codes:
  0    done
  1    internal or I/O error
  2    invalid command line or matrix; nothing was launched or written
  3    the study ended without a value, or because of failures; a condition of --fail-if holds; or doctor found something wrong
  4    stopped by a limit before the plan was complete, and not every job failed; continue with a larger limit
  129, 130, 143
       stopped by SIGHUP, SIGINT (Ctrl-C) or SIGTERM; continue with the same command line";

impl Exit {
    /// The exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Internal => 1,
            Exit::Usage => 2,
            Exit::NoResult => 3,
            Exit::Limit => 4,
            // As shells do; signals are 1 to 64, so the sum fits.
            Exit::Signal(number) => 128 + (number & 0x7f) as u8,
        }
    }

    /// The exit of a study that ended for `reason`. `has_result`: some job succeeded, with a value if the study has a metric.
    pub fn of(reason: &FinishReason, has_result: bool) -> Exit {
        match reason {
            FinishReason::Completed if has_result => Exit::Done,
            FinishReason::MetricReached { .. } => Exit::Done,
            FinishReason::Completed | FinishReason::FailureShare { .. } | FinishReason::FirstFailures { .. } => {
                Exit::NoResult
            }
            FinishReason::Tuner { .. } => Exit::Internal,
            FinishReason::Limit { .. } => Exit::Limit,
            FinishReason::Interrupted { signal } => Exit::Signal(*signal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::LimitKind;

    #[test]
    fn the_help_lists_all_codes() {
        let exits = [Exit::Done, Exit::Internal, Exit::Usage, Exit::NoResult, Exit::Limit];
        assert_eq!(exits.map(Exit::code), [0, 1, 2, 3, 4]);
        assert_eq!([1, 2, 15].map(|s| Exit::Signal(s).code()), [129, 130, 143]);
        for code in exits.map(Exit::code).into_iter().chain([129, 130, 143]) {
            assert!(HELP.contains(&code.to_string()), "{code} is not in the help");
        }
    }

    #[test]
    fn reasons_map_to_codes() {
        let limit = FinishReason::Limit { limit: LimitKind::Jobs };
        let failed = FinishReason::FailureShare { failed: 5, ended: 5 };
        assert_eq!(Exit::of(&FinishReason::Completed, true), Exit::Done);
        assert_eq!(Exit::of(&FinishReason::Completed, false), Exit::NoResult);
        assert_eq!(Exit::of(&failed, true), Exit::NoResult);
        assert_eq!(Exit::of(&limit, false), Exit::Limit);
        assert_eq!(Exit::of(&FinishReason::Interrupted { signal: 15 }, true), Exit::Signal(15));
    }
}

//! The one table of exit codes.

use crate::engine::event::FinishReason;

/// How hypertune ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// The study is done, or what was asked for is printed.
    Done,
    /// Something inside hypertune or of the operating system went wrong.
    Internal,
    /// The command line, the matrix or the study does not fit; nothing was launched and nothing is left on disk.
    Usage,
    /// The study ended and no job gave a value, or too much of it failed.
    NoResult,
    /// A limit came before the plan ended; the same line with a larger one goes on.
    Limit,
    /// This signal came; the same line goes on.
    Signal(i32),
}

/// What `--help` says of them.
pub const HELP: &str = "\
Exit codes:
  0    done
  1    internal or I/O error
  2    wrong usage or an invalid matrix; nothing was launched or written
  3    the study ended without a value, or because of failures
  4    stopped by a limit before the plan was complete; continue with a larger one
  129, 130, 143
       ended by SIGHUP, SIGINT (Ctrl-C) or SIGTERM; continue with the same command line";

impl Exit {
    /// The number the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Internal => 1,
            Exit::Usage => 2,
            Exit::NoResult => 3,
            Exit::Limit => 4,
            // signals are 1…64, so that the sum fits; shells do the same
            Exit::Signal(number) => 128 + (number & 0x7f) as u8,
        }
    }

    /// How a study that ended for `reason` exits. `has_result`: some job gave what was wanted.
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
    fn codes_are_those_of_the_help() {
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

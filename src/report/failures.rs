//! Failures of a study, grouped by reason and error.

use indexmap::IndexMap;
use serde::Serialize;

use super::view::StudyView;
use crate::launch::last_error::last_error;
use crate::types::ids::TrialId;

/// Most trials listed for one reason.
const MAX_TRIALS: usize = 5;

/// How reasons begin that say how a process ended, not why.
const ENDS: [&str; 2] = ["exit code ", "ended by signal "];

/// Units of sizes after a number, which vary with it.
const SIZE_UNITS: [&str; 10] = ["B", "bytes", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"];

/// Jobs that failed for one reason with one error, up to the numbers in them.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FailureGroup<'a> {
    /// The reason of the first of them.
    pub reason: &'a str,
    /// Number of jobs.
    pub jobs: u64,
    /// The first few of their trials.
    pub trials: Vec<TrialId>,
    /// The error of the first of them, if the reason is only how the process ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The last lines of stderr of the first of them that wrote any.
    pub stderr_tail: &'a str,
}

impl FailureGroup<'_> {
    /// `exit code 1: ValueError: lr`, the reason with the error.
    pub fn cause(&self) -> String {
        self.error.as_ref().map_or_else(|| self.reason.to_owned(), |error| format!("{}: {error}", self.reason))
    }
}

/// The error in the last lines of stderr of a job that failed for `reason`, if that is only how its process ended.
pub fn error_of(reason: &str, stderr_tail: &str) -> Option<String> {
    last_error(stderr_tail).filter(|_| tells_only_the_end(reason))
}

fn tells_only_the_end(reason: &str) -> bool {
    ENDS.iter().any(|end| reason.starts_with(end)) && !reason.contains(": ")
}

/// `text` with `#` for each number, with its sign, exponent and unit, and for what follows it in the same word: `(4x3)` is `(#)`. Digits
/// within a word, as in `Conv2d`, are part of a name.
fn without_numbers(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = number_start(rest) {
        let before = rest[..start].strip_suffix(['-', '+']).filter(|before| !ends_in_word(before));
        out.push_str(before.unwrap_or(&rest[..start]));
        out.push('#');
        rest = &rest[start + number_length(&rest[start..])..];
        let unit = rest.strip_prefix(' ').and_then(|after| {
            let word = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
            SIZE_UNITS.contains(&&after[..word]).then(|| &after[word..])
        });
        rest = unit.unwrap_or(rest);
    }
    out + rest
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '.')
}

/// Where the first number begins.
fn number_start(text: &str) -> Option<usize> {
    text.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).find(|at| {
        let before = &text[..*at];
        !before.ends_with(char::is_alphanumeric)
    })
}

/// The bytes of the word that begins with a number: `1.5e-3`, `0x7f3a`, `1,000`, `2.00GiB`.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_part = |at: usize, c: char| match c {
        '.' | ',' => is_digit(at + 1),
        '-' | '+' => matches!(bytes[at - 1], b'e' | b'E') && is_digit(at + 1),
        _ => c.is_alphanumeric(),
    };
    text.char_indices().skip(1).find(|(at, c)| !is_part(*at, *c)).map_or(text.len(), |(at, _)| at)
}

/// All reasons and errors, the most frequent first. Interrupted jobs and attempts that were followed by another one are not failures.
pub fn failures(view: &StudyView) -> Vec<FailureGroup<'_>> {
    let mut groups: IndexMap<(String, Option<String>), FailureGroup<'_>> = IndexMap::new();
    for job in view.last_attempts().filter(|job| job.is_failure()) {
        let reason = job.reason.as_deref().unwrap_or("no reason is recorded");
        let error = error_of(reason, &job.stderr_tail);
        let kind = if tells_only_the_end(reason) { reason.to_owned() } else { without_numbers(reason) };
        let key = (kind, error.as_deref().map(without_numbers));
        let empty = FailureGroup { reason, jobs: 0, trials: Vec::new(), error, stderr_tail: "" };
        let group = groups.entry(key).or_insert(empty);
        group.jobs += 1;
        if group.trials.len() < MAX_TRIALS && !group.trials.contains(&job.job.key.trial) {
            group.trials.push(job.job.key.trial);
        }
        if group.stderr_tail.is_empty() {
            group.stderr_tail = job.stderr_tail.trim_end();
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.jobs));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;
    use crate::types::outcome::Failure;

    #[test]
    fn groups_are_ordered_by_frequency() {
        let mut sample = StudyFixture::new();
        for trial in 0..9 {
            sample.launch(trial, 0, 1, 1.0);
        }
        sample.fail(0, 0, Failure::Timeout, "");
        for trial in 1..9 {
            sample.fail(trial, 0, Failure::Exit(1), if trial == 2 { "KeyError: lr\n" } else { "" });
        }
        let view = sample.view();
        let groups: Vec<_> =
            failures(&view).iter().map(|g| (g.reason, g.jobs, g.trials.len(), g.stderr_tail)).collect();
        let timeout = ("ran into the job timeout", 1, 1, "");
        assert_eq!(groups, [("exit code 1", 7, 5, ""), timeout, ("exit code 1", 1, 1, "KeyError: lr")]);
        let causes: Vec<_> = failures(&view).iter().map(FailureGroup::cause).collect();
        assert_eq!(causes, ["exit code 1", "ran into the job timeout", "exit code 1: KeyError: lr"]);
    }

    #[test]
    fn errors_are_counted_apart_and_numbers_in_them_do_not_count() {
        let mut sample = StudyFixture::new();
        for trial in 0..9 {
            sample.launch(trial, 0, 1, 1.0);
            let (failure, stderr) = match trial % 3 {
                0 => (Failure::Exit(1), format!("RuntimeError: cuDNN error at step {trial}.3945\n")),
                1 => (Failure::Exit(1), format!("ValueError: lr is 1e-0{trial}\n")),
                _ => (Failure::OutOfMemory(format!("Tried to allocate {trial}.00 GiB")), String::new()),
            };
            sample.fail(trial, 0, failure, &stderr);
        }
        let view = sample.view();
        let groups: Vec<_> = failures(&view).iter().map(|group| (group.cause(), group.jobs)).collect();
        let group = |cause: &str| (cause.to_owned(), 3);
        assert_eq!(
            groups,
            [
                group("exit code 1: RuntimeError: cuDNN error at step 0.3945"),
                group("exit code 1: ValueError: lr is 1e-01"),
                group("out of memory: Tried to allocate 2.00 GiB"),
            ]
        );
    }

    #[test]
    fn exit_codes_are_counted_apart() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Exit(1), "").launch(1, 0, 1, 1.0).fail(
            1,
            0,
            Failure::Exit(2),
            "",
        );
        assert_eq!(failures(&sample.view()).len(), 2);
    }

    #[test]
    fn numbers_are_recognized_with_signs_exponents_and_units() {
        let cases = [
            ("Tried to allocate 2.00 GiB. GPU 0 has 79.15 GiB", "Tried to allocate #. GPU # has #"),
            ("Tried to allocate 20.00MiB (1,024 bytes)", "Tried to allocate # (#)"),
            ("loss -1.5e-07 at step 73.", "loss # at step #."),
            ("shapes (4x3 and 2x1)", "shapes (# and #)"),
            ("<Tensor at 0x7f3aB>: config_17.json", "<Tensor at #>: config_#.json"),
            ("Conv2d needs float16, not int8", "Conv2d needs float16, not int8"),
            ("lr=-3, m=+4, a-5", "lr=#, m=#, a-#"),
            ("größe 3µs é4", "größe # é4"),
            ("", ""),
        ];
        for (text, masked) in cases {
            assert_eq!(without_numbers(text), masked);
        }
    }

    #[test]
    fn a_trial_is_listed_once_even_if_it_failed_twice() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).fail(0, 0, Failure::Exit(1), "").fail(
            1,
            0,
            Failure::Exit(1),
            "",
        );
        sample.launch(0, 0, 2, 1.0).end(
            0,
            0,
            2,
            crate::types::outcome::Outcome::Failed { failure: Failure::Exit(1) },
            "",
        );
        let view = sample.view();
        assert_eq!(failures(&view)[0].trials, [TrialId(0), TrialId(1)]);
    }

    #[test]
    fn jobs_that_were_interrupted_have_not_failed() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).fail(0, 0, Failure::Lost, "").fail(1, 0, Failure::Exit(1), "");
        let view = sample.view();
        assert_eq!(failures(&view).iter().map(|group| group.reason).collect::<Vec<_>>(), ["exit code 1"]);
    }
}

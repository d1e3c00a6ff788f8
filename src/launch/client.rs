//! Jobs that run elsewhere, started by a client on this machine.
//!
//! The client starts a shell, which prints where it runs as the first line of stderr, enters the working directory and becomes the
//! job. What the client prints before that line is no output of the job. It may be about the end of the job all the same: the line and
//! the client's own messages take different ways.

use std::path::Path;

use crate::types::placement::Placement;

/// How the line begins that a shell prints before it becomes the job; the node and the scheduler's id follow, with a blank between.
const STARTED: &str = "hypertune: started on ";
/// What the shell prints if it cannot enter the working directory.
pub const NO_DIRECTORY: &str = "hypertune: cannot enter the working directory";
/// Most bytes before that line that are kept.
const MAX_BEFORE: usize = 16 << 10;

/// How the shell of a launcher reports its start.
#[derive(Clone, Copy, Debug)]
pub struct ShellReport {
    /// The node's name, as the shell expands it.
    pub node: &'static str,
    /// The scheduler's id, as the shell expands it.
    pub scheduler_id: &'static str,
    /// Exit code if the working directory cannot be entered.
    pub no_directory_code: i32,
    /// A variable that the job does not inherit.
    pub unset: &'static str,
}

impl ShellReport {
    /// The argument list of a shell that reports its start and becomes `argv` in `directory`.
    pub fn shell(&self, argv: Vec<String>, directory: &Path) -> Vec<String> {
        let ShellReport { node, scheduler_id, no_directory_code, unset } = self;
        let script = format!(
            "printf '{STARTED}%s %s\\n' \"{node}\" \"{scheduler_id}\" >&2; \
             cd -- \"$0\" 2>/dev/null || {{ printf '%s\\n' '{NO_DIRECTORY}' >&2; exit {no_directory_code}; }}; \
             unset {unset}; exec \"$@\""
        );
        let shell = ["sh".to_owned(), "-c".to_owned(), script, directory.to_string_lossy().into_owned()];
        shell.into_iter().chain(argv).collect()
    }
}

/// Finds the line that a shell prints before it becomes the job.
#[derive(Debug, Default)]
pub struct StartLine {
    before: Vec<u8>,
}

/// A job that has started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Started {
    pub placement: Placement,
    /// What the client printed before the line.
    pub before: Vec<u8>,
    /// What followed the line.
    pub rest: Vec<u8>,
}

impl StartLine {
    /// Takes the next bytes of stderr. Call it until it returns something.
    pub fn bytes(&mut self, bytes: &[u8]) -> Option<Started> {
        self.before.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(length) = self.before[start..].iter().position(|byte| *byte == b'\n') {
            let end = start + length;
            if let Some(placement) = placement(&self.before[start..end]) {
                let rest = self.before.split_off(end + 1);
                self.before.truncate(start);
                return Some(Started { placement, before: std::mem::take(&mut self.before), rest });
            }
            start = end + 1;
        }
        // Only complete lines are dropped, and no line of the shell is that long.
        if self.before.len() > MAX_BEFORE {
            self.before.drain(..start.max(self.before.len() - MAX_BEFORE));
        }
        None
    }

    /// What the client of a job that never started printed; the end of it.
    pub fn into_bytes(self) -> Vec<u8> {
        self.before
    }
}

fn placement(line: &[u8]) -> Option<Placement> {
    let line = std::str::from_utf8(line).ok()?;
    let (node, scheduler_id) = line.strip_prefix(STARTED)?.trim_end().split_once(' ')?;
    Some(Placement { node: node.to_owned(), scheduler_id: scheduler_id.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    const REPORT: ShellReport = ShellReport { node: "$NODE", scheduler_id: "$ID", no_directory_code: 211, unset: "ID" };

    fn run(argv: &[&str], directory: &str) -> (Option<i32>, String, String) {
        let argv = REPORT.shell(argv.iter().map(|arg| (*arg).to_owned()).collect(), Path::new(directory));
        let output = Command::new(&argv[0]).args(&argv[1..]).env("NODE", "n1").env("ID", "3.4").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    #[test]
    fn the_shell_reports_its_start_and_becomes_the_job() {
        let script = "echo $PWD ${ID-none} \"$1\"; echo oops >&2; exit 3";
        let (code, out, err) = run(&["sh", "-c", script, "x", "a  'b' \"$HOME\""], "/usr");
        assert_eq!((code, out.as_str()), (Some(3), "/usr none a  'b' \"$HOME\"\n"));
        let started = StartLine::default().bytes(err.as_bytes()).unwrap();
        assert_eq!(started.placement, Placement { node: "n1".into(), scheduler_id: "3.4".into() });
        assert_eq!(started.rest, b"oops\n");
    }

    #[test]
    fn a_missing_directory_and_a_missing_program_have_exit_codes_of_their_own() {
        let (code, _, err) = run(&["true"], "/nowhere/at all");
        assert!(code == Some(211) && err.ends_with(&format!("{NO_DIRECTORY}\n")), "{err}");
        assert_eq!(run(&["/nowhere/program"], "/").0, Some(127));
    }

    proptest! {
        #[test]
        fn the_line_is_found_however_the_bytes_are_cut(cuts in prop::collection::vec(1_usize..40, 0..20)) {
            let text = "srun: job 7 queued and waiting for resources\nhypertune: started on n2 7.0\nfirst\nhypertune: started on x y\n";
            let (mut line, mut rest, mut from) = (Some(StartLine::default()), Vec::new(), 0);
            let ends = cuts.into_iter().scan(0, |at, cut| { *at += cut; Some(*at) });
            for end in ends.chain([usize::MAX]).map(|end| end.min(text.len())) {
                let chunk = &text.as_bytes()[from..end];
                from = end;
                match line.as_mut().map(|line| line.bytes(chunk)) {
                    None => rest.extend_from_slice(chunk),
                    Some(None) => {}
                    Some(Some(started)) => {
                        prop_assert_eq!(started.placement.node.as_str(), "n2");
                        prop_assert_eq!(started.before, b"srun: job 7 queued and waiting for resources\n");
                        rest = started.rest;
                        line = None;
                    }
                }
            }
            prop_assert_eq!(rest, b"first\nhypertune: started on x y\n");
        }

        #[test]
        fn what_a_client_prints_is_bounded(lines in prop::collection::vec(0_usize..9000, 1..20)) {
            let mut line = StartLine::default();
            for length in lines {
                prop_assert!(line.bytes(&vec![b'x'; length]).is_none());
                prop_assert!(line.bytes(b"\n").is_none());
            }
            prop_assert!(line.into_bytes().len() <= MAX_BEFORE);
        }
    }
}

//! The script of a batch job.

use super::submitted::BATCH_VARIABLE;
use super::{BatchJob, directive_word};

/// Allocations in a row in which no job may end before the study is not queued again.
const MAX_WITHOUT_END: u32 = 10;

const EXPLANATION: &str = "
# Before the time limit Slurm sends SIGTERM to this script. hypertune then ends its jobs, whose checkpoints are kept, and the script
# queues itself again: the study continues where it was. It does so too if hypertune was killed or has crashed. `scancel` ends it, and it
# is not queued again.
";
/// hypertune gets SIGTERM once: a second one would end its jobs at once.
const TRAP: &str = r#"sessions() { grep -c '^{"type":"session"' "$journal" 2>/dev/null; }
before_start=$(sessions)
signals=0 driver= passed=
pass_on() {
    if [ -n "$driver" ] && [ -z "$passed" ]; then
        passed=1
        kill -TERM "$driver" 2>/dev/null
    fi
}
trap 'signals=$((signals + 1)); pass_on' TERM
"#;
/// What follows the start of the driver in the background.
const AFTER_START: &str = r#"driver=$!
[ "$signals" = 0 ] || pass_on
# A signal ends a `wait` before the driver has ended.
while :; do
    before=$signals
    wait "$driver"
    code=$?
    [ "$before" != "$signals" ] || break
done
case $code in
143)
    [ "$signals" != 0 ] || exit "$code"
    ;;
134 | 135 | 137 | 139)
    # Aborted or killed, as the kernel does for lack of memory. A driver that does not even begin would never end that.
    [ "$(sessions)" != "$before_start" ] || exit "$code"
    echo "hypertune: it was killed or has crashed (exit code $code)" >&2
    ;;
*)
    exit "$code"
    ;;
esac
allocations=$(awk '/^{"type":"session"/ { n++ }
    /^{"type":"end"/ && !/"rule":"interrupted"/ && !/"kind":"(lost|infrastructure)"/ { n = 0 }
    END { print n + 0 }' "$journal")
if [ "${allocations:-0}" -ge "$max_without_end" ]; then
    echo "hypertune: no job has ended in the last $allocations allocations, so the study is not queued again;" \
        "give it more time, or let its jobs continue from checkpoints, then submit it again" >&2
    exit "$code"
fi
# Slurm sends SIGTERM to all processes of a job that it queues again, and may do so before scontrol has its answer.
for _ in {1..10}; do
    if state=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T); then
        # A job that was cancelled, or that is queued again already, is not running.
        [ "$state" = RUNNING ] || exit "$code"
        (
            trap "" TERM
            scontrol requeue "$SLURM_JOB_ID" || exit
            echo "hypertune: Slurm job $SLURM_JOB_ID is queued again and continues the study;" \
                "scancel $SLURM_JOB_ID ends it for good" >&2
        ) && exit "$code"
    fi
    sleep 2
done
echo "hypertune: the job cannot be queued again; submit it again, and the study continues where it was" >&2
exit "$code"
"#;

impl BatchJob<'_> {
    /// The batch script.
    pub fn script(&self) -> String {
        let options: String =
            self.sbatch_options().iter().map(|option| format!("#SBATCH {}\n", directive_word(option))).collect();
        let BatchJob { directory, program, arguments, first, .. } = self;
        let journal = self.journal_line();
        let first = match first.is_empty() {
            true => String::new(),
            false => format!("[ \"${{SLURM_RESTART_COUNT:-0}}\" != 0 ] || first=({first})\n"),
        };
        let run = if first.is_empty() { "" } else { "\"${first[@]}\" " };
        format!(
            "#!/bin/bash\n{options}{EXPLANATION}cd {directory} || exit 2\nexport {BATCH_VARIABLE}=$SLURM_JOB_ID\n\
             {journal}\nmax_without_end={MAX_WITHOUT_END}\n{TRAP}{first}{program} {run}{arguments} &\n{AFTER_START}"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::journal::line::LineFormat;
    use crate::journal::record::{EndRecord, ProcessUsage, Record};
    use crate::launch::process::syscalls::{Pid, Signal, signal_process};
    use crate::launch::slurm::batch::tests::job;
    use crate::launch::slurm::options::SlurmOptions;
    use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};
    use crate::types::outcome::{Failure, Outcome, Readings, StopRule};
    use crate::types::units::Moment;

    #[test]
    fn arguments_of_the_first_allocation_are_left_out_of_the_others() {
        let options = SlurmOptions::default();
        let script = BatchJob { first: "--rerun failed", ..job(&options) }.script();
        assert!(script.contains("|| first=(--rerun failed)\nhypertune run \"${first[@]}\" m.yaml &\n"), "{script}");
        assert!(!job(&options).script().contains("first"));
    }

    /// Runs the script with commands of Slurm that only record that they were called, and returns its exit code and what was called.
    /// `driver` is a program for a shell.
    fn run_script(driver: &str, state: &str, journal: &str, signals: u32) -> (Option<i32>, String) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("journal.jsonl", journal);
        write("driver", driver);
        let options = SlurmOptions::default();
        let directory = folder.path().display().to_string();
        let batch = BatchJob {
            directory: &directory,
            journal: "journal.jsonl",
            program: "sh driver",
            arguments: "",
            ..job(&options)
        };
        let functions = format!("squeue() {{ echo {state}; }}\nscontrol() {{ echo \"scontrol $*\" >> called; }}\n");
        let script = batch.script().replacen('\n', &format!("\n{functions}"), 1);
        let mut child = Command::new("bash")
            .args(["-c", &script])
            .env("SLURM_JOB_ID", "7")
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        for _ in 0..signals {
            while !folder.path().join("ready").exists() {
                assert!(start.elapsed() < Duration::from_secs(60), "the driver does not start");
                std::thread::sleep(Duration::from_millis(10));
            }
            let pid = Pid::new(i32::try_from(child.id()).unwrap()).unwrap();
            signal_process(pid, Signal::Terminate);
        }
        let code = child.wait().unwrap().code();
        (code, fs::read_to_string(folder.path().join("called")).unwrap_or_default())
    }

    /// Ends with 143 half a second after the first SIGTERM, and at once after a second one, with another code.
    const DRIVER: &str = "n=0; trap 'n=$((n + 1)); [ $n = 1 ] || exit 9' TERM; : > ready\n\
        while [ $n = 0 ]; do sleep 0.05; done; sleep 0.5; exit 143\n";

    #[test]
    fn a_script_that_was_signalled_queues_itself_again_once_its_driver_has_ended() {
        for signals in [1, 3] {
            assert_eq!(run_script(DRIVER, "RUNNING", "", signals), (Some(143), "scontrol requeue 7\n".to_owned()));
        }
        assert_eq!(run_script(DRIVER, "COMPLETING", "", 1), (Some(143), String::new()), "it was cancelled");
        // The study was finished meanwhile.
        let finished = DRIVER.replace("exit 143", "exit 0");
        assert_eq!(run_script(&finished, "RUNNING", "", 1), (Some(0), String::new()));
    }

    #[test]
    fn a_script_that_was_not_signalled_ends_with_the_code_of_its_driver() {
        for code in [0, 1, 3, 4, 129, 130, 143] {
            assert_eq!(run_script(&format!("exit {code}"), "RUNNING", "", 0), (Some(code), String::new()));
        }
    }

    #[test]
    fn a_script_whose_driver_was_killed_queues_itself_again_unless_that_happened_before_its_session() {
        let session = lines(&[Record::Session(Box::default())]);
        let begins = format!("printf '%s' '{session}' >> journal.jsonl; ");
        for end in ["kill -9 $$", "kill -ABRT $$", "exit 137"] {
            let (code, called) = run_script(&format!("{begins}{end}"), "RUNNING", &session, 0);
            assert!(code > Some(128) && called == "scontrol requeue 7\n", "{end}: {code:?} {called}");
            assert_eq!(run_script(end, "RUNNING", &session, 0).1, "", "{end}");
            assert_eq!(run_script(end, "RUNNING", "", 0).1, "", "{end}");
            assert_eq!(run_script(&format!("{begins}{end}"), "COMPLETING", &session, 0).1, "", "it was cancelled");
        }
        // What the next session records of the jobs that were killed is no progress.
        let lost = lines(&[Record::Session(Box::default()), end(Outcome::Failed { failure: Failure::Lost })]);
        let driver = format!("{begins}kill -9 $$");
        assert_eq!(run_script(&driver, "RUNNING", &lost.repeat(8), 0).1, "scontrol requeue 7\n");
        assert_eq!(run_script(&driver, "RUNNING", &lost.repeat(9), 0).1, "");
    }

    fn end(outcome: Outcome) -> Record {
        let key = JobKey { trial: TrialId(0), rung: Rung(0) };
        let (job, readings, usage) = (JobId { key, attempt: Attempt(1) }, Readings::default(), ProcessUsage::default());
        Record::End(Box::new(EndRecord { job, outcome, readings, usage, stderr_tail: String::new(), at: Moment(7) }))
    }

    /// `records` as a journal has them.
    fn lines(records: &[Record]) -> String {
        let mut lines = Vec::new();
        for record in records {
            LineFormat::default().write(record, 7, &mut lines).unwrap();
        }
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn a_study_without_progress_is_not_queued_indefinitely() {
        let session_start = Record::Session(Box::default());
        let interrupted = StopRule::new(StopRule::INTERRUPTED, None, None);
        let session = lines(&[session_start, end(Outcome::Stopped { score: None, by: interrupted })]);
        let progress = lines(&[end(Outcome::Succeeded { score: None })]);
        let requeued = |journal: &str| !run_script(DRIVER, "RUNNING", journal, 1).1.is_empty();
        assert!(requeued(&session.repeat(9)));
        assert!(!requeued(&session.repeat(10)));
        assert!(requeued(&format!("{}{progress}{session}", session.repeat(10))));
    }
}

//! The batch job that runs hypertune itself on the nodes of its allocation, and that is queued again until the study is finished.

mod script;
pub mod submitted;

use std::time::Duration;

use crate::launch::slurm::options::{SlurmOptions, megabytes};
use crate::launch::slurm::pool::request::slurm_time;
use crate::launch::slurm::query::{QueryError, query_with_input};

/// Least number of seconds before the time limit at which the study is interrupted.
const MIN_WARNING_S: u64 = 120;
/// The most that sbatch accepts (sbatch(1), `--signal`).
const MAX_WARNING_S: u64 = 65_535;
/// Slurm sends a signal up to a minute early (sbatch(1), `--signal`), and writing the last checkpoints takes time too.
const RESERVE_S: u64 = 60;

/// What the batch job asks for, and what it runs.
#[derive(Clone, Copy, Debug)]
pub struct BatchJob<'a> {
    /// The name of the study; characters that Slurm treats specially are replaced.
    pub name: &'a str,
    pub size: BatchSize,
    /// Time limit of each allocation, as `--time` of sbatch takes it.
    pub time: Option<&'a str>,
    /// Time between the signals that end a job.
    pub grace: Duration,
    /// The request of each job of the study.
    pub options: &'a SlurmOptions,
    /// Further options of sbatch.
    pub extra: &'a [String],
    /// The working directory and the absolute path of the journal, each quoted for a shell.
    pub directory: &'a str,
    pub journal: &'a str,
    /// The program with its subcommand, and its arguments, both quoted for a shell.
    pub program: &'a str,
    pub arguments: &'a str,
    /// Arguments of the first allocation only, quoted for a shell.
    pub first: &'a str,
}

/// The size of the allocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BatchSize {
    /// This number of nodes, which no other job shares.
    WholeNodes(u32),
    /// Room for this number of jobs of the study at once, on any nodes.
    Jobs(u32),
}

/// Why sbatch did not queue a script.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    #[error("cannot run sbatch: {0}")]
    Run(std::io::Error),
    #[error("{0}")]
    Timeout(QueryError),
    #[error("sbatch refused the job: {0}")]
    Refused(String),
}

/// Why an allocation is of no use.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WarningError {
    #[error(
        "a time limit of {time} is too short: the jobs of the study are ended {warning_s} s before it, to save their checkpoints"
    )]
    Time { time: String, warning_s: u64 },
    #[error(
        "the grace time is too long: the jobs would be ended {warning_s} s before the time limit, and Slurm sends signals at most \
         {MAX_WARNING_S} s before it"
    )]
    Grace { warning_s: u64 },
}

impl BatchJob<'_> {
    /// The file that gets the output of all allocations, in the directory from which the job is submitted.
    pub fn log(&self) -> String {
        format!("{}.slurm.log", self.plain_name())
    }

    /// The name of the job: the last of several options counts.
    fn job_name(&self) -> String {
        let given =
            |option: &String| Some(option.strip_prefix("--job-name=").or(option.strip_prefix("-J"))?.to_owned());
        self.extra.iter().rev().find_map(given).unwrap_or_else(|| self.plain_name())
    }

    /// The line of the script that names the journal, by which the jobs of a study are found.
    fn journal_line(&self) -> String {
        format!("journal={}", self.journal)
    }

    fn plain_name(&self) -> String {
        self.name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
    }

    /// Seconds before the time limit at which Slurm sends SIGTERM: jobs may use up the grace time twice.
    fn warning_s(&self) -> u64 {
        MIN_WARNING_S.max(self.grace.as_secs().saturating_mul(2).saturating_add(RESERVE_S))
    }

    /// Checks that the signal comes neither at the start of an allocation nor earlier than Slurm can send it. A time that is not known,
    /// or that Slurm does not know, is not checked.
    ///
    /// # Errors
    /// The signal would come too early.
    pub fn check_warning(&self) -> Result<(), WarningError> {
        // The last of several equal options counts, and those in `extra` follow.
        if self.extra.iter().any(|option| option.starts_with("--signal")) {
            return Ok(());
        }
        let mut extra =
            self.extra.iter().filter_map(|option| option.strip_prefix("--time=").or(option.strip_prefix("-t")));
        let warning_s = self.warning_s();
        match extra.next_back().or(self.time) {
            _ if warning_s > MAX_WARNING_S => Err(WarningError::Grace { warning_s }),
            // A time of 0 is no limit.
            Some(time) if slurm_time(time).is_some_and(|limit| (1..=warning_s).contains(&limit.as_secs())) => {
                Err(WarningError::Time { time: time.to_owned(), warning_s })
            }
            _ => Ok(()),
        }
    }

    /// The options of sbatch.
    pub(super) fn sbatch_options(&self) -> Vec<String> {
        let mut options = vec![format!("--job-name={}", self.plain_name())];
        options.extend(self.size.options(self.options));
        options.extend(self.time.map(|time| format!("--time={time}")));
        options.extend(["--requeue".to_owned(), "--no-kill".to_owned()]);
        options.push(format!("--signal=B:TERM@{}", self.warning_s()));
        options.extend(["--open-mode=append".to_owned(), format!("--output={}", self.log())]);
        options.extend_from_slice(self.extra);
        options
    }

    /// Queues the script and returns the id of the job.
    ///
    /// # Errors
    /// sbatch cannot be run, gives no answer or refuses the script.
    pub fn submit(&self) -> Result<String, SubmitError> {
        let answer = query_with_input("sbatch", &["--parsable"], &self.script()).map_err(|error| match error {
            QueryError::Run { source, .. } => SubmitError::Run(source),
            QueryError::Timeout { .. } => SubmitError::Timeout(error),
            QueryError::Failed { message, .. } => SubmitError::Refused(without_prefix(&message)),
        })?;
        Ok(submitted_id(&answer))
    }
}

impl BatchSize {
    /// The options of sbatch for an allocation of this size in which jobs like `job` run.
    pub(super) fn options(self, job: &SlurmOptions) -> Vec<String> {
        let of_jobs = [
            ("partition", &job.partition),
            ("account", &job.account),
            ("qos", &job.qos),
            ("constraint", &job.constraint),
        ];
        let mut options = self.size_options(job);
        options.extend(of_jobs.iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?))));
        options
    }

    fn size_options(self, job: &SlurmOptions) -> Vec<String> {
        match self {
            BatchSize::WholeNodes(nodes) => {
                let gpus = job.gres().map(|gres| format!("--gres={gres}"));
                let nodes = [format!("--nodes={nodes}"), "--exclusive".to_owned(), "--mem=0".to_owned()];
                nodes.into_iter().chain(gpus).collect()
            }
            BatchSize::Jobs(jobs) => {
                let cpus = job.cpus();
                let mut options = vec![format!("--ntasks={jobs}"), format!("--cpus-per-task={cpus}")];
                options.extend(job.gpus().map(|(count, kind)| match kind {
                    Some(kind) => format!("--gpus-per-task={kind}:{count}"),
                    None => format!("--gpus-per-task={count}"),
                }));
                let memory = job.mem.as_deref().and_then(megabytes).filter(|memory| *memory > 0);
                options.extend(memory.map(|memory| format!("--mem-per-cpu={}M", memory.div_ceil(u64::from(cpus)))));
                options
            }
        }
    }
}

/// The id in the answer of `sbatch --parsable`. On several clusters the name of the cluster follows.
pub(super) fn submitted_id(answer: &str) -> String {
    let id = answer.lines().last().unwrap_or_default();
    id.split(';').next().unwrap_or_default().trim().to_owned()
}

/// `option` as one word of a line `#SBATCH`, which sbatch splits at blanks outside of quotes; a backslash makes the next character an
/// ordinary one, but for blanks outside of quotes.
pub fn directive_word(option: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\' | '#');
    match option.chars().all(is_plain) {
        true => option.to_owned(),
        false => format!("\"{}\"", option.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// The message of sbatch without the name of the program in each line.
fn without_prefix(message: &str) -> String {
    message.replace("sbatch: error: ", "").replace("sbatch: ", "")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn options(options: Value, size: BatchSize) -> String {
        let args = options.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let options = SlurmOptions::read(&args).unwrap();
        let job = BatchJob { options: &options, size, ..job(&options) };
        job.sbatch_options()[1..].join(" ").split(" --requeue").next().unwrap().to_owned()
    }

    pub fn job(options: &SlurmOptions) -> BatchJob<'_> {
        BatchJob {
            name: "a study",
            size: BatchSize::WholeNodes(2),
            time: None,
            grace: Duration::from_secs(10),
            options,
            extra: &[],
            directory: "/home",
            journal: "m.study/journal.jsonl",
            program: "hypertune run",
            arguments: "m.yaml",
            first: "",
        }
    }

    #[test]
    fn the_allocation_holds_the_jobs_that_are_asked_for() {
        let all = json!({"cpus": 4, "gpus": "a100:2", "mem": "6G", "partition": "p", "account": "a"});
        assert_eq!(
            options(all.clone(), BatchSize::Jobs(3)),
            "--ntasks=3 --cpus-per-task=4 --gpus-per-task=a100:2 --mem-per-cpu=1536M --partition=p --account=a"
        );
        assert_eq!(
            options(all, BatchSize::WholeNodes(2)),
            "--nodes=2 --exclusive --mem=0 --gres=gpu:a100:2 --partition=p --account=a"
        );
        assert_eq!(options(json!({}), BatchSize::Jobs(3)), "--ntasks=3 --cpus-per-task=1");
    }

    #[test]
    fn the_signal_comes_early_enough_for_the_grace_of_jobs() {
        let options = SlurmOptions::default();
        let warning = |grace| BatchJob { grace: Duration::from_secs(grace), ..job(&options) }.warning_s();
        assert_eq!([0, 10, 30, 31, 600].map(warning), [120, 120, 120, 122, 1260]);
    }

    #[test]
    fn an_allocation_that_is_signalled_at_its_start_is_refused() {
        let options = SlurmOptions::default();
        let check = |time: &str, extra: &[&str], grace| {
            let extra: Vec<String> = extra.iter().map(|option| (*option).to_owned()).collect();
            let time = Some(time).filter(|time| !time.is_empty());
            BatchJob { time, extra: &extra, grace: Duration::from_secs(grace), ..job(&options) }.check_warning()
        };
        for time in ["1", "2", "0:30", "2:00", "0:2:0", "0-0", "0-0:2", "0-00:01:59"] {
            let is_refused = check(time, &[], 10) != Ok(());
            assert_eq!(is_refused, time != "0-0", "{time}: 0 is no limit");
        }
        for time in ["3", "2:01", "8:00:00", "1-0", "0-1:0", "UNLIMITED", "0", "", "99999999999999999999"] {
            assert_eq!(check(time, &[], 10), Ok(()), "{time}");
        }
        assert_eq!(check("20", &[], 600), Err(WarningError::Time { time: "20".to_owned(), warning_s: 1260 }));
        assert_eq!(check("", &[], 40_000), Err(WarningError::Grace { warning_s: 80_060 }));
        // An option of sbatch replaces the one that comes before it.
        assert!(check("60", &["--time=1"], 10).is_err() && check("60", &["-t1"], 10).is_err());
        assert_eq!(check("1", &["--time=60"], 10), Ok(()));
        assert_eq!(check("1", &["--signal=B:TERM@20"], 10), Ok(()));
    }

    #[test]
    fn options_with_blanks_and_quotes_are_one_word_of_a_directive() {
        let extra = ["--comment=a \"b\" #c".to_owned()];
        let options = SlurmOptions::default();
        let script = BatchJob { extra: &extra, time: Some("8:00:00"), ..job(&options) }.script();
        assert!(script.contains("#SBATCH \"--comment=a \\\"b\\\" #c\"\n"), "{script}");
        assert!(script.contains("#SBATCH --job-name=a_study\n") && script.contains("--output=a_study.slurm.log\n"));
        assert!(script.contains("#SBATCH --time=8:00:00\n"));
    }
}

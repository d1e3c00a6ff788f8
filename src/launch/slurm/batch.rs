//! The batch job that runs hypertune itself on the nodes of its allocation, and that is queued again until the study is finished.

use std::time::Duration;

use super::options::{SlurmOptions, megabytes};
use super::query::{QueryError, query_with_input};

/// Least number of seconds before the time limit at which the study is interrupted.
const MIN_WARNING_S: u64 = 120;
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
    /// The working directory and the journal, each quoted for a shell.
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
    /// So many nodes, which no other job shares.
    WholeNodes(u32),
    /// Room for so many jobs of the study at once, on any nodes.
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

impl BatchJob<'_> {
    /// The file that gets the output of all allocations, in the directory from which the job is submitted.
    pub fn log(&self) -> String {
        format!("{}.slurm.log", self.plain_name())
    }

    fn plain_name(&self) -> String {
        self.name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
    }

    /// Seconds before the time limit at which Slurm sends SIGTERM: jobs may use up the grace time twice.
    fn warning_s(&self) -> u64 {
        MIN_WARNING_S.max(self.grace.as_secs().saturating_mul(2).saturating_add(RESERVE_S))
    }

    /// The options of sbatch.
    pub(super) fn sbatch_options(&self) -> Vec<String> {
        let mut options = vec![format!("--job-name={}", self.plain_name())];
        options.extend(self.size.options(self.options));
        let of_jobs = [
            ("partition", &self.options.partition),
            ("account", &self.options.account),
            ("qos", &self.options.qos),
            ("constraint", &self.options.constraint),
        ];
        options.extend(of_jobs.iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?))));
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
        // On several clusters the name of the cluster follows.
        let id = answer.lines().last().unwrap_or_default();
        Ok(id.split(';').next().unwrap_or_default().trim().to_owned())
    }
}

impl BatchSize {
    fn options(self, job: &SlurmOptions) -> Vec<String> {
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

    fn job(options: &SlurmOptions) -> BatchJob<'_> {
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
    fn options_with_blanks_and_quotes_are_one_word_of_a_directive() {
        let extra = ["--comment=a \"b\" #c".to_owned()];
        let options = SlurmOptions::default();
        let script = BatchJob { extra: &extra, time: Some("8:00:00"), ..job(&options) }.script();
        assert!(script.contains("#SBATCH \"--comment=a \\\"b\\\" #c\"\n"), "{script}");
        assert!(script.contains("#SBATCH --job-name=a_study\n") && script.contains("--output=a_study.slurm.log\n"));
        assert!(script.contains("#SBATCH --time=8:00:00\n"));
    }
}

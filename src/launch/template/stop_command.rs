//! The command `stop`.

use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::element::{Element, JobVariable, VariableValues, expand};
use super::job_name::NamedJob;
use super::options::InfrastructureRule;
use crate::launch::process::bounded::output_within;
use crate::launch::process::syscalls::Signal;

/// Commands that run at once.
pub const THREADS: usize = 8;

/// The command `stop`.
#[derive(Debug)]
pub struct StopCommand {
    pub elements: Vec<Element>,
    pub infrastructure: InfrastructureRule,
}

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// It has ended the job.
    Ended,
    /// It failed with this message; there may be no such job.
    Failed(String),
    /// It could not reach the job, for this reason.
    Unreachable(String),
}

impl StopCommand {
    /// Runs the command for each of `marks`, within `timeout`.
    pub fn run_all(&self, marks: &[String], timeout: Duration) -> Vec<(String, Stopped)> {
        let deadline = Instant::now() + timeout;
        let results: Mutex<Vec<(String, Stopped)>> = Mutex::default();
        let queue = Mutex::new(marks.iter());
        thread::scope(|scope| {
            let work = || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(mark) = next else { return };
                    let left = deadline.saturating_duration_since(Instant::now());
                    let stopped = match left.is_zero() {
                        true => {
                            Stopped::Unreachable(format!("not all jobs were stopped within {} s", timeout.as_secs()))
                        }
                        false => self.run(mark, Signal::Kill, left),
                    };
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((mark.clone(), stopped));
                }
            };
            for _ in 1..THREADS.min(marks.len()) {
                // With fewer threads it takes longer.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn run(&self, mark: &str, signal: Signal, timeout: Duration) -> Stopped {
        let Some(job) = NamedJob::of_mark(mark) else { return Stopped::Failed("unknown name".to_owned()) };
        let argv = expand(&self.elements, &StopValues { job: &job, signal });
        let Some((program, args)) = argv.split_first() else { return Stopped::Failed("no command".to_owned()) };
        let output = match output_within(Command::new(program).args(args).stdin(Stdio::null()), timeout) {
            Err(error) => return Stopped::Unreachable(format!("{program} cannot be run: {error}")),
            Ok(None) => {
                return Stopped::Unreachable(format!(
                    "{program} did not end within {} s",
                    timeout.as_secs_f64().ceil()
                ));
            }
            Ok(Some(output)) => output,
        };
        if output.status.success() {
            return Stopped::Ended;
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let line = stderr.lines().rfind(|line| !line.trim().is_empty());
        let message =
            format!("{program}: {}", line.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned()));
        let code = output.status.code();
        // A command that was killed may not have reached the job.
        match code.is_none() || self.infrastructure.matches(code, &stderr) {
            true => Stopped::Unreachable(message),
            false => Stopped::Failed(message),
        }
    }
}

/// The values of a command that stops a job.
struct StopValues<'a> {
    job: &'a NamedJob,
    signal: Signal,
}

impl VariableValues for StopValues<'_> {
    fn text(&self, variable: JobVariable) -> String {
        match variable {
            JobVariable::Signal => match self.signal {
                Signal::Interrupt => "INT".to_owned(),
                Signal::Terminate => "TERM".to_owned(),
                Signal::Kill => "KILL".to_owned(),
            },
            variable => job_text(self.job, variable),
        }
    }

    fn list(&self, _variable: JobVariable) -> Vec<String> {
        Vec::new()
    }
}

/// The value of a variable that follows from the job's name.
pub fn job_text(job: &NamedJob, variable: JobVariable) -> String {
    match variable {
        JobVariable::Job => job.name.clone(),
        JobVariable::Trial => job.id.key.trial.to_string(),
        JobVariable::Rung => job.id.key.rung.to_string(),
        JobVariable::Attempt => job.id.attempt.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::template::element::STOP_VARIABLES;

    #[test]
    fn the_time_for_all_jobs_does_not_grow_with_their_number() {
        let words = ["sh", "-c", "sleep 600; true", "{{ job }}"];
        let elements: Vec<Element> = words.map(|word| Element::parse(word, &STOP_VARIABLES).unwrap()).into();
        let command = StopCommand { elements, infrastructure: InfrastructureRule::default() };
        let marks: Vec<String> = (0..20).map(|trial| format!("1-2-3/{trial}-0-1")).collect();
        let start = Instant::now();
        let results = command.run_all(&marks, Duration::from_millis(300));
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert!(results.len() == 20 && results.iter().all(|(_, stopped)| matches!(stopped, Stopped::Unreachable(_))));
    }
}

//! The allocations of a session, as `squeue` lists them by their name.

use std::time::Duration;

use super::request::slurm_time;
use crate::launch::slurm::query::{QueryError, query};

/// An allocation in the queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedAllocation {
    pub id: String,
    pub state: ListedState,
}

/// Its state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListedState {
    /// It waits for this reason, in Slurm's word.
    Queued(String),
    /// It runs for so long; `None` without a time limit.
    Running(Option<Duration>),
    /// It has ended or is about to.
    Over,
}

/// The allocations with the name `name`.
pub fn list(name: &str) -> Result<Vec<ListedAllocation>, QueryError> {
    let text = query("squeue", &["--noheader", "--me", "--name", name, "--format=%i|%T|%L|%r"])?;
    Ok(text.lines().filter_map(parse).collect())
}

fn parse(line: &str) -> Option<ListedAllocation> {
    let mut fields = line.trim().splitn(4, '|');
    let (id, state, left) = (fields.next()?, fields.next()?, fields.next()?);
    let reason = fields.next().unwrap_or_default();
    let state = match state {
        "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_HOLD" => ListedState::Queued(reason.to_owned()),
        "RUNNING" | "SUSPENDED" | "STOPPED" => ListedState::Running(time_left(left)),
        _ => ListedState::Over,
    };
    Some(ListedAllocation { id: id.to_owned(), state })
}

/// `None` without a time limit. Past the limit it is `INVALID`.
fn time_left(text: &str) -> Option<Duration> {
    let is_limited = !matches!(text, "UNLIMITED" | "NOT_SET");
    is_limited.then(|| slurm_time(text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_an_allocation_has_its_time_or_its_reason() {
        let state = |line| parse(line).unwrap().state;
        assert_eq!(state("7|RUNNING|59:30|None"), ListedState::Running(Some(Duration::from_secs(3570))));
        assert_eq!(state("7|RUNNING|UNLIMITED|None"), ListedState::Running(None));
        assert_eq!(state("7|RUNNING|INVALID|None"), ListedState::Running(Some(Duration::ZERO)));
        assert_eq!(state("7|PENDING|1:00:00|Resources"), ListedState::Queued("Resources".into()));
        assert_eq!(state("7|COMPLETING|0:00|NonZeroExitCode"), ListedState::Over);
        assert_eq!(parse("slurm_load_jobs error"), None);
    }
}

//! What the end of a job means for it, its node and its allocation.

use std::sync::atomic::Ordering;

use super::Slurm;
use super::allocation::{self, AllocationState, NodeAllocation};
use super::cancellation::cancelled;
use super::exit::ClientEnd;
use crate::launch::job_exit::{ExitMeaning, JobExit};
use crate::types::ids::JobKey;
use crate::types::outcome::Failure;

/// Most jobs in a row that Slurm may fail to start before the session ends.
const MAX_NOT_STARTED: u32 = 20;

impl Slurm {
    /// The meaning of the end of a job that was not started, for `reason`.
    fn not_started(&self, reason: String) -> ExitMeaning {
        if self.not_started.fetch_add(1, Ordering::Relaxed) + 1 < MAX_NOT_STARTED {
            return ExitMeaning::Infrastructure(reason);
        }
        ExitMeaning::Unusable(format!("Slurm did not start {MAX_NOT_STARTED} jobs in a row; the last time: {reason}"))
    }

    /// The meaning of a step that Slurm cannot place in the allocation `id`: a node may have left it.
    fn not_placed(&self, id: Option<&str>, reason: String) -> ExitMeaning {
        let Some(id) = id else { return ExitMeaning::Unusable(reason) };
        if self.pool.is_some() {
            return self.not_started(reason);
        }
        match NodeAllocation::query(id) {
            Ok(allocation) if self.nodes.retain(&allocation.nodes()) > 0 => ExitMeaning::Infrastructure(reason),
            Ok(_) => ExitMeaning::Unusable(reason),
            Err(_) => self.not_started(reason),
        }
    }

    /// The meaning of a job that something outside of hypertune may have ended, unless its whole allocation `id` ends.
    fn unless_over(&self, id: Option<&str>, meaning: impl FnOnce() -> ExitMeaning) -> ExitMeaning {
        match id.map(allocation::state) {
            Some(AllocationState::Over) => self.over(id, "the allocation has ended".to_owned()),
            None | Some(AllocationState::Running | AllocationState::Unknown) => meaning(),
        }
    }

    /// The meaning of a job whose allocation `id` has ended.
    fn over(&self, id: Option<&str>, reason: String) -> ExitMeaning {
        match (&self.pool, id) {
            (Some(pool), Some(id)) => {
                pool.remove(id);
                ExitMeaning::Infrastructure(format!("{reason} (Slurm job {id})"))
            }
            _ => ExitMeaning::Unusable(reason),
        }
    }

    /// A job was lost with its node.
    fn lost(&self, node: &str, job: JobKey, id: Option<&str>) {
        // A node that leaves an allocation does not return to it.
        match &self.allocation {
            Some(_) => self.nodes.exclude(node),
            None => self.nodes.failed(node, job),
        }
        // Its other nodes end with it.
        self.pool.iter().zip(id).for_each(|(pool, id)| pool.remove(id));
    }

    /// The meaning of the end of a job that was cancelled, unless its whole allocation `id` ends.
    fn cancelled(&self, exit: &JobExit<'_>, id: Option<&str>) -> ExitMeaning {
        let step = exit.placement.map(|placement| placement.scheduler_id.as_str());
        // Of a job with a Slurm job of its own, that is what is cancelled.
        let step = step.map(|step| if id.is_none() { step.split('.').next().unwrap_or(step) } else { step });
        self.unless_over(id, || ExitMeaning::Failed(Failure::Cancelled(cancelled(step))))
    }

    /// The meaning of the end of a job that ran on `node` in the allocation `id`.
    pub(super) fn meaning(
        &self,
        end: ClientEnd,
        exit: &JobExit<'_>,
        node: Option<&str>,
        id: Option<&str>,
    ) -> ExitMeaning {
        let key = exit.job.key;
        match end {
            ClientEnd::Job(meaning) => {
                node.into_iter().for_each(|node| self.nodes.worked(node, key));
                // At the time limit of its allocation a job may end in any way.
                let may_be_over = self.pool.is_some() && matches!(meaning, ExitMeaning::Failed(_));
                if may_be_over { self.unless_over(id, || meaning) } else { meaning }
            }
            ClientEnd::TimeLimit => self.unless_over(id, || ExitMeaning::Failed(Failure::Timeout)),
            ClientEnd::Cancelled => self.cancelled(exit, id),
            ClientEnd::LostNode { node, reason } => {
                self.lost(&node, key, id);
                ExitMeaning::Infrastructure(reason)
            }
            ClientEnd::Unreachable(reason) => {
                self.controller.suspect();
                ExitMeaning::Infrastructure(reason)
            }
            ClientEnd::Infrastructure(reason) => {
                node.into_iter().for_each(|node| self.nodes.failed(node, key));
                ExitMeaning::Infrastructure(reason)
            }
            ClientEnd::NotStarted(reason) if self.pool.is_some() => match id.map(allocation::state) {
                Some(AllocationState::Over) => self.over(id, reason),
                _ => self.not_started(reason),
            },
            ClientEnd::NotStarted(reason) => self.not_started(reason),
            ClientEnd::Over(reason) if self.submits_jobs() => self.not_started(reason),
            ClientEnd::Over(reason) => self.over(id, reason),
            ClientEnd::NotPlaced(reason) => self.not_placed(id, reason),
            ClientEnd::Rejected(reason) => ExitMeaning::Unusable(reason),
        }
    }
}

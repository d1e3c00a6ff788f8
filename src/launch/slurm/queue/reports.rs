//! What is said about jobs and allocations that wait in the queue: once for each reason.

use std::collections::BTreeSet;
use std::time::Duration;

use super::reason::{advice, word};

/// How long all may wait for their turn before that is said.
pub const TURN_NOTE_AFTER: Duration = Duration::from_secs(30);

/// What waits in the queue of Slurm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    Jobs,
    Allocations,
}

impl Waiting {
    /// `1 job waits` or `3 jobs wait`.
    fn counted(self, count: usize) -> String {
        let noun = match self {
            Waiting::Jobs => "job",
            Waiting::Allocations => "allocation",
        };
        if count == 1 { format!("1 {noun} waits") } else { format!("{count} {noun}s wait") }
    }
}

/// The reports that have not been shown, and what was reported.
#[derive(Debug, Default)]
pub struct WaitReports {
    reported: BTreeSet<String>,
    has_noted_turn: bool,
    pub warnings: Vec<String>,
    pub notes: Vec<String>,
}

impl WaitReports {
    /// Reports why `what` waits: of each, the id of the Slurm job and the reason that `squeue` shows. The first of them has waited for
    /// `waited`.
    pub fn add(&mut self, what: Waiting, queued: &[(&str, &str)], waited: Duration) {
        let of = |reason: &str| queued.iter().filter(|(_, other)| word(other) == word(reason)).count();
        for (id, reason) in queued {
            let Some(advice) = advice(reason) else { continue };
            if self.reported.insert(word(reason).to_owned()) {
                let counted = what.counted(of(reason));
                let such_as = if of(reason) == 1 { "Slurm job" } else { "such as Slurm job" };
                self.warnings.push(format!("{counted} in the queue of Slurm ({reason}), {such_as} {id}: {advice}"));
            }
        }
        let first = queued.iter().find(|(_, reason)| advice(reason).is_none());
        if let Some((_, reason)) = first.filter(|_| waited >= TURN_NOTE_AFTER && !self.has_noted_turn) {
            self.has_noted_turn = true;
            let counted = what.counted(of(reason));
            self.notes.push(format!(
                "{counted} in the queue of Slurm ({reason}); `squeue --me --start` shows when Slurm expects to start them"
            ));
        }
    }

    /// Reports that a job has waited for `waited` in the allocation `id`, for which no more jobs are started than it holds.
    pub fn add_step(&mut self, id: &str, waited: Duration) {
        if self.reported.insert("steps".to_owned()) {
            self.warnings.push(format!(
                "a job has waited for {} s for room in the allocation {id}; `squeue --steps --jobs={id}` shows what runs in it, and with a \
                 lower -j fewer jobs are started at once",
                waited.as_secs()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_reported_once_with_its_advice() {
        let mut reports = WaitReports::default();
        let queued = [("7", "PartitionConfig"), ("8", "PartitionConfig"), ("9", "Priority")];
        for waited in [1, 2, 40, 50] {
            reports.add(Waiting::Jobs, &queued, Duration::from_secs(waited));
        }
        let start =
            "2 jobs wait in the queue of Slurm (PartitionConfig), such as Slurm job 7: the partition has no node";
        assert!(reports.warnings.len() == 1 && reports.warnings[0].starts_with(start), "{:?}", reports.warnings);
        let start = "1 job waits in the queue of Slurm (Priority); ";
        assert!(reports.notes.len() == 1 && reports.notes[0].starts_with(start), "{:?}", reports.notes);
        // The same reason with other nodes is no new one.
        for reason in ["ReqNodeNotAvail, UnavailableNodes:n1", "ReqNodeNotAvail, UnavailableNodes:n[1-2]"] {
            reports.add(Waiting::Allocations, &[("12", reason)], Duration::ZERO);
        }
        let start = "1 allocation waits in the queue of Slurm (ReqNodeNotAvail, UnavailableNodes:n1), Slurm job 12: ";
        assert!(reports.warnings.len() == 2 && reports.warnings[1].starts_with(start), "{:?}", reports.warnings);
    }
}

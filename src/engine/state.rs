//! The state of the engine. Its functions are in the other files.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::counters::Counters;
use super::early_failures::EarlyFailures;
use super::event::FinishReason;
use super::experiment::{Experiment, FirstFailures, Retries};
use super::free_slots::FreeSlots;
use super::job::ScheduledJob;
use super::limits::patience::Patience;
use super::policy::Policies;
use super::retry::RetryQueue;
use crate::schedule::{Scheduler, Start, Verdict};
use crate::search::Searcher;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::ids::{JobKey, Slot, TrialId};
use crate::types::units::Moment;

/// The phase of a study.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum StudyPhase {
    /// Free slots are filled.
    Open,
    /// It finishes when no job is running.
    Ending(FinishReason),
    Finished(FinishReason),
}

/// A job that was launched and has not ended.
#[derive(Clone, Debug)]
pub(super) struct RunningJob {
    pub job: ScheduledJob,
    /// `None` in a replay, which uses no slots.
    pub slot: Option<Slot>,
    /// Whether [`Command::Kill`](super::event::Command::Kill) was sent for it.
    pub killed: bool,
    /// Covers only the readings that the driver sends.
    pub reading_state: ReadingState,
}

/// The readings of a running job so far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum ReadingState {
    NoReading,
    /// At least one reading, none with the objective.
    WithoutObjective,
    /// At least one reading with the objective.
    WithObjective,
}

/// Whether the external tuner has more suggestions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TunerState {
    Active,
    Exhausted,
}

/// A trial that holds a slot and waits for its configuration from the external tuner.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingSuggestion {
    pub start: Start,
    pub slot: Slot,
}

/// Decides which job is launched, promoted, retried or killed, and when the study ends.
///
/// The same events in the same order give the same commands. If the sampler ignores observations, configurations, promotions and
/// the incumbent do not depend on the order of events or the number of slots either.
pub struct Engine {
    pub(super) experiment: Arc<Experiment>,
    pub(super) scheduler: Box<dyn Scheduler>,
    /// The amount of the schedule's length.
    pub(super) length: u64,
    pub(super) searcher: Box<dyn Searcher>,
    /// The number of configurations that the sampler can propose, if it is limited.
    pub(super) max_trials: Option<u64>,
    pub(super) slots: FreeSlots,
    pub(super) running: BTreeMap<JobKey, RunningJob>,
    /// Configurations of trials that have not been retired, or may return; those of other retired trials are in the journal.
    pub(super) trials: HashMap<TrialId, Arc<Assignment>>,
    pub(super) retry_queue: RetryQueue,
    /// The experiment's; in a replay, those of the recorded session.
    pub(super) retries: Retries,
    /// Returned by the scheduler and not launched yet.
    pub(super) deferred_starts: VecDeque<Start>,
    pub(super) pending_suggestions: BTreeMap<TrialId, PendingSuggestion>,
    pub(super) tuner: TunerState,
    pub(super) phase: StudyPhase,
    /// The earliest requested [`Event::Tick`](super::event::Event::Tick) that has not arrived.
    pub(super) next_wakeup: Option<Moment>,
    pub(super) counters: Counters,
    pub(super) early_failures: EarlyFailures,
    pub(super) policies: Policies,
    pub(super) patience: Patience,
    /// In a replay: verdicts whose records have not been read yet.
    pub(super) unrecorded_verdicts: VecDeque<Verdict>,
    /// In a replay: jobs that failed and do not run again by themselves.
    pub(super) failed_jobs: BTreeMap<JobKey, ScheduledJob>,
    /// Jobs that run again although their results have no effect on the schedule.
    pub(super) unscheduled: BTreeSet<JobKey>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("phase", &self.phase).field("running", &self.running).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine for a new study that runs at most `slots` jobs at once. 0 slots count as 1.
    pub fn new(experiment: Arc<Experiment>, slots: u32) -> Engine {
        let direction = experiment.metric.as_ref().map(|m| m.direction);
        let mut searcher = experiment.method.sampler.searcher(&experiment.search_context());
        searcher.warm_start(&experiment.prior);
        Engine {
            scheduler: experiment.method.schedule.scheduler(direction),
            length: experiment.method.schedule.length().amount(),
            searcher,
            max_trials: experiment.method.sampler.max_trials(&experiment.space),
            slots: FreeSlots::new(slots.max(1)),
            running: BTreeMap::new(),
            trials: HashMap::new(),
            retry_queue: RetryQueue::default(),
            retries: experiment.retries,
            deferred_starts: VecDeque::new(),
            pending_suggestions: BTreeMap::new(),
            tuner: TunerState::Active,
            phase: StudyPhase::Open,
            next_wakeup: None,
            counters: Counters::new(&experiment),
            early_failures: EarlyFailures::new(),
            policies: Policies::new(&experiment),
            patience: Patience::new(&experiment),
            unrecorded_verdicts: VecDeque::new(),
            failed_jobs: BTreeMap::new(),
            unscheduled: BTreeSet::new(),
            experiment,
        }
    }

    /// Whether the driver must send every reading: metric conditions or policies use them.
    pub fn wants_readings(&self) -> bool {
        let stopping = &self.experiment.stopping;
        !stopping.conditions.is_empty() || !stopping.policies.is_empty()
    }

    /// Whether the driver must send the first reading of each job even if [`Engine::wants_readings`] is false: true as long as
    /// failures of the first jobs can end the study.
    pub fn wants_first_readings(&self) -> bool {
        self.experiment.first_failures == FirstFailures::Stop && self.early_failures.is_open()
    }

    /// The name of the resource.
    pub fn resource(&self) -> Option<&str> {
        self.experiment.resource.as_ref().map(|spec| spec.name.as_str())
    }

    /// How jobs of promoted trials start.
    pub fn promoted(&self) -> PromotedStart {
        self.experiment.promoted
    }

    /// The job whose reading met the metric condition that ends the study.
    pub fn decisive(&self) -> Option<JobKey> {
        match &self.phase {
            StudyPhase::Ending(FinishReason::MetricReached { job, .. })
            | StudyPhase::Finished(FinishReason::MetricReached { job, .. }) => Some(job.key),
            _ => None,
        }
    }
}

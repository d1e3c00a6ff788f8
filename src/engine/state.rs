//! The data of the engine. The other files hold its functions.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::early_failures::EarlyFailures;
use super::event::FinishReason;
use super::experiment::{Experiment, FirstFailures, PromotedStart, Retries};
use super::job::ScheduledJob;
use super::policy::Policies;
use super::progress::Counters;
use super::retry::RetryQueue;
use super::slots::Slots;
use crate::schedule::{Scheduler, Start, Verdict};
use crate::search::Searcher;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobKey, Slot, TrialId};
use crate::types::units::Moment;

/// How far the study is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Phase {
    /// Free slots are filled.
    Open,
    /// It ends when nothing runs any more.
    Ending(FinishReason),
    /// It has ended.
    Finished(FinishReason),
}

/// A trial that is not over.
#[derive(Clone, Debug)]
pub(super) struct ActiveTrial {
    pub assignment: Arc<Assignment>,
    pub bracket: BracketId,
}

/// A job that was launched and has not ended.
#[derive(Clone, Debug)]
pub(super) struct RunningJob {
    pub job: ScheduledJob,
    /// Empty in a replay, where slots do not matter.
    pub slot: Option<Slot>,
    /// Whether its end was asked for already.
    pub killed: bool,
    /// What it has printed, as far as readings are sent.
    pub printed: Printed,
}

/// What a running job has printed so far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Printed {
    Nothing,
    /// A reading without the objective.
    Reading,
    /// A reading with the objective.
    Metric,
}

/// Whether the external tuner has more suggestions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TunerState {
    Answers,
    Exhausted,
}

/// A trial that holds a slot and waits for its configuration from the external tuner.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingSuggestion {
    pub start: Start,
    pub slot: Slot,
}

/// Every decision of a study: which job is launched, promoted, retried, ended, and when the study is over.
///
/// The same events in the same order give the same commands. Where the sampler draws blindly, configurations, promotions and the
/// incumbent do not even depend on the order, nor on the number of slots.
pub struct Engine {
    pub(super) experiment: Arc<Experiment>,
    pub(super) scheduler: Box<dyn Scheduler>,
    pub(super) searcher: Box<dyn Searcher>,
    /// How many trials the sampler has to give, if that is known.
    pub(super) supply: Option<u64>,
    pub(super) slots: Slots,
    pub(super) running: BTreeMap<JobKey, RunningJob>,
    /// Configurations of trials that are not over; those of retired trials are in the journal.
    pub(super) trials: HashMap<TrialId, ActiveTrial>,
    /// Jobs to be launched once more.
    pub(super) again: RetryQueue,
    /// The experiment's; in a replay, those of the recorded session.
    pub(super) retries: Retries,
    /// Handed out by the scheduler and not launched.
    pub(super) held: VecDeque<Start>,
    /// Trials that hold a slot while the outside tuner thinks.
    pub(super) asked: BTreeMap<TrialId, PendingSuggestion>,
    pub(super) tuner: TunerState,
    pub(super) phase: Phase,
    /// The wake-up that was asked for and has not come.
    pub(super) wake: Option<Moment>,
    pub(super) tally: Counters,
    pub(super) early_failures: EarlyFailures,
    pub(super) policies: Policies,
    /// Replay: verdicts whose records have not come yet.
    pub(super) unrecorded: VecDeque<Verdict>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("phase", &self.phase).field("running", &self.running).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine at the start of a study that runs at most `slots` (≥ 1) jobs at once.
    pub fn new(experiment: Arc<Experiment>, slots: u32) -> Engine {
        let direction = experiment.metric.as_ref().map(|m| m.direction);
        let mut searcher = experiment.method.sampler.searcher(&experiment.search_context());
        searcher.warm_start(&experiment.prior);
        Engine {
            scheduler: experiment.method.schedule.scheduler(direction),
            searcher,
            supply: experiment.method.sampler.max_trials(&experiment.space),
            slots: Slots::new(slots.max(1)),
            running: BTreeMap::new(),
            trials: HashMap::new(),
            again: RetryQueue::default(),
            retries: experiment.retries,
            held: VecDeque::new(),
            asked: BTreeMap::new(),
            tuner: TunerState::Answers,
            phase: Phase::Open,
            wake: None,
            tally: Counters::new(&experiment),
            early_failures: EarlyFailures::new(),
            policies: Policies::new(&experiment),
            unrecorded: VecDeque::new(),
            experiment,
        }
    }

    /// Whether readings must be sent: metric conditions or policies look at them.
    pub fn wants_readings(&self) -> bool {
        let stopping = &self.experiment.stopping;
        !stopping.conditions.is_empty() || !stopping.policies.is_empty()
    }

    /// Whether the first reading of each job must be sent, even where [`Engine::wants_readings`] says no: while the first jobs may
    /// yet end the study. False from the first job on that ends otherwise.
    pub fn wants_first_readings(&self) -> bool {
        self.experiment.first_failures == FirstFailures::Stop && self.early_failures.is_open()
    }

    /// The name of what the study allots.
    pub fn resource(&self) -> Option<&str> {
        self.experiment.resource.as_ref().map(|spec| spec.name.as_str())
    }

    /// What promoted trials find.
    pub fn promoted(&self) -> PromotedStart {
        self.experiment.promoted
    }

    /// The job whose reading met the condition that ends the study, if one did.
    pub fn decisive(&self) -> Option<JobKey> {
        match &self.phase {
            Phase::Ending(FinishReason::MetricReached { job, .. })
            | Phase::Finished(FinishReason::MetricReached { job, .. }) => Some(job.key),
            _ => None,
        }
    }
}

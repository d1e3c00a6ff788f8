//! The state machine: events in, commands out. Knows no processes, clocks or files.
//!
//! ```text
//! Begin, Reading, Ended, Suggested, Tick, Interrupted ──▶ Engine::handle ──▶ Launch, Kill, Promoted, Retired, WakeAt, Suggest, Finish
//! ```
//! One file per concern, all of them `impl Engine`: `launch` fills free slots, `finish` takes ends in, `stopping` and
//! `limits` end the study, `suggest` talks to an outside tuner, [`replay`] applies what a journal recorded. The parts that need no
//! engine stand alone: `retry` (jobs to launch again), `slots`, [`progress`] (counts), `policy` (rules on running jobs).

mod early_failures;
pub mod event;
pub mod experiment;
mod finish;
mod launch;
mod limits;
mod mismatch;
mod policy;
pub mod progress;
pub mod replay;
mod retry;
mod slots;
mod stopping;
mod suggest;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::engine::early_failures::EarlyFailures;
use crate::engine::event::{Command, Event, FinishReason};
use crate::engine::experiment::{Experiment, FirstFailures, Promoted, Retries};
use crate::engine::finish::JobEnd;
use crate::engine::launch::{Live, Running};
use crate::engine::policy::Policies;
use crate::engine::progress::Tally;
use crate::engine::retry::Again;
use crate::engine::slots::Slots;
use crate::schedule::{Scheduler, Start, Verdict};
use crate::search::Searcher;
use crate::words::ids::{JobKey, TrialId};
use crate::words::units::Moment;

/// Whether the study goes on.
#[derive(Clone, PartialEq, Debug)]
enum Phase {
    /// Free slots are filled.
    Open,
    /// It ends when nothing runs any more.
    Ending(FinishReason),
    /// It has ended.
    Finished(FinishReason),
}

/// Every decision of a study: which job is launched, promoted, retried, ended, and when the study is over.
///
/// The same events in the same order give the same commands. Where the sampler draws blindly, configurations, promotions and the
/// incumbent do not even depend on the order, nor on the number of slots.
pub struct Engine {
    experiment: Arc<Experiment>,
    scheduler: Box<dyn Scheduler>,
    searcher: Box<dyn Searcher>,
    /// How many trials the sampler has to give, if that is known.
    supply: Option<u64>,
    slots: Slots,
    running: BTreeMap<JobKey, Running>,
    /// Configurations of trials that are not over; those of retired trials are in the journal.
    trials: HashMap<TrialId, Live>,
    /// Jobs to be launched once more.
    again: Again,
    /// The experiment's; in a replay, those of the recorded session.
    retries: Retries,
    /// Handed out by the scheduler and not launched.
    held: VecDeque<Start>,
    /// Trials that hold a slot while the outside tuner thinks.
    asked: BTreeMap<TrialId, suggest::Asked>,
    tuner: suggest::Tuner,
    phase: Phase,
    /// The wake-up that was asked for and has not come.
    wake: Option<Moment>,
    tally: Tally,
    early_failures: EarlyFailures,
    policies: Policies,
    /// Replay: verdicts whose records have not come yet.
    unrecorded: VecDeque<Verdict>,
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
            again: Again::default(),
            retries: experiment.retries,
            held: VecDeque::new(),
            asked: BTreeMap::new(),
            tuner: suggest::Tuner::Answers,
            phase: Phase::Open,
            wake: None,
            tally: Tally::new(&experiment),
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
    pub fn promoted(&self) -> Promoted {
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

    /// Takes the event in, then fills free slots. Events of jobs that do not run are ignored. After a finish nothing follows.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Command> {
        let mut out = Vec::new();
        if let Phase::Finished(reason) = &self.phase {
            return if event == Event::Begin { vec![Command::Finish(reason.clone())] } else { out };
        }
        let reading = matches!(event, Event::Reading { .. });
        match event {
            Event::Begin => self.judge_failure_share(&mut out),
            Event::Reading { job, reading } => self.read(job, &reading, &mut out),
            Event::Ended { job, outcome, curve, step } => {
                self.end(now, job, &JobEnd { outcome: &outcome, curve: &curve, step }, &mut out);
            }
            Event::Suggested { suggestions } => self.suggested(suggestions, &mut out),
            Event::SuggestionsOver { fault } => self.suggestions_over(fault, &mut out),
            Event::Tick => self.wake = None,
            Event::Interrupted { signal } => self.stop(FinishReason::Interrupted { signal }, &mut out),
        }
        self.check_time(now, &mut out);
        if !reading {
            self.fill(now, &mut out);
            self.settle(now, &mut out);
        }
        out
    }
}

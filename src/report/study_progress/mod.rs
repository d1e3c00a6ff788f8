//! Counts jobs from the journal's records, for all kinds of display.

mod course;
pub mod expected_totals;
pub(crate) mod forecast;
mod rung_counts;
#[cfg(test)]
mod tests;
mod time_left;

use std::collections::{BTreeMap, HashMap};

use crate::engine::event::FinishReason;
use crate::engine::experiment::{Experiment, Limits};
use crate::journal::record::{EndRecord, Header, LaunchRecord, Record};
use crate::launch::catalogue;
use crate::schedule::Plan;
use crate::types::allocation::Allocation;
use crate::types::allocation::PromotedStart;
use crate::types::ids::{BracketId, Rung, TrialId};
use crate::types::incumbent::{Candidate, IncumbentTracker};
use crate::types::objective::Metric;
use crate::types::outcome::Outcome;
use crate::types::units::Moment;
use course::StudyCourse;
use expected_totals::ExpectedTotals;
use forecast::Forecast;
pub use rung_counts::{BracketRung, RungCounts};

/// The counts of a study.
#[derive(Clone, Debug)]
pub struct StudyProgress {
    pub metric: Option<Metric>,
    /// Name of the resource.
    pub resource: Option<String>,
    /// Totals at the end of the study.
    pub expected: ExpectedTotals,
    /// Number of times that the plan repeats its brackets.
    pub rounds: u32,
    /// Whether the schedule decides asynchronously, so that no rung is ever full.
    pub open_ended: bool,
    /// Jobs that ended and are not retried.
    pub done: u64,
    /// Launched jobs that have not ended.
    pub running: u64,
    /// Those of them that wait for a scheduler.
    pub queued: u64,
    /// Failed jobs among the done.
    pub failed: u64,
    /// Study time of the last record.
    pub now: Moment,
    /// Resource spent by the done jobs.
    pub spent: f64,
    /// Resource allotted to the done jobs.
    allotted: f64,
    forecast: Forecast,
    /// `None` if the definition of the study is not known.
    course: Option<StudyCourse>,
    incumbents: IncumbentTracker,
    promoted: PromotedStart,
    session: SessionStart,
    pid: u32,
    is_live: bool,
    /// Whether jobs of the session wait for a scheduler.
    has_scheduler: bool,
    /// The rungs of each bracket of the plan.
    planned: BTreeMap<u32, Vec<RungCounts>>,
    /// The brackets that have started.
    brackets: BTreeMap<BracketId, Vec<RungCounts>>,
    positions: HashMap<TrialId, TrialPosition>,
}

/// The rung of a trial and its latest job.
#[derive(Clone, Copy, Debug)]
struct TrialPosition {
    bracket: BracketId,
    rung: Rung,
    latest_job: LatestJob,
    /// Whether the trial was retired after its latest job failed; the job may run again.
    is_settled: bool,
    /// The allocation of the latest job.
    allocation: Allocation,
    /// Resource spent by that job; zero while it runs.
    spent: f64,
    /// When that job was launched.
    launched: Moment,
    /// Whether it waits for a scheduler.
    is_queued: bool,
}

/// State of the latest job of a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LatestJob {
    Running,
    Ended,
    Failed,
}

/// Counts at the start of the running session, for its rate.
#[derive(Clone, Copy, Debug, Default)]
struct SessionStart {
    since: Moment,
    resource: f64,
    done: u64,
}

impl StudyProgress {
    /// The progress of a study without records, whose remaining time is simulated.
    pub fn of(experiment: &Experiment) -> StudyProgress {
        let progress = StudyProgress::new(&experiment.plan(), ExpectedTotals::of(experiment));
        StudyProgress { course: Some(StudyCourse::new(experiment)), ..progress }
    }

    /// Sets the limits of the session that follows.
    pub fn set_limits(&mut self, experiment: &Experiment, limits: &Limits) {
        self.expected = ExpectedTotals::under(experiment, limits);
        self.course.iter_mut().for_each(|course| course.set_limits(limits));
    }

    /// The progress of a study without records.
    pub fn new(plan: &Plan, expected: ExpectedTotals) -> StudyProgress {
        let rung = |r: &crate::schedule::RungPlan| RungCounts {
            configs: r.configs,
            resource: r.resource,
            ended: 0,
            settled: 0,
            failed: 0,
            promoted: 0,
            best: None,
        };
        StudyProgress {
            metric: None,
            resource: None,
            expected,
            rounds: plan.rounds,
            open_ended: plan.open_ended,
            done: 0,
            running: 0,
            queued: 0,
            failed: 0,
            now: Moment(0),
            spent: 0.0,
            allotted: 0.0,
            forecast: Forecast::default(),
            course: None,
            incumbents: IncumbentTracker::new(None),
            promoted: PromotedStart::default(),
            session: SessionStart::default(),
            pid: std::process::id(),
            is_live: false,
            has_scheduler: false,
            planned: plan.brackets.iter().map(|b| (b.bracket, b.rungs.iter().map(rung).collect())).collect(),
            brackets: BTreeMap::new(),
            positions: HashMap::new(),
        }
    }

    /// Counts the next record; returns the rung that it completes, if any.
    pub fn record(&mut self, record: &Record) -> Option<BracketRung> {
        match record {
            Record::Study(header) => self.header(header),
            Record::Session(session) => {
                self.is_live = session.pid == self.pid;
                (self.running, self.queued) = (0, 0);
                self.has_scheduler = catalogue::reports_start(&session.launcher);
                self.course.iter_mut().for_each(|course| course.set_slots(session.concurrency));
                self.forecast.start_session();
                self.session = SessionStart { since: session.at, resource: self.resource_done(), done: self.done };
            }
            Record::Launch(launch) => self.launch(launch),
            Record::Started { job, .. } => self.leave_queue(job.key.trial),
            Record::End(end) => self.end(end),
            Record::Promoted { trial, .. } => return self.settle(*trial, true),
            Record::Retired { trial } => return self.settle(*trial, false),
            Record::Finish { reason: FinishReason::MetricReached { job, .. }, .. } => self.incumbents.decided(job.key),
            Record::Kill { .. } | Record::Finish { .. } | Record::Length(_) | Record::RunAgain { .. } => {}
        }
        None
    }

    /// The names of the metric and of the resource.
    pub fn names(&self) -> (Option<String>, Option<String>) {
        (self.metric.as_ref().map(|metric| metric.name.clone()), self.resource.clone())
    }

    /// The incumbent.
    pub fn best(&self) -> Option<Candidate> {
        self.incumbents.best()
    }

    /// The part of [`ExpectedTotals::resource`] that is done: the spent resource if a limit ends the study, else the allotted resource.
    fn resource_done(&self) -> f64 {
        if self.expected.resource_is_limited { self.spent } else { self.allotted }
    }

    /// Whether the records come from this process, not from earlier sessions of a resumed study.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// Time from the session's start to `now`, seconds.
    pub fn elapsed(&self, now: Moment) -> f64 {
        now.since(self.session.since).as_secs_f64()
    }

    /// Started brackets that are not full, in the order of their start, each with its lowest rung that is not full.
    pub fn current_rungs(&self) -> Vec<BracketRung> {
        let current = self.brackets.iter().filter_map(|(&bracket, rungs)| {
            let at = rungs.iter().position(|r| !r.is_full())?;
            Some(BracketRung { bracket, rung: Rung(at as u32), counts: rungs[at] })
        });
        let mut current: Vec<_> = current.collect();
        current.sort_by_key(|rung| rung.bracket.start_order());
        current
    }

    /// All started brackets with their rungs, in the order of their start.
    pub fn started_brackets(&self) -> Vec<(BracketId, &[RungCounts])> {
        let mut started: Vec<_> = self.brackets.iter().map(|(&id, rungs)| (id, rungs.as_slice())).collect();
        started.sort_by_key(|(id, _)| id.start_order());
        started
    }

    fn header(&mut self, header: &Header) {
        self.metric = header.metric.clone();
        self.resource = header.resource.as_ref().map(|r| r.name.clone());
        self.promoted = header.promoted;
        self.incumbents = IncumbentTracker::new(header.metric.as_ref().map(|metric| metric.direction));
    }

    fn launch(&mut self, launch: &LaunchRecord) {
        self.now = launch.at;
        self.running += 1;
        self.queued += u64::from(self.has_scheduler);
        let planned = self.planned.get(&launch.bracket.bracket);
        self.brackets.entry(launch.bracket).or_insert_with(|| planned.cloned().unwrap_or_default());
        self.incumbents.launched(launch.job.key);
        let allocation = self.promoted.allocation(launch.resource, Some(launch.previous));
        let (bracket, rung) = (launch.bracket, launch.job.key.rung);
        self.forecast.add_launch(launch.at);
        let position = TrialPosition {
            bracket,
            rung,
            latest_job: LatestJob::Running,
            is_settled: false,
            allocation,
            spent: 0.0,
            launched: launch.at,
            is_queued: self.has_scheduler,
        };
        let before = self.positions.insert(launch.job.key.trial, position);
        if let Some(before) =
            before.filter(|before| before.rung == position.rung && before.latest_job != LatestJob::Running)
        {
            self.subtract(launch.job.key.trial, before);
        }
    }

    /// Subtracts a job that was counted as done and is launched again.
    fn subtract(&mut self, trial: TrialId, position: TrialPosition) {
        let failed = u64::from(position.latest_job == LatestJob::Failed);
        self.done -= 1;
        self.failed -= failed;
        self.spent -= position.spent;
        self.allotted -= position.allocation.total();
        if let Some(rung) = self.rung(position) {
            rung.ended -= 1;
            rung.settled -= u64::from(position.is_settled);
            rung.failed -= failed;
            rung.best = rung.best.filter(|best| best.job.trial != trial);
        }
    }

    fn end(&mut self, end: &EndRecord) {
        self.now = end.at;
        self.running = self.running.saturating_sub(1);
        let trial = end.job.key.trial;
        self.leave_queue(trial);
        let failed = matches!(end.outcome, Outcome::Failed { .. });
        let step = end.readings.step(self.resource.as_deref());
        if let Some(position) = self.positions.get(&trial) {
            self.forecast.add_end(position.launched, end.at);
        }
        let Some(position) = self.positions.get_mut(&trial).filter(|_| !end.outcome.runs_again()) else { return };
        position.latest_job = if failed { LatestJob::Failed } else { LatestJob::Ended };
        position.spent = position.allocation.spent(&end.outcome, step);
        let position = *position;
        if !failed {
            self.forecast.learn(position.spent, end.usage.duration_s);
        }
        self.done += 1;
        self.failed += u64::from(failed);
        self.spent += position.spent;
        self.allotted += position.allocation.total();
        self.incumbents.ended(end.job.key, &end.outcome, position.allocation, step);
        let direction = self.metric.as_ref().map(|m| m.direction);
        let Some(rung) = self.rung(position) else { return };
        rung.ended += 1;
        rung.failed += u64::from(failed);
        if let (Some(direction), Some(new)) =
            (direction, Candidate::new(end.job.key, &end.outcome, position.allocation, step))
            && rung.best.is_none_or(|best| new.order(direction, &best).is_lt())
        {
            rung.best = Some(new);
        }
    }

    /// The latest job of `trial` has started or ended.
    fn leave_queue(&mut self, trial: TrialId) {
        let Some(position) = self.positions.get_mut(&trial) else { return };
        if std::mem::take(&mut position.is_queued) {
            self.queued = self.queued.saturating_sub(1);
        }
    }

    fn settle(&mut self, trial: TrialId, promoted: bool) -> Option<BracketRung> {
        let position = self.positions.get_mut(&trial)?;
        let TrialPosition { bracket, rung: at, .. } = *position;
        if !promoted {
            match position.latest_job {
                LatestJob::Failed => position.is_settled = true,
                LatestJob::Running | LatestJob::Ended => drop(self.positions.remove(&trial)),
            }
            self.incumbents.retired(trial);
        }
        let rungs = self.brackets.get_mut(&bracket)?;
        let rung = rungs.get_mut(at.0 as usize)?;
        rung.settled += 1;
        rung.promoted += u64::from(promoted);
        let counts = *rung;
        if !counts.is_full() {
            return None;
        }
        if let Some(next) = rungs.get_mut(at.0 as usize + 1) {
            next.configs = next.configs.min(counts.promoted);
        }
        Some(BracketRung { bracket, rung: at, counts })
    }

    fn rung(&mut self, position: TrialPosition) -> Option<&mut RungCounts> {
        self.brackets.get_mut(&position.bracket)?.get_mut(position.rung.0 as usize)
    }
}

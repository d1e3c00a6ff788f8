//! Counts kept up from the records as they come: what every kind of display shows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::goal::Goal;
use crate::engine::event::FinishReason;
use crate::engine::experiment::PromotedStart;
use crate::journal::record::{EndRecord, Header, LaunchRecord, Record};
use crate::schedule::Plan;
use crate::types::allocation::Allocation;
use crate::types::ids::{BracketId, Rung, TrialId};
use crate::types::incumbent::{Candidate, IncumbentTracker};
use crate::types::objective::Metric;
use crate::types::outcome::Outcome;
use crate::types::units::{Moment, Resource};

/// One rung of one bracket, as it stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RungCounts {
    /// Configurations it waits for: as planned, fewer if too few could be promoted into it.
    pub configs: u64,
    /// Resource of each.
    pub resource: Resource,
    /// Trials whose job here ended; a retry takes it back.
    pub ended: u64,
    /// Trials with a verdict: they went on from here or are over.
    pub settled: u64,
    /// Jobs that failed, retries included.
    pub failed: u64,
    /// Trials that went on from here.
    pub promoted: u64,
    /// The best value here.
    pub best: Option<Candidate>,
}

impl RungCounts {
    /// Whether nothing more will happen here.
    pub fn is_full(&self) -> bool {
        self.settled >= self.configs
    }
}

/// A rung that has just been filled.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FullRung {
    /// Its bracket.
    pub bracket: BracketId,
    /// Its position.
    pub rung: Rung,
    /// What it came to.
    pub tally: RungCounts,
}

/// The counts.
#[derive(Clone, Debug)]
pub struct Tally {
    /// What is ranked by.
    pub metric: Option<Metric>,
    /// The resource's name.
    pub resource: Option<String>,
    /// Where the study ends.
    pub goal: Goal,
    /// How often the plan repeats its brackets.
    pub rounds: u32,
    /// Whether the schedule decides as it goes, so that no rung is ever full.
    pub open_ended: bool,
    /// Jobs that ended and do not run again.
    pub done: u64,
    /// Jobs running.
    pub running: u64,
    /// Those of the done that failed.
    pub failed: u64,
    /// Study time of the last record.
    pub now: Moment,
    /// Resource that the done have spent.
    pub spent: f64,
    /// Resource that the done were given: how much of the plan is done.
    covered: f64,
    incumbents: IncumbentTracker,
    promoted: PromotedStart,
    session: SessionStart,
    pid: u32,
    live: bool,
    ladders: BTreeMap<u32, Vec<RungCounts>>,
    brackets: BTreeMap<BracketId, Vec<RungCounts>>,
    at: HashMap<TrialId, TrialPosition>,
}

/// Where a trial is.
#[derive(Clone, Copy, Debug)]
struct TrialPosition {
    bracket: BracketId,
    rung: Rung,
    state: LatestJob,
    /// Whether the trial was retired after its latest job failed; the job may run again.
    is_settled: bool,
    /// What its latest job trains.
    allocation: Allocation,
    /// What that job has spent; zero while it runs.
    spent: f64,
}

/// How the latest job of a trial stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LatestJob {
    Running,
    Ended,
    Failed,
}

/// Where the running session began, so that the rate is its own.
#[derive(Clone, Copy, Debug, Default)]
struct SessionStart {
    since: Moment,
    resource: f64,
    done: u64,
}

impl Tally {
    /// Nothing yet of `plan`, which is carried out as far as `goal`.
    pub fn new(plan: &Plan, goal: Goal) -> Tally {
        let rung = |r: &crate::schedule::RungPlan| RungCounts {
            configs: r.configs,
            resource: r.resource,
            ended: 0,
            settled: 0,
            failed: 0,
            promoted: 0,
            best: None,
        };
        Tally {
            metric: None,
            resource: None,
            goal,
            rounds: plan.rounds,
            open_ended: plan.open_ended,
            done: 0,
            running: 0,
            failed: 0,
            now: Moment(0),
            spent: 0.0,
            covered: 0.0,
            incumbents: IncumbentTracker::new(None),
            promoted: PromotedStart::default(),
            session: SessionStart::default(),
            pid: std::process::id(),
            live: false,
            ladders: plan.brackets.iter().map(|b| (b.bracket, b.rungs.iter().map(rung).collect())).collect(),
            brackets: BTreeMap::new(),
            at: HashMap::new(),
        }
    }

    /// Takes in the next record; tells which rung it filled, if it filled one.
    pub fn record(&mut self, record: &Record) -> Option<FullRung> {
        match record {
            Record::Study(header) => self.header(header),
            Record::Session { at, pid, .. } => {
                self.live = *pid == self.pid;
                self.running = 0;
                self.session = SessionStart { since: *at, resource: self.resource_done(), done: self.done };
            }
            Record::Launch(launch) => self.launch(launch),
            Record::End(end) => self.end(end),
            Record::Promoted { trial } => return self.settle(*trial, true),
            Record::Retired { trial } => return self.settle(*trial, false),
            Record::Finish { reason: FinishReason::MetricReached { job, .. }, .. } => self.incumbents.decided(job.key),
            Record::Kill { .. } | Record::Finish { .. } | Record::Length(_) | Record::RunAgain { .. } => {}
        }
        None
    }

    /// The best so far.
    pub fn best(&self) -> Option<Candidate> {
        self.incumbents.best()
    }

    /// What the done count for towards [`Goal::resource`]: what they spent where a limit is the goal, else what they were given.
    fn resource_done(&self) -> f64 {
        if self.goal.resource_is_limited { self.spent } else { self.covered }
    }

    /// Whether records come from this very process, and not from earlier sessions of a resumed study.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Time from the session's start to `now`, seconds.
    pub fn elapsed(&self, now: Moment) -> f64 {
        now.since(self.session.since).as_secs_f64()
    }

    /// Seconds until the study is done at this session's rate per unit of resource, or until a limit comes; `None` while neither
    /// can be told.
    pub fn time_left(&self, now: Moment) -> Option<f64> {
        let at_rate = |left: f64, so_far: f64| (so_far > 0.0).then(|| left.max(0.0) * self.elapsed(now) / so_far);
        let resource_done = self.resource_done();
        let resource = self.goal.resource;
        let resource = resource.and_then(|all| at_rate(all - resource_done, resource_done - self.session.resource));
        let jobs = self.goal.jobs.filter(|_| self.goal.jobs_are_limited);
        let so_far = (self.done - self.session.done.min(self.done)) as f64;
        let jobs = jobs.and_then(|all| at_rate(all as f64 - self.done as f64, so_far));
        let time = self.goal.time.map(|all| all.saturating_sub(now.since(Moment(0))).as_secs_f64());
        [resource, jobs, time].into_iter().flatten().min_by(f64::total_cmp)
    }

    /// Which share of the study is behind us, 0 to 1, by the bound that is nearest; `None` where there is no bound.
    pub fn share(&self, now: Moment) -> Option<f64> {
        let jobs = self.goal.jobs.map(|all| self.done as f64 / all.max(1) as f64);
        let resource = self.goal.resource.map(|all| self.resource_done() / all);
        let time = self.goal.time.map(|all| now.since(Moment(0)).as_secs_f64() / all.as_secs_f64());
        [jobs, resource, time].into_iter().flatten().filter(|share| share.is_finite()).max_by(f64::total_cmp)
    }

    /// Brackets that have begun and are not full, first begun first, each with its lowest rung that is not.
    pub fn current_rungs(&self) -> Vec<FullRung> {
        let current = self.brackets.iter().filter_map(|(&bracket, rungs)| {
            let at = rungs.iter().position(|r| !r.is_full())?;
            Some(FullRung { bracket, rung: Rung(at as u32), tally: rungs[at] })
        });
        let mut current: Vec<_> = current.collect();
        current.sort_by_key(|rung| (rung.bracket.round, Reverse(rung.bracket.bracket)));
        current
    }

    /// Every bracket that has begun, first begun first, with all its rungs.
    pub fn ladders(&self) -> Vec<(BracketId, &[RungCounts])> {
        let mut begun: Vec<_> = self.brackets.iter().map(|(&id, rungs)| (id, rungs.as_slice())).collect();
        begun.sort_by_key(|(id, _)| (id.round, Reverse(id.bracket)));
        begun
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
        let ladder = self.ladders.get(&launch.bracket.bracket);
        self.brackets.entry(launch.bracket).or_insert_with(|| ladder.cloned().unwrap_or_default());
        self.incumbents.launched(launch.job.key);
        let allocation = self.promoted.allocation(launch.resource, Some(launch.previous));
        let (bracket, rung) = (launch.bracket, launch.job.key.rung);
        let place =
            TrialPosition { bracket, rung, state: LatestJob::Running, is_settled: false, allocation, spent: 0.0 };
        let before = self.at.insert(launch.job.key.trial, place);
        if let Some(before) = before.filter(|b| b.rung == place.rung && b.state != LatestJob::Running) {
            self.take_back(launch.job.key.trial, before);
        }
    }

    /// A job that was counted as done is launched again.
    fn take_back(&mut self, trial: TrialId, place: TrialPosition) {
        let failed = u64::from(place.state == LatestJob::Failed);
        self.done -= 1;
        self.failed -= failed;
        self.spent -= place.spent;
        self.covered -= place.allocation.total();
        if let Some(rung) = self.rung(place) {
            rung.ended -= 1;
            rung.settled -= u64::from(place.is_settled);
            rung.failed -= failed;
            rung.best = rung.best.filter(|best| best.job.trial != trial);
        }
    }

    fn end(&mut self, end: &EndRecord) {
        self.now = end.at;
        self.running = self.running.saturating_sub(1);
        let trial = end.job.key.trial;
        let failed = matches!(end.outcome, Outcome::Failed { .. });
        let step = end.readings.step(self.resource.as_deref());
        let Some(place) = self.at.get_mut(&trial).filter(|_| !end.outcome.runs_again()) else { return };
        place.state = if failed { LatestJob::Failed } else { LatestJob::Ended };
        place.spent = place.allocation.spent(&end.outcome, step);
        let place = *place;
        self.done += 1;
        self.failed += u64::from(failed);
        self.spent += place.spent;
        self.covered += place.allocation.total();
        let reached = place.allocation.reached(&end.outcome, step);
        self.incumbents.ended(end.job.key, &end.outcome, reached);
        let direction = self.metric.as_ref().map(|m| m.direction);
        let Some(rung) = self.rung(place) else { return };
        rung.ended += 1;
        rung.failed += u64::from(failed);
        if let (Some(direction), Some(new)) = (direction, Candidate::new(end.job.key, &end.outcome, reached))
            && rung.best.is_none_or(|best| new.order(direction, &best).is_lt())
        {
            rung.best = Some(new);
        }
    }

    fn settle(&mut self, trial: TrialId, promoted: bool) -> Option<FullRung> {
        let place = self.at.get_mut(&trial)?;
        let TrialPosition { bracket, rung: at, .. } = *place;
        if !promoted {
            match place.state {
                LatestJob::Failed => place.is_settled = true,
                LatestJob::Running | LatestJob::Ended => drop(self.at.remove(&trial)),
            }
            self.incumbents.retired(trial);
        }
        let rungs = self.brackets.get_mut(&bracket)?;
        let rung = rungs.get_mut(at.0 as usize)?;
        rung.settled += 1;
        rung.promoted += u64::from(promoted);
        let tally = *rung;
        if !tally.is_full() {
            return None;
        }
        if let Some(next) = rungs.get_mut(at.0 as usize + 1) {
            next.configs = next.configs.min(tally.promoted);
        }
        Some(FullRung { bracket, rung: at, tally })
    }

    fn rung(&mut self, place: TrialPosition) -> Option<&mut RungCounts> {
        self.brackets.get_mut(&place.bracket)?.get_mut(place.rung.0 as usize)
    }
}

#[cfg(test)]
mod tests;

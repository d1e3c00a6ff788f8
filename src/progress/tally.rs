//! Counts kept up from the records as they come: what every kind of display shows.

use std::collections::{BTreeMap, HashMap};

use crate::engine::experiment::Promoted;
use crate::journal::record::{EndRecord, Header, LaunchRecord, Record};
use crate::schedule::Plan;
use crate::words::ids::{BracketId, Rung, TrialId};
use crate::words::objective::{Direction, Metric, Score, rank};
use crate::words::outcome::Outcome;
use crate::words::units::{Moment, Resource};

/// The best value so far, at the highest resource reached.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Incumbent {
    /// Whose it is.
    pub trial: TrialId,
    /// The value.
    pub score: Score,
    /// Where it was measured.
    pub resource: Resource,
}

/// One rung of one bracket, as it stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RungTally {
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
    pub best: Option<(TrialId, Score)>,
}

impl RungTally {
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
    /// How many rungs the bracket has.
    pub rungs: usize,
    /// What it came to.
    pub tally: RungTally,
}

/// The counts.
#[derive(Clone, Debug)]
pub struct Tally {
    /// What is ranked by.
    pub metric: Option<Metric>,
    /// The resource's name.
    pub resource: Option<String>,
    /// Jobs planned.
    pub planned_jobs: u64,
    /// Jobs that ended and do not run again.
    pub done: u64,
    /// Jobs running.
    pub running: u64,
    /// Those of the done that failed.
    pub failed: u64,
    /// The best so far.
    pub best: Option<Incumbent>,
    /// Study time of the last record.
    pub now: Moment,
    planned_resource: f64,
    promoted: Promoted,
    spent: f64,
    session: Session,
    pid: u32,
    live: bool,
    ladders: BTreeMap<u32, Vec<RungTally>>,
    brackets: BTreeMap<BracketId, Vec<RungTally>>,
    at: HashMap<TrialId, Place>,
}

/// Where a trial is.
#[derive(Clone, Copy, Debug)]
struct Place {
    bracket: BracketId,
    rung: Rung,
    state: Standing,
    /// Resource of its latest job, as it counts.
    cost: f64,
}

/// How the latest job of a trial stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    Running,
    Ended,
    Failed,
}

/// Where the running session began, so that the rate is its own.
#[derive(Clone, Copy, Debug, Default)]
struct Session {
    since: Moment,
    spent: f64,
}

impl Tally {
    /// Nothing yet of `plan`.
    pub fn new(plan: &Plan) -> Tally {
        let rung = |r: &crate::schedule::RungPlan| RungTally {
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
            planned_jobs: plan.jobs(),
            done: 0,
            running: 0,
            failed: 0,
            best: None,
            now: Moment(0),
            planned_resource: 0.0,
            promoted: Promoted::default(),
            spent: 0.0,
            session: Session::default(),
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
                self.session = Session { since: *at, spent: self.spent };
            }
            Record::Launch(launch) => self.launch(launch),
            Record::End(end) => self.end(end),
            Record::Promoted { trial } => return self.settle(*trial, true),
            Record::Retired { trial } => return self.settle(*trial, false),
            Record::Kill { .. } | Record::Finish { .. } => {}
        }
        None
    }

    /// Whether records come from this very process, and not from earlier sessions of a resumed study.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Time from the session's start to `now`, seconds.
    pub fn elapsed(&self, now: Moment) -> f64 {
        now.since(self.session.since).as_secs_f64()
    }

    /// Seconds until the plan is done at this session's rate per unit of resource; `None` until a job has ended.
    pub fn time_left(&self, now: Moment) -> Option<f64> {
        let spent = self.spent - self.session.spent;
        let left = (self.planned_resource - self.spent).max(0.0);
        (spent > 0.0).then(|| left * self.elapsed(now) / spent)
    }

    /// Brackets that have begun and are not full, each with its lowest rung that is not.
    pub fn current_rungs(&self) -> impl Iterator<Item = FullRung> + '_ {
        self.brackets.iter().filter_map(|(&bracket, rungs)| {
            let at = rungs.iter().position(|r| !r.is_full())?;
            Some(FullRung { bracket, rung: Rung(at as u32), rungs: rungs.len(), tally: rungs[at] })
        })
    }

    fn header(&mut self, header: &Header) {
        self.metric = header.metric.clone();
        self.resource = header.resource.as_ref().map(|r| r.name.clone());
        self.planned_resource = header.plan.resource;
        self.promoted = header.promoted;
    }

    fn launch(&mut self, launch: &LaunchRecord) {
        self.now = launch.at;
        self.running += 1;
        let ladder = self.ladders.get(&launch.bracket.bracket);
        self.brackets.entry(launch.bracket).or_insert_with(|| ladder.cloned().unwrap_or_default());
        let cost = self.promoted.cost(launch.resource, Some(launch.previous));
        let place = Place { bracket: launch.bracket, rung: launch.job.key.rung, state: Standing::Running, cost };
        let before = self.at.insert(launch.job.key.trial, place);
        if let Some(before) = before.filter(|b| b.rung == place.rung && b.state != Standing::Running) {
            self.take_back(before);
        }
    }

    /// A job that was counted as done is launched again.
    fn take_back(&mut self, place: Place) {
        let failed = u64::from(place.state == Standing::Failed);
        self.done -= 1;
        self.failed -= failed;
        self.spent -= place.cost;
        if let Some(rung) = self.rung(place) {
            rung.ended -= 1;
            rung.failed -= failed;
        }
    }

    fn end(&mut self, end: &EndRecord) {
        self.now = end.at;
        self.running = self.running.saturating_sub(1);
        let trial = end.job.key.trial;
        let failed = matches!(end.outcome, Outcome::Failed { .. });
        let Some(place) = self.at.get_mut(&trial).filter(|_| !end.outcome.runs_again()) else { return };
        place.state = if failed { Standing::Failed } else { Standing::Ended };
        let place = *place;
        self.done += 1;
        self.failed += u64::from(failed);
        self.spent += place.cost;
        let Some(rung) = self.rung(place) else { return };
        rung.ended += 1;
        rung.failed += u64::from(failed);
        let resource = rung.resource;
        if let Some(score) = end.outcome.score() {
            self.rank(place, Incumbent { trial, score, resource });
        }
    }

    fn rank(&mut self, place: Place, new: Incumbent) {
        let Some(direction) = self.metric.as_ref().map(|m| m.direction) else { return };
        if let Some(rung) = self.rung(place)
            && rung.best.is_none_or(|best| precedes(direction, (new.trial, new.score), best))
        {
            rung.best = Some((new.trial, new.score));
        }
        self.challenge(direction, new);
    }

    fn challenge(&mut self, direction: Direction, new: Incumbent) {
        let wins = self.best.is_none_or(|best| match new.resource.cmp(&best.resource) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => precedes(direction, (new.trial, new.score), (best.trial, best.score)),
        });
        if wins {
            self.best = Some(new);
        }
    }

    fn settle(&mut self, trial: TrialId, promoted: bool) -> Option<FullRung> {
        let Place { bracket, rung: at, .. } = *self.at.get(&trial)?;
        if !promoted {
            self.at.remove(&trial);
        }
        let rungs = self.brackets.get_mut(&bracket)?;
        let rung = rungs.get_mut(at.0 as usize)?;
        rung.settled += 1;
        rung.promoted += u64::from(promoted);
        let tally = *rung;
        if !tally.is_full() {
            return None;
        }
        let count = rungs.len();
        if let Some(next) = rungs.get_mut(at.0 as usize + 1) {
            next.configs = next.configs.min(tally.promoted);
        }
        Some(FullRung { bracket, rung: at, rungs: count, tally })
    }

    fn rung(&mut self, place: Place) -> Option<&mut RungTally> {
        self.brackets.get_mut(&place.bracket)?.get_mut(place.rung.0 as usize)
    }
}

fn precedes(direction: Direction, a: (TrialId, Score), b: (TrialId, Score)) -> bool {
    rank(direction, (a.0, Some(a.1)), (b.0, Some(b.1))).is_lt()
}

#[cfg(test)]
mod tests;

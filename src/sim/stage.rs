//! Where the engine's commands are acted out and its events come from.

use std::collections::HashMap;
use std::sync::Arc;

use super::agenda::{Agenda, Due};
use super::usage::Meter;
use super::{Course, Performance, World};
use crate::engine::Engine;
use crate::engine::event::{Command, Event, Launch};
use crate::engine::experiment::Experiment;
use crate::words::ids::{Attempt, JobId, Rung};
use crate::words::objective::Score;
use crate::words::outcome::{Outcome, Reading, StopRule};
use crate::words::units::Moment;

/// A simulated study on its way.
pub(super) struct Stage<'w> {
    engine: Engine,
    world: &'w mut dyn World,
    /// The objective's name, under which readings carry the points of the curves.
    metric: Option<String>,
    now: Moment,
    agenda: Agenda,
    acts: HashMap<JobId, Act>,
    meter: Meter,
    course: Course,
}

/// A job that runs.
struct Act {
    performance: Performance,
    began: Moment,
    /// Points of the curve that were printed.
    printed: usize,
}

impl Act {
    /// When the `index`-th point of the curve is printed.
    fn prints_at(&self, index: usize) -> Moment {
        let share = (index + 1) as f64 / (self.performance.curve.len() + 1) as f64;
        self.began.after(self.performance.took.mul_f64(share))
    }

    /// It is ended at `now` and counts with what it has printed.
    fn cut_short(&mut self, now: Moment, by: StopRule) {
        let curve = &self.performance.curve;
        let printed = (0..curve.len()).take_while(|&index| self.prints_at(index) <= now).count();
        self.performance.curve.truncate(printed);
        let score = self.performance.curve.last().and_then(|point| Score::new(point.value));
        self.performance.outcome = Outcome::Stopped { score, by };
    }
}

impl<'w> Stage<'w> {
    pub(super) fn new(experiment: Arc<Experiment>, slots: u32, world: &'w mut dyn World) -> Stage<'w> {
        let mut meter = Meter::new(slots);
        let unused = meter.usage(Moment::default());
        Stage {
            metric: experiment.metric.as_ref().map(|metric| metric.name.clone()),
            engine: Engine::new(experiment, slots),
            world,
            now: Moment::default(),
            agenda: Agenda::default(),
            acts: HashMap::new(),
            meter,
            course: Course { reason: None, launches: 0, promotions: 0, whole: unused, before_tail: unused },
        }
    }

    pub(super) fn play(mut self) -> Course {
        self.agenda.enter(self.now, Due::Begin);
        while self.course.reason.is_none()
            && let Some((moment, due)) = self.agenda.next()
        {
            let Some(event) = self.event(moment, due) else { continue };
            self.now = moment;
            for command in self.engine.handle(moment, event) {
                self.world.notice(moment, &command);
                self.carry_out(command);
            }
        }
        self.course.whole = self.meter.usage(self.now);
        self.course
    }

    /// What `due` comes to; `None` if its job has ended before.
    fn event(&mut self, moment: Moment, due: Due) -> Option<Event> {
        match due {
            Due::Begin => Some(Event::Begin),
            Due::Wake => Some(Event::Tick),
            Due::NoTuner => {
                Some(Event::SuggestionsOver { fault: Some("a simulated study has no outside tuner".to_owned()) })
            }
            Due::Reading(job) => self.print(job),
            Due::End(job) => {
                let act = self.acts.remove(&job)?;
                self.meter.ended(moment);
                Some(Event::Ended { job, outcome: act.performance.outcome, curve: act.performance.curve })
            }
        }
    }

    fn print(&mut self, job: JobId) -> Option<Event> {
        let act = self.acts.get_mut(&job)?;
        let point = *act.performance.curve.get(act.printed)?;
        act.printed += 1;
        if act.printed < act.performance.curve.len() {
            self.agenda.enter(act.prints_at(act.printed), Due::Reading(job));
        }
        let numbers = self.metric.iter().map(|metric| (metric.clone(), point.value)).collect();
        Some(Event::Reading { job, reading: Reading { step: Some(point.step), numbers } })
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Launch(launch) => self.launch(&launch),
            Command::Kill { job, why } => {
                if let Some(act) = self.acts.get_mut(&job) {
                    act.cut_short(self.now, why);
                    self.agenda.enter(self.now, Due::End(job));
                }
            }
            Command::Promoted(_) => self.course.promotions += 1,
            Command::Retired(_) => {}
            Command::WakeAt(moment) => self.agenda.enter(moment, Due::Wake),
            Command::Suggest { .. } => self.agenda.enter(self.now, Due::NoTuner),
            Command::Finish(reason) => self.course.reason = Some(reason),
        }
    }

    fn launch(&mut self, launch: &Launch) {
        let job = launch.job;
        if job.key.rung == Rung(0) && job.attempt == Attempt(1) {
            self.course.before_tail = self.meter.usage(self.now);
        }
        self.course.launches += 1;
        self.meter.started(self.now);
        let act = Act { performance: self.world.perform(self.now, launch), began: self.now, printed: 0 };
        if self.engine.wants_readings() && !act.performance.curve.is_empty() {
            self.agenda.enter(act.prints_at(0), Due::Reading(job));
        }
        self.agenda.enter(self.now.after(act.performance.took), Due::End(job));
        self.acts.insert(job, act);
    }
}

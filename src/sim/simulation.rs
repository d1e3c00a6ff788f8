//! Runs a study: executes the engine's commands and generates its events.

use std::collections::HashMap;
use std::sync::Arc;

use super::event_queue::{EventQueue, QueuedEvent};
use super::job_model::{JobModel, SimulatedJob};
use super::usage::{SlotUsage, UsageMeter};
use crate::engine::Engine;
use crate::engine::event::{Command, Event, FinishReason, Launch};
use crate::engine::experiment::Experiment;
use crate::types::ids::{Attempt, JobId};
use crate::types::objective::Score;
use crate::types::outcome::{Outcome, Reading, StopRule};
use crate::types::units::{Moment, Resource};

/// The result of a simulated study.
#[derive(Clone, PartialEq, Debug)]
pub struct SimulationResult {
    /// Why it ended; `None` if the engine waited although no event was left.
    pub reason: Option<FinishReason>,
    /// Number of launches.
    pub launches: u64,
    /// Number of promotions.
    pub promotions: u64,
    /// Slot usage from start to end.
    pub whole: SlotUsage,
    /// Slot usage until the last new trial started. After it there are only promotions, too few for all slots.
    pub before_tail: SlotUsage,
}

/// Runs a study on `slots` simulated slots.
pub fn simulate(experiment: Arc<Experiment>, slots: u32, jobs: &mut dyn JobModel) -> SimulationResult {
    Simulation::new(experiment, slots, jobs).run()
}

/// The state of a simulated study.
struct Simulation<'m> {
    engine: Engine,
    model: &'m mut dyn JobModel,
    /// Name of the metric, used in readings.
    metric: Option<String>,
    now: Moment,
    queue: EventQueue,
    running: HashMap<JobId, RunningJob>,
    meter: UsageMeter,
    result: SimulationResult,
}

/// A running job.
struct RunningJob {
    job: SimulatedJob,
    started: Moment,
    /// Number of readings printed so far.
    printed: usize,
}

impl RunningJob {
    /// When the `index`-th reading is printed.
    fn reading_time(&self, index: usize) -> Moment {
        let share = (index + 1) as f64 / (self.job.curve.len() + 1) as f64;
        self.started.after(self.job.run_time.mul_f64(share))
    }

    /// Kills the job: it keeps the readings printed until `now`.
    fn kill(&mut self, now: Moment, by: StopRule) {
        let curve = &self.job.curve;
        let printed = (0..curve.len()).take_while(|&index| self.reading_time(index) <= now).count();
        self.job.curve.truncate(printed);
        let score = self.job.curve.last().and_then(|point| Score::new(point.value));
        self.job.outcome = Outcome::Stopped { score, by };
    }
}

impl<'m> Simulation<'m> {
    fn new(experiment: Arc<Experiment>, slots: u32, model: &'m mut dyn JobModel) -> Simulation<'m> {
        let mut meter = UsageMeter::new(slots);
        let unused = meter.usage(Moment::default());
        Simulation {
            metric: experiment.metric.as_ref().map(|metric| metric.name.clone()),
            engine: Engine::new(experiment, slots),
            model,
            now: Moment::default(),
            queue: EventQueue::default(),
            running: HashMap::new(),
            meter,
            result: SimulationResult { reason: None, launches: 0, promotions: 0, whole: unused, before_tail: unused },
        }
    }

    fn run(mut self) -> SimulationResult {
        self.queue.push(self.now, QueuedEvent::Start);
        while self.result.reason.is_none()
            && let Some((moment, queued)) = self.queue.pop()
        {
            let Some(event) = self.event(moment, queued) else { continue };
            self.now = moment;
            for command in self.engine.handle(moment, event) {
                self.model.on_command(moment, &command);
                self.execute(command);
            }
        }
        self.result.whole = self.meter.usage(self.now);
        self.result
    }

    /// The engine event for a queued event; `None` if its job has already ended.
    fn event(&mut self, moment: Moment, queued: QueuedEvent) -> Option<Event> {
        match queued {
            QueuedEvent::Start => Some(Event::Start),
            QueuedEvent::Wake => Some(Event::Tick),
            QueuedEvent::NoTuner => {
                Some(Event::TunerFinished { error: Some("a simulated study has no external tuner".to_owned()) })
            }
            QueuedEvent::Reading(job) => self.reading(job),
            QueuedEvent::End(job) => {
                let ended = self.running.remove(&job)?.job;
                self.meter.ended(moment);
                let step = ended.curve.last().map(|point| point.step);
                Some(Event::Ended { job, outcome: ended.outcome, curve: ended.curve, step })
            }
        }
    }

    fn reading(&mut self, job: JobId) -> Option<Event> {
        let running = self.running.get_mut(&job)?;
        let point = *running.job.curve.get(running.printed)?;
        running.printed += 1;
        if running.printed < running.job.curve.len() {
            self.queue.push(running.reading_time(running.printed), QueuedEvent::Reading(job));
        }
        let numbers = self.metric.iter().map(|metric| (metric.clone(), point.value)).collect();
        Some(Event::Reading { job, reading: Reading { step: Some(point.step), numbers } })
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Launch(launch) => self.launch(&launch),
            Command::Kill { job, why } => {
                if let Some(running) = self.running.get_mut(&job) {
                    running.kill(self.now, why);
                    self.queue.push(self.now, QueuedEvent::End(job));
                }
            }
            Command::Promoted { .. } => self.result.promotions += 1,
            Command::Retired(_) => {}
            Command::WakeAt(moment) => self.queue.push(moment, QueuedEvent::Wake),
            Command::Suggest { .. } => self.queue.push(self.now, QueuedEvent::NoTuner),
            Command::Finish(reason) => self.result.reason = Some(reason),
        }
    }

    fn launch(&mut self, launch: &Launch) {
        let job = launch.job;
        if launch.previous == Resource::ZERO && job.attempt == Attempt(1) {
            self.result.before_tail = self.meter.usage(self.now);
        }
        self.result.launches += 1;
        self.meter.started(self.now);
        let running = RunningJob { job: self.model.launch(self.now, launch), started: self.now, printed: 0 };
        if (self.engine.wants_readings() || self.engine.wants_first_readings()) && !running.job.curve.is_empty() {
            self.queue.push(running.reading_time(0), QueuedEvent::Reading(job));
        }
        self.queue.push(self.now.after(running.job.run_time), QueuedEvent::End(job));
        self.running.insert(job, running);
    }
}

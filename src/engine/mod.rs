//! The state machine: events in, commands out. It uses no processes, clocks or files.
//!
//! [`Engine::handle`] turns each [`Event`] into [`Command`]s.
//!
//! `state` holds the data of [`Engine`]; its functions are in one file per concern: `launch` fills free slots, `finish` processes
//! the ends of jobs, `stopping` and `limits` end the study, `suggest` serves the external tuner, `replay` applies a journal,
//! `replay::change` what a session changes in it. The other files do not depend on the engine: `retry` (jobs to launch again), `free_slots`, `counters`, `policy` (rules for
//! running jobs), `early_failures`.

mod counters;
mod early_failures;
pub mod event;
pub mod experiment;
mod finish;
mod free_slots;
mod job;
mod launch;
mod limits;
mod policy;
pub(crate) mod replay;
mod retry;
mod state;
mod stopping;
mod suggest;
#[cfg(test)]
mod tests;

use crate::engine::event::{Command, Event, FinishReason};
use crate::engine::finish::JobEnd;
pub use crate::engine::state::Engine;
use crate::engine::state::StudyPhase;
use crate::types::units::Moment;

impl Engine {
    /// Applies `event`, then fills free slots. Events of jobs that are not running are ignored. After [`Command::Finish`] the
    /// result is empty, except that [`Event::Start`] repeats the finish.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Command> {
        let mut out = Vec::new();
        if let StudyPhase::Finished(reason) = &self.phase {
            return if event == Event::Start { vec![Command::Finish(reason.clone())] } else { out };
        }
        let reading = matches!(event, Event::Reading { .. });
        match event {
            Event::Start => self.check_failure_share(&mut out),
            Event::Reading { job, reading } => self.on_reading(job, &reading, &mut out),
            Event::Ended { job, outcome, curve, step } => {
                self.on_job_end(now, job, &JobEnd { outcome: &outcome, curve: &curve, step }, &mut out);
            }
            Event::Suggested { suggestions } => self.launch_suggested(suggestions, &mut out),
            Event::TunerFinished { error } => self.tuner_finished(error, &mut out),
            Event::Tick => self.next_wakeup = None,
            Event::Interrupted { signal } => self.stop(FinishReason::Interrupted { signal }, &mut out),
        }
        self.check_time_limit(now, &mut out);
        if !reading {
            self.fill_slots(now, &mut out);
            self.finish_or_wait(now, &mut out);
        }
        out
    }
}

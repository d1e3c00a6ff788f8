//! The state machine: events in, commands out. It knows no processes, clocks or files.
//!
//! ```text
//! Begin, Reading, Ended, Suggested, Tick, Interrupted ──▶ Engine::handle ──▶ Launch, Kill, Promoted, Retired, WakeAt, Suggest, Finish
//! ```
//! `state` holds the data of [`Engine`]; its functions are in one file per concern: `launch` fills free slots, `finish` processes
//! the ends of jobs, `stopping` and `limits` end the study, `suggest` serves the external tuner, [`replay`] applies a journal. The
//! other files do not depend on the engine: `retry` (jobs to launch again), `slots`, [`progress`] (counts), `policy` (rules for
//! running jobs), `early_failures`.

mod early_failures;
pub mod event;
pub mod experiment;
mod finish;
mod job;
mod launch;
mod limits;
mod mismatch;
mod policy;
pub(crate) mod progress;
pub(crate) mod replay;
mod retry;
mod slots;
mod state;
mod stopping;
mod suggest;
#[cfg(test)]
mod tests;

use crate::engine::event::{Command, Event, FinishReason};
use crate::engine::finish::JobEnd;
pub use crate::engine::state::Engine;
use crate::engine::state::Phase;
use crate::types::units::Moment;

impl Engine {
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
            Event::TunerFinished { error } => self.tuner_finished(error, &mut out),
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

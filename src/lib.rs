//! A command-line hyperparameter tuner: a YAML matrix in, the best configuration out.
//!
//! The house, in one sentence: a YAML matrix is checked into an [`engine::experiment::Experiment`]; a pure state machine, the
//! engine, turns events into commands; a driver carries the commands out, with real child processes and a real clock or with
//! simulated ones; an append-only journal records what happened; every view is made from the journal alone.
//!
//! Layers; a file imports only from layers above its own in this list:
//! 1. [`words`]: ids, units, objective, assignment, outcome, random streams, arguments
//! 2. [`space`]: what may vary, one file per parameter family; [`collect`]: from printed bytes to readings
//! 3. [`search`] (who proposes a configuration) and [`schedule`] (how much resource it gets),
//!    then [`kinds`] (one file per matrix kind, which combines both)
//! 4. [`engine`]: the state machine and its checked input; early-stopping and retry rules
//!    — up to here no file, process, thread, clock, environment or printing —
//! 5. drivers: [`journal`] (write, replay), [`command`] (templates and argument lists), [`run`] (processes, slots, signals),
//!    [`sim`] (virtual time)
//! 6. edges: [`matrix`] (YAML shape, diagnostics, the one catalogue of kind names), [`report`] (views and exporters), [`progress`]
//! 7. [`cli`]: one file per subcommand, one table of exit codes

#[cfg(not(target_os = "linux"))]
compile_error!("hypertune runs on Linux only: it watches its children by pidfd and finds strays in /proc");

pub mod cli;
pub mod collect;
pub mod command;
pub mod engine;
pub mod journal;
pub mod kinds;
pub mod matrix;
pub mod progress;
pub mod report;
pub mod run;
pub mod schedule;
pub mod search;
pub mod sim;
pub mod space;
pub mod words;

//! A command-line hyperparameter tuner: a YAML matrix in, the best configuration out.
//!
//! A YAML matrix is checked into an [`engine::experiment::Experiment`]. A pure state machine, the engine, turns events into
//! commands. A driver carries the commands out, with real child processes and a real clock or with simulated ones. An append-only
//! journal records what happened. Everything shown or exported is computed from the study's folder.
//!
//! Layers. A file imports only from layers with a lower number and from its own folder; `tests/architecture` reads this list.
//! 1. [`types`]: ids, units, objective, incumbent rule, assignment, outcome, random streams, argument values
//! 2. [`space`]: what may vary, one file per parameter family; [`collect`]: from printed bytes to readings
//! 3. [`search`] (who proposes a configuration) and [`schedule`] (how much resource it gets),
//!    then [`kinds`] (one file per matrix kind, which combines both)
//! 4. [`engine`]: the state machine and its checked input; early-stopping and retry rules
//!    (no file, process, thread, clock, environment or printing up to here)
//! 5. drivers: [`journal`] (write, replay), [`command`] (templates and argument lists), [`launch`] (start, signal and judge
//!    processes), [`run`] (the real driver), [`sim`] (virtual time)
//! 6. edges: [`matrix`] (the YAML file and its diagnostics), [`report`] (views and exporters), [`progress`],
//!    then [`import`] (files of other tools, converted into matrices)
//! 7. [`cli`]: one file per subcommand, one table of exit codes

#[cfg(not(target_os = "linux"))]
compile_error!("hypertune runs on Linux only: it watches its children by pidfd and finds orphans in /proc");

pub mod cli;
pub mod collect;
pub mod command;
pub mod engine;
pub mod import;
pub mod journal;
pub mod kinds;
pub mod launch;
pub mod matrix;
pub mod progress;
pub mod report;
pub mod run;
pub mod schedule;
pub mod search;
pub mod sim;
pub mod space;
pub mod types;

//! The hypertune binary as people and scripts use it.

mod after_the_run;
mod again;
mod automatic;
mod bad_input;
mod bounds;
mod collectors;
mod components;
mod config_files;
mod doctor;
mod doctor_variations;
mod edited;
mod endings;
mod escapes;
mod explain_and_diff;
mod identity;
mod imported_runs;
mod imports;
mod list_and_logs;
mod models;
mod no_file;
mod nonsense;
mod one_outcome;
mod options;
mod passing;
mod patience;
mod plans;
mod plots;
mod polyaxon;
mod repetition;
mod report;
mod rules;
mod serve;
mod starting;
mod status;
mod templates;
mod terminal;
mod views;
mod workdir;

/// A small hyperband study over one learning rate: 15 trials, 20 jobs, 72 epochs.
const HYPERBAND: &str = "\
kind: hyperband
maxIterations: 9
resource: {name: epochs}
metric: {name: loss, optimization: minimize}
seed: 5
params:
  # any number is accepted
  lr: {kind: uniform, value: [0, 1]}
";

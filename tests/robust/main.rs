//! Crashes, signals, processes that do not end, full disks, large outputs, checkpoints, devices and external tuners, with the
//! hypertune binary.

mod blocked_output;
mod changes;
mod checkpoints;
mod children;
mod crash;
mod damage;
mod disk;
mod environment;
mod flood;
mod foreign;
mod formats;
mod incumbent;
mod isolated_checkpoints;
mod job_variables;
mod kinds;
mod launchers;
mod limits;
mod lock;
mod orphans;
mod policies;
mod power_cut;
mod refused_starts;
mod removed_folders;
mod signals;

mod slots;
mod template;
mod terminal;
mod tuner;
mod tuner_faults;
mod tuner_protocol;

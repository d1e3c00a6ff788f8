//! Studies on a real Slurm cluster of four nodes, which each test brings up on this machine and takes down.
//!
//! Needs Debian's packages slurm-wlm and munge, and root. Without them the tests are skipped with a sentence, or fail if
//! `HYPERTUNE_CLUSTER=required`.

mod batch;
mod cluster;
mod config;
mod ends;
mod endurance;
mod overhead;
mod pool;
mod queue;
mod steps;
mod waiting;

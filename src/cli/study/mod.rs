//! Defines a study from a command line or from the header of its journal, and runs a session of it.

pub(crate) mod advice;
pub(crate) mod argument_lists;
pub(crate) mod definition;
pub(crate) mod earlier_study;
pub(crate) mod fail_if;
pub(crate) mod identity;
pub(crate) mod location;
pub(crate) mod ranking;
pub(crate) mod reading;
pub(crate) mod recorded;
pub(crate) mod repetition;
pub(crate) mod seed;
pub(crate) mod session;
pub(crate) mod shared_metrics;
pub(crate) mod tuner;
pub(crate) mod view;
pub(crate) mod warm_start;

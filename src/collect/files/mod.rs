//! Collectors of files that a job writes. Pure: they are given the content.

pub(crate) mod crc32c;
pub(crate) mod event_file;
pub(crate) mod metrics_file;
pub(crate) mod protobuf;
pub(crate) mod rows;
pub(crate) mod tensorboard;

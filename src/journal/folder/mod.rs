//! A study's folder: its layout, its locks, and the check that a folder can be used.

pub(crate) mod claim;
pub(crate) mod conflict;
pub(crate) mod displaced;
pub(crate) mod file_system;
pub(crate) mod files;
pub mod find;
pub mod layout;
pub(crate) mod lease;
pub(crate) mod lock;
pub(crate) mod log_tail;
pub(crate) mod own_content;

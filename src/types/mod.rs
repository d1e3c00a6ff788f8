//! The small types that every other layer uses. Imports nothing from the crate.

pub mod advice;
pub mod allocation;
pub mod args;
pub mod assignment;
pub mod fingerprint;
pub mod ids;
pub(crate) mod incumbent;
pub mod objective;
pub mod origin;
pub mod outcome;
pub mod placement;
pub(crate) mod printable;
pub(crate) mod std_normal;
pub(crate) mod stream;
pub mod units;

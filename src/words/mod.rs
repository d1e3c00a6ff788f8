//! Words: the small types every other layer speaks in. Imports nothing of the crate.

pub mod advice;
pub mod allocation;
pub mod args;
pub mod assignment;
pub mod ids;
pub mod incumbent;
pub mod objective;
pub mod outcome;
pub mod printable;
pub mod stream;
pub mod units;

//! Options as they are typed, checked and converted.

pub(crate) mod execution;
pub(crate) mod overrides;
pub(crate) mod quantity;

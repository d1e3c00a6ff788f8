//! The sections of a matrix, one file per field or group of fields.

pub mod early_stopping;
pub mod initial;
pub mod matrix;
pub mod metric;
pub mod nested;
pub mod params;
pub mod tuner;
pub mod value_forms;

//! The sections of a matrix, one file per field or group of fields.

pub(crate) mod arguments;
pub(crate) mod conditions;
pub(crate) mod constraints;
pub(crate) mod early_stopping;
pub(crate) mod grid_coverage;
pub(crate) mod initial;
pub(crate) mod matrix;
pub(crate) mod metric;
pub(crate) mod nested;
pub(crate) mod param_tree;
pub(crate) mod params;
pub(crate) mod point_files;
pub(crate) mod proposals;
pub(crate) mod tuner;
pub(crate) mod value_forms;

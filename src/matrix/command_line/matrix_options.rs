//! The options that define a matrix without a file, or change the matrix of a file: `-s`, `--kind`, `--resource`, `--trials`, `--set`.

use serde::{Deserialize, Serialize};

/// The options that define a matrix, as they are given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MatrixOptions {
    /// `-s`, in order. Of several for one name, the last is used, with a warning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub space: Vec<String>,
    /// `--kind`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `--resource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// `--trials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials: Option<u64>,
    /// `--set`, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
}

impl MatrixOptions {
    /// Whether none is given.
    pub fn is_empty(&self) -> bool {
        *self == MatrixOptions::default()
    }
}

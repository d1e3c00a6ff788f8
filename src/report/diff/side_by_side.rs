//! The data of a comparison.

use serde::Serialize;
use serde_json::Value;

use crate::types::assignment::Assignment;

/// One property of both sides.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DiffRow {
    /// The section it belongs to.
    pub section: &'static str,
    /// Its name.
    pub name: String,
    /// Its value on the left; null if it has none.
    pub a: Value,
    /// Its value on the right; null if it has none.
    pub b: Value,
    /// Whether they differ.
    pub differs: bool,
    /// `b` − `a`, if both are numbers; null otherwise.
    pub difference: Option<f64>,
}

/// Two things side by side.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SideBySide {
    /// The left one.
    pub a: String,
    /// The right one.
    pub b: String,
    /// Their properties, by section.
    pub rows: Vec<DiffRow>,
}

impl SideBySide {
    pub(super) fn new(a: String, b: String) -> SideBySide {
        SideBySide { a, b, rows: Vec::new() }
    }

    pub(super) fn push(
        &mut self,
        section: &'static str,
        name: impl Into<String>,
        a: impl Into<Value>,
        b: impl Into<Value>,
    ) {
        let (a, b) = (a.into(), b.into());
        let differs = a != b;
        let difference = a.as_f64().zip(b.as_f64()).map(|(a, b)| b - a);
        self.rows.push(DiffRow { section, name: name.into(), a, b, differs, difference });
    }

    /// Rows for all names on either side, in the order of the left one.
    pub(super) fn push_all(&mut self, section: &'static str, a: &Assignment, b: &Assignment) {
        let value = |side: &Assignment, name: &str| side.get(name).cloned().unwrap_or_default();
        for (name, left) in a.iter() {
            self.push(section, name, left.clone(), value(b, name));
        }
        for (name, right) in b.iter().filter(|(name, _)| a.get(name).is_none()) {
            self.push(section, name, Value::Null, right.clone());
        }
    }
}

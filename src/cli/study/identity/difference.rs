//! A difference between two studies.

/// The side of a [`Difference`] that has no value.
pub const NOT_GIVEN: &str = "not given";

/// A difference between a command line and a study.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// A field of the matrix, `command`, `seed` or an option's name.
    pub field: String,
    /// The value in the journal.
    pub recorded: String,
    /// The value on the command line.
    pub now: String,
    /// File and line of the new value.
    pub location: Option<String>,
}

/// A difference without a location.
pub fn difference(field: &str, recorded: impl Into<String>, now: impl Into<String>) -> Difference {
    Difference { field: field.to_owned(), recorded: recorded.into(), now: now.into(), location: None }
}

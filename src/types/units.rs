//! Quantities: the resource a schedule allots and moments of study time.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An amount of what the schedule allots (epochs, steps, samples), in the user's unit. Finite and not negative.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resource(f64);

impl Resource {
    /// Nothing yet.
    pub const ZERO: Resource = Resource(0.0);
    /// What a job carries where nothing is allotted.
    pub const ONE: Resource = Resource(1.0);

    /// `None` where `amount` is negative or not finite.
    pub fn new(amount: f64) -> Option<Resource> {
        (amount.is_finite() && amount >= 0.0).then_some(Resource(amount + 0.0))
    }

    /// The plain number.
    pub fn amount(self) -> f64 {
        self.0
    }
}

impl Eq for Resource {}

impl PartialOrd for Resource {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Resource {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether the resource is counted or measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// Whole numbers from 1.
    #[default]
    Int,
    /// Any positive number.
    Float,
}

/// The resource as the matrix declares it: the name of the argument that carries it, and its type.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResourceSpec {
    /// Name of the argument, and of the step in readings.
    pub name: String,
    /// int (default) or float.
    #[serde(rename = "type", default)]
    pub kind: ResourceKind,
}

impl ResourceSpec {
    /// The amount as it is handed to a trial: a JSON integer for int resources.
    pub fn value(&self, amount: Resource) -> Value {
        match self.kind {
            ResourceKind::Int => Value::from(amount.0 as i64),
            ResourceKind::Float => Value::from(amount.0),
        }
    }
}

/// Study time: nanoseconds since this study first started; virtual in simulations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

/// Longest span of time that a file or an option may give: 100 years. Much longer ones cannot be added to the system's clock.
pub const LONGEST_SPAN: Duration = Duration::from_secs(100 * 365 * 24 * 3600 + 25 * 24 * 3600);

impl Moment {
    /// This moment and `span` more.
    pub fn after(self, span: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Time from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

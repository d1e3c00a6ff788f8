//! Units: resource and study time.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An amount of the resource that a schedule allots (epochs, steps, samples), in the user's unit. Finite and not negative.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resource(f64);

impl Resource {
    /// No resource.
    pub const ZERO: Resource = Resource(0.0);
    /// The resource of every job if the schedule allots none.
    pub const ONE: Resource = Resource(1.0);

    /// `None` if `amount` is negative or not finite.
    pub fn new(amount: f64) -> Option<Resource> {
        (amount.is_finite() && amount >= 0.0).then_some(Resource(amount + 0.0))
    }

    /// The number.
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

/// The type of resource amounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// Whole numbers from 1.
    #[default]
    Int,
    /// Any positive number.
    Float,
}

/// The declaration of the resource in the matrix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResourceSpec {
    /// The name of the command's argument and of the step in readings.
    pub name: String,
    /// The type of amounts.
    #[serde(rename = "type", default)]
    pub kind: ResourceKind,
}

impl ResourceSpec {
    /// The amount as an argument of a job: a JSON integer for int resources.
    pub fn value(&self, amount: Resource) -> Value {
        match self.kind {
            ResourceKind::Int => Value::from(amount.0 as i64),
            ResourceKind::Float => Value::from(amount.0),
        }
    }
}

/// Study time: nanoseconds since the first start of the study; virtual in simulations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

/// The longest duration in a file or an option: 100 years. Much longer ones cannot be added to the system clock.
pub const LONGEST_SPAN: Duration = Duration::from_secs(100 * 365 * 24 * 3600 + 25 * 24 * 3600);

impl Moment {
    /// The moment `span` after this one.
    pub fn after(self, span: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

//! An outside tuner, as the driver sees it.

use crate::journal::record::Record;
use crate::words::assignment::Assignment;
use crate::words::ids::{BracketId, TrialId};
use crate::words::units::Resource;

/// What an outside tuner answered.
#[derive(Clone, PartialEq, Debug)]
pub enum Suggestions {
    /// A configuration for each trial it was asked for.
    Ready(Vec<(TrialId, Assignment)>),
    /// It has no more; the study goes on with the trials it has.
    Over,
    /// It died or talked nonsense; the sentence names it.
    Failed(String),
}

/// Asks an outside tuner. Questions come from several threads at once.
pub trait Tuner: Send + Sync {
    /// `record` is in the journal; on a resumed study those of earlier sessions come first. Must return at once.
    fn record(&self, record: &Record);

    /// Waits for its answer, in bounded time. The trials hold a slot each meanwhile.
    fn suggest(&self, trials: &[(TrialId, BracketId, Resource)]) -> Suggestions;
}

//! Receives what happens while a study runs.

use crate::journal::record::Record;

/// Receives records and notes. The methods are called from the slots' threads while the coordinator is locked, so they must not block;
/// slow work such as drawing belongs in the observer's own thread.
pub trait Observer: Send + Sync {
    /// Called after `record` was appended to the journal. A resumed study starts with the records of earlier sessions, in file order.
    fn record(&self, record: &Record);

    /// Called with a message for the user: lowercase, without a final full stop.
    fn note(&self, text: &str);

    /// Called with a message about something that probably makes results wrong; shown even if notes are not.
    fn warn(&self, text: &str);
}

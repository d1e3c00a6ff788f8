//! Who looks on while a study runs.

use crate::journal::record::Record;

/// Told what happens, in order, as it is journalled. Called from slots' threads while the study is locked, so every method must
/// return at once; whatever is slow (drawing) belongs on the watcher's own thread.
pub trait Observer: Send + Sync {
    /// `record` is in the journal. On a resumed study the records of earlier sessions come first, in file order.
    fn record(&self, record: &Record);

    /// A sentence a person should read now: lowercase, without a full stop at its end.
    fn note(&self, text: &str);
}

/// Sees nothing, says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn record(&self, _: &Record) {}

    fn note(&self, _: &str) {}
}

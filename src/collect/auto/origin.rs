//! Where values come from, and which of them count.

use crate::collect::collector::OutputStream;
use crate::collect::text::ending_object::Notation;
use crate::collect::text::qualifier::Qualifier;

/// In what form a value was printed; what counts most comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum PrintedForm {
    /// An object.
    Object(Notation),
    /// A name and a number.
    Text,
    /// A row of a table.
    Table,
    /// A name, or an object, with other words before it.
    Qualified(Qualifier),
}

/// Where a value came from; what counts most comes first.
pub(super) type Origin = (PrintedForm, OutputStream);

/// What became of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// It is no reading.
    NotAReading,
    /// It has the metric, from an origin that counts less than the one so far.
    LowerOrigin,
    /// It is a reading without a number that is wanted.
    NoWantedNumber,
    /// It is a reading with one, of its own or in the text before it.
    WantedNumber,
}

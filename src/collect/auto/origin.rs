//! Where values come from, and which of them count.

use std::cmp::Ordering;
use std::fmt;

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
    /// A name whose words are printed in another way: `val acc` for `val_acc`.
    Composed,
    /// A name and a number in a block below a heading that does not say what it holds.
    Indented,
    /// A name, or an object, with other words before it; or a name on a line about one batch.
    Qualified(Qualifier),
}

impl PrintedForm {
    /// In which order forms and streams are compared.
    fn tier(self) -> Tier {
        match self {
            PrintedForm::Object(Notation::Json) => Tier::Json,
            PrintedForm::Object(Notation::Python) | PrintedForm::Text | PrintedForm::Table => Tier::Plain,
            PrintedForm::Composed => Tier::Plain,
            PrintedForm::Qualified(Qualifier::Validation | Qualifier::Test) => Tier::Plain,
            PrintedForm::Indented | PrintedForm::Qualified(_) => Tier::Doubtful,
        }
    }
}

impl fmt::Display for PrintedForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PrintedForm::Object(Notation::Json) => "JSON",
            PrintedForm::Object(Notation::Python) => "a Python dict",
            PrintedForm::Text => "a line of text",
            PrintedForm::Table => "a table",
            PrintedForm::Composed => "a name with its words joined otherwise",
            PrintedForm::Qualified(Qualifier::Batch) => "a line about one batch",
            PrintedForm::Indented => "an indented line below a heading",
            PrintedForm::Qualified(_) => "a name with other words",
        })
    }
}

/// What may be the metric, by how certain that is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Tier {
    /// JSON is printed for programs.
    Json,
    /// It is the metric in its usual forms.
    Plain,
    /// It may be something else of the same name.
    Doubtful,
}

/// Where a value came from; what counts most comes first. JSON counts more than anything else on any stream; then what is printed on
/// stdout more than what is printed on stderr, where source lines and messages about single events are, whatever their forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    pub form: PrintedForm,
    pub stream: OutputStream,
}

impl Ord for Origin {
    fn cmp(&self, other: &Origin) -> Ordering {
        let rank = |origin: &Origin| (origin.form.tier(), origin.stream, origin.form);
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for Origin {
    fn partial_cmp(&self, other: &Origin) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.form, self.stream)
    }
}

/// The result for an object.
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

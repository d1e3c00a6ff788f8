//! Messages about how the metric was read, or why it was not.

use super::Auto;
use super::origin::{Origin, PrintedForm};
use crate::collect::collector::{MissingMetric, Remark};
use crate::collect::text::name_match::unseparated::Unseparated;

impl Auto {
    /// Remembers the pattern that would have read the metric in `line`.
    pub(super) fn search_unseparated(&mut self, line: &[u8]) {
        let Some(found) = self.names.unseparated(line) else { return };
        if self.unseparated.as_ref().is_none_or(|known| found.qualifier < known.qualifier) {
            self.unseparated = Some(found);
        }
    }

    /// What the user should know of how the metric was read.
    pub(super) fn add_remarks(&mut self) {
        let Some(name) = self.tracker.wanted.metric.clone() else { return };
        if let (Some(read), Some(Origin { form: PrintedForm::Qualified(_), .. })) =
            (self.read_as.take(), self.origin.get())
        {
            self.tracker.remark(Remark::QualifiedName { name: name.clone(), read });
        }
        let is_object = self.origin.get().is_some_and(|origin| matches!(origin.form, PrintedForm::Object(_)));
        if let Some(values) = self.values.differ().filter(|_| is_object) {
            self.tracker.remark(Remark::DifferentValues { name: name.clone(), values });
        }
        let counts_less = self.origin.get().is_none_or(|origin| origin.form >= PrintedForm::Text);
        if let Some(text) = self.unread.clone().filter(|_| counts_less) {
            self.tracker.remark(Remark::UnreadNumber { name, text });
        }
    }

    pub(super) fn missing(&self, name: &str) -> MissingMetric {
        let what = match (&self.unread, &self.unseparated) {
            (None, None) => format!("`{name}` was never printed with a number"),
            (None, Some(Unseparated { pattern, .. })) => format!(
                "`{name}` was never printed with `:`, `=`, `|` or `->` between it and its number; what was printed is read with \
                 --collect 'regex={pattern}'"
            ),
            (Some(_), _) => format!("`{name}` was printed with a number in a notation that is not read"),
        };
        self.seen.missing(name, &what)
    }
}

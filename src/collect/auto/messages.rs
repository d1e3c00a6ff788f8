//! What the user should know of how the metric was read.

use super::Auto;
use super::origin::{Origin, PrintedForm};
use crate::collect::collector::{MissingMetric, Remark};

impl Auto {
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
        let what = match self.unread {
            None => format!("`{name}` was never printed with a number"),
            Some(_) => format!("`{name}` was printed with a number in a notation that is not read"),
        };
        self.seen.missing(name, &what)
    }
}

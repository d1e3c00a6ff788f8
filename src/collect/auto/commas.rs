//! Numbers with a comma: once a job has printed one with a decimal comma, `1,234` is not read.

use super::Auto;
use super::wanted_names::{FoundNumbers, shown_number};
use crate::collect::counted_origin::CountedOrigin;
use crate::collect::json_object::JsonObject;
use crate::collect::json_paths::entry_at;
use crate::collect::text::measured::{Comma, comma_of, has_decimal_comma};
use crate::collect::tracker::PrintedMetric;

impl Auto {
    /// Takes the metric out of `found` if its comma is ambiguous.
    pub(super) fn check_commas(&mut self, found: &mut FoundNumbers, line: &[u8]) {
        if found.unread.as_ref().is_some_and(|text| has_decimal_comma(text.as_bytes())) {
            self.add_decimal_comma();
        }
        let ambiguous = found.metric.as_ref().filter(|metric| metric.comma == Comma::Ambiguous).map(|metric| metric.at);
        if let Some(at) = ambiguous
            && !self.commas.add_ambiguous()
        {
            found.metric = None;
            found.unread = Some(shown_number(&line[at..]));
        }
    }

    /// `metric` as `object` has it, not as a number if it is a text with an ambiguous comma.
    pub(super) fn with_clear_comma(&mut self, metric: PrintedMetric, object: &JsonObject<'_>) -> PrintedMetric {
        let name = self.tracker.wanted.metric.as_deref();
        let Some(text) = name.and_then(|name| entry_at(object, name)).and_then(|entry| entry.string()) else {
            return metric;
        };
        let text = text.trim();
        if has_decimal_comma(text.as_bytes()) {
            self.add_decimal_comma();
        }
        let is_ambiguous = comma_of(text.as_bytes()) == Comma::Ambiguous;
        if is_ambiguous && !self.commas.add_ambiguous() {
            return PrintedMetric::Other(format!("the text {text:?}"));
        }
        metric
    }

    /// Forgets what was read if one of the numbers had an ambiguous comma.
    fn add_decimal_comma(&mut self) {
        if self.commas.add_decimal() {
            self.tracker.clear();
            (self.origin, self.read_as) = (CountedOrigin::default(), None);
        }
    }
}

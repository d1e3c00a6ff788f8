//! Lines of text with names that are wanted.

use super::Auto;
use super::origin::{Origin, PrintedForm};
use super::wanted_names::shown;
use crate::collect::collector::{LineKind, OutputStream};
use crate::collect::counted_origin::Accepted;
use crate::collect::json_object::JsonObject;
use crate::collect::json_paths::{all_numbers, entry_at, number_of};
use crate::collect::json_text::push_entry;
use crate::collect::text::name_match::NamedNumber;
use crate::collect::text::pairs::pairs;
use crate::collect::text::qualifier::Qualifier;
use crate::collect::tracker::PrintedMetric;

impl Auto {
    /// Takes a line of text if it has a name that is wanted, with the numbers and the step of the object behind it.
    pub(super) fn text(
        &mut self,
        stream: OutputStream,
        line: &[u8],
        behind: Option<(&JsonObject<'_>, Option<f64>)>,
    ) -> LineKind {
        let Some(mut found) = self.names.find(line) else { return LineKind::Other };
        let qualifier = found.metric.as_ref().map(NamedNumber::qualifier).or(found.missing).flatten();
        let form = match qualifier {
            Some(qualifier) => PrintedForm::Qualified(qualifier),
            None if found.composed.is_some() => PrintedForm::Composed,
            None => PrintedForm::Text,
        };
        let Some(form) = self.block.form(form) else { return LineKind::Other };
        self.check_commas(&mut found, line);
        self.unread = found.unread.or(self.unread.take());
        let number = found.metric.as_ref().map(|found| found.number).or(found.composed);
        number.iter().for_each(|number| self.values.add(form, *number));
        let words = found.metric.and_then(|found| found.words);
        let words = words.filter(|(words, _)| words.qualifier != Qualifier::Batch);
        let missing = || found.missing.map(|_| PrintedMetric::Other("`None`".to_owned()));
        let metric = number.map(PrintedMetric::Number).or_else(missing);
        let accepted = self.accept(metric.as_ref(), Origin { form, stream });
        if accepted == Accepted::No || (accepted == Accepted::WithoutMetric && !found.others) {
            return LineKind::Other;
        }
        let metric = metric.filter(|_| accepted != Accepted::WithoutMetric);
        let number = number.filter(|_| accepted != Accepted::WithoutMetric);
        let step = self.names.step(line).or(behind.and_then(|(_, step)| step));
        if let Some((_, range)) = words.filter(|_| number.is_some() && self.read_as.is_none()) {
            self.read_as = Some(shown(&line[range]));
        }
        let mut json = std::mem::take(&mut self.json);
        self.text_as_json((line, behind.map(|(object, _)| object)), number, step, &mut json);
        self.tracker.push(&json, metric, step);
        self.json = json;
        LineKind::Reading
    }

    /// Writes the pairs of a line and the numbers of the object behind it as an object, those that are wanted under the names by
    /// which they are wanted.
    fn text_as_json(
        &self,
        (line, behind): (&[u8], Option<&JsonObject<'_>>),
        metric: Option<f64>,
        step: Option<f64>,
        json: &mut String,
    ) {
        let wanted = &self.tracker.wanted;
        json.clear();
        json.push('{');
        for (name, number) in pairs(line).filter(|(name, _)| wanted.spelling(name).is_none()) {
            push_entry(json, name, number);
        }
        for (name, number) in behind.map(all_numbers).into_iter().flatten().rev() {
            if wanted.spelling(&name).is_none() {
                push_entry(json, &name, number);
            }
        }
        for name in &wanted.others {
            if let Some(number) = behind.and_then(|object| entry_at(object, name)).and_then(number_of) {
                push_entry(json, name, number);
            }
        }
        let found = [(&wanted.metric, metric), (&wanted.step, step)];
        for (name, number) in found.into_iter().filter_map(|(name, number)| name.as_ref().zip(number)) {
            push_entry(json, name, number);
        }
        self.names.others(line).for_each(|(name, number)| push_entry(json, name, number));
        json.push('}');
    }
}

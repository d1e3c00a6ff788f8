//! What the journal records of a line of text: an object of its pairs.

use super::Auto;
use crate::collect::json_object::JsonObject;
use crate::collect::json_paths::{all_numbers, entry_at, number_of};
use crate::collect::json_text::push_entry;
use crate::collect::text::pairs::pairs;

impl Auto {
    /// Writes the pairs of a line and the numbers of the object behind it as an object, those that are wanted under the names by
    /// which they are wanted.
    pub(super) fn text_as_json(
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

//! Nothing is passed: the program reads HYPERTUNE_PARAMS.

use super::form::ValueForm;
use super::member::{Argument, JobArguments, Style};

/// No arguments.
#[derive(Debug)]
pub struct NoArguments;

impl Style for NoArguments {
    fn name(&self) -> &'static str {
        "none"
    }

    fn pass(&self, _: &Argument<'_>, _: &mut JobArguments) {}

    fn passes(&self) -> bool {
        false
    }

    fn ignored(&self, given: &ValueForm) -> Vec<&'static str> {
        let fields = [
            ("booleans", given.booleans.is_some()),
            ("lists", given.lists.is_some()),
            ("nulls", given.null.is_some()),
            ("names", given.names.is_some()),
            ("name", given.name.is_some()),
        ];
        fields.into_iter().filter(|(_, given)| *given).map(|(field, _)| field).collect()
    }
}

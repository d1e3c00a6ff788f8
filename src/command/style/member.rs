//! The interface of a style.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::form::{NameForm, ValueForm};
use crate::command::JobContext;

/// What a job's process is started with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JobArguments {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Environment variables that hold parameters.
    pub variables: Vec<(String, String)>,
}

/// A value to pass, with the form to write it in.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// The name of the parameter.
    pub name: &'a str,
    /// Its value.
    pub value: &'a Value,
    /// How it is written.
    pub form: &'a ValueForm,
}

impl Argument<'_> {
    /// The name to write: the one in the settings, else the parameter's.
    pub fn name(&self) -> Cow<'_, str> {
        match (&self.form.name, self.form.names) {
            (Some(name), _) => Cow::Borrowed(name),
            // A dash in front would make it a short option.
            (None, Some(NameForm::Dashes)) if !self.name.starts_with('-') => {
                let rest = self.name.trim_start_matches('_');
                let (leading, _) = self.name.split_at(self.name.len() - rest.len());
                Cow::Owned(format!("{leading}{}", rest.replace('_', "-")))
            }
            (None, _) => Cow::Borrowed(self.name),
        }
    }
}

/// A member of the catalogue.
pub trait Style: fmt::Debug + Send + Sync {
    /// Its name in `--arg-style` and in the matrix.
    fn name(&self) -> &'static str;
    /// Adds `argument` to `job`.
    fn pass(&self, argument: &Argument<'_>, job: &mut JobArguments);
    /// The parts of `given` that have no effect, by their field.
    fn ignored(&self, given: &ValueForm) -> Vec<&'static str>;
    /// Why `argument` would not reach the program as it is, a fragment; `None` if it would.
    fn unsupported(&self, argument: &Argument<'_>) -> Option<String> {
        let _ = argument;
        None
    }
    /// The environment variable that holds the parameter of `argument`; `None` in a style that passes arguments.
    fn variable(&self, argument: &Argument<'_>) -> Option<String> {
        let _ = argument;
        None
    }
    /// Whether parameters reach the program by arguments or variables of their own.
    fn passes(&self) -> bool {
        true
    }
    /// Adds what every job needs in this style. `has_param` says whether the study has a parameter of that name.
    fn complete(&self, context: &JobContext<'_>, has_param: &dyn Fn(&str) -> bool, job: &mut JobArguments) {
        let _ = (context, has_param, job);
    }
}

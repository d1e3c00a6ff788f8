//! The settings of a study: for all parameters (`arguments` in the matrix) or for one (`arg`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::catalogue::ArgStyle;
use super::form::ValueForm;

/// Settings of one parameter or of all.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ArgSettings {
    /// The style, if given.
    pub style: Option<ArgStyle>,
    /// How values are written.
    pub form: ValueForm,
}

impl ArgSettings {
    /// These settings with all defaults written out, to compare two of them.
    pub fn effective(&self) -> ArgSettings {
        ArgSettings { style: Some(self.style.unwrap_or_default()), form: self.form.effective() }
    }

    fn or(&self, general: &ArgSettings) -> ArgSettings {
        ArgSettings { style: self.style.or(general.style), form: self.form.or(&general.form) }
    }
}

/// The settings of a study.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Arguments {
    /// For all parameters and the resource.
    pub general: ArgSettings,
    /// By parameter, what differs from the general settings.
    pub params: BTreeMap<String, ArgSettings>,
}

impl Arguments {
    /// The style of parameters without one of their own.
    pub fn style(&self) -> ArgStyle {
        self.general.style.unwrap_or_default()
    }

    /// The effective settings of `name`.
    pub fn of(&self, name: &str) -> Cow<'_, ArgSettings> {
        match self.params.get(name) {
            Some(own) => Cow::Owned(own.or(&self.general)),
            None => Cow::Borrowed(&self.general),
        }
    }
}

impl From<ArgStyle> for Arguments {
    fn from(style: ArgStyle) -> Self {
        let general = ArgSettings { style: Some(style), ..ArgSettings::default() };
        Arguments { general, params: BTreeMap::new() }
    }
}

//! The values of a job's configuration file.

use serde_json::Value;

use super::{CONFIG, TemplateNames, TemplateValues};
use crate::command::config::{ConfigValue, OnMissing};
use crate::command::style::member::JobArguments;
use crate::command::style::settings::Arguments;

impl TemplateNames {
    /// Whether a parameter or the resource is a value of the configuration file: unless it has a style of its own.
    pub fn is_in_config(&self, arguments: &Arguments, name: &str) -> bool {
        let has_own_style = || arguments.params.get(name).is_some_and(|own| own.style.is_some());
        self.config.is_some() && !has_own_style()
    }
}

/// The dotted name in the configuration file of the value `name`: without the dashes or the `+` of an argument.
pub fn config_key(arguments: &Arguments, name: &str) -> String {
    let own = arguments.of(name);
    own.form.name.as_deref().unwrap_or(name).trim_start_matches(['-', '+']).to_owned()
}

impl TemplateValues<'_> {
    /// Whether `name` is a value of the configuration file.
    pub fn is_in_config(&self, name: &str) -> bool {
        self.names.is_in_config(self.arguments, name)
    }

    /// The values for the configuration file. Where the file lacks the name of a value that the command uses, the value is not added.
    pub fn config_values(&self, is_used: &dyn Fn(&str) -> bool) -> Vec<ConfigValue> {
        let assignment = self.context.launch.assignment.iter().map(|(name, _)| name);
        let names = assignment.chain(self.names.resource.iter().map(|spec| spec.name.as_str()));
        let value = |name: &str| {
            let key = config_key(self.arguments, name);
            let on_missing = if is_used(name) { OnMissing::Skip } else { OnMissing::Add };
            Some(ConfigValue { owner: name.to_owned(), key, value: self.own(name)?, on_missing })
        };
        names.filter(|name| self.is_in_config(name)).filter_map(value).collect()
    }

    /// Passes the path of the configuration file, as a parameter called `config` would be.
    pub fn pass_config(&self, job: &mut JobArguments) {
        if let Some(path) = self.config_path() {
            self.names.pass(self.arguments, CONFIG, &path, job);
        }
    }

    pub(super) fn config_path(&self) -> Option<Value> {
        let path = self.names.config.as_ref()?.path(self.context.launch.job, self.context.trial_dir);
        Some(path.display().to_string().into())
    }
}

//! The environment variables of a job.

use serde_json::Value;

use super::{Renderer, TemplateError};
use crate::command::JobContext;
use crate::command::dialect::Dialect;
use crate::command::environment::{Variable, environment};
use crate::command::input::Input;
use crate::command::plain::plain;
use crate::command::style::member::Argument;

impl Renderer {
    /// The container's variables, those of inputs (`toEnv`), and the HYPERTUNE_* variables of a job.
    ///
    /// # Errors
    /// As [`Renderer::argv`].
    pub fn environment(&self, context: &JobContext<'_>) -> Result<Vec<Variable>, TemplateError> {
        let mut all = self.own_environment(context)?;
        all.extend(environment(context, self.names.resource.as_ref()));
        Ok(all)
    }

    /// The variables with parameters, and those that the component names. One that `toEnv` names has the value of its input as text, and is not set for null.
    pub fn own_environment(&self, context: &JobContext<'_>) -> Result<Vec<Variable>, TemplateError> {
        let values = self.values(context)?;
        let params = self.render(&values, None)?.variables.into_iter();
        let mut all: Vec<Variable> = params.map(|(name, value)| (name.into(), value.into())).collect();
        for (name, template) in &self.variables {
            all.push((name.clone().into(), template.render(&values)?.into()));
        }
        for input in self.environment_inputs() {
            let value = values.own(&input.name).filter(|value| !value.is_null());
            if let (Some(name), Some(value)) = (&input.variable, value) {
                all.push((name.clone().into(), plain(&value).into()));
            }
        }
        Ok(all)
    }

    /// The variables that hold no value in this job, because their parameter is null or not active. The job must not inherit them.
    ///
    /// # Errors
    /// As [`Renderer::argv`].
    pub fn unset_variables(&self, context: &JobContext<'_>) -> Result<Vec<String>, TemplateError> {
        let inputs = self.environment_inputs().filter_map(|input| input.variable.clone());
        let resource = self.names.resource.iter().map(|spec| spec.name.as_str());
        let names = self.names.params.iter().map(|(name, _)| &**name).chain(resource);
        let mut unset: Vec<String> = names.filter_map(|name| self.variable_of(name)).chain(inputs).collect();
        if !unset.is_empty() {
            let set = self.own_environment(context)?;
            unset.retain(|name| set.iter().all(|(other, _)| other != name));
            unset.sort_unstable();
            unset.dedup();
        }
        Ok(unset)
    }

    /// The variable that holds the parameter `name` in jobs in which it has a value.
    fn variable_of(&self, name: &str) -> Option<String> {
        let settings = self.arguments.of(name);
        let argument = Argument { name, value: &Value::Null, form: &settings.form };
        let variable = settings.style.unwrap_or_default().variable(&argument)?;
        self.is_passed(name).then_some(variable)
    }

    fn environment_inputs(&self) -> impl Iterator<Item = &Input> {
        self.names.inputs.iter().filter(|_| self.names.dialect == Dialect::Polyaxon)
    }
}

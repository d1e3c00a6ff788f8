//! Renders the command of a job with its working directory.

use std::path::{Path, PathBuf};

use super::value_source::ValueSource;
use super::{Renderer, TemplateError, TextTemplate};
use crate::command::JobContext;
use crate::command::config::{ConfigCopy, ConfigTemplate, ConfigValue};
use crate::command::context::CONFIG;
use crate::command::context::config_values::config_key;
use crate::command::rendered::RenderedCommand;
use crate::command::workdir;

impl Renderer {
    /// Sets the working directory of jobs: what `text` renders to.
    ///
    /// # Errors
    /// All faults of the template.
    pub fn with_directory(mut self, text: &str) -> Result<Renderer, Vec<TemplateError>> {
        self.directory = Some(TextTemplate::new(0, text, &self.names)?);
        let base = Path::new("/");
        let rendered = self.with_sample(|context| self.directory(context, base).map(|_| ()));
        rendered.map_err(|error| vec![error])?;
        Ok(self)
    }

    /// The template of the working directory.
    pub fn directory_template(&self) -> Option<&str> {
        self.directory.as_ref().map(TextTemplate::source)
    }

    /// The working directory of a job, absolute; `base` is the one in which the driver was started.
    ///
    /// # Errors
    /// As [`Renderer::argv`].
    pub fn directory(&self, context: &JobContext<'_>, base: &Path) -> Result<Option<PathBuf>, TemplateError> {
        let Some(template) = &self.directory else { return Ok(None) };
        match template.render(&self.values(context)?)? {
            text if text.is_empty() => Err(TemplateError::of(0, "the working directory is empty".to_owned())),
            text => Ok(Some(workdir::absolute(base, &text).into())),
        }
    }

    /// The configuration file that jobs get copies of.
    pub fn config(&self) -> Option<&ConfigTemplate> {
        self.names.config.as_deref()
    }

    /// Whether a template of the command or of a variable has the path of the configuration file.
    pub fn uses_config(&self) -> bool {
        self.compiled.roots.iter().any(|root| root == CONFIG)
            || self.variables.iter().any(|(_, template)| template.has_root(CONFIG))
    }

    /// The configuration file of a job; `None` if the study has none.
    ///
    /// # Errors
    /// A value cannot be put in.
    pub fn config_copy(&self, context: &JobContext<'_>) -> Result<Option<ConfigCopy>, TemplateError> {
        let Some(template) = self.config() else { return Ok(None) };
        let values = self.config_values(context)?;
        let filled = template.fill(&values);
        let (text, added) = filled.map_err(|error| TemplateError::of(0, error.to_string()))?;
        Ok(Some(ConfigCopy { path: template.path(context.launch.job, context.trial_dir), text, added }))
    }

    fn config_values(&self, context: &JobContext<'_>) -> Result<Vec<ConfigValue>, TemplateError> {
        Ok(self.values(context)?.config_values(&|name| self.compiled.used.contains(name)))
    }

    /// Sample values for the configuration file.
    ///
    /// # Errors
    /// As [`Renderer::argv`].
    pub fn config_sample_values(&self) -> Result<Vec<ConfigValue>, TemplateError> {
        self.with_sample(|context| self.config_values(context))
    }

    /// [`Renderer::config_copy`] with sample values.
    ///
    /// # Errors
    /// A value cannot be put in.
    pub fn config_sample(&self) -> Result<Option<ConfigCopy>, TemplateError> {
        self.with_sample(|context| self.config_copy(context))
    }

    /// Where the program gets the value of the parameter or the resource `name`, for messages.
    pub fn source_of(&self, name: &str) -> ValueSource {
        if let Some(config) = self.config().filter(|_| self.is_in_config(name)) {
            let key = config_key(&self.arguments, name);
            // As in `TemplateValues::config_values`: a value that the command uses is not added to the file.
            if config.has(&key) || !self.compiled.used.contains(name) {
                return ValueSource::ConfigKey(key);
            }
        }
        let passed = self.passed(name, &1.into());
        match passed.as_ref().map(|job| (job.argv.first(), job.variables.first())) {
            Some((_, Some((variable, _)))) => ValueSource::Variable(variable.clone()),
            Some((Some(word), _)) => ValueSource::Argument(word.split('=').next().unwrap_or_default().to_owned()),
            _ if self.uses(name) => ValueSource::Template,
            _ => ValueSource::Environment,
        }
    }

    /// The command of a job. If it has a working directory, the paths in the text of the command that are relative to `base`, the
    /// directory in which the driver was started, are absolute. Values of parameters stay as they are.
    ///
    /// # Errors
    /// As [`Renderer::argv`].
    pub fn rendered(&self, context: &JobContext<'_>, base: &Path) -> Result<RenderedCommand, TemplateError> {
        let directory = self.directory(context, base)?;
        let mut argv = self.argv_in(context, directory.is_some().then_some(base))?;
        if let Some(program) = argv.first_mut().filter(|_| directory.is_some()) {
            *program = workdir::absolute_program(base, program);
        }
        Ok(RenderedCommand { argv, directory, config: self.config_copy(context)? })
    }
}

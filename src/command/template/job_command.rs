//! Renders the command of a job with its working directory.

use std::path::{Path, PathBuf};

use super::{Renderer, TemplateError, TextTemplate};
use crate::command::JobContext;
use crate::command::config::{ConfigCopy, ConfigTemplate};
use crate::command::context::CONFIG;
use crate::command::rendered::RenderedCommand;
use crate::command::workdir;

impl Renderer {
    /// Lets jobs run in the directory that `text` renders to.
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
        let values = self.values(context)?.config_values(&|name| self.compiled.used.contains(name));
        let filled = template.fill(&values);
        let (text, added) = filled.map_err(|error| TemplateError::of(0, error.to_string()))?;
        Ok(Some(ConfigCopy { path: template.path(context.launch.job, context.trial_dir), text, added }))
    }

    /// [`Renderer::config_copy`] with sample values.
    ///
    /// # Errors
    /// A value cannot be put in.
    pub fn config_sample(&self) -> Result<Option<ConfigCopy>, TemplateError> {
        self.with_sample(|context| self.config_copy(context))
    }

    /// The command of a job. If it has a working directory, relative paths of files that exist in `base`, the directory in which the
    /// driver was started, are absolute.
    ///
    /// # Errors
    /// As [`Renderer::argv`].
    pub fn rendered(&self, context: &JobContext<'_>, base: &Path) -> Result<RenderedCommand, TemplateError> {
        let mut argv = self.argv(context)?;
        let directory = self.directory(context, base)?;
        if directory.is_some() {
            workdir::make_paths_absolute(&mut argv, base);
        }
        Ok(RenderedCommand { argv, directory, config: self.config_copy(context)? })
    }
}

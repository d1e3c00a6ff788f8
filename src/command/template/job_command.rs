//! Renders the command of a job with its working directory.

use std::path::{Path, PathBuf};

use super::{Renderer, TemplateError, TextTemplate};
use crate::command::JobContext;
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
        Ok(RenderedCommand { argv, directory })
    }
}

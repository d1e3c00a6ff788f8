//! Paths of files that jobs write: whether two jobs that run at the same time write the same file.

use std::path::{Component, Path, PathBuf};

use super::{Renderer, TemplateError};

impl Renderer {
    /// Whether jobs that run at the same time may have the same file or folder. `path` is its template, relative to a job's working
    /// directory. The path of each job is its own if it differs with the trial or the slot, or has every parameter.
    ///
    /// # Errors
    /// The template is invalid.
    pub fn shares_path(&self, path: &str) -> Result<bool, Vec<TemplateError>> {
        let path = Renderer::of_path(path, self)?;
        let names = |name: &str| path.uses(name) || self.directory.as_ref().is_some_and(|text| text.uses(name));
        let has_every_parameter =
            !self.names.params.is_empty() && self.names.params.iter().all(|(name, _)| names(name));
        if has_every_parameter || names("params") {
            return Ok(false);
        }
        let of_job = |trial: u16| {
            self.with_sample_of(trial, |context| {
                let path = path.argv(context)?.into_iter().next().unwrap_or_default();
                let directory = self.directory(context, Path::new("/"))?.unwrap_or_else(|| PathBuf::from("/"));
                Ok(normalized(&directory.join(path)))
            })
        };
        let paths: Result<(PathBuf, PathBuf), TemplateError> = of_job(0).and_then(|first| Ok((first, of_job(1)?)));
        paths.map(|(first, second)| first == second).map_err(|error| vec![error])
    }
}

/// `path`, which is absolute, without `.` and `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::context::TemplateNames;
    use crate::command::style::settings::Arguments;

    fn shares(directory: Option<&str>, path: &str) -> bool {
        let params = ["lr", "size"].map(|name| (name.into(), 1.into())).to_vec();
        let names = TemplateNames { params, ..TemplateNames::default() };
        let renderer = Renderer::new(vec!["train".to_owned()], Arguments::default(), names).unwrap();
        let renderer = match directory {
            Some(directory) => renderer.with_directory(directory).unwrap(),
            None => renderer,
        };
        renderer.shares_path(path).unwrap()
    }

    #[test]
    fn a_path_is_shared_unless_it_depends_on_the_job() {
        for path in
            ["results.csv", "/tmp/results.csv", "out-{{ lr }}.csv", "{{ trial_dir }}/../x.csv", "{{ rung }}.csv"]
        {
            assert!(shares(None, path), "{path}");
        }
        for path in
            ["{{ trial_dir }}/x.csv", "{{ slot }}/x.csv", "{{ trial }}.csv", "{{ port }}", "{{ lr }}-{{ size }}.csv"]
        {
            assert!(!shares(None, path), "{path}");
        }
    }

    #[test]
    fn the_working_directory_counts_for_relative_paths() {
        assert!(!shares(Some("{{ trial_dir }}"), "results.csv"));
        assert!(!shares(Some("out/{{ slot }}"), "./runs"));
        assert!(shares(Some("{{ trial_dir }}"), "/tmp/results.csv"));
        assert!(shares(Some("{{ trial_dir }}"), "../results.csv"));
        assert!(shares(Some("out"), "results.csv"));
        assert!(!shares(Some("out"), "{{ trial_dir }}/results.csv"));
    }
}

//! Refuses a study whose concurrent jobs would write their metrics into one file.

use anyhow::anyhow;

use super::definition::StudyDefinition;
use crate::cli::error::CliError;
use crate::collect::collector::MetricSource;

/// The ways out, for people.
const OWN_FOLDERS: &str = "give each job a folder of its own: --workdir '{{ trial_dir }}', or a path with {{ trial_dir }} where the \
                           script gets it too";
const ONE_JOB: &str = "or run one job at a time: -j 1, or `concurrency: 1` in the matrix";

/// An error if more than one job runs at once, of `slots`, and all of them have the same file or folder of metrics: each would get the
/// values of the others. `slots` is asked only where the path is the same.
pub fn check(study: &StudyDefinition, slots: impl FnOnce() -> Result<u32, CliError>) -> Result<(), CliError> {
    let Some((what, path)) = shared_path(study) else { return Ok(()) };
    let jobs = u64::from(slots()?).min(study.experiment.plan().trials());
    if jobs < 2 {
        return Ok(());
    }
    let error =
        anyhow!("{jobs} jobs would run at once and have the same {what}, {path}, from which the metric is read");
    Err(CliError::usage(error).hint(OWN_FOLDERS).hint(ONE_JOB))
}

/// The file or folder that is the same for all jobs: what it is, and its template.
fn shared_path(study: &StudyDefinition) -> Option<(&'static str, String)> {
    let renderer = study.renderer.as_ref()?;
    let (what, path) = match study.experiment.collector().source() {
        MetricSource::Output(_) => return None,
        MetricSource::File(path) => ("file", path),
        MetricSource::EventFiles(path) => ("folder of event files", path),
    };
    // An invalid template is an error of the matrix.
    renderer.shares_path(&path).unwrap_or(false).then_some((what, path))
}

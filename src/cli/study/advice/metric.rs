//! How a program prints its metric.

use serde_json::Value;

use crate::report::view::{JobView, StudyView};

/// How to print the metric, if a job exited with 0 without printing it.
pub fn metric_hint(view: &StudyView) -> Option<String> {
    let exited_with_0 = |job: &JobView| job.usage.and_then(|usage| usage.exit_code) == Some(0);
    view.jobs.iter().find(|job| job.is_failure() && exited_with_0(job))?;
    let reads_json = |name: &Value| name == "auto" || name == "json";
    let collector = view.header.collector.as_ref().and_then(|collector| collector.get("kind"));
    if !collector.is_none_or(reads_json) {
        return None;
    }
    let name = Value::from(view.header.metric.as_ref()?.name.as_str());
    Some(format!(
        "print the metric on stdout as a line of JSON, in Python print(json.dumps({{{name}: …}})), or name another metric with --metric"
    ))
}

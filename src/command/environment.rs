//! The HYPERTUNE_* variables of every job.

use std::borrow::Cow;
use std::ffi::OsString;

use super::JobContext;
use crate::types::units::{Resource, ResourceSpec};

/// Name and value of an environment variable.
pub type Variable = (Cow<'static, str>, OsString);

/// All variables; none is ever omitted. `HYPERTUNE_PREVIOUS_RESOURCE` is 0 in a trial's first job.
pub fn environment(context: &JobContext<'_>, resource: Option<&ResourceSpec>) -> Vec<Variable> {
    let launch = context.launch;
    let amount = |amount: Resource| match resource {
        Some(spec) if amount > Resource::ZERO => spec.value(amount).to_string(),
        _ => amount.to_string(),
    };
    let params = serde_json::to_string(&*launch.assignment).unwrap_or_default();
    let text = |value: String| OsString::from(value);
    let variables = [
        ("HYPERTUNE_STUDY_DIR", context.study_dir.as_os_str().to_owned()),
        ("HYPERTUNE_TRIAL", text(launch.job.key.trial.to_string())),
        ("HYPERTUNE_TRIAL_DIR", context.trial_dir.as_os_str().to_owned()),
        ("HYPERTUNE_CHECKPOINT_DIR", context.checkpoint_dir.as_os_str().to_owned()),
        ("HYPERTUNE_BRACKET", text(launch.bracket.bracket.to_string())),
        ("HYPERTUNE_RUNG", text(launch.job.key.rung.to_string())),
        ("HYPERTUNE_RESOURCE", text(amount(launch.resource))),
        ("HYPERTUNE_PREVIOUS_RESOURCE", text(amount(launch.previous))),
        ("HYPERTUNE_SEED", text(context.seed.to_string())),
        ("HYPERTUNE_PARAMS", text(params)),
        ("HYPERTUNE_PORT", text(context.port.to_string())),
        ("HYPERTUNE_ATTEMPT", text(launch.job.attempt.to_string())),
    ];
    variables.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

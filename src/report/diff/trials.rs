//! Two trials of one study.

use std::collections::BTreeMap;

use serde_json::Value;

use super::side_by_side::SideBySide;
use crate::report::number;
use crate::report::trials::TrialView;
use crate::report::view::{JobView, StudyView};
use crate::types::ids::TrialId;
use crate::types::units::Resource;

/// The trials `a` and `b` of `view`; `None` if one of them has no job.
pub fn trials(view: &StudyView, a: TrialId, b: TrialId) -> Option<SideBySide> {
    let all = crate::report::trials::trials(view);
    let find = |trial| all.iter().find(|view| view.trial == trial);
    let (left, right) = (find(a)?, find(b)?);
    let mut diff = SideBySide::new(format!("trial {a}"), format!("trial {b}"));
    diff.push_all("parameters", &left.params, &right.params);
    if let Some(metric) = &view.header.metric {
        let (one, other) = (values(view, a), values(view, b));
        let resources: std::collections::BTreeSet<Resource> = one.keys().chain(other.keys()).copied().collect();
        for resource in resources {
            let name = match view.header.resource_name() {
                Some(unit) => format!("{} at {unit}={resource}", metric.name),
                None => metric.name.clone(),
            };
            let value = |side: &BTreeMap<Resource, f64>| side.get(&resource).copied().map_or(Value::Null, Value::from);
            diff.push("values", name, value(&one), value(&other));
        }
    }
    outcome(&mut diff, view, left, right);
    Some(diff)
}

/// The values of a trial by the resource at which they were measured.
fn values(view: &StudyView, trial: TrialId) -> BTreeMap<Resource, f64> {
    let jobs = view.jobs.iter().filter(|job| job.job.key.trial == trial);
    jobs.filter_map(|job| Some((job.reached, job.score?.value()))).collect()
}

fn outcome(diff: &mut SideBySide, view: &StudyView, a: &TrialView, b: &TrialView) {
    const SECTION: &str = "outcome";
    let jobs = |trial: TrialId| view.jobs.iter().filter(move |job| job.job.key.trial == trial);
    let spent = |trial| number::json(jobs(trial).map(|job: &JobView| job.spent).sum());
    diff.push(SECTION, "bracket", a.bracket, b.bracket);
    diff.push(SECTION, "status", a.status.name(), b.status.name());
    if a.reason.is_some() || b.reason.is_some() {
        diff.push(SECTION, "reason", a.reason.clone(), b.reason.clone());
    }
    diff.push(SECTION, "jobs", a.jobs, b.jobs);
    diff.push(SECTION, "duration_s", a.duration_s, b.duration_s);
    if let Some(unit) = view.header.resource_name() {
        diff.push(SECTION, format!("{unit} spent"), spent(a.trial), spent(b.trial));
    }
}

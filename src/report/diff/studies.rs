//! Two studies.

use serde_json::Value;

use super::side_by_side::SideBySide;
use crate::report::number;
use crate::report::status::{StatusInput, StudyStatus};
use crate::report::text::command_line;

/// The studies `a` and `b`.
pub fn studies(a: &StatusInput<'_>, b: &StatusInput<'_>) -> SideBySide {
    let (one, other) = (StudyStatus::new(a), StudyStatus::new(b));
    let folder = |status: &StudyStatus<'_>| status.study.to_string_lossy().into_owned();
    let mut diff = SideBySide::new(folder(&one), folder(&other));
    definition(&mut diff, a, b);
    progress(&mut diff, &one, &other);
    let best = |status: &StudyStatus<'_>| {
        let best = status.best.as_ref();
        [
            best.map_or(Value::Null, |best| Value::from(best.value)),
            best.map_or(Value::Null, |best| number::json(best.resource.amount())),
            best.map_or(Value::Null, |best| Value::from(best.trial.0)),
        ]
    };
    for ((name, left), right) in ["value", "resource", "trial"].into_iter().zip(best(&one)).zip(best(&other)) {
        diff.push("best", name, left, right);
    }
    let params = |status: &StudyStatus<'_>| status.best.as_ref().map(|best| best.params.clone()).unwrap_or_default();
    let (left, right) = (params(&one), params(&other));
    diff.push_all("parameters of the best trial", &left, &right);
    diff
}

fn definition(diff: &mut SideBySide, a: &StatusInput<'_>, b: &StatusInput<'_>) {
    const SECTION: &str = "definition";
    let (one, other) = (&a.view.header, &b.view.header);
    let mut push = |name: &str, left: Option<String>, right: Option<String>| diff.push(SECTION, name, left, right);
    push("kind", a.kind.map(str::to_owned), b.kind.map(str::to_owned));
    let metric = |header: &crate::journal::record::Header| header.metric.as_ref().map(|metric| metric.name.clone());
    push("metric", metric(one), metric(other));
    push("resource", one.resource_name().map(str::to_owned), other.resource_name().map(str::to_owned));
    let command = |argv: &[String]| Some(command_line(argv.iter().map(String::as_str)));
    push("command", command(&one.command), command(&other.command));
    push("started_at", Some(one.started_at.clone()), Some(other.started_at.clone()));
    diff.push(SECTION, "seed", one.seed, other.seed);
    let same = one.matrix == other.matrix;
    let (left, right) = if same { ("the same", "the same") } else { ("one text", "another text") };
    diff.push(SECTION, "matrix file", left, right);
}

fn progress(diff: &mut SideBySide, a: &StudyStatus<'_>, b: &StudyStatus<'_>) {
    const SECTION: &str = "progress";
    diff.push(SECTION, "state", a.state.name(), b.state.name());
    diff.push(SECTION, "jobs done", a.done, b.done);
    diff.push(SECTION, "jobs expected", a.expected, b.expected);
    diff.push(SECTION, "jobs failed", a.jobs.failed, b.jobs.failed);
    diff.push(SECTION, "elapsed_s", a.elapsed_s, b.elapsed_s);
}

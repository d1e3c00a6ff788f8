//! Detects a command line that only makes the recorded study longer or shorter.

use crate::cli::study::definition::StudyDefinition;
use crate::matrix::changes::Change;
use crate::report::text;
use crate::schedule::{Length, UNLIMITED};

/// Fields of a matrix that do not belong to its schedule or sampler.
pub const COMMON: [&str; 15] = [
    "params",
    "constraints",
    "metric",
    "resource",
    "resume",
    "seed",
    "concurrency",
    "launcher",
    "earlyStopping",
    "patience",
    "initial",
    "arguments",
    "argStyle",
    "workdir",
    "configTemplate",
];

/// Fields that set the length of a schedule. Where `maxIterations` is R, another value changes more than the length.
const LENGTH_FIELDS: [&str; 3] = ["numRuns", "rounds", "maxIterations"];

/// A change of a study's length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LengthChange {
    /// The field of the matrix.
    pub field: String,
    /// The length in the journal, in words.
    pub recorded: String,
    /// The length on the command line.
    pub now: String,
}

/// The change of the length from the study `recorded` to `now`, if schedule and sampler differ in nothing else. Its causes are removed from
/// `changes`.
pub fn length_change(
    recorded: &StudyDefinition,
    now: &StudyDefinition,
    changes: &mut Vec<Change>,
) -> Option<LengthChange> {
    let (old, new) = (&recorded.experiment.method, &now.experiment.method);
    let (before, after) = (old.schedule.length(), new.schedule.length());
    let is_same_method = old.kind == new.kind
        && old.sampler.name() == new.sampler.name()
        && recorded.tuner == now.tuner
        && format!("{:?}", old.schedule.with_length(after.amount())) == format!("{:?}", new.schedule);
    // The number of random draws of some samplers depends on the length.
    let is_same_sampler = format!("{:?}", old.sampler) == format!("{:?}", new.sampler);
    let own = changes.iter().filter_map(method_field).collect::<Vec<_>>();
    let only_length = own.iter().all(|field| LENGTH_FIELDS.contains(field));
    if before == after || !is_same_method || !(is_same_sampler || only_length) {
        return None;
    }
    let field = own.iter().find(|field| LENGTH_FIELDS.contains(field)).copied().unwrap_or("length").to_owned();
    changes.retain(|change| method_field(change).is_none());
    Some(LengthChange { field, recorded: length_text(before), now: length_text(after) })
}

/// The field of the schedule or sampler that `change` is about.
fn method_field(change: &Change) -> Option<&str> {
    let mut path = change.path.iter().map(String::as_str);
    let field = path.next().filter(|root| *root == "matrix").and(path.next())?;
    (!COMMON.contains(&field)).then_some(field)
}

fn length_text(length: Length) -> String {
    match length {
        Length::Trials(UNLIMITED) => "no limit of trials".to_owned(),
        Length::Trials(trials) => text::counted(trials, "trial"),
        Length::Rounds(rounds) => text::counted(u64::from(rounds), "round"),
    }
}

//! Detects programs that ignore their parameters or their resource. Each finding is a note, once in a session.

use std::collections::HashMap;
use std::sync::Arc;

use crate::command::template::ValueSource;
use crate::engine::event::Launch;
use crate::journal::record::EndRecord;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::outcome::CurvePoint;
use crate::types::units::Resource;

/// Results that must agree. Fewer may agree by chance, for example accuracies of a few test samples.
const MIN_RESULTS: usize = 3;
/// Least factor between the resource that two jobs of a trial train; below it, their durations may be about the same.
const MIN_FACTOR: f64 = 1.9;
/// Most of the expected increase in duration that counts as none, because durations vary.
const SAME_DURATION: f64 = 0.25;
/// Seconds from which durations are evidence by themselves: shorter jobs may spend most of their time on starting up.
const MIN_SECONDS: f64 = 5.0;

/// The checks of one session. Jobs without a score are not considered.
#[derive(Debug)]
pub struct ResultChecks {
    parameters: Option<ParameterCheck>,
    resource: Option<ResourceCheck>,
}

impl ResultChecks {
    /// `trials` is the number of trials of the study; `u64::MAX` if it is unknown. `parameter` says where the program gets the first
    /// parameter. `resource` is the name of the resource and where the program gets
    /// it; `None` if nothing is allotted.
    pub fn new(
        promoted: PromotedStart,
        trials: u64,
        parameter: Option<ValueSource>,
        resource: Option<(&str, ValueSource)>,
    ) -> ResultChecks {
        let resource = resource.map(|(name, source)| ResourceCheck {
            name: name.to_owned(),
            source,
            promoted,
            latest: HashMap::new(),
            without_effect: 0,
        });
        let parameters =
            parameter.map(|source| ParameterCheck { source, trials, curve: Vec::new(), assignments: Vec::new() });
        ResultChecks { parameters, resource }
    }

    /// A job has succeeded. Returns the notes for the user.
    pub fn succeeded(&mut self, launch: &Launch, end: &EndRecord) -> Vec<String> {
        let parameters = self.parameters.as_mut().map_or(Check::Continue, |check| check.add(launch, end));
        let resource = self.resource.as_mut().map_or(Check::Continue, |check| check.add(launch, end));
        if !matches!(parameters, Check::Continue) {
            self.parameters = None;
        }
        if !matches!(resource, Check::Continue) {
            self.resource = None;
        }
        [parameters, resource]
            .into_iter()
            .filter_map(|check| if let Check::Note(note) = check { Some(note) } else { None })
            .collect()
    }

    /// A trial is over.
    pub fn retired(&mut self, trial: TrialId) {
        if let Some(check) = &mut self.resource {
            check.latest.remove(&trial);
        }
    }
}

/// The result of one more job.
enum Check {
    Continue,
    /// The program is known to be right.
    Passed,
    Note(String),
}

/// Compares the first results of different configurations. One that differs ends the check.
#[derive(Debug)]
struct ParameterCheck {
    source: ValueSource,
    trials: u64,
    curve: Vec<CurvePoint>,
    assignments: Vec<Arc<Assignment>>,
}

impl ParameterCheck {
    fn add(&mut self, launch: &Launch, end: &EndRecord) -> Check {
        if launch.previous != Resource::ZERO || self.assignments.contains(&launch.assignment) {
            return Check::Continue;
        }
        let curve = &end.readings.curve;
        if self.assignments.is_empty() {
            self.curve.clone_from(curve);
        } else if !is_same_curve(&self.curve, curve) {
            return Check::Passed;
        }
        self.assignments.push(launch.assignment.clone());
        let Some(value) = end.outcome.score().filter(|_| self.is_enough()) else { return Check::Continue };
        let otherwise = match self.source {
            ValueSource::Argument(_) => ", or pass them by name as {{lr}} in the command",
            _ => "",
        };
        Check::Note(format!(
            "the first {} trials have different parameters and exactly the same value, {}: the parameters may not reach \
             the program; check that it reads {}{otherwise}",
            self.assignments.len(),
            value.value(),
            self.source
        ))
    }

    /// Whether the results suffice: [`MIN_RESULTS`], or both of a study with two trials that differ in one parameter.
    fn is_enough(&self) -> bool {
        match self.assignments.as_slice() {
            [one, other] if self.trials == 2 => {
                one.iter().filter(|(name, value)| other.get(name) != Some(*value)).count() == 1
            }
            all => all.len() == MIN_RESULTS,
        }
    }
}

/// Compares each promoted job with the previous job of its trial.
#[derive(Debug)]
struct ResourceCheck {
    name: String,
    source: ValueSource,
    promoted: PromotedStart,
    latest: HashMap<TrialId, JobEvidence>,
    /// Promoted jobs in a row that show no effect of the resource.
    without_effect: usize,
}

/// What shows how much a job trained.
#[derive(Clone, Debug)]
pub(crate) struct JobEvidence {
    /// The resource that it trained.
    pub trained: f64,
    pub seconds: f64,
    /// The resource in its last reading.
    pub step: Option<f64>,
    /// The number of readings, of which `curve` may have fewer.
    pub readings: u64,
    pub curve: Vec<CurvePoint>,
}

impl ResourceCheck {
    fn add(&mut self, launch: &Launch, end: &EndRecord) -> Check {
        let previous = Some(launch.previous).filter(|previous| previous.amount() > 0.0);
        let now = JobEvidence {
            trained: self.promoted.allocation(launch.resource, previous).total(),
            seconds: end.usage.duration_s,
            step: end.readings.step(Some(&self.name)),
            readings: end.readings.thinned_from.unwrap_or(end.readings.curve.len() as u64),
            curve: end.readings.curve.clone(),
        };
        let before = self.latest.insert(launch.job.key.trial, now.clone());
        let Some(before) = before.filter(|_| previous.is_some()) else { return Check::Continue };
        match shows_no_effect(&before, &now) {
            None => return Check::Continue,
            Some(false) => return Check::Passed,
            Some(true) => self.without_effect += 1,
        }
        if self.without_effect < MIN_RESULTS {
            return Check::Continue;
        }
        Check::Note(format!(
            "the last {MIN_RESULTS} promoted jobs did as much as the jobs before them, although they had more {name}: the resource may \
             not reach the program; check that it trains as long as {source} says",
            name = self.name,
            source = match &self.source {
                ValueSource::Environment => "the variable HYPERTUNE_RESOURCE".to_owned(),
                source => format!("{source} or HYPERTUNE_RESOURCE"),
            }
        ))
    }
}

/// Whether the larger resource of `now` had no effect; `None` if the two jobs cannot tell.
pub(crate) fn shows_no_effect(before: &JobEvidence, now: &JobEvidence) -> Option<bool> {
    if now.trained < before.trained * MIN_FACTOR {
        return None;
    }
    if before.readings != now.readings {
        return Some(false);
    }
    if let (Some(before), Some(now)) = (before.step, now.step) {
        return Some(now <= before);
    }
    let expected = before.seconds * now.trained / before.trained;
    let is_as_long = now.seconds - before.seconds < SAME_DURATION * (expected - before.seconds);
    match (is_as_long, is_same_curve(&before.curve, &now.curve) || before.seconds >= MIN_SECONDS) {
        (true, true) => Some(true),
        (true, false) => None,
        (false, _) => (before.seconds >= MIN_SECONDS).then_some(false),
    }
}

/// Whether all values are bit-equal.
fn is_same_curve(one: &[CurvePoint], other: &[CurvePoint]) -> bool {
    let values = |curve: &[CurvePoint]| curve.iter().map(|point| point.value.to_bits()).collect::<Vec<_>>();
    values(one) == values(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs of one trial that trained 1 and 3: their seconds, steps and values.
    fn no_effect(seconds: [f64; 2], steps: [Option<f64>; 2], values: [&[f64]; 2]) -> Option<bool> {
        let job = |at: usize| JobEvidence {
            trained: [1.0, 3.0][at],
            seconds: seconds[at],
            step: steps[at],
            readings: values[at].len() as u64,
            curve: values[at].iter().map(|value| CurvePoint { step: 1.0, value: *value }).collect(),
        };
        shows_no_effect(&job(0), &job(1))
    }

    #[test]
    fn steps_are_the_best_evidence_then_readings_values_and_durations() {
        let none = [None, None];
        assert_eq!(no_effect([1.0, 1.0], [Some(10.0), Some(10.0)], [&[0.1], &[0.2]]), Some(true));
        assert_eq!(no_effect([1.0, 1.0], [Some(1.0), Some(3.0)], [&[0.1], &[0.1]]), Some(false));
        assert_eq!(no_effect([1.0, 1.0], none, [&[0.1], &[0.1, 0.1, 0.1]]), Some(false), "three epochs");
        assert_eq!(no_effect([1.0, 1.05], none, [&[0.1], &[0.1]]), Some(true), "the same value as fast");
        assert_eq!(no_effect([1.0, 2.8], none, [&[0.1], &[0.1]]), None, "it may have converged");
        assert_eq!(no_effect([0.5, 0.5], none, [&[0.1], &[0.2]]), None, "most of it may be starting up");
        assert_eq!(no_effect([60.0, 61.0], none, [&[0.1], &[0.2]]), Some(true));
        assert_eq!(no_effect([60.0, 170.0], none, [&[0.1], &[0.2]]), Some(false));
    }

    #[test]
    fn a_resource_that_hardly_grows_is_no_evidence() {
        let job = |trained| JobEvidence { trained, seconds: 60.0, step: None, readings: 0, curve: Vec::new() };
        assert_eq!(shows_no_effect(&job(4.0), &job(4.0)), None);
    }
}

//! How sure it is that the best trial is the best: its distance to the next ones, and the noise of the value.

use std::collections::HashMap;

use serde::Serialize;

use crate::report::best::best_job;
use crate::report::number;
use crate::report::view::{JobStatus, StudyView};
use crate::types::ids::TrialId;
use crate::types::incumbent::Candidate;

/// How many of the best trials the spread is of.
const TOP: usize = 5;

/// The best trial among the others that reached as much of the resource.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Confidence {
    /// Trials that reached at least the resource of the best one, itself included.
    pub trials: u64,
    /// The second best of them.
    pub second: Option<TrialId>,
    /// Its value.
    pub second_value: Option<f64>,
    /// How much worse it is than the best, ≥ 0; null if there is no second.
    pub lead: Option<f64>,
    /// How many of the best `spread` is of, at most five.
    pub top: u64,
    /// The largest difference among the values of these.
    pub spread: f64,
    /// The standard deviation of values of one configuration at one resource, pooled over all configurations that were trained several
    /// times; null if none was.
    pub noise: Option<f64>,
    /// The values that the noise was estimated from.
    #[serde(serialize_with = "number::sum")]
    pub repeated: f64,
}

impl Confidence {
    /// `None` if no job has a value.
    pub fn of(view: &StudyView) -> Option<Confidence> {
        let (best, _) = best_job(view)?;
        let direction = view.direction()?;
        let mut of_trial: HashMap<TrialId, Candidate> = HashMap::new();
        for (candidate, _) in view.candidates().filter(|(candidate, _)| candidate.reached >= best.reached) {
            let first = of_trial.entry(candidate.job.trial).or_insert(candidate);
            if candidate.order(direction, first).is_lt() {
                *first = candidate;
            }
        }
        let mut ordered: Vec<Candidate> = of_trial.into_values().collect();
        ordered.sort_by(|a, b| {
            let is_other = |candidate: &Candidate| candidate.job.trial != best.job.trial;
            is_other(a).cmp(&is_other(b)).then_with(|| a.order(direction, b))
        });
        let values: Vec<f64> = ordered.iter().take(TOP).map(|candidate| candidate.score.value()).collect();
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
        let (noise, repeated) = noise(view);
        let second = ordered.get(1);
        Some(Confidence {
            trials: ordered.len() as u64,
            second: second.map(|second| second.job.trial),
            second_value: second.map(|second| second.score.value()),
            lead: second.map(|second| (second.score.value() - best.score.value()).abs()),
            top: values.len() as u64,
            spread: high - low,
            noise,
            repeated: repeated as f64,
        })
    }
}

/// The pooled standard deviation of repeated values, and their number.
fn noise(view: &StudyView) -> (Option<f64>, usize) {
    let mut values: HashMap<(String, u64), Vec<f64>> = HashMap::new();
    for job in view.jobs.iter().filter(|job| job.status == JobStatus::Succeeded) {
        let Some(score) = job.score else { continue };
        let params = serde_json::to_string(&*job.params).unwrap_or_default();
        values.entry((params, job.resource.amount().to_bits())).or_default().push(score.value());
    }
    let repeated: Vec<Vec<f64>> = values.into_values().filter(|values| values.len() > 1).collect();
    let squares = |values: &Vec<f64>| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>()
    };
    let count: usize = repeated.iter().map(Vec::len).sum();
    let noise = (repeated.iter().map(squares).sum::<f64>() / (count - repeated.len()).max(1) as f64).sqrt();
    (Some(noise).filter(|noise| count > 0 && noise.is_finite()), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{StudyFixture, halving};

    #[test]
    fn the_lead_is_over_the_second_at_the_same_resource() {
        let mut study = StudyFixture::new();
        for (trial, value) in [(0, 0.5), (1, 0.25), (2, 1.0)] {
            study.launch(trial, 0, 1, 3.0).succeed(trial, 0, value);
        }
        study.launch(3, 0, 1, 1.0).succeed(3, 0, 0.125);
        let confidence = Confidence::of(&study.view()).expect("a best trial");
        assert_eq!((confidence.trials, confidence.second, confidence.lead), (3, Some(TrialId(0)), Some(0.25)));
        assert_eq!((confidence.top, confidence.spread, confidence.noise), (3, 0.75, None));
        assert_eq!(Confidence::of(&halving().view()).expect("a best trial").second, None);
    }

    #[test]
    fn noise_is_the_deviation_of_repeated_configurations() {
        let mut study = StudyFixture::new();
        study.launch(0, 0, 1, 1.0).succeed(0, 0, 1.0).launch(0, 0, 2, 1.0);
        study.end(
            0,
            0,
            2,
            crate::types::outcome::Outcome::Succeeded { score: crate::types::objective::Score::new(3.0) },
            "",
        );
        let confidence = Confidence::of(&study.view()).expect("a best trial");
        assert_eq!((confidence.noise, confidence.repeated), (Some(2f64.sqrt()), 2.0));
    }
}

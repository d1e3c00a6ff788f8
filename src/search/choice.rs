//! The choice of the sampler `auto`: rules about what is known about a study before it starts.

use serde::{Deserialize, Serialize};

use crate::space::{Geometry, Space};

/// Most observations for which `gp` is chosen. A suggestion takes it about 10 µs per observation, `tpe` a tenth of that (table
/// "Suggestions" in CONTRIBUTING.md).
const MAX_GP_OBSERVATIONS: u64 = 3_000;
/// Most observations times slots for which `gp` is chosen: at 10 µs per observation, slots with jobs of a minute wait for
/// suggestions for less than 2 % of the time.
const MAX_GP_LOAD: u64 = 120_000;
/// Fewest random draws before the first suggestion of `gp`, unless they are more than half of the trials.
const MIN_INITIAL_DRAWS: u64 = 5;

/// What the choice depends on.
#[derive(Clone, Copy, Debug)]
pub struct StudyFacts<'a> {
    /// The parameters.
    pub space: &'a Space,
    /// The number of trials; `None` if only a limit ends the study.
    pub trials: Option<u64>,
    /// The number of jobs; `None` as for the trials.
    pub jobs: Option<u64>,
    /// The number of jobs at once; `None` if it is not known yet.
    pub slots: Option<u32>,
    /// Whether there is a metric.
    pub is_ranked: bool,
    /// Whether there are results before many trials have started: of lower rungs, or of earlier studies.
    pub has_early_results: bool,
}

/// A sampler that `auto` chooses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenSampler {
    /// `random`.
    Random,
    /// `random` in a finite space, until every configuration has been proposed.
    EachOnce,
    /// `tpe`.
    Tpe,
    /// `gp`.
    Gp,
}

/// A choice of `auto`, as recorded in the journal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SamplerChoice {
    /// The sampler.
    pub sampler: ChosenSampler,
    /// Why, in one line.
    pub reason: String,
    /// The number of random draws before the first suggestion of a model; `None` for the sampler's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<u64>,
}

impl SamplerChoice {
    /// The choice for a study.
    pub fn new(facts: &StudyFacts<'_>) -> SamplerChoice {
        let chosen = |sampler, reason| SamplerChoice { sampler, reason, initial: None };
        let StudyFacts { space, trials, slots, .. } = *facts;
        if let (Some(all), Some(trials)) = (finite_count(space), trials)
            && all <= trials
        {
            let reason =
                format!("{} fit into {}, so each runs once", counted(all, "combination"), counted(trials, "trial"));
            return chosen(ChosenSampler::EachOnce, reason);
        }
        if !facts.is_ranked {
            return chosen(ChosenSampler::Random, "there is no metric that a model could learn".to_owned());
        }
        if let (Some(trials), Some(slots), false) = (trials, slots, facts.has_early_results)
            && trials <= u64::from(slots)
        {
            let reason = format!("all {} start at once, before there is a result", counted(trials, "trial"));
            return chosen(ChosenSampler::Random, reason);
        }
        let most = MAX_GP_OBSERVATIONS.min(MAX_GP_LOAD / u64::from(slots.unwrap_or(1).max(1)));
        match facts.jobs {
            Some(jobs) if jobs > most => {
                let at = slots
                    .map(|slots| format!(" with {}", counted(u64::from(slots), "job at once")))
                    .unwrap_or_default();
                let reason =
                    format!("{} are more than the {most} up to which `gp` is fast enough{at}", counted(jobs, "job"));
                chosen(ChosenSampler::Tpe, reason)
            }
            _ => model_choice(facts),
        }
    }
}

/// The choice of `gp`. Without early results, it draws one more trial at random than there are parameters (as many as a linear model needs),
/// at least five, and at most half of all.
fn model_choice(facts: &StudyFacts<'_>) -> SamplerChoice {
    let described = described(facts.space);
    let varying = facts.space.params.iter().filter(|param| param.domain.cardinality() != Some(1)).count() as u64;
    let most = facts.trials.map_or(u64::MAX, |trials| (trials / 2).max(1));
    let initial = (varying + 1).max(MIN_INITIAL_DRAWS).min(most);
    let budget = facts.jobs.map_or_else(|| "a limit ends the study".to_owned(), |jobs| counted(jobs, "job"));
    let (initial, first) = match facts.has_early_results {
        true => (None, String::new()),
        false => (Some(initial), format!("; the first {} are random draws", counted(initial, "trial"))),
    };
    SamplerChoice {
        sampler: ChosenSampler::Gp,
        reason: format!("it learns {described} from the fewest jobs ({budget}){first}"),
        initial,
    }
}

/// `3 parameters (1 of them categories, 2 conditional)`.
fn described(space: &Space) -> String {
    let unordered = |geometry| matches!(geometry, Geometry::Unordered { .. });
    let categories = space.params.iter().filter(|param| unordered(param.domain.geometry())).count();
    let conditional = (0..space.params.len()).filter(|index| space.describe_when(*index).is_some()).count();
    let parts = [(categories, "with categories"), (conditional, "conditional")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let parts = parts.collect::<Vec<_>>().join(", ");
    let all = counted(space.params.len() as u64, "parameter");
    if parts.is_empty() { all } else { format!("{all} ({parts})") }
}

fn counted(count: u64, what: &str) -> String {
    match (count, what.split_once(' ')) {
        (1, _) => format!("1 {what}"),
        (_, Some((first, rest))) => format!("{count} {first}s {rest}"),
        (_, None) => format!("{count} {what}s"),
    }
}

/// The number of configurations of a finite space with parameters.
pub fn finite_count(space: &Space) -> Option<u64> {
    space.cardinality().filter(|_| !space.params.is_empty())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::space::tests::space;

    pub fn continuous() -> Space {
        space(&[("lr", "uniform", json!([0, 1])), ("opt", "choice", json!(["sgd", "adam"]))])
    }

    pub fn facts(space: &Space, trials: u64) -> StudyFacts<'_> {
        let (trials, slots) = (Some(trials), Some(1));
        StudyFacts { space, trials, jobs: trials, slots, is_ranked: true, has_early_results: false }
    }

    fn line(facts: StudyFacts<'_>) -> String {
        let choice = SamplerChoice::new(&facts);
        format!("{:?}: {}", choice.sampler, choice.reason)
    }

    #[test]
    fn each_rule_has_its_reason() {
        let (small, large) = (space(&[("a", "range", json!([0, 12, 1]))]), continuous());
        let lines = [
            line(facts(&small, 12)),
            line(facts(&small, 11)),
            line(StudyFacts { is_ranked: false, ..facts(&large, 20) }),
            line(StudyFacts { slots: Some(20), ..facts(&large, 20) }),
            line(StudyFacts { slots: Some(20), has_early_results: true, ..facts(&large, 20) }),
            line(facts(&large, 20)),
            line(facts(&large, 4)),
            line(facts(&large, 3_001)),
            line(StudyFacts { slots: Some(64), ..facts(&large, 3_000) }),
            line(StudyFacts { trials: None, jobs: None, ..facts(&large, 0) }),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        EachOnce: 12 combinations fit into 12 trials, so each runs once
        Gp: it learns 1 parameter from the fewest jobs (11 jobs); the first 5 trials are random draws
        Random: there is no metric that a model could learn
        Random: all 20 trials start at once, before there is a result
        Gp: it learns 2 parameters (1 with categories) from the fewest jobs (20 jobs)
        Gp: it learns 2 parameters (1 with categories) from the fewest jobs (20 jobs); the first 5 trials are random draws
        Gp: it learns 2 parameters (1 with categories) from the fewest jobs (4 jobs); the first 2 trials are random draws
        Tpe: 3001 jobs are more than the 3000 up to which `gp` is fast enough with 1 job at once
        Tpe: 3000 jobs are more than the 1875 up to which `gp` is fast enough with 64 jobs at once
        Gp: it learns 2 parameters (1 with categories) from the fewest jobs (a limit ends the study); the first 5 trials are random draws
        ");
    }
}

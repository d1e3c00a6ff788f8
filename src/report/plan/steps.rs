//! What a schedule that a model leads will do, step by step.

use crate::engine::experiment::Experiment;
use crate::report::text;
use crate::schedule::{BracketPlan, Plan};
use crate::types::allocation::PromotedStart;
use crate::types::printable::printable;

/// The steps of `plan`, one sentence each; none if no model leads the schedule of `experiment`.
pub fn steps(experiment: &Experiment, plan: &Plan) -> Vec<String> {
    let (schedule, Some((first, later))) = (&experiment.method.schedule, plan.brackets.split_first()) else {
        return Vec::new();
    };
    if !schedule.is_led_by_model() {
        return Vec::new();
    }
    let unit = experiment.resource.as_ref().map_or_else(String::new, |spec| printable(&spec.name).into_owned());
    let mut steps = vec![first_bracket(experiment, first, &unit)];
    if !later.is_empty() {
        let sampler = &experiment.method.sampler;
        let name = sampler.name();
        steps.push(if sampler.advises() {
            format!(
                "then the model of the sampler {name} uses each free slot for a new trial at any rung or a higher rung of a paused one, \
                 whichever has the larger expected improvement for its cost"
            )
        } else {
            format!("then single trials that the sampler {name} draws, each promoted if it is among the best of its rung")
        });
    }
    if first.rungs.len() > 1 {
        steps.push(match experiment.promoted {
            PromotedStart::FromScratch => {
                "a promoted trial starts over and costs its whole new amount; `resume: true` is for scripts that continue a checkpoint"
                    .to_owned()
            }
            PromotedStart::FromCheckpoint => {
                "a promoted trial continues its checkpoint and costs only what its new amount adds".to_owned()
            }
        });
    }
    steps
}

/// `first 9 trials with 1 epochs, the best 3 with 3, the best 1 with 9: as much as 3 full trainings`.
fn first_bracket(experiment: &Experiment, bracket: &BracketPlan, unit: &str) -> String {
    let rungs = bracket.rungs.iter().enumerate().map(|(index, rung)| {
        let (configs, amount) = (text::count(rung.configs), rung.resource.amount());
        match index {
            0 => format!("{} with {}", text::counted(rung.configs, "trial"), text::amount_of(amount, unit)),
            _ => format!("the best {configs} with {}", text::amount(amount)),
        }
    });
    let rungs = rungs.collect::<Vec<_>>().join(", ");
    let alone = Plan { brackets: vec![bracket.clone()], rounds: 1, open_ended: false };
    let full = experiment.totals(&alone).resource / experiment.max_resource().amount();
    format!("first {rungs}: as much as {} full trainings", text::short(full))
}

//! `auto`: one bracket of successive halving to get to know the space, then whatever the sampler expects most of: a new
//! configuration, trained to a low rung, or one rung more for a configuration that waits.
//!
//! The bracket shows the space to a model for the price of a few full trainings. From then on every slot that comes free is a
//! question to the model (the freeze-thaw idea of Swersky, Snoek and Adams 2014, with the rungs of successive halving as the only
//! places to thaw). A sampler without an opinion leaves it to the scores: who is in the best 1/η of its rung goes on.

mod live;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::method::{Field, Method, MethodKind, Need};
use crate::search::gp::Gp;
use crate::words::args::{Args, Fault};
use crate::words::objective::Direction;
use crate::words::units::Resource;

use self::live::Live;
use super::ladder::{Ladder, shrink};
use super::{BracketPlan, ENDLESS, Plan, RungPlan, Schedule, Scheduler};

/// `kind: auto`.
pub static KIND: MethodKind = MethodKind {
    names: &["auto"],
    fields: &[
        Field::required("maxIterations"),
        Field::optional("minIterations"),
        Field::optional("eta"),
        Field::optional("numRuns"),
    ],
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
    advice: |_| Vec::new(),
};

/// Most configurations of the first bracket: with η = 3 it has four rungs and costs as much as four full trainings.
const MOST: u64 = 27;

/// A first bracket, then single trials, `runs` in all.
#[derive(Clone, PartialEq, Debug)]
pub struct Auto {
    /// Rungs of the first bracket.
    first: Arc<[RungPlan]>,
    eta: f64,
    runs: u64,
}

impl Auto {
    /// `runs` trials on the upper rungs of `ladder`; [`ENDLESS`] for as many as the sampler and the study's limits allow.
    pub fn new(ladder: &Ladder, runs: u64) -> Auto {
        let promotions = (0..=ladder.s_max() + 1).rev().find(|s| ladder.grown(1.0, *s, 1) <= MOST).unwrap_or(0);
        let mut resources: Vec<Resource> =
            ladder.down_from_full(promotions.min(ladder.s_max())).into_iter().map(|(_, resource)| resource).collect();
        // what is left of a factor η down to the least resource is worth a rung of its own if it is half of one
        let least = ladder.least();
        if promotions > ladder.s_max() && resources[0].amount() > least.amount() * ladder.eta().sqrt() {
            resources.insert(0, least);
        }
        let last = resources.len() as u32 - 1;
        let configs = |i: usize| ladder.grown(1.0, last - i as u32, 1).max(1);
        let first = resources.into_iter().enumerate().map(|(i, resource)| RungPlan { configs: configs(i), resource });
        let first: Vec<RungPlan> = first.collect();
        let started = first[0].configs.min(runs);
        Auto { first: shrink(&first, started).into(), eta: ladder.eta(), runs }
    }

    /// Configurations of the first bracket.
    pub fn initial(&self) -> u64 {
        self.first[0].configs
    }

    fn bracket(&self) -> u32 {
        self.first.len() as u32 - 1
    }

    /// Where on the ladder single trials start: two rungs below the last, where a model that knows the space can tell the
    /// good ones for a tenth of the price.
    fn start(&self) -> usize {
        self.first.len().saturating_sub(3)
    }
}

impl Schedule for Auto {
    /// The first bracket as it will be, and the others' rungs with as many configurations as there may be at most.
    fn plan(&self, supply: Option<u64>) -> Plan {
        let runs = self.runs.min(supply.unwrap_or(ENDLESS));
        let others = if runs == ENDLESS { ENDLESS } else { runs.saturating_sub(self.initial()) };
        let first = BracketPlan { bracket: self.bracket(), rungs: shrink(&self.first, runs.min(self.initial())) };
        let rungs = &self.first[self.start()..];
        let single = BracketPlan {
            bracket: rungs.len() as u32 - 1,
            rungs: rungs.iter().map(|rung| RungPlan { configs: others, resource: rung.resource }).collect(),
        };
        let brackets = if others == 0 { vec![first] } else { vec![first, single] };
        Plan { brackets, rounds: 1, open_ended: true }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        // Without a direction there are no scores to rank.
        let direction = direction.unwrap_or(Direction::Minimize);
        Box::new(Live::new(self, direction))
    }

    fn full(&self) -> Option<Resource> {
        self.first.last().map(|rung| rung.resource)
    }

    fn eta(&self) -> Option<f64> {
        Some(self.eta)
    }
}

fn build(args: &Args) -> Result<Method, Vec<Fault>> {
    let mut reader = args.reader();
    let ladder = Ladder::read(&mut reader);
    let runs = reader.positive_or_absent("numRuns").unwrap_or(ENDLESS);
    let schedule = ladder.map(|ladder| Auto::new(&ladder, runs));
    if let Some(Err(message)) = schedule.as_ref().map(|schedule| schedule.plan(None).check_size()) {
        reader.fault("numRuns", message);
    }
    reader.finish(|| {
        let schedule = schedule?;
        let sampler = Gp { initial: schedule.initial(), ..Gp::default() };
        Some(Method { kind: "auto", schedule: Arc::new(schedule), sampler: Arc::new(sampler) })
    })
}

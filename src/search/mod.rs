//! Who proposes a configuration: random draws, a grid, listed values, models, an outside tuner.

pub mod anneal;
pub mod bayes;
pub mod encoding;
pub mod gp;
pub mod grid;
pub mod hyperopt;
pub mod mapping;
pub mod outside;
pub mod prior;
pub mod random;
#[cfg(test)]
mod tests;
pub mod tpe;

use std::fmt;
use std::sync::Arc;

use self::prior::PriorObservation;
use crate::space::Space;
use crate::words::args::Fault;
use crate::words::assignment::Assignment;
use crate::words::ids::{BracketId, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::outcome::CurvePoint;
use crate::words::units::Resource;

/// A request for one new trial's configuration.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The trial that will run it.
    pub trial: TrialId,
    /// The bracket it starts in.
    pub bracket: BracketId,
    /// The resource of its first job.
    pub resource: Resource,
}

/// What a searcher answers.
#[derive(Clone, PartialEq, Debug)]
pub enum Proposal {
    /// Run this.
    Ready(Assignment),
    /// An outside program must be asked; the answer comes as an event.
    Outside,
    /// There is nothing left to propose.
    Exhausted,
}

/// What became of a job, for a model to learn from.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// Whose job.
    pub trial: TrialId,
    /// What it ran with.
    pub assignment: &'a Assignment,
    /// The resource it reached.
    pub resource: Resource,
    /// Its value; `None` where it failed.
    pub score: Option<Score>,
    /// Its readings on the way, thinned.
    pub curve: &'a [CurvePoint],
}

/// A trial that waits between two rungs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Paused {
    /// Which.
    pub trial: TrialId,
    /// What it has been given.
    pub spent: Resource,
}

/// What a searcher thinks a free slot is best used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advice {
    /// More of this trial.
    Continue(TrialId),
    /// A new trial; where none may start, nothing.
    StartNew,
    /// It cannot tell.
    NoOpinion,
}

/// A live proposer. Its proposals may depend on the seed, the trial and what it was told before, and on nothing else.
pub trait Searcher: Send {
    /// A configuration for a new trial.
    fn propose(&mut self, ask: &Ask) -> Proposal;
    /// The trial starts with `assignment`: the searcher's own proposal, a starting point, or what a journal recorded.
    fn adopt(&mut self, trial: TrialId, assignment: &Assignment);
    /// A job ended.
    fn observe(&mut self, observation: &Observation<'_>);
    /// What is best done next: one of the `paused` trials or, if one may start, the new trial of `ask`.
    fn advise(&mut self, ask: Option<&Ask>, paused: &[Paused]) -> Advice {
        let _ = (ask, paused);
        Advice::NoOpinion
    }
    /// Jobs of earlier studies, told once, before the first proposal. They count like jobs of this study; a model that begins with
    /// draws of its own makes so many fewer.
    fn warm_up(&mut self, prior: &[PriorObservation]) {
        prior.iter().for_each(|earlier| self.observe(&earlier.observation()));
    }
}

/// What every searcher is made from.
#[derive(Clone, Debug)]
pub struct SearchContext {
    /// What may vary.
    pub space: Arc<Space>,
    /// The study's seed; draws come from [`crate::words::stream::stream`].
    pub seed: u64,
    /// Which way is better; `None` in a study without a metric.
    pub direction: Option<Direction>,
    /// R: the resource at which a configuration counts in full. 1 where the schedule knows no resource.
    pub full: Resource,
}

/// A checked choice of searcher: how a matrix names it, and how it is set going.
pub trait Sampler: fmt::Debug + Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &'static str;
    /// A fresh searcher.
    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher>;
    /// Whether its proposals ignore observations, so that a replay must draw the very same ones.
    fn draws_blindly(&self) -> bool;
    /// Whether its proposals come from a program outside ([`Proposal::Outside`]), so that the matrix must name one.
    fn asks_outside(&self) -> bool {
        false
    }
    /// How many trials it has to give, if that is limited.
    fn supply(&self, space: &Space) -> Option<u64> {
        let _ = space;
        None
    }
    /// What it cannot work with in a space; paths start at a parameter's name.
    fn check(&self, space: &Space) -> Vec<Fault> {
        let _ = space;
        Vec::new()
    }
}

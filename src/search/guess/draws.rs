//! Initial configurations at the guesses and near them.

use std::sync::Arc;

use rand::RngExt;

use super::belief::{Belief, FadedBelief};
use crate::search::encoding::Encoding;
use crate::space::Space;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, stream};

/// The share of initial draws that are near the guesses; the others are from the prior of the space, so that the model also learns
/// about the rest if the guesses are wrong.
const NEAR_SHARE: f64 = 0.5;
/// How often a draw near the guesses is repeated that is not feasible or not new.
const REDRAWS: usize = 64;

/// The guesses of a space, and how far they have been used.
#[derive(Debug)]
pub struct GuessDraws {
    encoding: Encoding,
    belief: Belief,
    guesses: Assignment,
    /// The configuration with the guesses, until a trial has them; `None` also if constraints do not allow it.
    untried: Option<Assignment>,
    /// The number of trials that have started.
    trials: u64,
    seed: u64,
}

impl GuessDraws {
    /// The guesses of `space`; `None` if it has none.
    pub fn new(space: &Arc<Space>, seed: u64) -> Option<GuessDraws> {
        let guesses = space.guesses();
        if guesses.is_empty() {
            return None;
        }
        let encoding = Encoding::new(space.clone());
        let belief = Belief::new(&encoding)?;
        let untried = space.sample_preferring(&guesses, &mut stream(seed, TrialId(0), Purpose::Guess));
        Some(GuessDraws { encoding, belief, guesses, untried, trials: 0, seed })
    }

    /// The configuration with all guesses that can be active together; the rest is drawn. `None` once a trial has them.
    pub fn untried(&self) -> Option<&Assignment> {
        self.untried.as_ref()
    }

    /// For a share of the trials a draw near the guesses.
    pub fn draw(&self, trial: TrialId, is_new: impl Fn(&Assignment) -> bool) -> Option<Assignment> {
        let mut stream = stream(self.seed, trial, Purpose::Guess);
        if stream.random::<f64>() >= NEAR_SHARE {
            return None;
        }
        let draws = (0..self.encoding.draw_limit(REDRAWS)).map(|_| self.belief.draw(&self.encoding, &mut stream));
        let mut feasible = draws.filter(|x| self.encoding.is_feasible(x)).map(|x| self.encoding.decode(&x));
        feasible.find(|assignment| is_new(assignment))
    }

    /// A trial with `assignment` starts.
    pub fn register(&mut self, assignment: &Assignment) {
        self.trials += 1;
        let is_guess = |untried: &Assignment| {
            let mut guessed = self.guesses.iter().filter(|(name, _)| untried.get(name).is_some());
            guessed.all(|(name, value)| assignment.get(name) == Some(value))
        };
        if self.untried.as_ref().is_some_and(is_guess) {
            self.untried = None;
        }
    }

    /// The belief as it counts for the next trial.
    pub fn belief(&self) -> FadedBelief<'_> {
        self.belief.after(self.trials)
    }
}

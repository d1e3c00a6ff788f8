//! Random configurations: drawn again until all constraints are fulfilled, up to a limit; then by a random walk from a known configuration.

use rand::RngExt;
use serde_json::Value;

use crate::space::Space;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, Stream, stream};

/// Most draws of a whole configuration. One that fulfils constraints of which one draw in 1,000 does is missed with a probability
/// below 10⁻⁴.
pub const MAX_DRAWS: usize = 10_000;
/// Draws of [`Space::sample_preferring`] in which more values may become active.
const PREFERRED_DRAWS: usize = 256;
/// Steps per parameter of a walk from a known configuration. Each draws one parameter again.
const STEPS_PER_PARAM: usize = 20;

/// The stream from which [`Space::check_point`] draws, the same for every study.
pub(super) fn starting_point_stream() -> Stream {
    stream(0, TrialId(0), Purpose::StartingPoint)
}

impl Space {
    /// Draws a configuration: all parameters one after the other from the same stream, of which those that are not active are
    /// dropped, until the constraints are fulfilled.
    ///
    /// If none of `MAX_DRAWS` fulfils them, the configuration is the end of a random walk from one that does. If none is known,
    /// it is the first draw.
    pub fn sample(&self, stream: &mut Stream) -> Assignment {
        let first = self.draw(stream);
        if self.is_feasible(&first) {
            return first;
        }
        let drawn = (1..MAX_DRAWS).map(|_| self.draw(stream)).find(|drawn| self.is_feasible(drawn));
        drawn.or_else(|| Some(self.walk(self.example()?, stream))).unwrap_or(first)
    }

    /// Draws a configuration with the values in `fixed`, which are in the domains of their parameters; `None` if none of
    /// `MAX_DRAWS` fulfils all conditions and constraints.
    pub fn sample_with(&self, fixed: &Assignment, stream: &mut Stream) -> Option<Assignment> {
        (0..MAX_DRAWS).find_map(|_| self.merged(fixed, &Assignment::default(), self.draw_values(stream)))
    }

    /// The configuration with the values in `fixed`, then those in `preferred`; values that neither has are drawn. If that is no
    /// configuration, as [`Space::sample_with`]; it succeeds if [`Space::check_point`] accepted `fixed`.
    pub fn sample_near(&self, fixed: &Assignment, preferred: &Assignment, stream: &mut Stream) -> Option<Assignment> {
        let near = self.merged(fixed, preferred, self.draw_values(stream));
        let drawn = near.or_else(|| self.sample_with(fixed, stream));
        drawn.or_else(|| self.sample_with(fixed, &mut starting_point_stream()))
    }

    /// A configuration with as many of the values in `preferred`, which are in the domains of their parameters, as can be active
    /// together; the others are drawn. `None` if no draw with them fulfils all constraints.
    pub fn sample_preferring(&self, preferred: &Assignment, stream: &mut Stream) -> Option<Assignment> {
        let count = |found: &Assignment| preferred.iter().filter(|(name, _)| found.get(name).is_some()).count();
        let mut best: Option<Assignment> = None;
        for draw in 0..MAX_DRAWS {
            let merged = self.merged(&Assignment::default(), preferred, self.draw_values(stream));
            best = match (best, merged) {
                (Some(best), Some(merged)) if count(&merged) <= count(&best) => Some(best),
                (best, merged) => merged.or(best),
            };
            if best.as_ref().is_some_and(|best| draw >= PREFERRED_DRAWS || count(best) == preferred.len()) {
                break;
            }
        }
        best
    }

    /// Draws a configuration without regard to constraints.
    pub(super) fn draw(&self, stream: &mut Stream) -> Assignment {
        if self.conditions.is_empty() {
            return self.params.iter().map(|p| (p.name.clone(), p.domain.sample(stream))).collect();
        }
        self.active_only(self.draw_values(stream))
    }

    /// A value of every parameter, by index.
    fn draw_values(&self, stream: &mut Stream) -> Vec<Value> {
        self.params.iter().map(|p| p.domain.sample(stream)).collect()
    }

    /// The configuration of the values of all parameters, without those that are not active.
    pub fn active_only(&self, values: Vec<Value>) -> Assignment {
        let active = self.conditions.activity(values.len(), |param| values.get(param));
        let entries = self.params.iter().zip(values).zip(active);
        entries.filter(|(_, active)| *active).map(|((param, value), _)| (param.name.clone(), value)).collect()
    }

    /// `values`, replaced by those in `preferred` and then those in `fixed`; `None` if a value in `fixed` is not active or a
    /// constraint is not fulfilled.
    fn merged(&self, fixed: &Assignment, preferred: &Assignment, mut values: Vec<Value>) -> Option<Assignment> {
        for (param, value) in self.params.iter().zip(&mut values) {
            if let Some(given) = fixed.get(&param.name).or_else(|| preferred.get(&param.name)) {
                *value = given.clone();
            }
        }
        let merged = self.active_only(values);
        let is_kept = fixed.iter().all(|(name, _)| merged.get(name).is_some());
        (is_kept && self.is_feasible(&merged)).then_some(merged)
    }

    /// The end of a random walk over configurations: each step draws one parameter again, and those that become active with it.
    pub(super) fn walk(&self, start: &Assignment, stream: &mut Stream) -> Assignment {
        let mut here = start.clone();
        for _ in 0..STEPS_PER_PARAM * self.params.len() {
            let mut values = self.draw_values(stream);
            let redrawn = stream.random_range(0..self.params.len());
            for (index, (param, value)) in self.params.iter().zip(&mut values).enumerate() {
                if let Some(kept) = here.get(&param.name).filter(|_| index != redrawn) {
                    *value = kept.clone();
                }
            }
            let next = self.active_only(values);
            if self.is_feasible(&next) {
                here = next;
            }
        }
        here
    }
}

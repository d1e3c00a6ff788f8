//! Checks of constraints before a study starts, on configurations drawn without regard to them.

use super::draws::MAX_DRAWS;
use crate::space::Space;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, stream};

/// Something that is probably wrong with a constraint.
#[derive(Clone, PartialEq, Debug)]
pub struct ConstraintFinding {
    /// The index of the constraint.
    pub constraint: usize,
    /// What was found.
    pub kind: FindingKind,
    /// The number of configurations tried.
    pub tried: usize,
}

/// What was found about a constraint.
#[derive(Clone, PartialEq, Debug)]
pub enum FindingKind {
    /// It has no value for a configuration.
    NotEvaluated {
        /// The configuration.
        configuration: Assignment,
        /// The reason.
        message: String,
    },
    /// It is true for no configuration.
    NeverTrue,
    /// It is true for some configurations, but none fulfils all constraints. This one was true least often.
    NeverTrueTogether,
    /// It is true for all configurations.
    AlwaysTrue,
    /// In no configuration are all parameters that it uses active.
    NeverApplies,
}

#[derive(Clone, Default)]
struct Tally {
    applied: usize,
    fulfilled: usize,
    failure: Option<(Assignment, String)>,
}

impl Space {
    /// What is probably wrong with constraints, found by trying configurations: all of them if there are at most `MAX_DRAWS`,
    /// otherwise as many draws, which are the same for every study.
    pub fn check_constraint_draws(&self) -> Vec<ConstraintFinding> {
        if self.constraints.is_empty() {
            return Vec::new();
        }
        let mut tallies = vec![Tally::default(); self.constraints.len()];
        let (mut tried, mut feasible) = (0, 0);
        for configuration in self.configurations_to_check() {
            tried += 1;
            feasible += usize::from(self.tally(&configuration, &mut tallies));
        }
        let finding = |(constraint, tally): (usize, Tally)| {
            let kind = tally.finding()?;
            Some(ConstraintFinding { constraint, kind, tried })
        };
        let rarest = (0..tallies.len()).min_by_key(|i| tallies[*i].fulfilled + tried - tallies[*i].applied);
        let mut findings: Vec<_> = tallies.into_iter().enumerate().filter_map(finding).collect();
        let is_warning = |f: &ConstraintFinding| matches!(f.kind, FindingKind::AlwaysTrue | FindingKind::NeverApplies);
        let is_never = |f: &ConstraintFinding| f.kind == FindingKind::NeverTrue;
        if feasible == 0 && findings.iter().all(|f| is_warning(f) || is_never(f)) && self.example().is_some() {
            // rarer than one in all draws
            findings.retain(|finding| !is_never(finding));
        } else if feasible == 0 && findings.iter().all(is_warning) {
            let kind = FindingKind::NeverTrueTogether;
            findings.extend(rarest.map(|constraint| ConstraintFinding { constraint, kind, tried }));
        }
        findings
    }

    /// A configuration that fulfils all constraints, if one of [`Space::check_constraint_draws`] does, or if all can be found.
    pub(super) fn example(&self) -> Option<&Assignment> {
        let drawn = || self.configurations_to_check().find(|configuration| self.is_feasible(configuration));
        let find = || drawn().or_else(|| self.configuration(0));
        self.cache.example.get_or_init(find).as_ref()
    }

    fn configurations_to_check(&self) -> Box<dyn Iterator<Item = Assignment> + '_> {
        match self.unconstrained_count().filter(|count| *count <= MAX_DRAWS as u64) {
            Some(count) => Box::new((0..count).filter_map(|index| self.unconstrained(index))),
            None => {
                let mut stream = stream(0, TrialId(0), Purpose::Parameters);
                Box::new((0..MAX_DRAWS).map(move |_| self.draw(&mut stream)))
            }
        }
    }

    /// Adds one configuration; returns whether it fulfils all constraints.
    fn tally(&self, configuration: &Assignment, tallies: &mut [Tally]) -> bool {
        let mut is_feasible = true;
        for (constraint, tally) in self.constraints.iter().zip(tallies) {
            if !constraint.applies_to(configuration) {
                continue;
            }
            tally.applied += 1;
            match constraint.predicate.evaluate(configuration) {
                Ok(true) => tally.fulfilled += 1,
                Ok(false) => is_feasible = false,
                Err(error) => {
                    is_feasible = false;
                    tally.failure.get_or_insert_with(|| (configuration.clone(), error.message));
                }
            }
        }
        is_feasible
    }
}

impl Tally {
    fn finding(self) -> Option<FindingKind> {
        match self {
            Tally { failure: Some((configuration, message)), .. } => {
                Some(FindingKind::NotEvaluated { configuration, message })
            }
            Tally { applied: 0, .. } => Some(FindingKind::NeverApplies),
            Tally { fulfilled: 0, .. } => Some(FindingKind::NeverTrue),
            Tally { applied, fulfilled, .. } if applied == fulfilled => Some(FindingKind::AlwaysTrue),
            _ => None,
        }
    }
}

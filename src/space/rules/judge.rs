//! Checks whether values are a configuration; nothing else does of a space.

use serde_json::Value;

use crate::space::Space;
use crate::space::rules::conditions::WhenCondition;
use crate::space::rules::draws::{MAX_DRAWS, starting_point_stream};
use crate::types::args::describe;
use crate::types::assignment::Assignment;

/// Why values are not a configuration. Lines are those of the matrix.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SpaceError {
    /// A name that the space does not have.
    #[error("unknown parameter `{0}`")]
    Unknown(String),
    /// A value outside the domain of its parameter.
    #[error("`{param}` cannot be {value}; it takes {domain}")]
    Value {
        /// The parameter.
        param: String,
        /// The value, described.
        value: String,
        /// The values that the parameter takes.
        domain: String,
    },
    /// An active parameter without a value.
    #[error("`{param}` has no value{}", although(*line))]
    Missing {
        /// The parameter.
        param: String,
        /// The line of its `when`, which holds.
        line: Option<usize>,
    },
    /// A value for a parameter that is not active.
    #[error("`{param}` is not active: its `when` on line {line} requires that {condition}")]
    Inactive {
        /// The parameter.
        param: String,
        /// The line of its `when`.
        line: usize,
        /// The condition that does not hold.
        condition: String,
    },
    /// A value for a parameter that depends on one that is not active.
    #[error(
        "`{param}` is not active: it depends on `{through}`, whose `when` on line {line} requires that {condition}"
    )]
    InactiveThrough {
        /// The parameter.
        param: String,
        /// The one it depends on.
        through: String,
        /// The line of the `when` of that.
        line: usize,
        /// The condition that does not hold.
        condition: String,
    },
    /// Values for two parameters that are never active together.
    #[error("`{one}` and `{other}` are never active together: see their `when` on lines {} and {}", lines.0, lines.1)]
    Exclusive {
        /// A parameter.
        one: String,
        /// Another one.
        other: String,
        /// The lines of their `when`.
        lines: (usize, usize),
    },
    /// A constraint is not fulfilled.
    #[error("the constraint `{text}` on line {line} is not fulfilled{}", reason(failure.as_ref()))]
    Constraint {
        /// Its text.
        text: String,
        /// Its line.
        line: usize,
        /// Why it has no value, if it has none.
        failure: Option<String>,
    },
    /// No configuration with some given values was found.
    #[error("none of {draws} draws with these values fulfils all conditions and constraints")]
    Unreachable {
        /// The number of draws.
        draws: usize,
    },
}

fn although(line: Option<usize>) -> String {
    line.map(|line| format!(", although its `when` on line {line} holds")).unwrap_or_default()
}

fn reason(failure: Option<&String>) -> String {
    failure.map(|failure| format!(": {failure}")).unwrap_or_default()
}

/// What to do with a value for a parameter that is not active.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InactiveValue {
    Refuse,
    Drop,
}

impl Space {
    /// The configuration with these values, each as its domain normalizes it, in file order.
    ///
    /// # Errors
    /// A name is unknown, a value is outside its domain, an active parameter has no value, one that is not active has a value
    /// other than null, or a constraint is not fulfilled.
    pub fn complete(&self, values: &Assignment) -> Result<Assignment, SpaceError> {
        self.judge(values, InactiveValue::Refuse)
    }

    /// As [`Space::complete`], without the values of parameters that are not active.
    ///
    /// # Errors
    /// As [`Space::complete`], except that values of parameters that are not active are dropped.
    pub fn complete_active(&self, values: &Assignment) -> Result<Assignment, SpaceError> {
        self.judge(values, InactiveValue::Drop)
    }

    /// Checks a starting point, which may lack some parameters. The values are normalized.
    ///
    /// # Errors
    /// As [`Space::complete`], except that no parameter is required; or no drawn configuration has these values.
    pub fn check_point(&self, point: &Assignment) -> Result<Assignment, SpaceError> {
        let point = self.check_given(point)?;
        if self.sample_with(&point, &mut starting_point_stream()).is_none() {
            return Err(SpaceError::Unreachable { draws: MAX_DRAWS });
        }
        Ok(point)
    }

    /// Checks names and domains, that no given parameter is inactive because of another given value, and constraints on given
    /// values.
    fn check_given(&self, values: &Assignment) -> Result<Assignment, SpaceError> {
        let given = self.normalized(values)?;
        self.check_given_activity(&given)?;
        let kept = self.params.iter().filter_map(|param| {
            let value = given.get(&param.name).filter(|value| param.domain.contains(value))?;
            Some((param.name.clone(), value.clone()))
        });
        let kept: Assignment = kept.collect();
        self.check_constraints(&kept)?;
        Ok(kept)
    }

    /// Checks that all given parameters may be active together, and with the given values.
    fn check_given_activity(&self, given: &Assignment) -> Result<(), SpaceError> {
        let value = |param: usize| given.get(&self.params[param].name);
        let has_value = |param: &usize| value(*param).is_some_and(|value| !value.is_null());
        let given: Vec<usize> = (0..self.params.len()).filter(has_value).collect();
        for (at, param) in given.iter().enumerate() {
            for (owner, condition) in self.conditions.required(*param) {
                if value(condition.parent).is_some_and(|value| !condition.values.contains(value)) {
                    return Err(self.inactive_through(*param, owner, condition));
                }
            }
            if let Some(other) = given[..at].iter().find(|other| self.conditions.are_exclusive(**other, *param)) {
                return Err(SpaceError::Exclusive {
                    one: self.params[*other].name.to_string(),
                    other: self.params[*param].name.to_string(),
                    lines: (self.when_line(*other).unwrap_or(0), self.when_line(*param).unwrap_or(0)),
                });
            }
        }
        Ok(())
    }

    fn when_line(&self, param: usize) -> Option<usize> {
        self.conditions.when(param).map(|when| when.line)
    }

    /// Whether all constraints are fulfilled by `configuration`, which is otherwise known to be valid.
    pub fn is_feasible(&self, configuration: &Assignment) -> bool {
        self.constraints.iter().all(|constraint| constraint.is_fulfilled(configuration) == Ok(true))
    }

    /// The `when` of a parameter as text, for example "`optimizer` is "sgd" or "adam"".
    pub fn describe_when(&self, param: usize) -> Option<String> {
        let when = self.conditions.when(param)?;
        let conditions: Vec<String> = when.conditions.iter().map(|c| self.describe_condition(c)).collect();
        Some(conditions.join(" and "))
    }

    fn judge(&self, values: &Assignment, inactive: InactiveValue) -> Result<Assignment, SpaceError> {
        let given = self.normalized(values)?;
        let value = |param: usize| given.get(&self.params[param].name);
        let active = self.conditions.activity(self.params.len(), value);
        let mut entries = Vec::with_capacity(self.params.len());
        for (index, param) in self.params.iter().enumerate() {
            match value(index) {
                Some(value) if active[index] && param.domain.contains(value) => {
                    entries.push((param.name.clone(), value.clone()));
                }
                // Only null is kept by `normalized` without being in the domain.
                _ if active[index] => {
                    return Err(SpaceError::Missing { param: param.name.to_string(), line: self.when_line(index) });
                }
                Some(given) if inactive == InactiveValue::Refuse && !given.is_null() => {
                    if let Some(condition) = self.conditions.failed(index, &active, value) {
                        return Err(self.inactive(index, condition));
                    }
                }
                _ => {}
            }
        }
        let configuration = entries.into_iter().collect();
        self.check_constraints(&configuration)?;
        Ok(configuration)
    }

    /// The values as their domains normalize them. Null for a parameter with a `when` is kept: it may mean that the parameter is
    /// not active.
    fn normalized(&self, values: &Assignment) -> Result<Assignment, SpaceError> {
        let normalize = |(name, value): (&str, &Value)| {
            let index = self.index(name).ok_or_else(|| SpaceError::Unknown(name.to_owned()))?;
            let param = &self.params[index];
            let unset = || Some(value.clone()).filter(|v| v.is_null() && self.conditions.when(index).is_some());
            let outside = || SpaceError::Value {
                param: name.to_owned(),
                value: describe(value),
                domain: param.domain.describe(),
            };
            let normalized = param.domain.normalize(value).or_else(unset).ok_or_else(outside)?;
            Ok((param.name.clone(), normalized))
        };
        values.iter().map(normalize).collect()
    }

    fn check_constraints(&self, values: &Assignment) -> Result<(), SpaceError> {
        for constraint in &self.constraints {
            let failure = match constraint.is_fulfilled(values) {
                Ok(true) => continue,
                Ok(false) => None,
                Err(error) => Some(error.message),
            };
            return Err(SpaceError::Constraint { text: constraint.text.clone(), line: constraint.line, failure });
        }
        Ok(())
    }

    fn inactive(&self, param: usize, condition: &WhenCondition) -> SpaceError {
        SpaceError::Inactive {
            param: self.params[param].name.to_string(),
            line: self.when_line(param).unwrap_or(0),
            condition: self.describe_condition(condition),
        }
    }

    /// `param` is not active, because `condition` of `owner` does not hold, which is `param` or one it depends on.
    fn inactive_through(&self, param: usize, owner: usize, condition: &WhenCondition) -> SpaceError {
        if owner == param {
            return self.inactive(param, condition);
        }
        SpaceError::InactiveThrough {
            param: self.params[param].name.to_string(),
            through: self.params[owner].name.to_string(),
            line: self.when_line(owner).unwrap_or(0),
            condition: self.describe_condition(condition),
        }
    }

    fn describe_condition(&self, condition: &WhenCondition) -> String {
        let values: Vec<String> = condition.values.iter().map(ToString::to_string).collect();
        format!("`{}` is {}", self.params[condition.parent].name, values.join(" or "))
    }
}

//! Reads the `when` of parameters.

use std::collections::HashMap;

use serde_json::Value;

use super::params::{DeclaredParam, DomainOrigin};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::yaml::fields::named;
use crate::matrix::yaml::node::{Entry, Node};
use crate::space::rules::conditions::{ConditionCycleError, Conditions, When, WhenCondition};

/// Reads the `when` of each of `params`; none if they depend on each other.
pub fn read(params: &[DeclaredParam], findings: &mut Findings) -> Conditions {
    if params.iter().all(|declared| declared.when.is_none()) {
        return Conditions::default();
    }
    let by_name: HashMap<&str, usize> = params.iter().enumerate().map(|(i, p)| (&*p.param.name, i)).collect();
    let reader = WhenReader { params, by_name };
    let whens = params.iter().map(|declared| Some(reader.read(declared.when.as_ref()?, findings)));
    Conditions::new(whens.map(Option::flatten).collect()).unwrap_or_else(|error| {
        reader.report_cycle(&error, findings);
        Conditions::default()
    })
}

struct WhenReader<'p> {
    params: &'p [DeclaredParam],
    by_name: HashMap<&'p str, usize>,
}

impl WhenReader<'_> {
    /// `None` if it is invalid.
    fn read(&self, entry: &Entry, findings: &mut Findings) -> Option<When> {
        let line = findings.line(entry.key_span.start);
        let entries = named(&entry.value, "`when`", entry.key_span.clone(), findings);
        if entries.is_empty() && entry.value.map().is_some() {
            let hint = "write `when: {optimizer: sgd}` or `when: {optimizer: [sgd, adam]}`".to_owned();
            findings.error_with(
                entry.key_span.clone(),
                "`when` is empty; at least one parameter is required",
                Some(hint),
            );
        }
        let conditions: Vec<WhenCondition> = entries.into_iter().filter_map(|e| self.condition(e, findings)).collect();
        (!conditions.is_empty()).then_some(When { conditions, line })
    }

    fn condition(&self, entry: &Entry, findings: &mut Findings) -> Option<WhenCondition> {
        let Some(parent) = self.by_name.get(entry.key.as_str()).copied() else {
            let hint = suggestion(&entry.key, self.params.iter().map(|declared| &*declared.param.name));
            let message = format!("`when` names the unknown parameter {}", quoted(&entry.key));
            findings.error_with(entry.key_span.clone(), message, hint);
            return None;
        };
        let whole = self.normalize(parent, &entry.value);
        let values = match (&whole, entry.value.list()) {
            (None, Some([])) => {
                let message = format!("`when` lists no value of {}", quoted(&entry.key));
                findings.error(entry.value.span.clone(), message);
                return None;
            }
            (None, Some(items)) => items.iter().filter_map(|item| self.value(parent, item, findings)).collect(),
            _ => self.value(parent, &entry.value, findings).into_iter().collect(),
        };
        Some(WhenCondition { parent, values })
    }

    /// The value at `node`; records an error if the parameter cannot have it.
    fn value(&self, parent: usize, node: &Node, findings: &mut Findings) -> Option<Value> {
        let value = self.normalize(parent, node);
        if value.is_none() {
            let param = &self.params[parent].param;
            let message = format!("{} is never {}", quoted(&param.name), node.describe());
            let hint = format!("it takes {}", param.domain.describe());
            findings.error_with(node.span.clone(), message, Some(hint));
        }
        value
    }

    fn normalize(&self, parent: usize, node: &Node) -> Option<Value> {
        let value = node.to_json(&mut Vec::new());
        match self.params[parent].origin {
            DomainOrigin::Placeholder => Some(value),
            DomainOrigin::File => self.params[parent].param.domain.normalize(&value),
        }
    }

    fn report_cycle(&self, error: &ConditionCycleError, findings: &mut Findings) {
        let names: Vec<String> = error.cycle.iter().map(|param| quoted(&self.params[*param].param.name)).collect();
        let Some(when) = error.cycle.first().and_then(|first| self.params[*first].when.as_ref()) else { return };
        let message = match names.as_slice() {
            [name] => format!("{name} depends on itself"),
            [first, others @ ..] => format!("{first} depends on itself through {}", others.join(", ")),
            [] => error.to_string(),
        };
        findings.error_with(when.key_span.clone(), message, Some("remove one of these `when`".to_owned()));
    }
}

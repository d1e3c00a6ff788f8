//! Reads the `when` of parameters.

use std::collections::HashMap;

use serde_json::Value;

use super::params::{DeclaredParam, DomainOrigin};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::sections::param_tree::SEPARATOR;
use crate::matrix::yaml::fields::named;
use crate::matrix::yaml::node::{Entry, Node};
use crate::space::Param;
use crate::space::rules::conditions::{ConditionCycleError, Conditions, When, WhenCondition};
use crate::types::units::ResourceSpec;

/// How a `when` is written.
const EXAMPLE: &str = "write `when: {optimizer: sgd}` or `when: {optimizer: [sgd, adam]}`";

/// Reads the `when` of each of `params`, which cannot use the resource; none if they depend on each other.
pub fn read(params: &[DeclaredParam], resource: Option<&ResourceSpec>, findings: &mut Findings) -> Conditions {
    if params.iter().all(|declared| declared.whens.is_empty()) {
        return Conditions::default();
    }
    let by_name: HashMap<&str, usize> = params.iter().enumerate().map(|(i, p)| (&*p.param.name, i)).collect();
    let reader = WhenReader { params, by_name, resource };
    let errors_before = findings.error_count();
    let whens = params.iter().map(|declared| reader.read(declared, findings));
    match Conditions::new(whens.collect()) {
        Ok(conditions) => {
            if findings.error_count() == errors_before {
                reader.warn_never_active(&conditions, findings);
            }
            conditions
        }
        Err(error) => {
            reader.report_cycle(&error, findings);
            Conditions::default()
        }
    }
}

struct WhenReader<'p> {
    params: &'p [DeclaredParam],
    by_name: HashMap<&'p str, usize>,
    resource: Option<&'p ResourceSpec>,
}

impl WhenReader<'_> {
    /// The conditions of all `whens` of a parameter; `None` if there are none, or none that is valid.
    fn read(&self, declared: &DeclaredParam, findings: &mut Findings) -> Option<When> {
        let DeclaredParam { param, whens, .. } = declared;
        let line = findings.line(whens.last()?.key_span.start);
        let read = |when| self.read_one(&param.name, when, findings);
        let conditions: Vec<WhenCondition> = whens.iter().flat_map(read).collect();
        (!conditions.is_empty()).then_some(When { conditions, line })
    }

    /// Reads a `when` of the parameter `own`.
    fn read_one(&self, own: &str, entry: &Entry, findings: &mut Findings) -> Vec<WhenCondition> {
        if entry.value.map().is_none() {
            let message = format!("`when` must be a mapping of names, found {}", entry.value.describe());
            findings.error_with(entry.key_span.clone(), message, Some(EXAMPLE.to_owned()));
            return Vec::new();
        }
        let entries = named(&entry.value, "`when`", entry.key_span.clone(), findings);
        if entries.is_empty() {
            let message = "`when` is empty; at least one parameter is required";
            findings.error_with(entry.key_span.clone(), message, Some(EXAMPLE.to_owned()));
        }
        entries.into_iter().filter_map(|e| self.condition(own, e, findings)).collect()
    }

    /// What to do about the name of `entry` in a `when` of the parameter `own`, which no parameter has.
    fn unknown_name(&self, own: &str, entry: &Entry) -> Option<String> {
        let names = || self.params.iter().map(|declared| &*declared.param.name).filter(|name| *name != own);
        if self.resource.is_some_and(|resource| resource.name == entry.key) {
            return Some("it is the resource; a configuration is chosen before its resource".to_owned());
        }
        let inner = entry.value.map().and_then(|inner| inner.first()).map(|inner| &inner.key);
        if let Some(full) = inner
            .map(|inner| format!("{}{SEPARATOR}{inner}", entry.key))
            .filter(|full| names().any(|name| name == full))
        {
            return Some(format!("a nested parameter has a name with dots: write `{full}: …`"));
        }
        let below = format!("{SEPARATOR}{}", entry.key);
        let mut nested = names().filter(|name| name.ends_with(&below));
        match (nested.next(), nested.next()) {
            (Some(full), None) => Some(format!("a nested parameter has a name with dots: write `{full}`")),
            _ if names().next().is_none() => {
                Some(format!("there is no parameter besides {}; add this one", quoted(own)))
            }
            _ => suggestion(&entry.key, names()),
        }
    }

    /// Warns about parameters that no configuration has.
    fn warn_never_active(&self, conditions: &Conditions, findings: &mut Findings) {
        for (index, declared) in self.params.iter().enumerate() {
            if conditions.are_exclusive(index, index) {
                let span = declared.whens.last().map_or(&declared.span, |when| &when.key_span);
                let message =
                    format!("{} is never active: its conditions contradict each other", quoted(&declared.param.name));
                let hint = "a `when` holds only where the parameters that it names are active".to_owned();
                findings.warn(span.clone(), message, Some(hint));
            }
        }
    }

    fn condition(&self, own: &str, entry: &Entry, findings: &mut Findings) -> Option<WhenCondition> {
        let Some(parent) = self.by_name.get(entry.key.as_str()).copied() else {
            let message = format!("`when` names the unknown parameter {}", quoted(&entry.key));
            findings.error_with(entry.key_span.clone(), message, self.unknown_name(own, entry));
            return None;
        };
        let whole = self.normalize(parent, &entry.value);
        let values = match (&whole, entry.value.list()) {
            (None, Some([])) => {
                let message = format!("`when` lists no value of {}", quoted(&entry.key));
                let hint = format!("it takes {}", self.params[parent].param.domain.describe());
                findings.error_with(entry.value.span.clone(), message, Some(hint));
                return None;
            }
            (None, Some(items)) => items.iter().filter_map(|item| self.value(parent, item, findings)).collect(),
            _ => self.value(parent, &entry.value, findings).into_iter().collect(),
        };
        let Param { name, domain, .. } = &self.params[parent].param;
        if domain.cardinality().is_none() && self.params[parent].origin == DomainOrigin::File {
            let message = format!("a draw of {} is practically never equal to a value", quoted(name));
            let hint = format!("it takes {}; a condition needs a parameter with few values", domain.describe());
            findings.warn(entry.key_span.clone(), message, Some(hint));
        }
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
        let Some(when) = error.cycle.first().and_then(|first| self.params[*first].whens.last()) else { return };
        let message = match names.as_slice() {
            [name] => format!("{name} depends on itself"),
            [first, others @ ..] => format!("{first} depends on itself through {}", others.join(", ")),
            [] => error.to_string(),
        };
        findings.error_with(when.key_span.clone(), message, Some("remove one of these `when`".to_owned()));
    }
}

//! Where names get their values: fixed parameters, inputs, and whether all of them fit together.

use super::overrides::{Overrides, ValueOverride};
use crate::command::input::{Arity, Input, InputType, Passing, Presence};
use crate::command::template::Renderer;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::polyaxon::component::{CommandFrom, Component};
use crate::matrix::polyaxon::inputs::{self, DeclaredInput};
use crate::matrix::polyaxon::operation::Operation;
use crate::matrix::sections::matrix::MatrixSection;
use crate::matrix::sections::params::{DeclaredParam, DomainOrigin, fixed_domain};
use crate::types::args::describe;
use crate::types::units::Resource;

/// Gives the operation's `params` to the inputs they name.
pub fn operation_params(
    operation: &Operation<'_>,
    section: &MatrixSection,
    component: &mut Component,
    findings: &mut Findings,
) {
    let declares_any = !component.inputs.is_empty();
    for (name, span, value) in &operation.params {
        if section.params.iter().any(|declared| *declared.param.name == **name) {
            findings.error(
                span.clone(),
                format!("{} is a parameter of the matrix, it cannot be given a value here", quoted(name)),
            );
            continue;
        }
        match component.inputs.iter_mut().find(|declared| declared.input.name == *name) {
            Some(declared) => {
                if !declared.input.takes(value) {
                    findings.error(span.clone(), inputs::mismatch(&declared.input, &describe(value)));
                }
                declared.input.value = Some(value.clone());
            }
            None if declares_any => {
                let hint = suggestion(name, component.inputs.iter().map(|declared| declared.input.name.as_str()));
                findings.error_with(span.clone(), format!("the component has no input {}", quoted(name)), hint);
            }
            None => component.undeclared.push(undeclared(name, value.clone())),
        }
    }
}

/// An input for a value that no component declares; its name can be used in templates all the same.
fn undeclared(name: &str, value: serde_json::Value) -> Input {
    let (kind, arity, passing, presence) = (InputType::Any, Arity::One, Passing::Value, Presence::Optional);
    Input { name: name.to_owned(), kind, arity, passing, presence, value: Some(value) }
}

/// Applies every `-P`: a parameter is left one value, an input is given it.
pub fn assignments(
    overrides: &Overrides,
    section: &mut MatrixSection,
    component: &mut Component,
    findings: &mut Findings,
) {
    let later = |at: usize, name: &str| overrides.values[at + 1..].iter().any(|other| other.name == name);
    let counts = |(at, assigned): &(usize, &ValueOverride)| !later(*at, &assigned.name);
    for (_, assigned) in overrides.values.iter().enumerate().filter(counts) {
        if let Some(declared) = section.params.iter_mut().find(|declared| *declared.param.name == *assigned.name) {
            fix(declared, assigned, findings);
            let input = component.inputs.iter().find(|d| d.input.name == assigned.name);
            let input = input.filter(|_| overrides.command.is_none());
            if let Some(mismatch) = input.and_then(|d| mismatch(&d.input, assigned)) {
                findings.push(mismatch);
                // it was told here, where it was written
                declared.origin = DomainOrigin::Placeholder;
            }
            let points = section.initial.iter_mut().filter(|point| point.get(&assigned.name).is_some());
            points.for_each(|point| point.set(declared.param.name.clone(), assigned.value()));
        } else if let Some(declared) = component.inputs.iter_mut().find(|d| d.input.name == assigned.name) {
            give(&mut declared.input, assigned, findings);
        } else {
            unknown(assigned, section, component, findings);
        }
    }
}

fn fix(declared: &mut DeclaredParam, assigned: &ValueOverride, findings: &mut Findings) {
    let value = assigned.value();
    let domain = &declared.param.domain;
    if declared.origin == DomainOrigin::File && !domain.contains(&value) {
        let message = format!("{} is not among the values of {}", quoted(&assigned.text), quoted(&assigned.name));
        let hint = format!("the matrix has {}", domain.describe());
        findings.push(assigned.about_value(Severity::Warning, message, Some(hint)));
    }
    if let Some(domain) = fixed_domain(value) {
        declared.param.domain = domain;
        declared.param.kind = "fixed";
    }
}

fn give(input: &mut Input, assigned: &ValueOverride, findings: &mut Findings) {
    let value = assigned.value();
    // What YAML takes for a number may be meant as text.
    let value =
        if input.kind == InputType::Text && input.arity == Arity::One { assigned.text.clone().into() } else { value };
    if let Some(mismatch) = mismatch(input, assigned) {
        findings.push(mismatch);
    }
    input.value = Some(value);
}

/// What is wrong with a value that `input` cannot take.
fn mismatch(input: &Input, assigned: &ValueOverride) -> Option<Diagnostic> {
    let text = input.kind == InputType::Text && input.arity == Arity::One;
    let fits = text || input.takes(&assigned.value());
    let message = || inputs::mismatch(input, &quoted(&assigned.text));
    (!fits).then(|| assigned.about_value(Severity::Error, message(), None))
}

fn unknown(assigned: &ValueOverride, section: &MatrixSection, component: &Component, findings: &mut Findings) {
    let name = &assigned.name;
    let (message, hint) = if section.resource.as_ref().is_some_and(|spec| spec.name == *name) {
        (format!("{} is the resource, the schedule sets it", quoted(name)), None)
    } else {
        let params = section.params.iter().map(|declared| &*declared.param.name);
        let inputs = component.inputs.iter().map(|declared| declared.input.name.as_str());
        let hint = suggestion(name, params.chain(inputs));
        (format!("unknown parameter or input {}", quoted(name)), hint)
    };
    findings.push(assigned.about_name(Severity::Error, message, hint));
}

/// Checks that every value an input will get is one its type can take.
pub fn types(section: &MatrixSection, component: &Component, findings: &mut Findings) {
    for DeclaredInput { input, .. } in &component.inputs {
        let param = section.params.iter().find(|declared| *declared.param.name == *input.name);
        if let Some(declared) = param.filter(|declared| declared.origin == DomainOrigin::File)
            && let Some(value) = inputs::misfit(input, &*declared.param.domain)
        {
            let found = format!("{} of `{}`", describe(&value), declared.param.kind);
            findings.error(declared.span.clone(), inputs::mismatch(input, &found));
        }
        let spec = section.resource.as_ref().filter(|spec| spec.name == input.name);
        let half = spec.zip(Resource::new(1.5)).map(|(spec, amount)| spec.value(amount));
        if let Some(value) = half.filter(|value| !input.takes(value)) {
            let found = format!("{} of the resource", describe(&value));
            findings.error(section.kind_span.clone(), inputs::mismatch(input, &found));
        }
    }
}

/// Parameters without an input, and required inputs without a value: wrong where the command needs them, else worth a warning
/// if it is the component's own command.
pub fn coverage(
    section: &MatrixSection,
    component: &Component,
    renderer: &Renderer,
    from: CommandFrom,
    findings: &mut Findings,
) {
    let warns = from == CommandFrom::File && !component.inputs.is_empty();
    for declared in section.params.iter().filter(|_| warns) {
        let name = &*declared.param.name;
        if !component.inputs.iter().any(|other| other.input.name == name) {
            findings.warn(declared.span.clone(), format!("the component declares no input {}", quoted(name)), None);
        }
    }
    findings.in_source(&component.source, |findings| {
        for DeclaredInput { input, span } in
            component.inputs.iter().filter(|declared| !is_given(&declared.input, section))
        {
            let name = quoted(&input.name);
            if renderer.uses(&input.name) {
                let hint = format!("give it with -P {}=…, a `value` here, or `isOptional: true`", input.name);
                findings.error_with(span.clone(), format!("the input {name} is used and has no value"), Some(hint));
            } else {
                findings.warn(
                    span.clone(),
                    format!("the input {name} is required, has no value and is not used"),
                    None,
                );
            }
        }
    });
}

/// Whether an input has a value in every job, or may be without one.
fn is_given(input: &Input, section: &MatrixSection) -> bool {
    let drawn = section
        .params
        .iter()
        .map(|declared| &*declared.param.name)
        .chain(section.listed.iter().map(|(name, _)| &**name));
    let mut names = drawn.chain(section.resource.iter().map(|spec| spec.name.as_str()));
    input.value.is_some() || input.presence == Presence::Optional || names.any(|name| name == input.name)
}

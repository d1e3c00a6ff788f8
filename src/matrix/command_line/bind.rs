//! Binds values to parameters and inputs, and checks that they match.

use super::overrides::{Overrides, ValueOverride};
use crate::command::input::{ArgForm, Input, InputType, Multiplicity, Presence};
use crate::command::template::Renderer;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion, typo_of};
use crate::matrix::foreign::search_text;
use crate::matrix::polyaxon::command_from::CommandFrom;
use crate::matrix::polyaxon::component::Component;
use crate::matrix::polyaxon::inputs::{self, DeclaredInput};
use crate::matrix::polyaxon::operation::{GivenParam, Operation, ParamScope};
use crate::matrix::sections::matrix::MatrixSection;
use crate::matrix::sections::params::{DeclaredParam, DomainOrigin, fixed_domain};
use crate::space::Geometry;
use crate::types::args::describe;
use crate::types::units::Resource;

/// Binds the operation's `params` to inputs.
pub fn bind_operation_params(
    operation: &Operation<'_>,
    section: &MatrixSection,
    component: &mut Component,
    findings: &mut Findings,
) {
    let declares_any = !component.inputs.is_empty();
    for given in &operation.params {
        let (name, span, value) = (given.name, &given.span, &given.value);
        if section.params.iter().any(|declared| *declared.param.name == *name) {
            findings.error(
                span.clone(),
                format!("{} is a parameter of the matrix and cannot be given a value here", quoted(name)),
            );
            continue;
        }
        match component.inputs.iter_mut().find(|declared| declared.input.name == name) {
            Some(declared) => {
                if declared.input.convert(value).is_none() {
                    findings.error(span.clone(), declared.input.mismatch(&describe(value)));
                }
                declared.input.value = Some(value.clone());
                if given.variable.is_some() {
                    declared.input.variable.clone_from(&given.variable);
                }
            }
            None => {
                if declares_any && given.scope == ParamScope::Input {
                    report_undeclared(given, component, findings);
                }
                component.undeclared.push(undeclared_input(given));
            }
        }
    }
}

/// A value without an input is an error if its name looks like a typo of an input, otherwise a warning: templates may use it.
fn report_undeclared(given: &GivenParam<'_>, component: &Component, findings: &mut Findings) {
    let message = format!("the component has no input {}", quoted(given.name));
    let inputs = component.inputs.iter().map(|declared| declared.input.name.as_str());
    // any two names of one or two letters are similar
    match typo_of(given.name, inputs.filter(|name| name.len() > 2)) {
        Some(meant) => {
            findings.error_with(given.span.clone(), message, Some(format!("did you mean {}?", quoted(meant))))
        }
        None => {
            let hint = "declare it under `inputs`, or add `contextOnly: true`".to_owned();
            findings.warn(given.span.clone(), message, Some(hint));
        }
    }
}

/// An input for a value that the component does not declare, so that templates can use its name.
fn undeclared_input(given: &GivenParam<'_>) -> Input {
    let (kind, multiplicity, arg_form, presence) =
        (InputType::Any, Multiplicity::One, ArgForm::Value, Presence::Optional);
    let (name, variable, value) = (given.name.to_owned(), given.variable.clone(), Some(given.value.clone()));
    Input { name, kind, multiplicity, arg_form, presence, arg_format: None, variable, value }
}

/// Binds the values of `-P` to parameters and inputs.
pub fn bind_overrides(
    overrides: &Overrides,
    section: &mut MatrixSection,
    component: &mut Component,
    findings: &mut Findings,
) {
    let is_repeated = |at: usize, name: &str| overrides.values[at + 1..].iter().any(|other| other.name == name);
    let is_last = |(at, assigned): &(usize, &ValueOverride)| !is_repeated(*at, &assigned.name);
    for (_, assigned) in overrides.values.iter().enumerate().filter(is_last) {
        if let Some(declared) = section.params.iter_mut().find(|declared| *declared.param.name == *assigned.name) {
            fix_param(declared, assigned, findings);
            let input = component.inputs.iter().find(|d| d.input.name == assigned.name);
            let input = input.filter(|_| overrides.command.is_none());
            if let Some(mismatch) = input.and_then(|d| override_mismatch(&d.input, assigned)) {
                findings.push(mismatch);
                // the mismatch is reported once
                declared.origin = DomainOrigin::Placeholder;
            }
            let points = section.initial.iter_mut().filter(|point| point.get(&assigned.name).is_some());
            points.for_each(|point| point.set(declared.param.name.clone(), assigned.value()));
        } else if let Some(declared) = component.inputs.iter_mut().find(|d| d.input.name == assigned.name) {
            set_input(&mut declared.input, assigned, findings);
        } else {
            report_unknown(assigned, section, component, findings);
        }
    }
    warn_if_nothing_varies(overrides, section, findings);
}

/// Warns if `-P` leaves no parameter that varies.
fn warn_if_nothing_varies(overrides: &Overrides, section: &MatrixSection, findings: &mut Findings) {
    let may_vary = |declared: &DeclaredParam| {
        declared.origin == DomainOrigin::Placeholder || declared.param.domain.cardinality() != Some(1)
    };
    if !section.listed.is_empty() || section.params.iter().any(may_vary) {
        return;
    }
    let is_param = |name: &str| section.params.iter().any(|declared| *declared.param.name == *name);
    if let Some(last) = overrides.values.iter().rev().find(|assigned| is_param(&assigned.name)) {
        let message = "no parameter varies, all trials have the same configuration".to_owned();
        let hint = format!("omit -P {} to vary it", last.name);
        findings.push(last.about_name(Severity::Warning, message, Some(hint)));
    }
}

fn fix_param(declared: &mut DeclaredParam, assigned: &ValueOverride, findings: &mut Findings) {
    let value = assigned.value();
    let domain = &declared.param.domain;
    let varies = domain.geometry() != Geometry::Constant;
    let is_search = search_text(&assigned.text).is_some() && !domain.contains(&value);
    if is_search {
        let message = format!("{} has this text in every trial; it does not vary", quoted(&assigned.name));
        let hint = format!("to vary it, write -s '{}={}'", assigned.name, assigned.text);
        findings.push(assigned.about_value(Severity::Warning, message, Some(hint)));
    } else if declared.origin == DomainOrigin::File && varies && !domain.contains(&value) {
        let message = format!("{} is not among the values of {}", quoted(&assigned.text), quoted(&assigned.name));
        let hint = format!("the matrix has {}", domain.describe());
        findings.push(assigned.about_value(Severity::Warning, message, Some(hint)));
    }
    if let Some(domain) = fixed_domain(value) {
        declared.param.domain = domain;
        declared.param.kind = "fixed";
        (declared.param.guess, declared.guess_span) = (None, None);
    }
}

fn set_input(input: &mut Input, assigned: &ValueOverride, findings: &mut Findings) {
    let value = assigned.value();
    // text that YAML parses as a number stays text
    let value = if input.kind == InputType::Text && input.multiplicity == Multiplicity::One {
        assigned.text.clone().into()
    } else {
        value
    };
    if let Some(mismatch) = override_mismatch(input, assigned) {
        findings.push(mismatch);
    }
    input.value = Some(value);
}

/// The error for a value that does not have the type of `input`.
fn override_mismatch(input: &Input, assigned: &ValueOverride) -> Option<Diagnostic> {
    let is_text = input.kind == InputType::Text && input.multiplicity == Multiplicity::One;
    let is_valid = is_text || input.convert(&assigned.value()).is_some();
    let message = || input.mismatch(&quoted(&assigned.text));
    (!is_valid).then(|| assigned.about_value(Severity::Error, message(), None))
}

fn report_unknown(assigned: &ValueOverride, section: &MatrixSection, component: &Component, findings: &mut Findings) {
    let name = &assigned.name;
    let (message, hint) = if section.resource.as_ref().is_some_and(|spec| spec.name == *name) {
        (format!("{} is the resource and cannot be set; the schedule sets it", quoted(name)), None)
    } else {
        let params = section.params.iter().map(|declared| &*declared.param.name);
        let inputs = component.inputs.iter().map(|declared| declared.input.name.as_str());
        let known = params.chain(inputs);
        let constant = format!("to pass it as a constant, use -s {name}={}", assigned.text);
        let hint = match suggestion(name, known.clone()) {
            Some(meant) if typo_of(name, known).is_some() => meant,
            Some(expected) => format!("{expected}; {constant}"),
            None => constant,
        };
        (format!("unknown parameter or input {}", quoted(name)), Some(hint))
    };
    findings.push(assigned.about_name(Severity::Error, message, hint));
}

/// Checks that all values of an input have its type.
pub fn check_types(section: &MatrixSection, component: &Component, findings: &mut Findings) {
    for DeclaredInput { input, .. } in &component.inputs {
        let param = section.params.iter().find(|declared| *declared.param.name == *input.name);
        if let Some(declared) = param.filter(|declared| declared.origin == DomainOrigin::File)
            && let Some(value) = inputs::find_mismatch(input, &*declared.param.domain)
        {
            let found = format!("{} of `{}`", describe(&value), declared.param.kind);
            findings.error(declared.span.clone(), input.mismatch(&found));
        }
        let own = section.rows.iter().filter(|value| *value.name == *input.name);
        for row in own.filter(|row| input.convert(&row.value).is_none()) {
            findings.error(row.span.clone(), input.mismatch(&describe(&row.value)));
        }
        let spec = section.resource.as_ref().filter(|spec| spec.name == input.name);
        let fraction = spec.zip(Resource::new(1.5)).map(|(spec, amount)| spec.value(amount));
        if let Some(value) = fraction.filter(|value| input.convert(value).is_none()) {
            let found = format!("{} of the resource", describe(&value));
            findings.error(section.kind_span.clone(), input.mismatch(&found));
        }
    }
}

/// Reports parameters without an input, if the command is the component's, and required inputs without a value. The latter are
/// errors if the command uses them, otherwise warnings.
pub fn check_coverage(
    section: &MatrixSection,
    component: &Component,
    renderer: &Renderer,
    from: CommandFrom,
    findings: &mut Findings,
) {
    let has_inputs = from == CommandFrom::File && !component.inputs.is_empty();
    for declared in section.params.iter().filter(|_| has_inputs) {
        let name = &*declared.param.name;
        if !component.inputs.iter().any(|other| other.input.name == name) {
            findings.warn(declared.span.clone(), format!("the component declares no input {}", quoted(name)), None);
        }
    }
    findings.in_source(&component.source, |findings| {
        for DeclaredInput { input, span } in
            component.inputs.iter().filter(|declared| !has_value(&declared.input, section))
        {
            let name = quoted(&input.name);
            if renderer.uses(&input.name) {
                let hint = format!("add -P {}=…, a `value` here, or `isOptional: true`", input.name);
                let partial = section.partial_names().into_iter().find(|(partial, _)| **partial == *input.name);
                let of = partial.map_or(String::new(), |(_, row)| format!(" in row {row} of the matrix's `values`"));
                findings.error_with(span.clone(), format!("required input {name} has no value{of}"), Some(hint));
            } else {
                findings.warn(span.clone(), format!("required input {name} has no value and is not used"), None);
            }
        }
    });
}

/// Whether an input has a value in every job or is optional.
fn has_value(input: &Input, section: &MatrixSection) -> bool {
    let drawn = section
        .params
        .iter()
        .map(|declared| &*declared.param.name)
        .chain(section.listed.iter().map(|(name, _)| &**name));
    let mut names = drawn.chain(section.resource.iter().map(|spec| spec.name.as_str()));
    input.value.is_some() || input.presence == Presence::Optional || names.any(|name| name == input.name)
}

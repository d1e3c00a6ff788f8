//! Finds values of parameters that would not reach the program as they are.

use serde_json::Value;

use crate::command::style::member::Argument;
use crate::command::template::Renderer;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::sections::matrix::MatrixSection;
use crate::matrix::yaml::node::Span;

/// The most values of a parameter that are looked through.
const MAX_VALUES: u64 = 10_000;

/// Reports the first value of each parameter that its style cannot pass.
pub fn check(section: &MatrixSection, renderer: &Renderer, findings: &mut Findings) {
    for declared in &section.params {
        let (name, domain) = (&*declared.param.name, &declared.param.domain);
        let values = domain.cardinality().unwrap_or(0).min(MAX_VALUES);
        let mut values = (0..values).filter_map(|level| domain.level(level));
        if let Some(message) = values.find_map(|value| unsupported(name, &value, renderer)) {
            report(message, name, &declared.span, findings);
        }
    }
    for row in &section.rows {
        if let Some(message) = unsupported(&row.name, &row.value, renderer) {
            report(message, &row.name, &row.span, findings);
        }
    }
}

fn unsupported(name: &str, value: &Value, renderer: &Renderer) -> Option<String> {
    renderer.passed(name, value)?;
    let settings = renderer.arguments().of(name);
    let argument = Argument { name, value, form: &settings.form };
    settings.style.unwrap_or_default().unsupported(&argument)
}

fn report(message: String, name: &str, span: &Span, findings: &mut Findings) {
    let hint = "use another style or form, or pass it by a template".to_owned();
    findings.error_with(span.clone(), format!("{} cannot be passed: {message}", quoted(name)), Some(hint));
}

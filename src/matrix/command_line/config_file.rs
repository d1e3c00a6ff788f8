//! Reads and checks the configuration file that jobs get copies of.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::overrides::{ConfigSource, Overrides, command_line_diagnostic};
use super::shared_names;
use crate::command::config::{ConfigCopy, ConfigFile, ConfigTemplate, ConfigValue, OnMissing};
use crate::command::context::CONFIG;
use crate::command::style::member::JobArguments;
use crate::command::template::Renderer;
use crate::matrix::diagnostics::diagnostic::Severity;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::sections::matrix::MatrixSection;
use crate::matrix::yaml::file::read_file;
use crate::matrix::yaml::node::Span;
use crate::matrix::yaml::parse::decode;

/// Most values of a parameter that are tried.
const MAX_TRIED: u64 = 1000;

/// Reads the file of `--config-template`, else the one that the matrix in `folder` names. `None` for an error, which is reported.
pub fn load(
    section: &MatrixSection,
    overrides: &Overrides,
    folder: &Path,
    findings: &mut Findings,
) -> Option<Option<Arc<ConfigTemplate>>> {
    let span = match &overrides.config {
        Some(ConfigSource::Path(_)) => None,
        Some(ConfigSource::Recorded(_)) | None => section.config.as_ref().map(|(_, span)| span.clone()),
    };
    let template = match (&overrides.config, &section.config) {
        (None, None) => return Some(None),
        (Some(ConfigSource::Recorded(file)), _) => new(file.clone()),
        (Some(ConfigSource::Path(path)), _) => read(path, path),
        (None, Some((path, _))) => read(&folder.join(path), Path::new(path)),
    };
    let reserved = section.params.iter().find(|declared| &*declared.param.name == CONFIG);
    if let Some(declared) = reserved {
        let message = "the parameter `config` has the name that the path of the configuration file has in templates";
        let hint = "rename the parameter, and give its name in the file with `arg: {name: config}`".to_owned();
        findings.error_with(declared.span.clone(), message, Some(hint));
        return None;
    }
    match template {
        Ok(template) => Some(Some(Arc::new(template))),
        Err((path, message)) => {
            report(span, &path, format!("{path}: {message}"), findings);
            None
        }
    }
}

/// The file at `path`, which is called `name`.
fn read(path: &Path, name: &Path) -> Result<ConfigTemplate, (String, String)> {
    let name = name.display().to_string();
    let bytes =
        read_file(path).map_err(|error| (name.clone(), format!("the configuration file cannot be read: {error}")))?;
    let text = decode(&bytes).map_err(|error| (name.clone(), error.message))?.to_owned();
    new(ConfigFile { path: name, text })
}

fn new(file: ConfigFile) -> Result<ConfigTemplate, (String, String)> {
    let path = file.path.clone();
    ConfigTemplate::new(file).map_err(|error| (path, error.to_string()))
}

fn report(span: Option<Span>, path: &str, message: String, findings: &mut Findings) {
    match span {
        Some(span) => findings.error(span, message),
        None => {
            let text = format!("--config-template {path}");
            findings.push(command_line_diagnostic(Severity::Error, &text, 18..text.len(), message, None));
        }
    }
}

/// Checks that all values can be put into the file, and warns about those that it lacks and about a command that does not get it.
pub fn check(renderer: &Renderer, section: &MatrixSection, findings: &mut Findings) {
    let Some(template) = renderer.config() else { return };
    if shared_names::check_config_keys(renderer, template, section, findings) {
        return;
    }
    match renderer.config_sample() {
        Ok(Some(copy)) => warn_added(template, &copy, section, findings),
        Ok(None) => {}
        Err(error) => {
            let span = section.params.first().map_or(&section.kind_span, |declared| &declared.span);
            findings.error(span.clone(), error.message);
            return;
        }
    }
    check_values(template, section, findings);
    warn_not_passed(renderer, template, section, findings);
}

fn warn_added(template: &ConfigTemplate, copy: &ConfigCopy, section: &MatrixSection, findings: &mut Findings) {
    let names = template.names();
    for added in &copy.added {
        let declared = section.params.iter().find(|declared| &*declared.param.name == added.as_str());
        let span = declared.map_or(&section.kind_span, |declared| &declared.span).clone();
        let message = format!("{} has no {}, which is added to each copy", template.file().path, quoted(added));
        let hint =
            nearest(added, &names).map(|name| format!("did you mean `{name}`? It is the nearest name in the file"));
        findings.warn(span, message, hint);
    }
}

/// The name with the same last part, else the most similar one.
fn nearest<'n>(name: &str, names: &'n [String]) -> Option<&'n str> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |other: &&String| {
        (last(other) != last(name), strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase()))
    };
    names.iter().filter(|_| name.len() <= 200).min_by_key(distance).map(String::as_str)
}

/// Tries the values of discrete parameters: a format may lack a notation for some.
fn check_values(template: &ConfigTemplate, section: &MatrixSection, findings: &mut Findings) {
    let error = |name: &str, value: Value| {
        let (owner, key) = (name.to_owned(), name.to_owned());
        let values = [ConfigValue { owner, key, value, on_missing: OnMissing::Add }];
        template.fill(&values).err().map(|error| error.to_string())
    };
    for declared in &section.params {
        let name = declared.arg.as_ref().and_then(|own| own.form.name.as_deref()).unwrap_or(&declared.param.name);
        let name = name.trim_start_matches(['-', '+']);
        let count = declared.param.domain.cardinality().unwrap_or(0).min(MAX_TRIED);
        let values = (0..count).filter_map(|index| declared.param.domain.level(index));
        if let Some(message) = values.into_iter().find_map(|value| error(name, value)) {
            findings.error(declared.span.clone(), message);
        }
    }
    for row in &section.rows {
        if let Some(message) = error(&row.name, row.value.clone()) {
            findings.error(row.span.clone(), message);
        }
    }
}

/// Warns if the command does not get the path of its copy, or also has the path of the file itself.
fn warn_not_passed(renderer: &Renderer, template: &ConfigTemplate, section: &MatrixSection, findings: &mut Findings) {
    let path = &template.file().path;
    let is_file = |word: &String| word == path || word.split_once('=').is_some_and(|(_, value)| value == path);
    let mut passed = JobArguments::default();
    renderer.names().pass(renderer.arguments(), CONFIG, &"path".into(), &mut passed);
    let message = match () {
        () if renderer.command().iter().any(is_file) => {
            format!("the command has {path}, not the copy with the parameters")
        }
        () if !renderer.uses_config() && passed == JobArguments::default() => {
            "the command does not get the path of its configuration file".to_owned()
        }
        () => return,
    };
    findings.warn(
        section.kind_span.clone(),
        message,
        Some("write {{ config }} where the command has the path".to_owned()),
    );
}

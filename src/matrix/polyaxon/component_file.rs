//! Reads the component of an operation, from the same file or from its own.

use std::path::Path;
use std::sync::Arc;

use super::command_from::CommandFrom;
use super::component::{self, Component};
use super::ignored::IgnoredFields;
use super::operation::{self, ComponentSource, Operation};
use crate::matrix::diagnostics::diagnostic::Source;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::fields::duplicate_keys;
use crate::matrix::yaml::file::read_file;
use crate::matrix::yaml::node::{Node, Span};
use crate::matrix::yaml::parse::{ReadError, decode, parse};

/// Parses the bytes of a file called `name`.
pub fn parse_source(name: &str, bytes: &[u8]) -> (Arc<Source>, Result<Node, ReadError>) {
    let text = decode(bytes);
    let root = text.as_ref().map_err(Clone::clone).and_then(|text| parse(text));
    (Arc::new(Source { name: name.to_owned(), text: text.unwrap_or_default().to_owned() }), root)
}

/// Reads the component, which is in the same file or in its own. `recorded` is the text that the study has recorded for the latter.
pub fn read_component(
    operation: &Operation<'_>,
    folder: &Path,
    recorded: Option<&str>,
    from: CommandFrom,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Component {
    match &operation.component {
        ComponentSource::None => Component::empty(findings.source().clone()),
        ComponentSource::Inline(entry) => {
            component::read(&entry.value, entry.key_span.clone(), from, ignored_fields, findings)
        }
        ComponentSource::Root(node) => {
            component::read(node, operation::first_key_span(node), from, ignored_fields, findings)
        }
        ComponentSource::File(name, span) => {
            let path = folder.join(name.trim_start_matches("./"));
            read_component_file(&path, recorded, span.clone(), from, findings)
        }
    }
}

fn read_component_file(
    path: &Path,
    recorded: Option<&str>,
    span: Span,
    from: CommandFrom,
    findings: &mut Findings,
) -> Component {
    let name = path.display().to_string();
    let bytes = match recorded.map_or_else(|| read_file(path), |text| Ok(text.into())) {
        Ok(bytes) => bytes,
        Err(error) => {
            from.refuse(span, &format!("{name} cannot be read: {error}"), "name a component file", findings);
            return Component::empty(findings.source().clone());
        }
    };
    let (source, root) = parse_source(&name, &bytes);
    findings.in_source(&source, |findings| match root {
        Ok(root) => {
            duplicate_keys(&root, findings);
            let mut ignored_fields = IgnoredFields::default();
            let component =
                component::read(&root, operation::first_key_span(&root), from, &mut ignored_fields, findings);
            ignored_fields.report(findings);
            component
        }
        Err(error) => {
            findings.read_error(error);
            Component::empty(source.clone())
        }
    })
}

//! Reads argument lists: lists or strings in the file, with the position of each argument.

use crate::command::plain::plain;
use crate::command::split::split;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::node::{Content, Node, Span};

/// An argument with its position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpannedArgument {
    /// The argument.
    pub text: String,
    /// Its position.
    pub span: Span,
}

/// Reads a list of scalars, or a string that is split like in a shell.
pub fn read_argv(node: &Node, findings: &mut Findings) -> Option<Vec<SpannedArgument>> {
    match &node.content {
        Content::List(items) => items.iter().map(|item| read_argument(item, findings)).collect(),
        Content::Text(text) => {
            let parts = split(text);
            if parts.is_none() {
                findings.error(node.span.clone(), "the command has an unclosed quote or a NUL character");
            }
            Some(parts?.into_iter().map(|text| SpannedArgument { text, span: node.span.clone() }).collect())
        }
        _ => {
            findings
                .error(node.span.clone(), format!("a command must be a list or a string, found {}", node.describe()));
            None
        }
    }
}

fn read_argument(item: &Node, findings: &mut Findings) -> Option<SpannedArgument> {
    if matches!(item.content, Content::List(_) | Content::Map(_) | Content::Null) {
        let hint = item.map().map(|_| "put quotes around an element that contains `{{ … }}`".to_owned());
        findings.error_with(
            item.span.clone(),
            format!("an element of a command must be text, found {}", item.describe()),
            hint,
        );
        return None;
    }
    let text = plain(&item.to_json(&mut Vec::new()));
    if text.contains('\0') {
        findings.error(item.span.clone(), "an argument must not contain a NUL character");
        return None;
    }
    Some(SpannedArgument { text, span: item.span.clone() })
}

//! Command lines in the file: lists or one string, each element with its place.

use crate::command::plain::plain;
use crate::command::split::split;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::node::{Content, Node, Span};

/// One element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// The element.
    pub text: String,
    /// Where it was written.
    pub span: Span,
}

/// The elements of a list of scalars, or of a string split as a shell splits words.
pub fn words(node: &Node, findings: &mut Findings) -> Option<Vec<Word>> {
    match &node.content {
        Content::List(items) => items.iter().map(|item| word(item, findings)).collect(),
        Content::Text(text) => {
            let parts = split(text);
            if parts.is_none() {
                findings.error(node.span.clone(), "this command has an open quote or a character no argument can hold");
            }
            Some(parts?.into_iter().map(|text| Word { text, span: node.span.clone() }).collect())
        }
        _ => {
            findings.error(node.span.clone(), format!("a command is a list or one string, found {}", node.describe()));
            None
        }
    }
}

fn word(item: &Node, findings: &mut Findings) -> Option<Word> {
    if matches!(item.content, Content::List(_) | Content::Map(_) | Content::Null) {
        let hint = item.map().map(|_| "put quotes around an element that holds `{{ … }}`".to_owned());
        findings.error_with(
            item.span.clone(),
            format!("an element of a command is text, found {}", item.describe()),
            hint,
        );
        return None;
    }
    let text = plain(&item.to_json(&mut Vec::new()));
    if text.contains('\0') {
        findings.error(item.span.clone(), "no argument can hold a NUL character");
        return None;
    }
    Some(Word { text, span: item.span.clone() })
}

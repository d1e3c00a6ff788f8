//! Parameters that are written as text, as on the command line: `lr: uniform(0, 1)`.

use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::foreign::search_text;
use crate::matrix::notation;
use crate::matrix::yaml::node::{Entry, Node};

/// What a text below `params` is.
#[derive(Debug)]
pub enum WrittenText {
    /// A kind with arguments, as a mapping with `kind` and `value`.
    Declaration(Entry),
    /// A kind with wrong arguments, which are reported.
    Invalid,
    /// A constant.
    Constant,
}

/// Reads the text of `entry`. Warns about a constant that another tool would read as a parameter.
pub fn read(entry: &Entry, findings: &mut Findings) -> WrittenText {
    let Some(text) = entry.value.text() else { return WrittenText::Constant };
    let constant = || format!("if the text itself is meant, write {{kind: constant, value: {text:?}}}");
    match notation::kind_with_arguments(text) {
        Some(Ok(mut node)) => {
            node.shift(start(&entry.value, text, findings));
            WrittenText::Declaration(Entry { value: node, ..entry.clone() })
        }
        Some(Err(error)) => {
            let start = start(&entry.value, text, findings);
            let span = error.span.start + start..error.span.end + start;
            findings.error_with(
                span,
                error.message,
                error.hint.filter(|hint| hint != notation::FORM).or_else(|| Some(constant())),
            );
            WrittenText::Invalid
        }
        None if search_text(text).is_some() => {
            let message = format!("{} has this text in every trial; it does not vary", quoted(&entry.key));
            let hint = format!("write a kind with its arguments, such as uniform(0, 1) or int(1, 8); {}", constant());
            findings.warn(entry.value.span.clone(), message, Some(hint));
            WrittenText::Constant
        }
        None => WrittenText::Constant,
    }
}

/// The position of `text` in the file: after the quote, if there is one. Only approximate if the text has escapes.
fn start(node: &Node, text: &str, findings: &Findings) -> usize {
    let is_quoted = node.span.len() > text.len()
        && findings.source().text.as_bytes().get(node.span.start).is_some_and(|byte| b"'\"".contains(byte));
    node.span.start + usize::from(is_quoted)
}

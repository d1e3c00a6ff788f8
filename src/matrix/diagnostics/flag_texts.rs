//! Positions in options of the command line, for nodes that are read from them.

use std::sync::Arc;

use super::diagnostic::Source;
use crate::matrix::yaml::node::Span;

/// The name of the command line as the source of a matrix.
pub const COMMAND_LINE: &str = "command line";

/// The first position in an option. Positions in a file are below, because files have at most 4 MiB.
const FIRST: usize = 1 << 30;

/// The texts of options one after the other, each with a range of positions that is not used in a file.
#[derive(Clone, Debug, Default)]
pub struct FlagTexts {
    texts: Vec<(usize, Arc<Source>)>,
}

impl FlagTexts {
    /// Adds `option` with its `value`; returns the position of the value's first byte.
    pub fn add(&mut self, option: &str, value: &str) -> usize {
        let start = self.texts.last().map_or(FIRST, |(start, source)| start + source.text.len() + 1);
        let source = FlagTexts::source(option, value);
        self.texts.push((start, Arc::new(source)));
        start + option.len() + 1
    }

    /// The text of an option as it is shown in messages.
    pub fn source(option: &str, value: &str) -> Source {
        Source { name: COMMAND_LINE.to_owned(), text: format!("{option} {value}") }
    }

    /// The option in which `span` is, and the position in its text; `None` for a position in a file.
    pub fn locate(&self, span: &Span) -> Option<(Arc<Source>, Span)> {
        let (start, source) = self.texts.iter().rev().find(|(start, _)| *start <= span.start)?;
        Some((source.clone(), span.start - start..span.end.max(span.start) - start))
    }
}

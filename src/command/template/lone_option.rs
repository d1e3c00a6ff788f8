//! Leaves out an option whose only value renders to nothing: `--momentum {{ momentum }}` where `momentum` is not active.

use super::compiler::CompiledElement;

/// The last option of a command that is an element of its own, and the values after it.
#[derive(Debug, Default)]
pub(super) struct LoneOption {
    /// The position of the option.
    at: Option<usize>,
    /// Whether an element after it rendered to nothing.
    lost_value: bool,
}

impl LoneOption {
    /// `element`, with the text `source`, has rendered to the words of `argv` from `start` on. May remove the option before it.
    pub fn rendered(&mut self, element: &CompiledElement, source: &str, start: usize, argv: &mut Vec<String>) {
        match element {
            CompiledElement::Literal(text) => {
                self.end(argv);
                self.at = is_option(text).then(|| argv.len() - 1).filter(|at| *at > 0);
            }
            CompiledElement::Template(..) if argv.len() == start => self.lost_value |= !has_option(source),
            CompiledElement::Template(..) if !argv[start].starts_with('-') => *self = LoneOption::default(),
            CompiledElement::Template(..) | CompiledElement::Arg(_) | CompiledElement::AllArgs => self.end(argv),
        }
    }

    /// No further value follows.
    pub fn end(&mut self, argv: &mut Vec<String>) {
        if let Some(at) = self.at.filter(|_| self.lost_value) {
            argv.remove(at);
        }
        *self = LoneOption::default();
    }
}

/// Whether `text` is an option without a value.
fn is_option(text: &str) -> bool {
    text.starts_with('-') && text.trim_start_matches('-').starts_with(char::is_alphabetic) && !text.contains('=')
}

/// Whether a template has an option as text, so that it renders to an argument of its own: `{{ "--amp" if amp else "" }}`.
fn has_option(source: &str) -> bool {
    source.contains("\"-") || source.contains("'-") || source.starts_with('-') || source.contains("}-")
}

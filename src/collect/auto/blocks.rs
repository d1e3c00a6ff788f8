//! Lines below a heading: `Options:`, then indented names with values. What a block holds follows from the words of its heading.

use super::origin::PrintedForm;
use crate::collect::text::qualifier::Qualifier;
use crate::collect::text::qualifying_words::{WordKind, configures, counts, heads_settings, kind_of};

/// Most blocks inside of each other.
const MAX_DEPTH: usize = 16;
/// Bytes of the longest heading.
const MAX_HEADING: usize = 120;
/// Words of a heading behind which it says what its block is about, not what it holds: `Results with these parameters:`.
const PREPOSITIONS: [&str; 11] = ["for", "with", "of", "on", "using", "in", "at", "after", "from", "by", "over"];
const MEASURED: [&str; 16] = [
    "metric",
    "metrics",
    "result",
    "results",
    "loss",
    "losses",
    "report",
    "output",
    "outputs",
    "statistics",
    "stats",
    "score",
    "scores",
    "performance",
    "summary",
    "fold",
];

/// What the lines of a block hold. Of nested blocks the greatest counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum BlockKind {
    /// What is measured: `Epoch 1:`, `Results:`, or no heading.
    Measured,
    /// What is measured on other data, or at another moment: `Validation:`.
    Qualified(Qualifier),
    /// The heading does not say.
    Unknown,
    /// Settings: `Options:`.
    Settings,
}

impl BlockKind {
    /// How a value printed as `form` in the block counts; `None` if it is not read.
    pub fn form(self, form: PrintedForm) -> Option<PrintedForm> {
        Some(match (self, form) {
            (BlockKind::Measured, form) => form,
            (BlockKind::Settings, _) => return None,
            (BlockKind::Qualified(outer), PrintedForm::Qualified(inner)) => PrintedForm::Qualified(outer.max(inner)),
            (BlockKind::Qualified(outer), _) => PrintedForm::Qualified(outer),
            (BlockKind::Unknown, PrintedForm::Text) => PrintedForm::Indented,
            (BlockKind::Unknown, form) => form,
        })
    }
}

/// The blocks that one stream is in.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Indentation of each heading, and what its block holds.
    open: Vec<(usize, BlockKind)>,
    /// Whether the last heading is of settings and only lines with a name and a value followed, however they are indented.
    below_settings: bool,
}

impl Blocks {
    /// Takes a line, which has no white space at its end, and returns what its block holds.
    pub fn line(&mut self, line: &[u8]) -> BlockKind {
        let indentation = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let text = &line[indentation..];
        if text.is_empty() {
            self.below_settings = false;
            return BlockKind::Measured;
        }
        while self.open.last().is_some_and(|(heading, _)| *heading >= indentation) {
            self.open.pop();
        }
        self.below_settings &= is_entry(text);
        let flat = if self.below_settings { BlockKind::Unknown } else { BlockKind::Measured };
        let kind = self.open.iter().map(|(_, kind)| *kind).max().unwrap_or(flat);
        if let Some(heading) = heading(text).filter(|_| self.open.len() < MAX_DEPTH) {
            self.open.push((indentation, heading));
            self.below_settings = heading == BlockKind::Settings;
        }
        kind
    }
}

/// Whether `text` is a name, a separator and a value.
fn is_entry(text: &[u8]) -> bool {
    let name = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/'))
        .count();
    let rest = text[name..].trim_ascii_start();
    name > 0 && rest.len() > 1 && matches!(rest[0], b':' | b'=' | b'|')
}

/// What the block below `text` holds; `None` if it is no heading.
fn heading(text: &[u8]) -> Option<BlockKind> {
    let text = str::from_utf8(text).ok().filter(|text| text.len() <= MAX_HEADING)?;
    let is_decoration =
        |c: char| matches!(c, '-' | '=' | '#' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | ' ' | '─' | '═');
    let bare = text.trim_matches(is_decoration);
    if let Some(words) = text.strip_suffix(':').or_else(|| bare.strip_suffix(':')) {
        return (!words.contains(['=', '{', '"', '\''])).then(|| block_kind(words));
    }
    let is_decorated = bare.len() < text.len();
    let may_head = is_decorated || !bare.contains(' ');
    let kind = if may_head && !bare.contains([':', '=', '|', '{']) { block_kind(bare) } else { BlockKind::Unknown };
    (kind == BlockKind::Settings).then_some(kind)
}

fn block_kind(heading: &str) -> BlockKind {
    let words = heading.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let is_preposition = |word: &str| PREPOSITIONS.iter().any(|known| known.eq_ignore_ascii_case(word));
    let (mut kind, mut qualifier, mut has_unknown) = (None, None, false);
    for (at, word) in words.enumerate() {
        if at > 0 && is_preposition(word) {
            break;
        }
        let bytes = word.as_bytes();
        match kind_of(bytes) {
            _ if configures(bytes) || heads_settings(bytes) => kind = Some(BlockKind::Settings),
            _ if counts(bytes) || is_measured(word) => kind = Some(BlockKind::Measured),
            WordKind::Known(Qualifier::Setting) => kind = Some(BlockKind::Settings),
            WordKind::Known(found) => qualifier = qualifier.max(Some(found)),
            WordKind::Neutral => {}
            WordKind::Unknown => has_unknown |= !word.chars().all(char::is_numeric),
        }
    }
    match (kind, qualifier) {
        (Some(BlockKind::Settings), _) => BlockKind::Settings,
        (_, Some(qualifier)) => BlockKind::Qualified(qualifier),
        (Some(kind), None) => kind,
        (None, None) if has_unknown => BlockKind::Unknown,
        (None, None) => BlockKind::Measured,
    }
}

fn is_measured(word: &str) -> bool {
    MEASURED.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_say_what_a_block_holds() {
        let headings = [
            ("Hyperparameters:", BlockKind::Settings),
            ("Options:", BlockKind::Settings),
            ("----------- Options ----------", BlockKind::Settings),
            ("[Config]", BlockKind::Settings),
            ("Model configuration:", BlockKind::Settings),
            ("TrainingArguments:", BlockKind::Settings),
            ("Evaluation settings:", BlockKind::Settings),
            ("Parameters for evaluation:", BlockKind::Settings),
            ("Loss weights:", BlockKind::Settings),
            ("Best parameters:", BlockKind::Settings),
            ("INFO:root:Arguments:", BlockKind::Settings),
            ("Epoch 1:", BlockKind::Measured),
            ("Results:", BlockKind::Measured),
            ("Results with these parameters:", BlockKind::Measured),
            ("Final metrics:", BlockKind::Measured),
            ("Validation:", BlockKind::Qualified(Qualifier::Validation)),
            ("Test results after epoch 3:", BlockKind::Qualified(Qualifier::Test)),
            ("Best epoch:", BlockKind::Qualified(Qualifier::Reference)),
            ("model:", BlockKind::Unknown),
            ("optimizer:", BlockKind::Unknown),
        ];
        for (text, kind) in headings {
            assert_eq!(heading(text.as_bytes()), Some(kind), "{text}");
        }
        for text in ["loss: 0.5", "Epoch 1", "Saved config", "=== Validation ===", "-----", "{\"a\":", "done"] {
            assert_eq!(heading(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn blocks_end_where_the_indentation_ends() {
        let kinds = |lines: &[&str]| {
            let mut blocks = Blocks::default();
            lines.iter().map(|line| blocks.line(line.as_bytes())).collect::<Vec<_>>()
        };
        let (measured, unknown, settings) = (BlockKind::Measured, BlockKind::Unknown, BlockKind::Settings);
        assert_eq!(
            kinds(&["Options:", "  a: 1", "", "  b: 1", "c: 1"]),
            [measured, settings, measured, settings, measured]
        );
        assert_eq!(kinds(&["Options:", "a: 1", "Epoch 1 b: 1", "c: 1"]), [measured, unknown, measured, measured]);
        assert_eq!(kinds(&["config:", "  train:", "    a: 1", "  b: 1"]), [measured, settings, settings, settings]);
        assert_eq!(kinds(&["model:", "  name: x", "  a: 1", "b: 1"]), [measured, unknown, unknown, measured]);
        assert_eq!(kinds(&["Epoch 1:", "  a: 1"]), [measured, measured]);
    }
}

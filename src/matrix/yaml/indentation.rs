//! Explains wrong indentation, where a YAML parser only reports what it expected.

/// A hint if the line that contains byte `at` of `text` is wrongly indented.
pub fn hint(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let indentation = &line[..line.len() - line.trim_start().len()];
    if indentation.contains('\t') {
        return Some("indent with spaces; YAML does not allow tabs".to_owned());
    }
    let open = open_blocks(&text[..line_start]);
    let found = indentation.len();
    let is_inside_line = line_start + found < at;
    if is_inside_line || open.contains(&found) {
        return None;
    }
    let deeper = open.iter().copied().filter(|indent| *indent > found).min();
    let shallower = open.iter().copied().filter(|indent| *indent < found).max();
    let expected = match (shallower, deeper) {
        (Some(shallower), Some(deeper)) => format!("{shallower} or {deeper}"),
        (Some(one), None) | (None, Some(one)) => one.to_string(),
        (None, None) => return None,
    };
    Some(format!("the line is indented by {}; expected {expected}", spaces(found)))
}

fn spaces(count: usize) -> String {
    if count == 1 { "1 space".to_owned() } else { format!("{count} spaces") }
}

/// The indentation, in bytes, of each block that is open at the end of `text`, outermost first.
fn open_blocks(text: &str) -> Vec<usize> {
    let mut open: Vec<usize> = Vec::new();
    for line in text.lines() {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - content.len();
        open.retain(|outer| *outer < indent);
        open.push(indent);
        // a list item may start a mapping after its dash
        let after_dash = content.trim_start_matches(['-', ' ']);
        if content.starts_with("- ") && !after_dash.is_empty() {
            open.push(line.len() - after_dash.len());
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hint for the first non-blank character of the last line.
    fn last(text: &str) -> String {
        let from = text.rfind('\n').map_or(0, |end| end + 1);
        let at = from + text[from..].len() - text[from..].trim_start().len();
        hint(text, at).unwrap_or_default()
    }

    #[test]
    fn a_line_between_two_blocks_may_belong_to_either() {
        assert_eq!(
            last("m:\n  params:\n    lr:\n      kind: x\n   stop: 1"),
            "the line is indented by 3 spaces; expected 2 or 4"
        );
        assert_eq!(last("  a: 1\n b: 2"), "the line is indented by 1 space; expected 2");
    }

    #[test]
    fn a_line_that_is_too_deep_may_belong_to_the_block_above() {
        assert_eq!(last("a: 1\n   b: 2"), "the line is indented by 3 spaces; expected 0");
        assert_eq!(last("a:\n  - b: 1\n     c: 2"), "the line is indented by 5 spaces; expected 4");
    }

    #[test]
    fn correct_indentation_has_no_hint() {
        for text in ["a:\n  b: 1\n  c: 2", "a:\n  - b: 1\n    c: 2", "a: 1\n\n# x\nb: 2", "", "a"] {
            assert_eq!(last(text), "", "{text:?}");
        }
        assert_eq!(hint("a: 1\n   b: 2: 3", 12), None);
    }

    #[test]
    fn tabs_are_reported() {
        assert_eq!(last("a:\n\tb: 1"), "indent with spaces; YAML does not allow tabs");
    }

    #[test]
    fn no_position_panics() {
        let text = "é:\n\t- 日: [\n  x: {\r\n   y";
        (0..text.len() + 3).for_each(|at| drop(hint(text, at)));
    }
}

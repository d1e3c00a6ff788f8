//! What is wrong with a line's indent, where a YAML parser only says that it expected something else.

/// What to do about the indent of the line that holds byte `at`, if that is what is wrong with it.
pub fn hint(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?;
    let from = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text[from..].lines().next().unwrap_or_default();
    let blank = &line[..line.len() - line.trim_start().len()];
    if blank.contains('\t') {
        return Some("indent with spaces, YAML allows no tabs".to_owned());
    }
    let open = open_blocks(&text[..from]);
    let found = blank.len();
    // the fault lies behind the indent, or the indent is one of those it may have
    if from + found < at || open.contains(&found) {
        return None;
    }
    let deeper = open.iter().copied().filter(|indent| *indent > found).min();
    let above = open.iter().copied().filter(|indent| *indent < found).max();
    let fitting = match (above, deeper) {
        (Some(above), Some(deeper)) => format!("{above} or {deeper}"),
        (Some(one), None) | (None, Some(one)) => one.to_string(),
        (None, None) => return None,
    };
    Some(format!("it is indented by {}, the lines above that it may belong to by {fitting}", spaces(found)))
}

fn spaces(count: usize) -> String {
    if count == 1 { "1 space".to_owned() } else { format!("{count} spaces") }
}

/// Indents of the blocks that are open at the end of `text`, outermost first.
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
        // the mapping in a list's item stands behind its dash
        let behind = content.trim_start_matches(['-', ' ']);
        if content.starts_with("- ") && !behind.is_empty() {
            open.push(line.len() - behind.len());
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hint for the first letter of the last line.
    fn last(text: &str) -> String {
        let from = text.rfind('\n').map_or(0, |end| end + 1);
        let at = from + text[from..].len() - text[from..].trim_start().len();
        hint(text, at).unwrap_or_default()
    }

    #[test]
    fn a_line_between_two_indents_may_have_either() {
        assert_eq!(
            last("m:\n  params:\n    lr:\n      kind: x\n   stop: 1"),
            "it is indented by 3 spaces, the lines above that it may belong to by 2 or 4"
        );
        assert_eq!(last("  a: 1\n b: 2"), "it is indented by 1 space, the lines above that it may belong to by 2");
    }

    #[test]
    fn a_line_that_is_too_deep_fits_the_one_above() {
        assert_eq!(last("a: 1\n   b: 2"), "it is indented by 3 spaces, the lines above that it may belong to by 0");
        assert_eq!(
            last("a:\n  - b: 1\n     c: 2"),
            "it is indented by 5 spaces, the lines above that it may belong to by 4"
        );
    }

    #[test]
    fn a_right_indent_is_not_to_blame() {
        for text in ["a:\n  b: 1\n  c: 2", "a:\n  - b: 1\n    c: 2", "a: 1\n\n# x\nb: 2", "", "a"] {
            assert_eq!(last(text), "", "{text:?}");
        }
        assert_eq!(hint("a: 1\n   b: 2: 3", 12), None);
    }

    #[test]
    fn tabs_are_named() {
        assert_eq!(last("a:\n\tb: 1"), "indent with spaces, YAML allows no tabs");
    }

    #[test]
    fn any_place_of_any_text_is_looked_at() {
        let text = "é:\n\t- 日: [\n  x: {\r\n   y";
        (0..text.len() + 3).for_each(|at| drop(hint(text, at)));
    }
}

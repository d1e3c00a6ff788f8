//! Splits a command written as one string into words by the rules of a shell. No shell is run.

/// The words of `text`; text between `{{` and `}}` is never split. `None` for an unclosed quote.
pub fn split(text: &str) -> Option<Vec<String>> {
    if text.contains(MASK) {
        return None;
    }
    let (masked, templates) = mask(text);
    let words = shlex::split(&masked)?;
    let mut templates = templates.into_iter();
    Some(words.into_iter().map(|word| unmask(&word, &mut templates)).collect())
}

/// Replaces a template during splitting; no argument can contain NUL.
const MASK: char = '\u{0}';

fn mask(text: &str) -> (String, Vec<&str>) {
    let (mut masked, mut templates, mut rest) = (String::new(), Vec::new(), text);
    while let Some((start, length)) = rest.find("{{").and_then(|s| rest[s..].find("}}").map(|l| (s, l + 2))) {
        masked.push_str(&rest[..start]);
        masked.push(MASK);
        templates.push(&rest[start..start + length]);
        rest = &rest[start + length..];
    }
    masked.push_str(rest);
    (masked, templates)
}

/// Replaces each mask with the next template.
fn unmask<'t>(word: &str, templates: &mut impl Iterator<Item = &'t str>) -> String {
    let mut parts = word.split(MASK);
    let mut unmasked = parts.next().unwrap_or("").to_owned();
    for part in parts {
        unmasked.push_str(templates.next().unwrap_or(""));
        unmasked.push_str(part);
    }
    unmasked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does_and_templates_stay_whole() {
        let words = split("python3 'my train.py' --lr={{ lr }} {{params.as_args}} \"{{ a }} {{ b }}\"").unwrap();
        assert_eq!(words, ["python3", "my train.py", "--lr={{ lr }}", "{{params.as_args}}", "{{ a }} {{ b }}"]);
        assert_eq!(split("a 'b"), None);
        assert_eq!(split("a {{ b").unwrap(), ["a", "{{", "b"]);
    }
}

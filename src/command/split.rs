//! A command written as one string, split as a shell splits words. Nothing is ever run by a shell.

/// The words of `text`; what stands between `{{` and `}}` is never split. `None` for an open quote.
pub fn split(text: &str) -> Option<Vec<String>> {
    if text.contains(MASK) {
        return None;
    }
    let (masked, templates) = mask(text);
    let words = shlex::split(&masked)?;
    let mut templates = templates.into_iter();
    Some(words.into_iter().map(|word| unmask(&word, &mut templates)).collect())
}

/// Stands for a template while the shell's rules are applied; no argument can hold it.
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

/// Puts templates back in the order they were taken.
fn unmask<'t>(word: &str, templates: &mut impl Iterator<Item = &'t str>) -> String {
    let mut parts = word.split(MASK);
    let mut whole = parts.next().unwrap_or("").to_owned();
    for part in parts {
        whole.push_str(templates.next().unwrap_or(""));
        whole.push_str(part);
    }
    whole
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

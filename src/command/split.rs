//! Splits a command written as one string into words by the rules of a shell. No shell is run.

use super::template::scanner::tag_ranges;

/// The words of `text`; the tags of templates are never split. `None` for an unclosed quote.
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
    let (mut masked, mut templates, mut end) = (String::new(), Vec::new(), 0);
    for tag in tag_ranges(text) {
        masked.push_str(&text[end..tag.start]);
        masked.push(MASK);
        end = tag.end;
        templates.push(&text[tag]);
    }
    masked.push_str(&text[end..]);
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
        let words = split("t {% if x > 0.1 %}--big{% endif %} {# a 'comment #}{{ '}}' }}z {{ y }}").unwrap();
        assert_eq!(words, ["t", "{% if x > 0.1 %}--big{% endif %}", "{# a 'comment #}{{ '}}' }}z", "{{ y }}"]);
        let words = split("sh -c 'echo ${#x}' {{ lr }} {{ a").unwrap();
        assert_eq!(words, ["sh", "-c", "echo ${#x}", "{{ lr }}", "{{", "a"]);
    }
}

//! Words of imported commands.

use crate::command::template::expression_of;

/// A template that renders to `text`.
pub fn literal(text: &str) -> String {
    // the delimiters of templates; an expression that is a string renders as it is
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min() {
        out.push_str(&rest[..at]);
        out.push_str(&format!("{{{{ \"{}\" }}}}", &rest[at..at + 2]));
        rest = &rest[at + 2..];
    }
    out + rest
}

/// A template that renders to the value of the parameter `name`.
pub fn value_of(name: &str) -> String {
    format!("{{{{ {} }}}}", expression_of(name))
}

/// Whether a shell would do more with `text` than split it into words.
pub fn needs_shell(text: &str) -> bool {
    text.contains(['|', '&', ';', '<', '>', '$', '`', '*', '?', '\n', '(', '~']) || shlex::split(text).is_none()
}

/// The words of a command line. One that needs a shell is run by a shell.
pub fn command_line(text: &str) -> Vec<String> {
    // templates with blanks are one word only in quotes
    let outside: String = text.split("{{").map(|part| part.split_once("}}").map_or(part, |(_, rest)| rest)).collect();
    if needs_shell(&outside) {
        return vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()];
    }
    let words = split_templates(text);
    // a shell sets the variables before a program; `env` does it without one
    let has_variables = words.first().is_some_and(|word| is_assignment(word));
    has_variables.then(|| "env".to_owned()).into_iter().chain(words).collect()
}

/// Whether a shell reads the first word of a command as `NAME=VALUE`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Splits at blanks as a shell does, but not inside `{{ … }}`.
fn split_templates(text: &str) -> Vec<String> {
    let mut templates = Vec::new();
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((template, after)) = after.split_once("}}") else { break };
        replaced.push_str(before);
        // a private character, which no command line has
        replaced.push_str(&format!("\u{e000}{}\u{e001}", templates.len()));
        templates.push(template);
        rest = after;
    }
    replaced.push_str(rest);
    let words = shlex::split(&replaced).unwrap_or_default();
    let restore = |word: String| {
        let fill = |text: String, (index, template): (usize, &&str)| {
            text.replace(&format!("\u{e000}{index}\u{e001}"), &format!("{{{{{template}}}}}"))
        };
        templates.iter().enumerate().fold(word, fill)
    };
    words.into_iter().map(restore).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_templates() {
        assert_eq!(
            command_line("python t.py --lr={{ lr }} --n '{{ n  }}'"),
            ["python", "t.py", "--lr={{ lr }}", "--n", "{{ n  }}"]
        );
        assert_eq!(command_line("cd x && python {{ a | int }}"), ["/bin/sh", "-c", "cd x && python {{ a | int }}"]);
        assert_eq!(command_line("python {{ a | int }}"), ["python", "{{ a | int }}"]);
        assert_eq!(
            command_line("VAR=1 B='a b' python t.py {{ lr }}"),
            ["env", "VAR=1", "B=a b", "python", "t.py", "{{ lr }}"]
        );
        assert_eq!(command_line("--a=1 x"), ["--a=1", "x"]);
        assert_eq!(command_line("echo 'unclosed"), ["/bin/sh", "-c", "echo 'unclosed"]);
    }

    #[test]
    fn texts_that_look_like_templates_are_escaped() {
        assert_eq!(literal("a {{b}} {% c"), "a {{ \"{{\" }}b}} {{ \"{%\" }} c");
        assert_eq!(literal("plain"), "plain");
        assert_eq!(value_of("lr"), "{{ lr }}");
        assert_eq!(value_of("num-layers"), "{{ params[\"num-layers\"].value }}");
        assert_eq!(value_of("a\"\u{1b}é"), "{{ params[\"a\\\"\\u001bé\"].value }}");
        assert_eq!(value_of("in"), "{{ params[\"in\"].value }}");
    }
}

//! Reads the command of a container: lists or text in the file, with the position of each argument.

use super::command_from::CommandFrom;
use crate::command::dialect::Dialect;
use crate::command::split::split;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::node::{Content, Node, Span};

/// An argument with its position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpannedArgument {
    /// The argument.
    pub text: String,
    /// Its position.
    pub span: Span,
}

/// Reads `command` and `args` as one list. `None` if one of them is invalid.
///
/// Text is split into words as in a shell, but `args` is a single argument after a list, as in Polyaxon, and after `sh -c`.
pub fn read(
    command: Option<&Node>,
    args: Option<&Node>,
    from: CommandFrom,
    findings: &mut Findings,
) -> Option<Vec<SpannedArgument>> {
    let dialect = if from == CommandFrom::EarlierFile { Dialect::Plain } else { Dialect::Polyaxon };
    let is_list = command.is_some_and(|node| node.list().is_some());
    let start = command.map_or(Some(Vec::new()), |node| read_argv(node, dialect, findings));
    let is_script = start.as_ref().and_then(|start| start.last()).is_some_and(|last| takes_script(&last.text));
    let end = match args {
        None => Some(Vec::new()),
        Some(node) => match node.text() {
            Some(text) if from != CommandFrom::EarlierFile && (is_list || is_script) => {
                read_single(text, node.span.clone(), is_script, findings)
            }
            _ => read_argv(node, dialect, findings),
        },
    };
    Some([start?, end?].concat())
}

/// Whether `option` makes a shell or an interpreter run the next argument: `-c`, `-lc`, `-ec`, …
fn takes_script(option: &str) -> bool {
    let letters = option.strip_prefix('-').unwrap_or_default();
    letters.ends_with('c') && letters.chars().all(|c| c.is_ascii_lowercase())
}

/// Text as a single argument.
fn read_single(text: &str, span: Span, is_script: bool, findings: &mut Findings) -> Option<Vec<SpannedArgument>> {
    if text.contains('\0') {
        findings.error(span, "an argument must not contain a NUL character");
        return None;
    }
    let text = joined(text);
    let outside_templates = split(&text).map_or(1, |words| words.len());
    if !is_script && outside_templates > 1 {
        let hint = "write a list for several arguments: args: [\"--a=1\", \"--b=2\"]".to_owned();
        findings.warn(span.clone(), "`args` is text and is passed as a single argument", Some(hint));
    }
    Some(vec![SpannedArgument { text, span }])
}

/// Text on one line has single blanks. Of several lines, those that begin with `-` continue the line before; other line ends separate
/// the statements of a script and are kept.
fn joined(text: &str) -> String {
    let text = text.trim();
    let mut lines = text.lines();
    let Some(mut joined) = lines.next().map(str::to_owned) else { return String::new() };
    for line in lines {
        match line.trim_start() {
            continued if continued.starts_with('-') => {
                joined.truncate(joined.trim_end().trim_end_matches('\\').trim_end().len());
                joined.push(' ');
                joined.push_str(continued);
            }
            _ => {
                joined.push('\n');
                joined.push_str(line);
            }
        }
    }
    if joined.contains('\n') { joined } else { joined.split_whitespace().collect::<Vec<_>>().join(" ") }
}

/// Reads a list of scalars, or text that is split into words.
pub fn read_argv(node: &Node, dialect: Dialect, findings: &mut Findings) -> Option<Vec<SpannedArgument>> {
    match &node.content {
        Content::List(items) => items.iter().map(|item| read_argument(item, dialect, findings)).collect(),
        Content::Text(text) => {
            let parts = split(text);
            if parts.is_none() {
                findings.error(node.span.clone(), "the command has an unclosed quote or a NUL character");
            }
            Some(parts?.into_iter().map(|text| SpannedArgument { text, span: node.span.clone() }).collect())
        }
        _ => {
            findings
                .error(node.span.clone(), format!("a command must be a list or a string, found {}", node.describe()));
            None
        }
    }
}

fn read_argument(item: &Node, dialect: Dialect, findings: &mut Findings) -> Option<SpannedArgument> {
    if matches!(item.content, Content::List(_) | Content::Map(_) | Content::Null) {
        let hint = item.map().map(|_| "put quotes around an element that contains `{{ … }}`".to_owned());
        findings.error_with(
            item.span.clone(),
            format!("an element of a command must be text, found {}", item.describe()),
            hint,
        );
        return None;
    }
    let text = dialect.text(&item.to_json(&mut Vec::new()));
    if text.contains('\0') {
        findings.error(item.span.clone(), "an argument must not contain a NUL character");
        return None;
    }
    Some(SpannedArgument { text, span: item.span.clone() })
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn options_on_their_own_lines_continue_the_command() {
        assert_eq!(joined("  python3  t.py\t--lr=1\n"), "python3 t.py --lr=1");
        assert_eq!(joined("python3 t.py\n  --lr=1\n  --b 2\n"), "python3 t.py --lr=1 --b 2");
        assert_eq!(joined("python3 t.py \\\n  --lr=1"), "python3 t.py --lr=1");
        assert_eq!(joined("cd x\npython3 t.py\n  --a\necho 'a  b'"), "cd x\npython3 t.py --a\necho 'a  b'");
        assert_eq!(joined("if x; then\n  y\nfi\n"), "if x; then\n  y\nfi");
        assert_eq!(joined(" \n "), "");
    }
}

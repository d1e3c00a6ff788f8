//! Whether a command line is the one that began a study.

use serde_json::Value;

use super::record::Header;

/// What a line asks for, as far as it decides what runs.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The matrix file's text.
    pub matrix: &'a str,
    /// The command template.
    pub command: &'a [String],
    /// The options that change what runs, in the header's form.
    pub options: &'a Value,
    /// The seed of the line or the matrix; `None` if one would be drawn, and then the recorded one counts.
    pub seed: Option<u64>,
}

/// One thing in which line and study differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// `matrix`, `command`, `seed` or an option's name.
    pub what: String,
    /// As the study was begun.
    pub recorded: String,
    /// As the line has it.
    pub now: String,
}

/// Everything in which `now` differs from the study that `recorded` began; empty if it may go on.
pub fn differences(recorded: &Header, now: &Identity<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what: String, recorded: String, now: String| found.push(Difference { what, recorded, now });
    if let Some((line, before, after)) = first_differing_line(&recorded.matrix, now.matrix) {
        differ(format!("matrix, line {line}"), before, after);
    }
    if recorded.command != now.command {
        differ("command".into(), joined(&recorded.command), joined(now.command));
    }
    if let Some(seed) = now.seed.filter(|seed| *seed != recorded.seed) {
        differ("seed".into(), recorded.seed.to_string(), seed.to_string());
    }
    for (name, before, after) in differing_options(&recorded.options, now.options) {
        differ(name, before, after);
    }
    found
}

fn first_differing_line(before: &str, after: &str) -> Option<(usize, String, String)> {
    if before == after {
        return None;
    }
    let (mut old, mut new) = (before.lines(), after.lines());
    let shown = |line: Option<&str>| line.map_or("(end of file)".to_owned(), |l| l.trim().to_owned());
    for number in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (a, b) if a != b => return Some((number, shown(a), shown(b))),
            _ => {}
        }
    }
    // Only the line ends differ: the same matrix.
    None
}

fn joined(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| command.join(" "))
}

fn differing_options(before: &Value, after: &Value) -> Vec<(String, String, String)> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        let same = before == after;
        return if same { Vec::new() } else { vec![("options".into(), before.to_string(), after.to_string())] };
    };
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    let differ = names.filter(|name| before.get(*name) != after.get(*name));
    differ.map(|name| difference(name, before.get(name), after.get(name))).collect()
}

/// An option that differs; of two lists, the first item that does.
fn difference(name: &str, before: Option<&Value>, after: Option<&Value>) -> (String, String, String) {
    let shown = |value: Option<&Value>| value.map_or("not given".to_owned(), Value::to_string);
    if let (Some(Value::Array(before)), Some(Value::Array(after))) = (before, after) {
        let at = (0..).find(|at| before.get(*at) != after.get(*at)).unwrap_or(0);
        return (format!("{name}, item {}", at + 1), shown(before.get(at)), shown(after.get(at)));
    }
    let counted = |value: Option<&Value>| match value {
        Some(Value::Array(items)) if items.len() > 1 => format!("{} items", items.len()),
        other => shown(other),
    };
    (name.to_owned(), counted(before), counted(after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::journal::record::{FORMAT, PlanTotals, SAMPLING_RULES};

    fn header() -> Header {
        Header {
            format: FORMAT,
            sampling_rules: SAMPLING_RULES,
            version: String::new(),
            matrix_path: "m.yaml".into(),
            matrix: "kind: random\nnumRuns: 3\n".into(),
            directory: String::new(),
            command: vec!["python3".into(), "my train.py".into()],
            options: json!({"param": {"lr": 1}}),
            seed: 7,
            metric: None,
            resource: None,
            promoted: Default::default(),
            prior: Vec::new(),
            plan: PlanTotals::default(),
            started_at: String::new(),
        }
    }

    #[test]
    fn the_same_line_has_none() {
        let header = header();
        let now =
            Identity { matrix: &header.matrix, command: &header.command, options: &header.options, seed: Some(7) };
        assert_eq!(differences(&header, &now), []);
        assert_eq!(differences(&header, &Identity { seed: None, ..now }), []);
        assert_eq!(differences(&header, &Identity { matrix: "kind: random\r\nnumRuns: 3", ..now }), []);
    }

    #[test]
    fn each_is_named_with_both_sides() {
        let now = Identity {
            matrix: "kind: random\nnumRuns: 4\n",
            command: &["python3".into()],
            options: &json!({"arg_style": "space"}),
            seed: Some(8),
        };
        let found: Vec<String> =
            differences(&header(), &now).iter().map(|d| format!("{}: {} | {}", d.what, d.recorded, d.now)).collect();
        insta::assert_snapshot!(found.join("\n"), @r#"
        matrix, line 2: numRuns: 3 | numRuns: 4
        command: python3 'my train.py' | python3
        seed: 7 | 8
        param: {"lr":1} | not given
        arg_style: not given | "space"
        "#);
    }
}

//! Compares two matrix files field by field, for messages. Comments, quotes, line ends and the order of fields are ignored.

use super::diagnostics::suggest::camel_case;
use super::polyaxon::operation;
use super::yaml::node::{Content, Entry, Node};
use super::yaml::parse::parse;

/// The most characters of a value in a message.
const MAX_WIDTH: usize = 60;

/// A field whose value was changed, added or removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The path of the field in camelCase. It starts with `matrix` even if the matrix is the root of its file.
    pub path: Vec<String>,
    /// Its value in the first file as JSON, truncated to 60 characters.
    pub before: Option<String>,
    /// Its value in the second file, in the same form.
    pub after: Option<String>,
    /// Its line in the second file, from 1.
    pub line: Option<usize>,
}

/// The changes from the text `before` to the text `after`; none if one of them is not YAML.
pub fn changes(before: &str, after: &str) -> Vec<Change> {
    let (Ok(old), Ok(new)) = (parse(before), parse(after)) else { return Vec::new() };
    let mut differ = Differ { text: after, path: Vec::new(), found: Vec::new() };
    match (operation::is_matrix(&old), operation::is_matrix(&new)) {
        (false, false) => differ.compare(Some(&old), Some(&new)),
        (old_is_matrix, new_is_matrix) => {
            let matrix = |root, is_matrix| if is_matrix { Some(root) } else { Node::get(root, "matrix") };
            differ.path.push("matrix".into());
            differ.compare(matrix(&old, old_is_matrix), matrix(&new, new_is_matrix));
        }
    }
    differ.found
}

struct Differ<'t> {
    text: &'t str,
    path: Vec<String>,
    found: Vec<Change>,
}

impl Differ<'_> {
    fn compare(&mut self, old: Option<&Node>, new: Option<&Node>) {
        if let (Some(old), Some(new)) = (old, new) {
            if let (Some(before), Some(after)) = (old.map(), new.map()) {
                return self.compare_fields(before, after);
            }
            if is_same(old, new) {
                return;
            }
        }
        if old.is_some() || new.is_some() {
            let line = new.map(|node| 1 + self.text[..node.span.start.min(self.text.len())].matches('\n').count());
            let (before, after) = (old.map(short_text), new.map(short_text));
            self.found.push(Change { path: self.path.clone(), before, after, line });
        }
    }

    fn compare_fields(&mut self, before: &[Entry], after: &[Entry]) {
        // names below `params` are chosen by the user
        let is_user_name = self.path.last().is_some_and(|name| name == "params");
        let name = |entry: &Entry| if is_user_name { entry.key.clone() } else { camel_case(&entry.key) };
        let find = |entries: &[Entry], wanted: &str| entries.iter().position(|entry| name(entry) == wanted);
        let added = after.iter().map(name).filter(|name| find(before, name).is_none());
        let names: Vec<String> = before.iter().map(name).chain(added).collect();
        for name in names {
            let value = |entries| find(entries, &name).map(|at| &entries[at].value);
            let (old, new) = (value(before), value(after));
            self.path.push(name.clone());
            self.compare(old, new);
            self.path.pop();
        }
    }
}

fn is_same(old: &Node, new: &Node) -> bool {
    match (&old.content, &new.content) {
        (Content::Number(old), Content::Number(new)) => old == new || old.as_f64() == new.as_f64(),
        // infinities and NaN have no JSON form
        (Content::NotFinite(old), Content::NotFinite(new)) => old.to_bits() == new.to_bits(),
        (Content::NotFinite(_), _) | (_, Content::NotFinite(_)) => false,
        _ => json(old) == json(new),
    }
}

fn json(node: &Node) -> String {
    node.to_json(&mut Vec::new()).to_string()
}

fn short_text(node: &Node) -> String {
    let text = match &node.content {
        Content::NotFinite(number) => number.to_string(),
        _ => json(node),
    };
    match text.char_indices().nth(MAX_WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(before: &str, after: &str) -> String {
        let line = |change: Change| {
            let value = |value: Option<String>| value.unwrap_or("nothing".into());
            let line = change.line.map_or(String::new(), |line| format!(" on line {line}"));
            format!("{}: {} -> {}{line}\n", change.path.join("."), value(change.before), value(change.after))
        };
        changes(before, after).into_iter().map(line).collect()
    }

    const MATRIX: &str =
        "kind: hyperband\nmax_iterations: 9\nparams:\n  learning_rate: {kind: uniform, value: [0, 1]}\n";

    #[test]
    fn equal_matrices_in_different_forms_have_no_changes() {
        let same = "# again\r\nparams: {learning_rate: {value: [0, 1], 'kind': \"uniform\"}}\r\n\r\nmaxIterations: 9.0\r\nkind: hyperband";
        assert_eq!(described(MATRIX, same), "");
        let operation = "kind: operation\nmatrix:\n  ".to_owned() + &MATRIX.replace('\n', "\n  ");
        assert_eq!(described(MATRIX, &operation), "");
    }

    #[test]
    fn changes_have_the_path_of_their_field() {
        let other = "kind: hyperband\nmaxIterations: 27\neta: 3\nparams:\n  learning_rate:\n    kind: uniform\n    value: [0, 2]\n  x: {kind: choice, value: [.inf]}\n";
        insta::assert_snapshot!(described(MATRIX, other), @r#"
        matrix.maxIterations: 9 -> 27 on line 2
        matrix.params.learning_rate.value: [0,1] -> [0,2] on line 7
        matrix.params.x: nothing -> {"kind":"choice","value":[null]} on line 8
        matrix.eta: nothing -> 3 on line 3
        "#);
    }
}

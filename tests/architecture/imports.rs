//! Finds the paths that a source file imports or uses.

use std::collections::BTreeSet;

/// A path as its segments, which start with `crate`, `self` or `super`.
pub type Segments = Vec<String>;

/// The paths in `code`, without comments and tests: in `use` declarations and in expressions, with braces resolved, and those
/// that start with a child module declared in the same file.
pub fn paths(code: &str) -> BTreeSet<Segments> {
    let mut found = BTreeSet::new();
    for (start, word) in words(code) {
        let is_start = ["crate", "self", "super"].contains(&word) && !code[..start].ends_with("::");
        if is_start && code[start + word.len()..].starts_with("::") {
            tree(&mut code[start..].chars().peekable(), &Vec::new(), &mut found);
        }
    }
    for child in child_modules(code) {
        let used = words(code).any(|(start, word)| {
            word == child && code[start + word.len()..].starts_with("::") && !code[..start].ends_with("::")
        });
        if used {
            found.insert(vec!["self".to_owned(), child.to_owned()]);
        }
    }
    found
}

/// Source text without comments and without test modules, which are at the end of a file.
pub fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code = code.replace("#[cfg(test)]\nmod tests;", "").replace("#[cfg(test)]\npub(crate) mod tests;", "");
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The names in `mod name;` declarations.
fn child_modules(code: &str) -> Vec<&str> {
    let declared = code.lines().filter_map(|line| line.trim().strip_suffix(';'));
    declared
        .filter_map(|line| line.rsplit_once("mod ").filter(|(before, _)| is_visibility(before)).map(|m| m.1))
        .collect()
}

fn is_visibility(text: &str) -> bool {
    text.is_empty() || (text.starts_with("pub") && text.ends_with(' '))
}

/// Identifiers with their positions.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let starts = code.char_indices().filter(move |(at, c)| is_part(*c) && !code[..*at].ends_with(is_part));
    starts.map(move |(at, _)| (at, code[at..].split(|c| !is_part(c)).next().unwrap_or_default()))
}

/// Reads one use tree after `prefix`: `a::b`, `a::{b, c::d}`, `a::*`, `{self, a}`.
fn tree(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, prefix: &Segments, found: &mut BTreeSet<Segments>) {
    let mut path = prefix.clone();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next_if_eq(&'{').is_some() {
            branches(chars, &path, found);
            return;
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
            name.push(c);
        }
        let is_self_in_braces = name == "self" && !prefix.is_empty();
        if !name.is_empty() && !is_self_in_braces {
            path.push(name);
        }
        if chars.next_if_eq(&':').is_none() || chars.next_if_eq(&':').is_none() {
            break;
        }
    }
    if path.len() > 1 {
        found.insert(path);
    }
}

/// Reads the trees up to the closing brace.
fn branches(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, prefix: &Segments, found: &mut BTreeSet<Segments>) {
    while chars.peek().is_some() {
        tree(chars, prefix, found);
        while chars.next_if(|c| *c != ',' && *c != '}').is_some() {}
        if chars.next() != Some(',') {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(code: &str) -> Vec<String> {
        paths(code).into_iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn every_form_of_import_is_found() {
        assert_eq!(joined("use crate::a::b;\nlet x = crate::c::d();"), ["crate::a::b", "crate::c::d"]);
        assert_eq!(
            joined("use crate::{a::{self, b as x, c::*}, d};"),
            ["crate::a", "crate::a::b", "crate::a::c", "crate::d"]
        );
        assert_eq!(joined("pub(super) use super::super::{a, b};"), ["super::super::a", "super::super::b"]);
        assert_eq!(joined("mod a;\npub(crate) mod b;\nfn f(x: a::T, y: std::b::T) {}"), ["self::a"]);
        assert_eq!(joined("let a = self.b; pub(crate) fn f() {}"), [] as [&str; 0]);
    }

    #[test]
    fn comments_and_tests_are_removed() {
        let text = "use a::b; // crate::c\n#[cfg(test)]\nmod tests;\nx\n#[cfg(test)]\nmod tests {\nuse crate::d;\n}\n";
        assert_eq!(without_tests_and_comments(text).trim(), "use a::b; \n\nx");
    }
}

//! Bytes to nodes: the one place where YAML is parsed, under limits that no file can exceed.

use serde_yaml::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Options};

use super::indentation;
use super::node::{Node, Span};

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// Deepest nesting of lists and mappings. Each level costs the parser some 30 KiB of stack in a debug build, and a thread may have
/// no more than 2 MiB.
const MAX_DEPTH: usize = 24;

/// Most values in a document, those repeated by aliases included.
const MAX_NODES: usize = 250_000;

/// Most parser events that aliases may repeat.
const MAX_REPEATED: usize = 20_000;

/// Why bytes are not a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadError {
    /// A lowercase sentence.
    pub message: String,
    /// Where, if it is in one place.
    pub span: Option<Span>,
    /// What to do.
    pub hint: Option<String>,
}

impl ReadError {
    fn whole(message: impl Into<String>, hint: &str) -> ReadError {
        ReadError { message: message.into(), span: None, hint: Some(hint.to_owned()) }
    }
}

/// The text of a file: UTF-8 (a byte-order mark is dropped, UTF-16 is named) and no binary data.
pub fn decode(bytes: &[u8]) -> Result<&str, ReadError> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MiB, the most that is read", MAX_BYTES >> 20);
        return Err(ReadError::whole(message, "is this really the file that was meant?"));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ReadError::whole("the file is UTF-16, not UTF-8", "save it as UTF-8"));
    }
    if bytes.contains(&0) {
        return Err(ReadError::whole("the file is binary, not YAML text", "is this really the file that was meant?"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        ReadError::whole(format!("line {line} is not UTF-8 text"), "save the file as UTF-8")
    })
}

/// The one document of `text`.
pub fn parse(text: &str) -> Result<Node, ReadError> {
    let root: Node = serde_yaml::from_str_with_options(text, options()).map_err(|error| explain(&error, text))?;
    if root.is_null() {
        return Err(ReadError::whole("the file is empty", "a matrix starts with `kind: hyperband` or `matrix:`"));
    }
    Ok(root)
}

/// A value written outside YAML files, typed as YAML would: `3` is a number, `[1, 2]` a list, what cannot be read is text.
pub fn scalar(text: &str) -> serde_json::Value {
    let mut refused = Vec::new();
    match parse(text).map(|node| node.to_json(&mut refused)) {
        Ok(value) if refused.is_empty() => value,
        _ if matches!(text.trim(), "null" | "~") => serde_json::Value::Null,
        _ => serde_json::Value::String(text.to_owned()),
    }
}

fn options() -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_documents: 2,
            max_total_scalar_bytes: 2 * MAX_BYTES,
            max_merge_keys: 1_000,
        },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: MAX_REPEATED },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

/// The parser's error in our words where they are better, else in its own.
fn explain(error: &serde_yaml::Error, text: &str) -> ReadError {
    use serde_yaml::Error;
    let span = error.location().and_then(|place| locate(&place, text));
    let cause = match error.without_snippet() {
        Error::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let said = first_line(cause);
    let (message, hint) = match cause {
        Error::MultipleDocuments { .. } => {
            ("the file holds several documents".to_owned(), Some("keep one and remove the `---` lines"))
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            format!("the document is nested too deeply, or too large when its aliases are followed ({said})"),
            Some("write it out with fewer levels and aliases"),
        ),
        Error::UnknownAnchor { .. } => ("this alias names no anchor".to_owned(), None),
        Error::RecursiveReferencesRequireWeakTypes { .. } => ("this alias refers to itself".to_owned(), None),
        // The parser's own bound on brackets has no variant.
        _ if said.contains("recursion limit") => {
            ("the document is nested too deeply".to_owned(), Some("write it out with fewer levels"))
        }
        _ => {
            let hint = span.as_ref().and_then(|span| indentation::hint(text, span.start));
            return ReadError { message: said, span, hint };
        }
    };
    ReadError { message, span, hint: hint.map(str::to_owned) }
}

/// Errors know their line and column, not always their bytes.
fn locate(place: &serde_yaml::Location, text: &str) -> Option<Span> {
    let line = usize::try_from(place.line()).ok()?.checked_sub(1)?;
    let column = usize::try_from(place.column()).ok()?.saturating_sub(1);
    let from = match line {
        0 => 0,
        _ => text.match_indices('\n').nth(line - 1)?.0 + 1,
    };
    let start = text[from..].char_indices().nth(column).map_or(text.len(), |(at, _)| from + at);
    Some(start..start)
}

fn first_line(error: &serde_yaml::Error) -> String {
    let text = error.without_snippet().render();
    let line = text.lines().next().unwrap_or("not valid YAML");
    let line = line.strip_prefix("error: ").unwrap_or(line);
    // The position is shown by the caret already.
    let line = line.split(" at line ").next().unwrap_or(line);
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `message | hint | line:column`.
    fn refusal(text: &str) -> String {
        let error = parse(text).unwrap_err();
        let place = error.span.map(|span| {
            let before = &text[..span.start];
            let column = before.rsplit('\n').next().unwrap_or("").chars().count();
            format!("{}:{}", before.matches('\n').count() + 1, column + 1)
        });
        format!("{} | {} | {}", error.message, error.hint.unwrap_or_default(), place.unwrap_or_default())
    }

    #[test]
    fn what_is_not_yaml_is_refused_with_its_place() {
        let texts = [
            "a: 1\nb:\n\t- x\n",
            "a: [1, 2\nb: 3\n",
            "a: 1\n---\nb: 2\n",
            "a: *b\n",
            "a: &a [*a]\n",
            "matrix:\n  a: 1\n   b:\n    - x\n",
            "a: 'open\n",
            "",
            "\u{feff}# only a comment\n",
        ];
        let all: Vec<String> = texts.iter().map(|t| refusal(t)).collect();
        insta::assert_snapshot!(all.join("\n"), @"
        tabs disallowed within this context (block indentation) | indent with spaces, YAML allows no tabs | 3:2
        illegal placement of ':' indicator |  | 2:2
        the file holds several documents | keep one and remove the `---` lines | 3:1
        this alias names no anchor |  | 1:4
        this alias refers to itself |  | 1:8
        mapping values are not allowed in this context |  | 3:5
        invalid indentation in multiline quoted scalar |  | 2:1
        the file is empty | a matrix starts with `kind: hyperband` or `matrix:` | 
        the file is empty | a matrix starts with `kind: hyperband` or `matrix:` |
        ");
    }

    #[test]
    fn numbers_and_words_keep_their_types() {
        let text = "[0x10, 1:2:3, 010, 1e-5, no, 0o17, 2020-01-01, +5, 1., -0, true, ~, '7']";
        let json = parse(text).unwrap().to_json(&mut Vec::new());
        insta::assert_snapshot!(json, @r#"[16,"1:2:3","010",0.00001,"no",15,"2020-01-01",5,1.0,0,true,null,"7"]"#);
    }

    #[test]
    fn nodes_know_their_bytes() {
        let text = "é: 1\nb:\n  - x\n  - [1, 2]\nc: {d: 'e f'}\n";
        let root = parse(text).unwrap();
        let cut = |node: &Node| text[node.span.clone()].to_owned();
        assert_eq!(cut(root.get("é").unwrap()), "1");
        assert_eq!(cut(root.get("b").unwrap()), "- x\n  - [1, 2");
        assert_eq!(cut(root.get("c").unwrap().get("d").unwrap()), "'e f'");
    }

    #[test]
    fn bombs_are_refused_at_once() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for n in 1..10 {
            let items = vec![format!("*a{}", n - 1); 9].join(", ");
            bomb += &format!("a{n}: &a{n} [{items}]\n");
        }
        assert!(refusal(&bomb).contains("aliases"), "{}", refusal(&bomb));
        let merges: String = (0..2_000).map(|n| format!("m{n}: {{<<: *base}}\n")).collect();
        assert!(parse(&format!("base: &base {{a: 1}}\n{merges}")).is_err());
        assert_eq!(
            refusal(&"[".repeat(100_000)),
            "the document is nested too deeply | write it out with fewer levels | 1:256"
        );
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse(&"{a: ".repeat(1_000)).is_err());
        let staircase: String = (0..500).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(parse(&staircase).is_err());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(decode(b"a: \x00").unwrap_err().message.contains("binary"));
        assert!(decode(b"\xff\xfea").unwrap_err().message.contains("UTF-16"));
        assert_eq!(decode(b"a: 1\nb: \xff").unwrap_err().message, "line 2 is not UTF-8 text");
        assert!(decode(&vec![b'x'; MAX_BYTES + 1]).is_err());
        assert_eq!(decode(b"\xef\xbb\xbfa: 1").unwrap(), "a: 1");
    }
}

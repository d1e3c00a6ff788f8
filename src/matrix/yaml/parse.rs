//! Parses YAML into nodes, with limits on size, depth and aliases.

use serde_yaml::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Options};

use super::indentation;
use super::node::{Node, Span};

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// Deepest nesting of lists and mappings. Each level takes about 30 KiB of stack in a debug build; a thread has 2 MiB.
const MAX_DEPTH: usize = 24;

/// Most values in a document, including those repeated by aliases.
const MAX_NODES: usize = 250_000;

/// Most parser events repeated by aliases.
const MAX_REPEATED: usize = 20_000;

const CHECK_PATH: &str = "check the path";

/// Why a text is not a YAML document.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// What is wrong, a lowercase fragment.
    pub message: String,
    /// Its position; `None` for the whole text.
    pub span: Option<Span>,
    /// What to do.
    pub hint: Option<String>,
}

impl ReadError {
    fn without_span(message: impl Into<String>, hint: &str) -> ReadError {
        ReadError { message: message.into(), span: None, hint: Some(hint.to_owned()) }
    }
}

/// Decodes a file as UTF-8, without its byte-order mark.
///
/// # Errors
/// The file is larger than [`MAX_BYTES`], binary, UTF-16 or not valid UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, ReadError> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MiB", MAX_BYTES >> 20);
        return Err(ReadError::without_span(message, CHECK_PATH));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ReadError::without_span("the file is UTF-16, not UTF-8", "save it as UTF-8"));
    }
    if bytes.contains(&0) {
        return Err(ReadError::without_span("the file is binary, not YAML", CHECK_PATH));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        ReadError::without_span(format!("line {line} is not valid UTF-8"), "save the file as UTF-8")
    })
}

/// Parses `text`, which must contain exactly one document.
///
/// # Errors
/// Invalid YAML, no document, several documents, or a document that exceeds a limit.
pub fn parse(text: &str) -> Result<Node, ReadError> {
    let root: Node = serde_yaml::from_str_with_options(text, options()).map_err(|error| explain(&error, text))?;
    if root.is_null() {
        return Err(ReadError::without_span(
            "the file is empty",
            "a matrix starts with `kind: hyperband` or `matrix:`",
        ));
    }
    Ok(root)
}

/// Parses a value given outside a YAML file by YAML's rules: `3` is a number, `[1, 2]` a list. Invalid YAML is text.
pub fn parse_value(text: &str) -> serde_json::Value {
    let mut not_finite = Vec::new();
    match parse(text).map(|node| node.to_json(&mut not_finite)) {
        Ok(value) if not_finite.is_empty() => value,
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

/// Converts an error of the parser, with a clearer message for some.
fn explain(error: &serde_yaml::Error, text: &str) -> ReadError {
    use serde_yaml::Error;
    let span = error.location().and_then(|location| position(&location, text));
    let cause = match error.without_snippet() {
        Error::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let original = first_line(cause);
    let (message, hint) = match cause {
        Error::MultipleDocuments { .. } => {
            ("the file contains several documents".to_owned(), Some("keep one and remove the `---` lines"))
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            format!("the document is nested too deeply or too large after its aliases are expanded ({original})"),
            Some("use fewer levels and aliases"),
        ),
        Error::UnknownAnchor { .. } => ("alias of an unknown anchor".to_owned(), None),
        Error::RecursiveReferencesRequireWeakTypes { .. } => ("alias of a node that contains it".to_owned(), None),
        // the parser's limit on brackets has no variant
        _ if original.contains("recursion limit") => {
            ("the document is nested too deeply".to_owned(), Some("use fewer levels"))
        }
        _ => {
            let hint = span.as_ref().and_then(|span| indentation::hint(text, span.start));
            return ReadError { message: original, span, hint };
        }
    };
    ReadError { message, span, hint: hint.map(str::to_owned) }
}

/// The position of `location`, from its line and column: errors do not always have a byte offset.
fn position(location: &serde_yaml::Location, text: &str) -> Option<Span> {
    let line = usize::try_from(location.line()).ok()?.checked_sub(1)?;
    let column = usize::try_from(location.column()).ok()?.saturating_sub(1);
    let line_start = match line {
        0 => 0,
        _ => text.match_indices('\n').nth(line - 1)?.0 + 1,
    };
    let start = text[line_start..].char_indices().nth(column).map_or(text.len(), |(at, _)| line_start + at);
    Some(start..start)
}

fn first_line(error: &serde_yaml::Error) -> String {
    let text = error.without_snippet().render();
    let line = text.lines().next().unwrap_or("not valid YAML");
    let line = line.strip_prefix("error: ").unwrap_or(line);
    // the position is shown separately
    let line = line.split(" at line ").next().unwrap_or(line);
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `message | hint | line:column`.
    fn error(text: &str) -> String {
        let error = parse(text).unwrap_err();
        let position = error.span.map(|span| {
            let before = &text[..span.start];
            let column = before.rsplit('\n').next().unwrap_or("").chars().count();
            format!("{}:{}", before.matches('\n').count() + 1, column + 1)
        });
        format!("{} | {} | {}", error.message, error.hint.unwrap_or_default(), position.unwrap_or_default())
    }

    #[test]
    fn invalid_yaml_is_an_error_with_its_position() {
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
        let all: Vec<String> = texts.iter().map(|t| error(t)).collect();
        insta::assert_snapshot!(all.join("\n"), @"
        tabs disallowed within this context (block indentation) | indent with spaces; YAML does not allow tabs | 3:2
        illegal placement of ':' indicator |  | 2:2
        the file contains several documents | keep one and remove the `---` lines | 3:1
        alias of an unknown anchor |  | 1:4
        alias of a node that contains it |  | 1:8
        mapping values are not allowed in this context |  | 3:5
        invalid indentation in multiline quoted scalar |  | 2:1
        the file is empty | a matrix starts with `kind: hyperband` or `matrix:` | 
        the file is empty | a matrix starts with `kind: hyperband` or `matrix:` |
        ");
    }

    #[test]
    fn scalars_have_the_types_of_yaml_1_2() {
        let text = "[0x10, 1:2:3, 010, 1e-5, no, 0o17, 2020-01-01, +5, 1., -0, true, ~, '7']";
        let json = parse(text).unwrap().to_json(&mut Vec::new());
        insta::assert_snapshot!(json, @r#"[16,"1:2:3","010",0.00001,"no",15,"2020-01-01",5,1.0,0,true,null,"7"]"#);
    }

    #[test]
    fn nodes_have_spans() {
        let text = "é: 1\nb:\n  - x\n  - [1, 2]\nc: {d: 'e f'}\n";
        let root = parse(text).unwrap();
        let cut = |node: &Node| text[node.span.clone()].to_owned();
        assert_eq!(cut(root.get("é").unwrap()), "1");
        assert_eq!(cut(root.get("b").unwrap()), "- x\n  - [1, 2");
        assert_eq!(cut(root.get("c").unwrap().get("d").unwrap()), "'e f'");
    }

    #[test]
    fn nesting_and_aliases_are_limited() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for n in 1..10 {
            let items = vec![format!("*a{}", n - 1); 9].join(", ");
            bomb += &format!("a{n}: &a{n} [{items}]\n");
        }
        assert!(error(&bomb).contains("aliases"), "{}", error(&bomb));
        let merges: String = (0..2_000).map(|n| format!("m{n}: {{<<: *base}}\n")).collect();
        assert!(parse(&format!("base: &base {{a: 1}}\n{merges}")).is_err());
        assert_eq!(error(&"[".repeat(100_000)), "the document is nested too deeply | use fewer levels | 1:256");
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse(&"{a: ".repeat(1_000)).is_err());
        let staircase: String = (0..500).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(parse(&staircase).is_err());
    }

    #[test]
    fn other_encodings_and_binary_data_are_errors() {
        assert!(decode(b"a: \x00").unwrap_err().message.contains("binary"));
        assert!(decode(b"\xff\xfea").unwrap_err().message.contains("UTF-16"));
        assert_eq!(decode(b"a: 1\nb: \xff").unwrap_err().message, "line 2 is not valid UTF-8");
        assert!(decode(&vec![b'x'; MAX_BYTES + 1]).is_err());
        assert_eq!(decode(b"\xef\xbb\xbfa: 1").unwrap(), "a: 1");
    }
}

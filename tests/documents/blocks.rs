//! Fenced blocks of a document and their marks.

use std::fmt;

/// How a block is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Use {
    /// Only shown.
    Shown,
    /// Run.
    Run,
    /// Run by `.ci/run`.
    Ci,
    /// Planned instead of run.
    Plan,
    /// A whole matrix file, by name if others use it.
    Matrix(Option<String>),
    /// Fields in place of those of the first matrix file.
    Part(Option<String>),
    /// A script of that name.
    Python(String),
    /// The last output as JSON, but for times and paths.
    Keys,
}

/// One fenced block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its document, relative to the repository.
    pub document: String,
    /// Line of its fence, from 1.
    pub line: usize,
    /// How it is checked.
    pub usage: Use,
    /// The text between the fences.
    pub text: String,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.document, self.line)
    }
}

impl Block {
    /// Its commands, without comments and empty lines.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        let command = |line| str::trim(str::split(line, " #").next().unwrap_or_default());
        self.text.lines().map(command).filter(|line| !line.is_empty() && !line.starts_with('#'))
    }
}

/// Every block of `text`; an unknown mark is an error with its line.
pub fn blocks(document: &str, text: &str) -> Result<Vec<Block>, String> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let fence = line.trim_start().strip_prefix("```");
        match (open.take(), fence) {
            (None, None) => {}
            (None, Some(info)) => {
                let usage = usage(info).ok_or_else(|| format!("{document}:{number}: no fence is marked `{info}`"))?;
                open = Some(Block { document: document.to_owned(), line: number, usage, text: String::new() });
            }
            (Some(block), Some(_)) => found.push(block),
            (Some(mut block), None) => {
                block.text += line;
                block.text += "\n";
                open = Some(block);
            }
        }
    }
    match open {
        Some(block) => Err(format!("{block}: the fence is never closed")),
        None => Ok(found),
    }
}

fn usage(info: &str) -> Option<Use> {
    let words: Vec<&str> = info.split_whitespace().collect();
    let file = |word: &str| word.strip_prefix("file=").filter(|name| !name.is_empty()).map(str::to_owned);
    Some(match words[..] {
        ["text"] => Use::Shown,
        ["sh"] => Use::Run,
        ["sh", "ci"] => Use::Ci,
        ["sh", "plan"] => Use::Plan,
        ["yaml"] => Use::Matrix(None),
        ["yaml", "part"] => Use::Part(None),
        ["yaml", "part", name] => Use::Part(Some(file(name)?)),
        ["yaml", name] => Use::Matrix(Some(file(name)?)),
        ["python", name] => Use::Python(file(name)?),
        ["json", "keys"] => Use::Keys,
        _ => return None,
    })
}

#[test]
fn blocks_are_found_with_their_marks() {
    let text = "a\n```sh ci\nx  # why\n\n# all\ny\n```\n```yaml part file=b.yaml\nc: 1\n```\n";
    let found = blocks("D.md", text).unwrap();
    assert_eq!(found[0].commands().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(found[1].usage, Use::Part(Some("b.yaml".into())));
    assert_eq!((found[1].to_string().as_str(), found[1].text.as_str()), ("D.md:8", "c: 1\n"));
}

#[test]
fn a_block_that_nothing_would_check_is_an_error() {
    for text in ["```\nx\n```\n", "```sh later\nx\n```\n", "```rust\n```\n", "```sh\nx\n"] {
        assert!(blocks("D.md", text).is_err(), "{text}");
    }
}

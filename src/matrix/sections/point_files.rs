//! Parses files of starting points: a YAML or JSON list, JSON objects, or the CSV that `export` prints.

use csv::{Reader, StringRecord};

use crate::matrix::yaml::node::{Content, Entry, Node, Span};
use crate::matrix::yaml::parse::{ReadError, parse};

/// What the names of columns with parameters begin with.
const COLUMN_PREFIX: &str = "params.";

/// How the values of a file are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CellType {
    /// Numbers, booleans and text differ.
    Typed,
    /// All are text, as in CSV.
    Text,
}

/// Parses the starting points of a text, each a mapping, without checking them.
///
/// # Errors
/// The text is none of the formats, or has no starting points.
pub fn parse_points(text: &str) -> Result<(Vec<Node>, CellType), ReadError> {
    let (items, cells) = if text.trim_start().starts_with('{') {
        (parse_json_objects(text)?, CellType::Typed)
    } else if has_param_columns(text) {
        (parse_csv(text)?, CellType::Text)
    } else {
        (parse_list(text)?, CellType::Typed)
    };
    if items.is_empty() {
        return Err(ReadError {
            message: "the file has no starting points".to_owned(),
            span: None,
            hint: Some("write a list of mappings, or one JSON object per line".to_owned()),
        });
    }
    Ok((items, cells))
}

fn parse_list(text: &str) -> Result<Vec<Node>, ReadError> {
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(is_blank) {
        return Ok(Vec::new());
    }
    let root = parse(text)?;
    let list = root.list().map(<[Node]>::to_vec);
    list.ok_or_else(|| ReadError {
        message: format!("starting points must be a list of mappings, found {}", root.describe()),
        span: Some(root.span.clone()),
        hint: Some("start each with `- `, or write one JSON object per line, as `best --format json` does".into()),
    })
}

/// Parses JSON objects: one per line, or over several lines. Each is parsed as YAML, which gives every value its position.
fn parse_json_objects(text: &str) -> Result<Vec<Node>, ReadError> {
    let mut start = 0;
    let mut nodes = Vec::new();
    while let Some(line) = text[start..].split_inclusive('\n').next() {
        let mut length = line.len();
        if !line.trim().is_empty() {
            let in_file = |span: Span| span.start + start..span.end + start;
            let parsed = parse(line).or_else(|error| {
                length = json_length(&text[start..]).filter(|length| *length > line.len()).ok_or(error)?;
                parse(&text[start..start + length])
            });
            let mut node = parsed.map_err(|error| ReadError { span: error.span.map(in_file), ..error })?;
            node.shift(start);
            nodes.push(node);
        }
        start += length;
    }
    Ok(nodes)
}

/// The length of the JSON value that `text` begins with, in bytes.
fn json_length(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

fn has_param_columns(text: &str) -> bool {
    let header = text.lines().next().unwrap_or_default();
    header.split(',').any(|name| name.trim_matches(['"', ' ']).starts_with(COLUMN_PREFIX))
}

/// A mapping per row, of the columns with parameters whose cell is not empty.
fn parse_csv(text: &str) -> Result<Vec<Node>, ReadError> {
    let mut reader = Reader::from_reader(text.as_bytes());
    let error = |error: csv::Error| {
        let at = error.position().map_or(0, |position| position.byte() as usize);
        ReadError { message: format!("invalid CSV: {error}"), span: Some(at..at + 1), hint: None }
    };
    let header = reader.headers().map_err(error)?.clone();
    reader.records().map(|row| row.map(|row| csv_point(&header, &row, text)).map_err(error)).collect()
}

fn csv_point(header: &StringRecord, row: &StringRecord, text: &str) -> Node {
    let start = row.position().map_or(0, |position| position.byte() as usize);
    // The position of a row may include the line end before it.
    let start = start + text.get(start..).map_or(0, |rest| rest.len() - rest.trim_start().len());
    let end = start + text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    let entry = |(column, cell): (&str, &str)| {
        let key = column.trim().strip_prefix(COLUMN_PREFIX)?.to_owned();
        let value = Node { span: start..end, content: Content::Text(cell.to_owned()) };
        (!cell.is_empty()).then_some(Entry { key, key_span: start..end, value })
    };
    Node { span: start..end, content: Content::Map(header.iter().zip(row).filter_map(entry).collect()) }
}

//! The readings in a file: JSON, JSON lines, or CSV with a header. Which of them is seen from the content.

use std::borrow::Cow;

use csv::{ReaderBuilder, StringRecord};
use serde_json::value::RawValue;

use crate::collect::json_object::JsonObject;
use crate::collect::json_text::{push_entry, push_name};
use crate::collect::python_json::python_numbers_quoted;
use crate::collect::text::number;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What a file holds, each reading as a JSON object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rows {
    /// One object, which replaces that of the file's earlier content.
    Whole(String),
    /// Objects in order.
    Listed(Vec<String>),
}

/// Reads `text`. Unless it is `complete`, a last line without its newline is left out. An error says what is wrong.
pub fn rows(text: &[u8], complete: bool) -> Result<Rows, String> {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    match text.trim_ascii_start().as_bytes().first() {
        None => Ok(Rows::Listed(Vec::new())),
        Some(b'{' | b'[') => json(text, complete),
        Some(_) => csv_rows(whole_lines(text, complete)).map(Rows::Listed),
    }
}

fn whole_lines(text: &str, complete: bool) -> &str {
    match text.rfind('\n') {
        _ if complete => text,
        Some(at) => &text[..=at],
        None => "",
    }
}

fn json(text: &str, complete: bool) -> Result<Rows, String> {
    let quoted = match python_numbers_quoted(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(quoted) => Cow::Owned(String::from_utf8_lossy(&quoted).into_owned()),
    };
    let lines = quoted.lines().filter(|line| !line.trim_ascii().is_empty()).count();
    if JsonObject::parse(&quoted).is_some() {
        let object = quoted.trim_ascii().to_owned();
        return Ok(if lines == 1 { Rows::Listed(vec![object]) } else { Rows::Whole(object) });
    }
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(&quoted) {
        return Ok(Rows::Listed(items.into_iter().map(|item| item.get().to_owned()).collect()));
    }
    json_lines(&quoted, complete)
}

fn json_lines(text: &str, complete: bool) -> Result<Rows, String> {
    let mut objects = Vec::new();
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()).peekable();
    while let Some((number, line)) = lines.next() {
        match JsonObject::parse(line) {
            Some(_) => objects.push(line.trim_ascii().to_owned()),
            // It may be written at this moment, or the job was ended while it wrote it.
            None if lines.peek().is_none() && (!complete || !text.ends_with('\n')) => {}
            None => return Err(format!("line {} is not a JSON object", number + 1)),
        }
    }
    Ok(Rows::Listed(objects))
}

/// Every row as an object: the header's names with the cells that are not empty. A header that is written again, or another one, counts
/// from there on.
fn csv_rows(text: &str) -> Result<Vec<String>, String> {
    let (header, body) = header_and_body(text);
    let count = |delimiter: u8| header.bytes().filter(|byte| *byte == delimiter).count();
    let delimiter = [b',', b'\t', b';'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter).flexible(true).trim(csv::Trim::All).has_headers(false);
    let mut names = StringRecord::new();
    let error = |error: csv::Error| error.to_string();
    builder.from_reader(header.as_bytes()).read_record(&mut names).map_err(error)?;
    let mut rows = Vec::new();
    let mut has_only_numbers = true;
    for record in builder.comment(Some(b'#')).from_reader(body.as_bytes()).records() {
        let record = record.map_err(error)?;
        if is_header(&record, &names, has_only_numbers && !rows.is_empty()) {
            names = record;
            continue;
        }
        has_only_numbers &= record.iter().all(|cell| cell.is_empty() || number::whole(cell).is_some());
        rows.push(object(names.iter().zip(record.iter())));
    }
    Ok(rows)
}

/// The line with the names, and the text below it. Empty lines and comments (`# …`) before it do not count; if what follows them has
/// numbers only, the last comment has the names, as NumPy's `savetxt` writes them.
fn header_and_body(text: &str) -> (&str, &str) {
    let (mut comment, mut rest) = (None, text);
    while !rest.is_empty() {
        let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
        match line.trim().strip_prefix('#') {
            Some(names) => comment = Some(names),
            None if line.trim().is_empty() => {}
            None => {
                let has_numbers_only = line.split([',', '\t', ';']).all(|cell| number::whole(cell).is_some());
                return comment.filter(|_| has_numbers_only).map_or((line, below), |names| (names.trim(), rest));
            }
        }
        rest = below;
    }
    ("", "")
}

/// Whether `record` is a header and no row: it has names in all cells, and they are those of the last header, or share one with it, or
/// all rows so far had numbers only.
fn is_header(record: &StringRecord, names: &StringRecord, has_only_numbers: bool) -> bool {
    let is_name = |cell: &str| !cell.is_empty() && number::whole(cell).is_none();
    let is_repeated = || record.iter().any(|cell| names.iter().any(|name| name == cell));
    record.iter().all(is_name) && (record == names || (record.len() > 1 && (has_only_numbers || is_repeated())))
}

fn object<'c>(cells: impl Iterator<Item = (&'c str, &'c str)>) -> String {
    let mut json = "{".to_owned();
    for (name, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
        match number::whole(cell) {
            Some(number) => push_entry(&mut json, name, number),
            None => {
                push_name(&mut json, name);
                json.push_str(&serde_json::Value::from(cell).to_string());
            }
        }
    }
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> String {
        match rows(text.as_bytes(), true) {
            Ok(Rows::Listed(rows)) => rows.join(" "),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn csv_with_a_header() {
        let lightning = "epoch,step,train_loss,val_loss\n0,3,0.5,\n0,3,,0.25\n";
        assert_eq!(listed(lightning), r#"{"epoch":0,"step":3,"train_loss":0.5} {"epoch":0,"step":3,"val_loss":0.25}"#);
        assert_eq!(listed("\u{feff}a;b\r\n1;nan\r\n"), r#"{"a":1,"b":"NaN"}"#);
        assert_eq!(listed("a\tb\n1\t\"x, y\""), r#"{"a":1,"b":"x, y"}"#);
        assert_eq!(listed("loss\n0.5\n0.25\n"), r#"{"loss":0.5} {"loss":0.25}"#);
        assert_eq!(listed("a,b\n1\n1,2,3\n"), r#"{"a":1} {"a":1,"b":2}"#);
    }

    #[test]
    fn what_comes_before_the_header_does_not_matter() {
        assert_eq!(listed("\n\na;b\n1;2\n"), r#"{"a":1,"b":2}"#);
        assert_eq!(listed("  \r\na\tb\r\n1\t2\r\n"), r#"{"a":1,"b":2}"#);
        assert_eq!(
            listed("# run 7, lr 0.1\n# second\nepoch,loss\n1,0.5\n# note\n2,0.25\n"),
            r#"{"epoch":1,"loss":0.5} {"epoch":2,"loss":0.25}"#
        );
        assert_eq!(listed("# epoch,loss\n1,0.5\n"), r#"{"epoch":1,"loss":0.5}"#);
        assert_eq!(listed("#only\n\n"), "");
    }

    #[test]
    fn another_header_counts_from_there_on() {
        assert_eq!(
            listed("epoch,loss\n1,0.5\nepoch,loss\n1,0.25\n"),
            r#"{"epoch":1,"loss":0.5} {"epoch":1,"loss":0.25}"#
        );
        assert_eq!(listed("loss\n0.5\nloss\n0.25\n"), r#"{"loss":0.5} {"loss":0.25}"#);
        assert_eq!(
            listed("epoch,loss\n1,0.5\nloss,epoch\n0.25,2\n"),
            r#"{"epoch":1,"loss":0.5} {"loss":0.25,"epoch":2}"#
        );
        assert_eq!(listed("a,b\n1,2\nc,d\n3,4\n"), r#"{"a":1,"b":2} {"c":3,"d":4}"#);
        assert_eq!(listed("name,state\nx,ok\ny,bad\n"), r#"{"name":"x","state":"ok"} {"name":"y","state":"bad"}"#);
    }

    #[test]
    fn json_of_all_forms() {
        assert_eq!(listed("{\"a\": 1}\n{\"a\": NaN}\n"), "{\"a\": 1} {\"a\": \"NaN\"}");
        assert_eq!(listed("[{\"a\": 1}, {\"a\": 2}]"), "{\"a\": 1} {\"a\": 2}");
        assert_eq!(rows(b"{\n\"a\": 1\n}\n", true), Ok(Rows::Whole("{\n\"a\": 1\n}".into())));
        assert_eq!(listed("{\"a\": 1}\n{\"a\""), "{\"a\": 1}");
        assert_eq!(listed("{\"a\": 1}\nx\n{\"a\": 2}"), "Err(\"line 2 is not a JSON object\")");
        assert_eq!(listed(" \n"), "");
    }

    #[test]
    fn an_incomplete_last_line_waits_for_its_end() {
        assert_eq!(rows(b"a,b\n1,2\n3,4", false), Ok(Rows::Listed(vec![r#"{"a":1,"b":2}"#.into()])));
        assert_eq!(rows(b"{\"a\": 1}\n{\"a\": ", false), Ok(Rows::Listed(vec!["{\"a\": 1}".into()])));
    }
}

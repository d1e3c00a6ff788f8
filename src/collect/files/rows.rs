//! The readings in a file: JSON, JSON lines, or CSV with a header. Which of them is seen from the content.

use std::borrow::Cow;

use csv::ReaderBuilder;
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

/// Every row as an object: the header's names with the cells that are not empty.
fn csv_rows(text: &str) -> Result<Vec<String>, String> {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| header.bytes().filter(|byte| *byte == delimiter).count();
    let delimiter = [b',', b'\t', b';'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|error| error.to_string())?.clone();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| error.to_string())?;
        Ok(object(names.iter().zip(record.iter())))
    };
    reader.records().map(row).collect()
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

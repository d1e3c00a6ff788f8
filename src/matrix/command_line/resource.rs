//! Reads `--resource NAME=MAX` and `--resource NAME=MIN:MAX`.

use serde_json::Number;

use super::entries::text_entry;
use crate::matrix::notation::NotationError;
use crate::matrix::yaml::node::{Content, Entry, Node, Span};
use crate::matrix::yaml::parse::parse_value;

/// The fields `resource`, `maxIterations` and, if there is a MIN, `minIterations`. The type of the resource is `float` if one of the
/// numbers is not an integer.
///
/// # Errors
/// The text is not of this form.
pub fn parse(text: &str) -> Result<Vec<Entry>, NotationError> {
    let hint = "write NAME=MAX or NAME=MIN:MAX, as in epochs=27";
    let error =
        |span: Span, message: &str| NotationError { message: message.to_owned(), span, hint: Some(hint.to_owned()) };
    let (name, amounts) =
        text.split_once('=').ok_or_else(|| error(0..text.len(), "missing `=` after the name of the resource"))?;
    if name.trim().is_empty() {
        return Err(error(0..text.len(), "missing name of the resource"));
    }
    let start = name.len() + 1;
    let (min, max) = amounts.split_once(':').map_or((None, amounts), |(min, max)| (Some(min), max));
    let max_start = text.len() - max.len();
    let number = |text: &str, start: usize| match parse_value(text.trim()) {
        serde_json::Value::Number(number) => Ok((number, start..start + text.len())),
        _ => Err(error(start..start + text.len(), "the amount of the resource must be a number")),
    };
    let max = number(max, max_start)?;
    let min = min.map(|min| number(min, start)).transpose()?;
    let is_int = std::iter::once(&max).chain(&min).all(|(number, _)| number.is_u64() || number.is_i64());
    let fields = [("name", name.trim()), ("type", if is_int { "int" } else { "float" })];
    let content = Content::Map(fields.map(|(key, text)| text_entry(key, text, 0..name.len())).into());
    let value = Node { span: 0..text.len(), content };
    let resource = Entry { key: "resource".to_owned(), key_span: 0..name.len(), value };
    let amounts = [Some(("maxIterations", max)), min.map(|min| ("minIterations", min))];
    Ok(std::iter::once(resource).chain(amounts.into_iter().flatten().map(amount)).collect())
}

fn amount((key, (number, span)): (&str, (Number, Span))) -> Entry {
    Entry { key: key.to_owned(), key_span: span.clone(), value: Node { span, content: Content::Number(number) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::yaml::emit::line;

    #[test]
    fn a_resource_has_a_maximum_and_may_have_a_minimum() {
        let fields = |text: &str| parse(text).map(|entries| entries.iter().map(line).collect::<Vec<_>>().join("; "));
        let lines =
            ["epochs=27", "steps=10:1000", "fraction=0.1:1", "=3", "epochs", "epochs=x", "epochs=1:", "e=1:2:3"]
                .map(|text| fields(text).unwrap_or_else(|error| format!("{:?} {}", error.span, error.message)));
        insta::assert_snapshot!(lines.join("\n"), @"
        resource: {name: epochs, type: int}; maxIterations: 27
        resource: {name: steps, type: int}; maxIterations: 1000; minIterations: 10
        resource: {name: fraction, type: float}; maxIterations: 1; minIterations: 0.1
        0..2 missing name of the resource
        0..6 missing `=` after the name of the resource
        7..8 the amount of the resource must be a number
        9..9 the amount of the resource must be a number
        4..7 the amount of the resource must be a number
        ");
    }
}

//! Writes nodes as YAML text: a block for the root and for its `params`, one line for everything else.

use super::node::{Content, Entry, Node};
use super::parse::parse_value;

/// The mapping `root` as a document that [`super::parse::parse`] reads back.
pub fn document(root: &Node) -> String {
    let mut out = String::new();
    for entry in root.map().unwrap_or_default() {
        match entry.value.map() {
            Some(params) if entry.key == "params" && !params.is_empty() => {
                out.push_str("params:\n");
                params.iter().for_each(|param| out.push_str(&format!("  {}\n", line(param))));
            }
            _ => out.push_str(&format!("{}\n", line(entry))),
        }
    }
    out
}

/// `key: value`, on one line.
pub fn line(entry: &Entry) -> String {
    format!("{}: {}", text(&entry.key), flow(&entry.value))
}

/// A value on one line.
pub fn flow(node: &Node) -> String {
    match &node.content {
        Content::Null => "null".to_owned(),
        Content::Bool(flag) => flag.to_string(),
        Content::Number(number) => number.to_string(),
        Content::NotFinite(number) if number.is_nan() => ".nan".to_owned(),
        Content::NotFinite(number) => if *number > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
        Content::Text(content) => text(content),
        Content::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Content::Map(entries) => format!("{{{}}}", entries.iter().map(line).collect::<Vec<_>>().join(", ")),
    }
}

/// Text without quotes where YAML reads it as the same text, otherwise as a JSON string.
pub fn text(content: &str) -> String {
    let is_plain = content.starts_with(|c: char| c.is_alphabetic() || "_/.".contains(c))
        && content.chars().all(|c| c.is_alphanumeric() || "_-+./".contains(c))
        && parse_value(content) == *content;
    if is_plain { content.to_owned() } else { serde_json::Value::from(content).to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matrix::yaml::parse::parse;

    #[test]
    fn documents_are_short_to_read() {
        let text = "kind: random\nparams:\n  lr: {kind: loguniform, value: {min: 1e-5, max: 0.1}}\n  a b: [\"1\", x, null, true, \"no: yes\"]\n";
        let root = parse(text).unwrap();
        insta::assert_snapshot!(document(&root), @r#"
        kind: random
        params:
          lr: {kind: loguniform, value: {min: 0.00001, max: 0.1}}
          "a b": ["1", x, null, true, "no: yes"]
        "#);
    }

    proptest! {
        #[test]
        fn any_value_is_read_back(texts in prop::collection::vec(any::<String>(), 1..4), number in any::<f64>(), count in any::<i64>()) {
            let node = |content| Node { span: 0..0, content };
            let mut items: Vec<Node> = texts.iter().cloned().map(Content::Text).map(node).collect();
            items.extend([Content::Null, Content::Bool(true), Content::Number(count.into())].map(node));
            items.extend(serde_json::Number::from_f64(number).map(Content::Number).map(node));
            let entries = texts.iter().map(|key| Entry { key: key.clone(), key_span: 0..0, value: node(Content::List(items.clone())) });
            let root = node(Content::Map(entries.collect()));
            let back = parse(&document(&root)).unwrap();
            prop_assert_eq!(back.to_json(&mut Vec::new()), root.to_json(&mut Vec::new()));
        }
    }
}

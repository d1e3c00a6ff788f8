//! Reads mappings inside the fields of a matrix kind, at any depth.

use std::borrow::Cow;

use crate::kinds::Field;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Content, Entry, Node};

/// The value of `entry`. If `field` is a mapping, its keys are converted to camelCase; unknown fields, and a value that is not a
/// mapping, are errors and omitted.
pub fn value<'n>(entry: &'n Entry, field: &'static Field, findings: &mut Findings) -> Cow<'n, Node> {
    if field.within.is_empty() {
        return Cow::Borrowed(&entry.value);
    }
    let what = format!("`{}`", field.name);
    let fields = Fields::new(&entry.value, &what, entry.key_span.clone(), findings);
    let content = fields.map_or(Content::Null, |fields| Content::Map(known(fields, field, findings)));
    Cow::Owned(Node { span: entry.value.span.clone(), content })
}

fn known(mut fields: Fields<'_>, field: &'static Field, findings: &mut Findings) -> Vec<Entry> {
    let inner = |inner: &'static Field| {
        let entry = fields.by_need(inner.name, inner.need, findings)?;
        let value = value(entry, inner, findings).into_owned();
        Some(Entry { key: inner.name.to_owned(), key_span: entry.key_span.clone(), value })
    };
    let known = field.within.iter().filter_map(inner).collect();
    fields.finish(findings);
    known
}

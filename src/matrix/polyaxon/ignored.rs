//! Fields that mean something only on a cluster: accepted, and named in one warning.

use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::Span;

/// Those met so far.
#[derive(Debug, Default)]
pub struct Ignored {
    names: Vec<&'static str>,
    first: Option<Span>,
}

impl Ignored {
    /// Takes every one of `names` that `fields` has.
    pub fn take(&mut self, fields: &mut Fields<'_>, names: &[&'static str]) {
        for name in names {
            let Some(entry) = fields.hidden(name) else { continue };
            self.first.get_or_insert_with(|| entry.key_span.clone());
            if !self.names.contains(name) {
                self.names.push(name);
            }
        }
    }

    /// The one warning, if there were any.
    pub fn report(self, findings: &mut Findings) {
        let Some(first) = self.first else { return };
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        let (verb, last) = if names.len() == 1 { ("means", "is") } else { ("mean", "are") };
        findings.warn(
            first,
            format!("{} {verb} something only on a cluster and {last} ignored", names.join(", ")),
            None,
        );
    }
}

//! `mapping`: listed configurations, run as they stand.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::method::{Field, Method, MethodKind, Need};
use crate::schedule::full::Full;
use crate::space::Space;
use crate::words::args::{Reader, Step, describe};
use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;

/// `kind: mapping`: `values`, a list of mappings, each run once at full budget.
pub static KIND: MethodKind = MethodKind {
    names: &["mapping"],
    fields: &[Field::required("values")],
    params: Need::Forbidden,
    metric: Need::Optional,
    resource: Need::Forbidden,
    build: |args| {
        let mut reader = args.reader();
        let values = values(&mut reader);
        reader.finish(|| {
            let schedule = Arc::new(Full::new(values.len() as u64));
            Some(Method { kind: "mapping", schedule, sampler: Arc::new(Listed { values: values.into() }) })
        })
    },
    advice: |_| Vec::new(),
};

fn values(reader: &mut Reader<'_>) -> Vec<Assignment> {
    let list = match reader.raw("values") {
        Some(Value::Array(list)) if !list.is_empty() => list.as_slice(),
        found => {
            let found = found.map_or("nothing".into(), describe);
            reader.fault("values", format!("`values` must be a list of at least one mapping, found {found}"));
            &[]
        }
    };
    let mut names = HashMap::new();
    let mut values = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        match entry {
            Value::Object(map) => values.push(map.iter().map(|(k, v)| (shared(&mut names, k), v.clone())).collect()),
            other => {
                let path = vec![Step::Key("values".into()), Step::Item(index)];
                let message =
                    format!("each of `values` must be a mapping of names to values, found {}", describe(other));
                reader.fault_at(path, message, None);
            }
        }
    }
    values
}

/// One allocation for each name, however many configurations carry it.
fn shared<'a>(names: &mut HashMap<&'a str, Arc<str>>, name: &'a str) -> Arc<str> {
    names.entry(name).or_insert_with(|| Arc::from(name)).clone()
}

/// The configurations of the file.
#[derive(Debug)]
struct Listed {
    values: Arc<[Assignment]>,
}

impl Sampler for Listed {
    fn name(&self) -> &'static str {
        "mapping"
    }

    fn searcher(&self, _context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(ListedSearcher { values: self.values.clone() })
    }

    fn draws_blindly(&self) -> bool {
        true
    }

    fn supply(&self, _space: &Space) -> Option<u64> {
        Some(self.values.len() as u64)
    }
}

/// Trial k runs entry k.
#[derive(Debug)]
struct ListedSearcher {
    values: Arc<[Assignment]>,
}

impl Searcher for ListedSearcher {
    fn propose(&mut self, ask: &Ask) -> Proposal {
        let entry = usize::try_from(ask.trial.0).ok().and_then(|index| self.values.get(index));
        entry.cloned().map_or(Proposal::Exhausted, Proposal::Ready)
    }

    fn adopt(&mut self, _trial: TrialId, _assignment: &Assignment) {}

    fn observe(&mut self, _observation: &Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::search::tests::{context, method_args, method_fault, run};

    #[test]
    fn entries_run_in_order_as_they_stand() {
        let args = method_args(json!({"values": [{"lr": 0.1, "layers": [1, 2]}, {"lr": 1}, {}]}));
        let method = (KIND.build)(&args).unwrap();
        let drawn = run(&mut *method.sampler.searcher(&context(Space::default(), 0)), 10);
        assert_eq!(drawn, [r#"{"lr":0.1,"layers":[1,2]}"#, r#"{"lr":1}"#, "{}"]);
        assert_eq!(method.sampler.supply(&Space::default()), Some(3));
        assert_eq!(method.schedule.plan(Some(3)).trials(), 3);
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        insta::assert_snapshot!(method_fault(&KIND, json!({})), @"`values` must be a list of at least one mapping, found nothing");
        insta::assert_snapshot!(method_fault(&KIND, json!({"values": []})), @"`values` must be a list of at least one mapping, found a list of 0");
        insta::assert_snapshot!(method_fault(&KIND, json!({"values": [{"a": 1}, 3]})), @"each of `values` must be a mapping of names to values, found the number 3");
    }
}

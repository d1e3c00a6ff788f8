//! `mapping`: configurations listed in the matrix.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::kind::{Field, MatrixKind, Method, Need, no_advice};
use crate::schedule::full_budget::FullBudget;
use crate::search::listed::Listed;
use crate::types::args::{ArgError, ArgReader, Args, PathSegment, describe};
use crate::types::assignment::Assignment;

/// `kind: mapping`: `values`, a list of mappings, each run once with the full budget.
pub static KIND: MatrixKind = MatrixKind {
    names: &["mapping"],
    fields: &[Field::required("values")],
    trials: Some("that of its rows in `values`"),
    params: Need::Forbidden,
    metric: Need::Optional,
    resource: Need::Forbidden,
    build,
    advice: no_advice,
};

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let values = read_values(&mut reader);
    reader.finish(|| {
        let schedule = Arc::new(FullBudget::new(values.len() as u64));
        Some(Method { kind: "mapping", schedule, sampler: Arc::new(Listed::new(values)) })
    })
}

fn read_values(reader: &mut ArgReader<'_>) -> Vec<Assignment> {
    let list = match reader.raw("values") {
        Some(Value::Array(list)) if !list.is_empty() => list.as_slice(),
        found => {
            let found = found.map_or("nothing".into(), describe);
            reader.error("values", format!("`values` must be a list of at least one mapping, found {found}"));
            &[]
        }
    };
    let mut names = HashMap::new();
    let mut values = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        match entry {
            Value::Object(map) => values.push(map.iter().map(|(k, v)| (shared(&mut names, k), v.clone())).collect()),
            other => {
                let path = vec![PathSegment::Key("values".into()), PathSegment::Index(index)];
                let message =
                    format!("each of `values` must be a mapping of names to values, found {}", describe(other));
                reader.error_at(path, message, None);
            }
        }
    }
    values
}

/// Allocates each name once, however many configurations contain it.
fn shared<'a>(names: &mut HashMap<&'a str, Arc<str>>, name: &'a str) -> Arc<str> {
    names.entry(name).or_insert_with(|| Arc::from(name)).clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::tests::{args, errors};
    use crate::search::tests::{context, run};
    use crate::space::Space;

    #[test]
    fn configurations_run_in_the_listed_order() {
        let args = args(json!({"values": [{"lr": 0.1, "layers": [1, 2]}, {"lr": 1}, {}]}));
        let method = (KIND.build)(&args).unwrap();
        let drawn = run(&mut *method.sampler.searcher(&context(Space::default(), 0)), 10);
        assert_eq!(drawn, [r#"{"lr":0.1,"layers":[1,2]}"#, r#"{"lr":1}"#, "{}"]);
        assert_eq!(method.sampler.max_trials(&Space::default()), Some(3));
        assert_eq!(method.schedule.plan(Some(3)).trials(), 3);
    }

    #[test]
    fn values_that_are_no_mappings_are_rejected() {
        insta::assert_snapshot!(errors(&KIND, json!({})), @"`values` must be a list of at least one mapping, found nothing");
        insta::assert_snapshot!(errors(&KIND, json!({"values": []})), @"`values` must be a list of at least one mapping, found an empty list");
        insta::assert_snapshot!(errors(&KIND, json!({"values": [{"a": 1}, 3]})), @"each of `values` must be a mapping of names to values, found the number 3");
    }
}

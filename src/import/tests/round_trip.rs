//! Names and values of any kind are the same in the matrix.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{imported, loaded};

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        proptest::collection::vec("[a-z{}%:#'\" ]{0,6}", 0..3).prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn names_and_values_of_sweeps_are_kept(name in "\\PC{1,10}", items in proptest::collection::vec(values(), 1..5), constant in values()) {
        prop_assume!(!name.trim().is_empty() && name != "other");
        let sweep = json!({
            "method": "random", "run_cap": 3, "program": "t.py",
            "parameters": { &name: { "values": items }, "other": { "value": constant } },
        });
        let text = sweep.to_string();
        let space = loaded(&text).experiment.space;
        prop_assert_eq!(&*space.params[0].name, &*name, "{}", imported(&text).matrix);
        let mut distinct = items.clone();
        distinct.dedup();
        for item in &distinct {
            prop_assert!(space.params[0].domain.contains(item), "{item} in {}", imported(&text).matrix);
        }
        prop_assert_eq!(space.params[1].domain.level(0), Some(constant));
    }
}

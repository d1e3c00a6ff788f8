//! `constant`: one value, which is passed like any other.

use serde_json::Value;

use super::arithmetic::decimal;
use super::{Domain, DomainResult, Form, Geometry, ParamKind, display};
use crate::types::args::Args;
use crate::types::stream::Stream;

/// `constant`: the value itself, of any type.
pub static CONSTANT: ParamKind = ParamKind { name: "constant", forms: &[Form::Whole], build, advice: |_| None };

fn build(args: &Args) -> DomainResult {
    // a value of null counts as absent
    Ok(Box::new(Constant { value: args.get("value").cloned().unwrap_or_default() }))
}

#[derive(Debug)]
struct Constant {
    value: Value,
}

impl Domain for Constant {
    /// Draws nothing from the stream, so that a constant does not change the draws of other parameters.
    fn sample(&self, _stream: &mut Stream) -> Value {
        self.value.clone()
    }

    /// Integers and floats with the same value are equal.
    fn normalize(&self, value: &Value) -> Option<Value> {
        let is_same = match (self.value.as_f64(), value.as_f64()) {
            (Some(a), Some(b)) => decimal::close(a, b),
            _ => self.value == *value,
        };
        is_same.then(|| self.value.clone())
    }

    fn cardinality(&self) -> Option<u64> {
        Some(1)
    }

    fn level(&self, index: u64) -> Option<Value> {
        (index == 0).then(|| self.value.clone())
    }

    fn geometry(&self) -> Geometry {
        Geometry::Constant
    }

    fn to_unit(&self, value: &Value) -> Option<f64> {
        self.normalize(value).map(|_| 0.5)
    }

    fn from_unit(&self, _unit: f64) -> Value {
        self.value.clone()
    }

    fn describe(&self) -> String {
        display::value(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use serde_json::json;

    use super::CONSTANT;
    use crate::space::tests::{domain, parameters};

    #[test]
    fn a_constant_may_have_any_value_and_draws_nothing() {
        for value in [json!(3), json!("resnet"), json!([64, 32]), json!(null), json!(false), json!({"a": 1})] {
            let constant = domain(&CONSTANT, value.clone());
            let mut stream = parameters(1);
            assert_eq!(constant.sample(&mut stream), value);
            assert_eq!(stream.random::<u64>(), parameters(1).random::<u64>());
            assert!(constant.contains(&value) && !constant.contains(&json!("other")));
        }
        assert_eq!(domain(&CONSTANT, json!(3)).normalize(&json!(3.0)), Some(json!(3)));
    }
}

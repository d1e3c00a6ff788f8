//! Values as command-line text that parses back to the same value.

use serde_json::Value;

/// Text unquoted, everything else as JSON: `true`, `null`, integers, the shortest float that parses back, lists, mappings.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_back() {
        let values = json!([true, null, 3, -0.5, 1e-5, 0.1, 1e20, 3.0, "a b", [1, "x"], {"k": false}]);
        let all: Vec<String> = values.as_array().unwrap().iter().map(plain).collect();
        assert_eq!(
            all,
            ["true", "null", "3", "-0.5", "0.00001", "0.1", "1e+20", "3.0", "a b", r#"[1,"x"]"#, r#"{"k":false}"#]
        );
    }
}

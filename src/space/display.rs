//! Short texts for values and lists of values, for the plan and for messages.

use serde_json::Value;

/// Maximum length of a value in characters; longer ones are truncated.
const MAX_WIDTH: usize = 28;
/// Maximum length of a list that is shown completely.
const MAX_LISTED: u64 = 6;

/// A number rounded to six significant digits, in its shortest form.
pub fn number(x: f64) -> String {
    let short: f64 = format!("{x:.5e}").parse().unwrap_or(x);
    let text = Value::from(short + 0.0).to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A value: simple strings without quotes, floats rounded, everything else as JSON; truncated if it is long.
pub fn value(value: &Value) -> String {
    let plain = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || "_-+.:/".contains(c));
    let text = match value {
        Value::String(s) if plain(s) && serde_json::from_str::<Value>(s).is_err() => s.clone(),
        Value::Number(n) if n.is_f64() => n.as_f64().map(number).unwrap_or_default(),
        other => other.to_string(),
    };
    if text.chars().count() <= MAX_WIDTH {
        return text;
    }
    text.chars().take(MAX_WIDTH - 1).chain(['…']).collect()
}

/// The values `show(0)` to `show(count − 1)`; of a long list the first three and the last.
pub fn list(count: u64, show: impl Fn(u64) -> String) -> String {
    if count <= MAX_LISTED {
        return (0..count).map(show).collect::<Vec<_>>().join(", ");
    }
    format!("{}, {}, {} … {} ({count} values)", show(0), show(1), show(2), show(count - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_short_and_unambiguous() {
        let shown: Vec<_> =
            [json!("relu"), json!("1"), json!("a b"), json!(0.1), json!(2.0), json!([1, 2]), json!(null), json!(1e-5)]
                .iter()
                .map(value)
                .collect();
        assert_eq!(shown.join(" | "), r#"relu | "1" | "a b" | 0.1 | 2 | [1,2] | null | 0.00001"#);
        assert_eq!(value(&json!("x".repeat(100))).chars().count(), MAX_WIDTH);
    }

    #[test]
    fn long_lists_show_both_ends() {
        assert_eq!(list(3, |i| i.to_string()), "0, 1, 2");
        assert_eq!(list(1000, |i| i.to_string()), "0, 1, 2 … 999 (1000 values)");
    }
}

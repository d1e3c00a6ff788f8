//! Values and ranges in a few words, for the plan and for faults.

use serde_json::Value;

/// Longest value shown in full, in characters.
const WIDTH: usize = 28;
/// Most values shown one by one.
const SHOWN: u64 = 6;

/// A number to six significant digits, in its shortest form.
pub fn number(x: f64) -> String {
    let short: f64 = format!("{x:.5e}").parse().unwrap_or(x);
    let text = Value::from(short + 0.0).to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A value: plain words without quotes, floats short, everything else as JSON; long ones are cut.
pub fn value(value: &Value) -> String {
    let plain = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || "_-+.:/".contains(c));
    let text = match value {
        Value::String(s) if plain(s) && serde_json::from_str::<Value>(s).is_err() => s.clone(),
        Value::Number(n) if n.is_f64() => n.as_f64().map(number).unwrap_or_default(),
        other => other.to_string(),
    };
    if text.chars().count() <= WIDTH {
        return text;
    }
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}

/// The values 0…count−1 of `show`, the first few and the last if there are many.
pub fn listing(count: u64, show: impl Fn(u64) -> String) -> String {
    if count <= SHOWN {
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
        assert_eq!(value(&json!("x".repeat(100))).chars().count(), WIDTH);
    }

    #[test]
    fn long_listings_show_their_ends() {
        assert_eq!(listing(3, |i| i.to_string()), "0, 1, 2");
        assert_eq!(listing(1000, |i| i.to_string()), "0, 1, 2 … 999 (1000 values)");
    }
}

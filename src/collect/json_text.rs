//! Writes readings as JSON.

use std::fmt::Write;

use serde_json::Value;

/// Appends `number`; NaN and the infinities as the texts that readings use for them.
pub fn push_number(json: &mut String, number: f64) {
    // Writing to a String cannot fail.
    let _ = match number {
        _ if number.is_nan() => write!(json, "\"NaN\""),
        f64::INFINITY => write!(json, "\"Infinity\""),
        f64::NEG_INFINITY => write!(json, "\"-Infinity\""),
        _ if number.fract() == 0.0 && number.abs() < 1e15 => write!(json, "{number}"),
        _ => write!(json, "{number:?}"),
    };
}

/// Appends `"name":` to an object whose brace is open.
pub fn push_name(json: &mut String, name: &str) {
    let comma = if json.len() > 1 { "," } else { "" };
    let _ = write!(json, "{comma}{}:", Value::from(name));
}

/// Appends a number with its name to an object whose brace is open.
pub fn push_entry(json: &mut String, name: &str, number: f64) {
    push_name(json, name);
    push_number(json, number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_back_exactly() {
        let numbers = [("a", -0.1), ("b\"", 3.0), ("c", 1e300), ("d", f64::NAN), ("e", f64::NEG_INFINITY), ("f", 1e-7)];
        let mut json = "{".to_owned();
        numbers.iter().for_each(|(name, number)| push_entry(&mut json, name, *number));
        json.push('}');
        assert_eq!(json, r#"{"a":-0.1,"b\"":3,"c":1e300,"d":"NaN","e":"-Infinity","f":1e-7}"#);
        assert!(serde_json::from_str::<Value>(&json).is_ok());
    }
}

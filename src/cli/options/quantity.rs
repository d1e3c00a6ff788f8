//! Parsers of durations and sizes.

use std::time::Duration;

use jiff::SignedDuration;

use crate::types::units::LONGEST_SPAN;

/// Parses a duration of at most 100 years: `10s`, `5m`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let invalid = || "expected a duration like 10s, 5m or 1h30m".to_owned();
    let duration: SignedDuration = text.trim().parse().map_err(|_| invalid())?;
    let duration = Duration::try_from(duration).map_err(|_| invalid())?;
    if duration > LONGEST_SPAN { Err("longer than 100 years".to_owned()) } else { Ok(duration) }
}

/// Parses a time in seconds: a number, or a duration.
pub fn seconds(text: &str) -> Result<f64, String> {
    let invalid = || "expected a number of seconds, 0 or more, or a duration like 200ms or 1m30s".to_owned();
    let seconds = match text.trim().parse::<f64>() {
        Ok(number) => number,
        Err(_) => duration(text).map_err(|_| invalid())?.as_secs_f64(),
    };
    (0.0..=LONGEST_SPAN.as_secs_f64()).contains(&seconds).then_some(seconds).ok_or_else(invalid)
}

/// Parses a price per hour: `2.5/h`, or the number alone.
pub fn price_per_hour(text: &str) -> Result<f64, String> {
    let number = text.trim();
    let number = number.strip_suffix("/h").unwrap_or(number).trim();
    let price = number.parse().ok().filter(|price: &f64| price.is_finite() && *price >= 0.0);
    price.ok_or_else(|| "expected a price per hour like 2.5/h".to_owned())
}

const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("K", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
];

/// Parses a number of bytes: `500`, `64KiB`, `100MB`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let invalid = || "expected a size like 64KiB, 100MB or 2GB".to_owned();
    let text = text.trim();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, bytes)| Some((strip_unit(text, name)?, *bytes)))
        .unwrap_or((text.strip_suffix(['B', 'b']).unwrap_or(text), 1));
    let number: f64 = number.trim().parse().map_err(|_| invalid())?;
    let bytes = number * unit as f64;
    // Above 2^53 a float cannot count single bytes.
    if (0.0..9e15).contains(&bytes) { Ok(bytes as u64) } else { Err(invalid()) }
}

fn strip_unit<'t>(text: &'t str, unit: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(unit.len())?;
    (text.is_char_boundary(at) && text[at..].eq_ignore_ascii_case(unit)).then(|| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let seconds = |text: &str| duration(text).map(|duration| duration.as_secs_f64());
        assert_eq!(seconds("10s"), Ok(10.0));
        assert_eq!(seconds("1h30m"), Ok(5400.0));
        assert_eq!(seconds("1.5s"), Ok(1.5));
        assert_eq!(seconds("200ms"), Ok(0.2));
        for invalid in ["", "10", "-5s", "soon", "5 parsecs", "876601h", "9223372036854775807s"] {
            assert!(seconds(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn seconds_and_prices() {
        assert_eq!(["1.5", "0", "2m", "200ms"].map(seconds), [Ok(1.5), Ok(0.0), Ok(120.0), Ok(0.2)]);
        assert_eq!(["2.5/h", "3", " 0 /h"].map(price_per_hour), [Ok(2.5), Ok(3.0), Ok(0.0)]);
        for invalid in ["", "-1", "nan", "inf", "soon", "1e300"] {
            assert!(seconds(invalid).is_err(), "{invalid}");
        }
        for invalid in ["", "-1/h", "2/d", "nan", "inf/h"] {
            assert!(price_per_hour(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes("500"), Ok(500));
        assert_eq!(bytes("500B"), Ok(500));
        assert_eq!(bytes("100MB"), Ok(100_000_000));
        assert_eq!(bytes("64 kib"), Ok(65_536));
        assert_eq!(bytes("1.5G"), Ok(1_500_000_000));
        for invalid in ["", "MB", "-1MB", "1e30", "ten", "5€"] {
            assert!(bytes(invalid).is_err(), "{invalid}");
        }
    }
}

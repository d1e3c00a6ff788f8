//! Spans of time and sizes as people type them.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

use crate::types::units::LONGEST_SPAN;

/// A span of time: `10s`, `5m`, `1h30m`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || format!("`{text}` is not a span of time: write it like 10s, 5m or 1h30m");
        let span: SignedDuration = text.trim().parse().map_err(|_| wrong())?;
        let span = Duration::try_from(span).map_err(|_| wrong())?;
        if span > LONGEST_SPAN { Err(format!("`{text}` is more than 100 years")) } else { Ok(Span(span)) }
    }
}

/// A number of bytes: `500`, `64KiB`, `100MB`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size(pub u64);

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

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let wrong = || format!("`{text}` is not a size: write it like 64KiB, 100MB or 2GB");
        let text = text.trim();
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, bytes)| Some((strip_unit(text, name)?, *bytes)))
            .unwrap_or((text.strip_suffix(['B', 'b']).unwrap_or(text), 1));
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let bytes = number * unit as f64;
        // above 2^53 a float cannot count bytes any more, and no disk is that large
        if (0.0..9e15).contains(&bytes) { Ok(Size(bytes as u64)) } else { Err(wrong()) }
    }
}

fn strip_unit<'t>(text: &'t str, unit: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(unit.len())?;
    (text.is_char_boundary(at) && text[at..].eq_ignore_ascii_case(unit)).then(|| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let seconds = |text: &str| text.parse::<Span>().map(|s| s.0.as_secs_f64());
        assert_eq!(seconds("10s"), Ok(10.0));
        assert_eq!(seconds("1h30m"), Ok(5400.0));
        assert_eq!(seconds("1.5s"), Ok(1.5));
        assert_eq!(seconds("200ms"), Ok(0.2));
        for wrong in ["", "10", "-5s", "soon", "5 parsecs", "876601h", "9223372036854775807s"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        let bytes = |text: &str| text.parse::<Size>().map(|s| s.0);
        assert_eq!(bytes("500"), Ok(500));
        assert_eq!(bytes("500B"), Ok(500));
        assert_eq!(bytes("100MB"), Ok(100_000_000));
        assert_eq!(bytes("64 kib"), Ok(65_536));
        assert_eq!(bytes("1.5G"), Ok(1_500_000_000));
        for wrong in ["", "MB", "-1MB", "1e30", "ten", "5€"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}

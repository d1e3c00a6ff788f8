//! `daterange` and `datetimerange`: ISO dates in steps of days, ISO date-times in steps of seconds; the stop is excluded.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use serde_json::Value;

use super::arithmetic::decimal;
use super::sequence::{Sequence, SequenceDomain};
use super::{Domain, DomainResult, Form, ParamKind};
use crate::types::args::{ArgReader, Args};

const START_STOP_STEP: Form = Form::Named { required: &["start", "stop", "step"], optional: &[], positional: true };

/// `daterange`: `start`, `stop` (excluded) as YYYY-MM-DD, `step` ≠ 0 in whole days.
pub static DATERANGE: ParamKind =
    ParamKind { name: "daterange", forms: &[START_STOP_STEP], build: build_dates, advice: |_| None };

/// `datetimerange`: `start`, `stop` (excluded) as YYYY-MM-DDTHH:MM:SS with or without an offset, `step` ≠ 0 in seconds.
/// Values have the offset of `start`.
pub static DATETIMERANGE: ParamKind =
    ParamKind { name: "datetimerange", forms: &[START_STOP_STEP], build: build_datetimes, advice: |_| None };

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// The format of values.
#[derive(Clone, Copy, Debug)]
enum Format {
    Date,
    DateTime(Option<PiecesOffset>),
}

/// Date-times at intervals of `step` nanoseconds.
#[derive(Debug)]
struct DateTimes {
    start: DateTime,
    step: i128,
    count: u64,
    format: Format,
}

/// A parsed date or date-time.
struct Parsed {
    local: DateTime,
    has_time: bool,
    offset: Option<PiecesOffset>,
}

impl Parsed {
    fn parse(text: &str) -> Option<Parsed> {
        let pieces = Pieces::parse(text.trim()).ok().filter(|p| p.time_zone_annotation().is_none())?;
        let local = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
        Some(Parsed { local, has_time: pieces.time().is_some(), offset: pieces.offset() })
    }

    /// Nanoseconds since `start`: between instants if there are offsets, otherwise between local times.
    fn since(&self, start: &DateTime, offset: Option<PiecesOffset>) -> i128 {
        let seconds = |o: Option<PiecesOffset>| o.map_or(0, |o| i128::from(o.to_numeric_offset().seconds()));
        self.local.duration_since(*start).as_nanos() + (seconds(offset) - seconds(self.offset)) * SECOND
    }
}

fn build_dates(args: &Args) -> DomainResult {
    let mut reader = args.reader();
    let [start, stop] = ["start", "stop"].map(|name| {
        let written = read_datetime(&mut reader, name, "a date like 2024-01-31")?;
        let plain = !written.has_time && written.offset.is_none();
        reader.check(
            plain,
            name,
            format!("`{name}` of a daterange is a date without a time; `datetimerange` takes times"),
        );
        plain.then_some(written)
    });
    let days = reader.number("step");
    let step = days.filter(|d| d.fract() == 0.0 && d.abs() < 1e7).map(|d| d as i128 * DAY);
    reader.check(days.is_none() || step.is_some(), "step", "`step` of a daterange must be a whole number of days");
    finish(reader, start, stop, step, Format::Date)
}

fn build_datetimes(args: &Args) -> DomainResult {
    let mut reader = args.reader();
    let [start, stop] =
        ["start", "stop"].map(|name| read_datetime(&mut reader, name, "a date-time like 2024-01-31T12:00:00"));
    if let (Some(a), Some(b)) = (&start, &stop) {
        let both = a.offset.is_some() == b.offset.is_some();
        reader.check(both, "stop", "`start` and `stop` must both have an offset (like +02:00 or Z), or neither");
    }
    let seconds = reader.number("step");
    // Rounded to nanoseconds; the bound prevents an overflow.
    let step = seconds.filter(|s| s.abs() < 1e12).map(|s| (s * 1e9).round() as i128);
    reader.check(seconds.is_none() || step.is_some(), "step", "`step` of a datetimerange is too large");
    let format = Format::DateTime(start.as_ref().and_then(|s| s.offset));
    finish(reader, start, stop, step, format)
}

fn read_datetime(reader: &mut ArgReader<'_>, name: &str, wanted: &str) -> Option<Parsed> {
    if reader.raw(name).is_none() {
        reader.error(name, format!("`{name}` is missing"));
    }
    let text = reader.optional_text(name)?;
    let written = Parsed::parse(&text);
    reader.check(written.is_some(), name, format!("`{name}` must be {wanted}, found the text {text:?}"));
    written
}

fn finish(
    mut reader: ArgReader<'_>,
    start: Option<Parsed>,
    stop: Option<Parsed>,
    step: Option<i128>,
    format: Format,
) -> DomainResult {
    let values = match (start, stop, step) {
        (Some(start), Some(stop), Some(step)) if reader.has_no_errors() => {
            count(&mut reader, stop.since(&start.local, start.offset), step).map(|count| DateTimes {
                start: start.local,
                step,
                count,
                format,
            })
        }
        _ => None,
    };
    reader.finish(|| Some(Box::new(SequenceDomain(values?)) as Box<dyn Domain>))
}

fn count(reader: &mut ArgReader<'_>, span: i128, step: i128) -> Option<u64> {
    if step == 0 {
        reader.error("step", "`step` must not be 0");
        return None;
    }
    if span == 0 || (span > 0) != (step > 0) {
        let hint = "the stop is excluded; a decreasing range needs a negative step";
        reader.error_at(Vec::new(), "the range from start to stop has no values", Some(hint.into()));
        return None;
    }
    u64::try_from(decimal::div_ceil(span.abs(), step.abs())).ok()
}

impl DateTimes {
    fn local(&self, index: u64) -> DateTime {
        let nanos = i128::from(index) * self.step;
        let whole = i64::try_from(nanos / SECOND).unwrap_or(i64::MAX);
        let span = SignedDuration::new(whole, (nanos % SECOND) as i32);
        // Both are between start and stop, which are valid, in the same offset.
        self.start.checked_add(span).unwrap_or(self.start)
    }
}

impl Sequence for DateTimes {
    fn count(&self) -> u64 {
        self.count
    }

    fn at(&self, index: u64) -> Value {
        let local = self.local(index);
        Value::from(match self.format {
            Format::Date => Date::from(local).to_string(),
            Format::DateTime(None) => local.to_string(),
            Format::DateTime(Some(offset)) => Pieces::from(local).with_offset(offset).to_string(),
        })
    }

    fn position(&self, value: &Value) -> Option<u64> {
        let written = Parsed::parse(value.as_str()?)?;
        let offset = match self.format {
            Format::Date => None,
            Format::DateTime(offset) => offset,
        };
        if written.offset.is_some() != offset.is_some() {
            return None;
        }
        let nanos = written.since(&self.start, offset);
        (nanos % self.step == 0).then_some(())?;
        u64::try_from(nanos / self.step).ok().filter(|i| *i < self.count)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{DATERANGE, DATETIMERANGE};
    use crate::space::tests::{all, domain, error};

    #[test]
    fn dates_cross_months_and_leap_days() {
        let days = all(&DATERANGE, json!(["2024-02-27", "2024-03-02", 1]));
        assert_eq!(days, json!(["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01"]));
        assert_eq!(all(&DATERANGE, json!(["2024-01-03", "2024-01-01", -1])), json!(["2024-01-03", "2024-01-02"]));
        let weeks = domain(&DATERANGE, json!(["2000-01-01", "2100-01-01", 7]));
        assert!(weeks.contains(&json!("2000-01-08")) && !weeks.contains(&json!("2000-01-09")));
        assert!(!weeks.contains(&json!("2100-01-01")) && !weeks.contains(&json!(7)));
    }

    #[test]
    fn date_times_keep_their_offset() {
        let hours = all(&DATETIMERANGE, json!(["2019-06-24T22:30:00+02:00", "2019-06-24T22:30:00+00:00", 3600]));
        assert_eq!(hours, json!(["2019-06-24T22:30:00+02:00", "2019-06-24T23:30:00+02:00"]));
        let plain = all(&DATETIMERANGE, json!(["2019-06-24 21:20:07", "2019-06-24T21:20:08", 0.5]));
        assert_eq!(plain, json!(["2019-06-24T21:20:07", "2019-06-24T21:20:07.5"]));
        let zulu = domain(&DATETIMERANGE, json!(["2019-06-24T00:00:00Z", "2019-06-25T00:00:00Z", 60]));
        assert_eq!(zulu.level(1), Some(json!("2019-06-24T00:01:00Z")));
        assert!(zulu.contains(&json!("2019-06-24T02:01:00+02:00")) && !zulu.contains(&json!("2019-06-24T00:01:00")));
    }

    #[test]
    fn invalid_dates_are_rejected() {
        insta::assert_snapshot!(error(&DATERANGE, json!(["2024-02-30", "2024-03-02", 1])), @r#"Key("start") `start` must be a date like 2024-01-31, found the text "2024-02-30""#);
        insta::assert_snapshot!(error(&DATERANGE, json!(["2024-02-01T10:00", "2024-03-02", 1])), @r#"Key("start") `start` of a daterange is a date without a time; `datetimerange` takes times"#);
        insta::assert_snapshot!(error(&DATERANGE, json!(["2024-02-01", "2024-01-02", 1])), @"the range from start to stop has no values (the stop is excluded; a decreasing range needs a negative step)");
        insta::assert_snapshot!(error(&DATERANGE, json!(["2024-02-01", "2024-03-02", 0.5])), @r#"Key("step") `step` of a daterange must be a whole number of days"#);
        insta::assert_snapshot!(error(&DATERANGE, json!([2024, "2024-03-02"])), @r#"
        Key("start") `start` must be text, found the number 2024
        Key("step") `step` is missing
        "#);
        insta::assert_snapshot!(error(&DATETIMERANGE, json!(["2024-02-01T10:00:00Z", "2024-03-02T00:00:00", 0])), @r#"Key("stop") `start` and `stop` must both have an offset (like +02:00 or Z), or neither"#);
    }
}

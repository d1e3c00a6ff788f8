//! The collector of lines that match a regular expression.

use std::borrow::Cow;
use std::sync::Arc;

use regex::{Captures, Regex};

use super::collector::{
    Collected, Collector, CollectorConfig, CollectorKind, ConfigResult, LineKind, OutputStream, Remark, Wanted,
};
use super::counted_origin::{Accepted, CountedOrigin};
use super::json_object::JsonObject;
use super::json_text::push_entry;
use super::seen::SeenOutput;
use super::text::clean::clean;
use super::text::number;
use super::tracker::{PrintedMetric, ReadingTracker};
use crate::types::args::{Args, describe};
use crate::types::outcome::Reading;

/// What a study without a pattern uses: `NAME=NUMBER` for every name.
pub const DEFAULT_PATTERN: &str =
    r"(?P<name>[\w./-]+)\s*=\s*(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?i:nan|inf))";

/// Most characters of a message that are what was printed.
const MAX_SHOWN: usize = 40;

/// Names of the groups.
const VALUE: &str = "value";
const NAME: &str = "name";
const STEP: &str = "step";

/// The catalogue's entry.
pub static KIND: CollectorKind = CollectorKind { name: "regex", required: &[], optional: &["pattern"], configure };

fn configure(args: &Args) -> ConfigResult {
    let mut reader = args.reader();
    let pattern = reader.optional_text("pattern").unwrap_or_else(|| DEFAULT_PATTERN.to_owned());
    let config = match Pattern::new(&pattern) {
        Ok(config) => Some(config),
        Err(message) => {
            reader.error("pattern", message);
            None
        }
    };
    reader.finish(|| config.map(|config| Arc::new(config) as Arc<dyn CollectorConfig>))
}

/// A regular expression, and what its groups are.
#[derive(Clone, Debug)]
struct Pattern {
    regex: Regex,
    value: usize,
    name: Option<usize>,
    step: Option<usize>,
}

impl Pattern {
    fn new(pattern: &str) -> Result<Pattern, String> {
        let regex = Regex::new(pattern).map_err(|error| format!("invalid regular expression: {error}"))?;
        let group = |wanted: &str| regex.capture_names().position(|name| name == Some(wanted));
        let (value, name, step) = (group(VALUE), group(NAME), group(STEP));
        let value = match (value, regex.captures_len()) {
            (Some(value), _) => value,
            (None, 2) if name.is_none() && step.is_none() => 1,
            _ => {
                return Err("the pattern needs one group, or a group named `value`: `loss is (\\S+)`, \
                            `epoch (?P<step>\\d+) .* (?P<name>\\w+) is (?P<value>\\S+)`"
                    .to_owned());
            }
        };
        Ok(Pattern { regex, value, name, step })
    }
}

impl CollectorConfig for Pattern {
    fn collector(&self, wanted: Wanted) -> Box<dyn Collector> {
        Box::new(PatternLines {
            pattern: self.clone(),
            tracker: ReadingTracker::new(wanted),
            origin: CountedOrigin::default(),
            seen: SeenOutput::default(),
            cleaned: Vec::new(),
        })
    }
}

/// Collects the matches in each line of stdout and stderr. Once the metric was on stdout, stderr is ignored.
#[derive(Debug)]
struct PatternLines {
    pattern: Pattern,
    tracker: ReadingTracker,
    origin: CountedOrigin<OutputStream>,
    seen: SeenOutput,
    cleaned: Vec<u8>,
}

/// The matches of one line.
#[derive(Debug, Default)]
struct Matched {
    json: String,
    metric: Option<PrintedMetric>,
    step: Option<f64>,
    count: u32,
    /// A number of the metric that continues behind the match, and the match.
    cut: Option<[String; 2]>,
}

/// How a number is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// It is complete.
    Complete,
    /// More digits follow.
    Digits,
    /// Letters follow: `0.9abc`.
    Letters,
}

/// How `value` is followed by `rest`.
fn ending(value: &str, rest: &str) -> Ending {
    let mut next = rest.chars();
    let first = next.next();
    let begins_fraction = matches!(first, Some('.' | ',')) && next.next().is_some_and(|c| c.is_ascii_digit());
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    match first {
        _ if is_digit(value.chars().next_back()) && (is_digit(first) || begins_fraction) => Ending::Digits,
        Some(c) if c.is_alphanumeric() || c == '_' || begins_fraction => Ending::Letters,
        _ => Ending::Complete,
    }
}

impl PatternLines {
    fn matches(&self, line: &str) -> Matched {
        let mut matched = Matched { json: "{".to_owned(), ..Matched::default() };
        for captures in self.pattern.regex.captures_iter(line) {
            self.take(&captures, line, &mut matched);
        }
        if let Some((name, step)) = self.tracker.wanted.step.as_ref().zip(matched.step) {
            push_entry(&mut matched.json, name, step);
        }
        matched.json.push('}');
        matched
    }

    fn take(&self, captures: &Captures<'_>, line: &str, matched: &mut Matched) {
        let group = |index: Option<usize>| captures.get(index?).map(|group| group.as_str());
        let Some(value) = group(Some(self.pattern.value)) else { return };
        let metric = self.tracker.wanted.metric.as_deref();
        let Some(name) = group(self.pattern.name).or(metric) else { return };
        matched.step =
            group(self.pattern.step).and_then(number::whole).filter(|step| step.is_finite()).or(matched.step);
        let rest = captures.get(self.pattern.value).map_or("", |group| &line[group.end()..]);
        let ending = ending(value, rest);
        let is_default = self.pattern.regex.as_str() == DEFAULT_PATTERN;
        let number = number::whole(value).filter(|_| ending == Ending::Complete || !is_default);
        if self.tracker.wanted.step.as_deref() == Some(name) {
            matched.step = number.filter(|step| step.is_finite()).or(matched.step);
            return;
        }
        if let Some(number) = number {
            push_entry(&mut matched.json, name, number);
            matched.count += 1;
        }
        if metric == Some(name) {
            if ending == Ending::Digits || (is_default && ending != Ending::Complete) {
                let word = rest.split_whitespace().next().unwrap_or_default();
                let shown: String = word.chars().take(MAX_SHOWN).collect();
                matched.cut = Some([value.to_owned(), format!("{value}{shown}")]);
            }
            let other = || PrintedMetric::Other(describe(&value.into()));
            matched.metric = Some(number.map_or_else(other, PrintedMetric::Number));
        }
    }
}

impl Collector for PatternLines {
    fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let mut buffer = std::mem::take(&mut self.cleaned);
        let text: Cow<'_, str> = String::from_utf8_lossy(clean(line, &mut buffer).trim_ascii());
        let mut matched = self.matches(&text);
        if let Some((name, texts)) = self.tracker.wanted.metric.clone().zip(matched.cut.take()) {
            self.tracker.remark(Remark::CutNumber { name, texts });
        }
        let accepted = self.origin.accept(matched.metric.as_ref(), stream);
        match accepted {
            Accepted::WithoutMetric => matched.metric = None,
            Accepted::Replacing => self.tracker.clear(),
            Accepted::No | Accepted::Yes => {}
        }
        let is_reading = accepted != Accepted::No && (matched.count > 0 || matched.metric.is_some());
        if is_reading {
            self.tracker.push(&matched.json, matched.metric, matched.step);
        } else if self.origin.get().is_none() && !text.is_empty() {
            self.seen.add_line(stream, text.as_bytes());
        }
        drop(text);
        self.cleaned = buffer;
        if is_reading { LineKind::Reading } else { LineKind::Other }
    }

    fn line_too_long(&mut self, stream: OutputStream, bytes: u64) {
        self.tracker.remark(Remark::LineTooLong { stream, bytes });
    }

    fn reading(&self) -> Reading {
        let numbers = JsonObject::parse(self.tracker.latest_json()).map(|object| object.numbers()).unwrap_or_default();
        let step = self.tracker.wanted.step.as_ref();
        let step = step.and_then(|step| numbers.iter().find(|(name, _)| name == step));
        Reading { step: step.map(|(_, step)| *step), numbers }
    }

    fn finish(mut self: Box<Self>) -> Collected {
        if let Some(object) = JsonObject::parse(self.tracker.latest_json()) {
            self.seen.add_names(object.numbers().into_iter().rev());
        }
        let pattern = self.pattern.regex.as_str();
        let value = self.tracker.value(|name| match self.pattern.name {
            None => self.seen.missing(name, &format!("no line matched the pattern `{pattern}`")),
            Some(_) => self.seen.missing(name, &format!("no match of the pattern `{pattern}` had the name `{name}`")),
        });
        let (readings, first_step, remarks) = self.tracker.finish();
        Collected { value, readings, first_step, remarks, source: None, names: self.seen.into_names() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::collector::MetricValue;
    use crate::types::objective::Score;

    fn collected(pattern: &str, lines: &str) -> Collected {
        let args: Args = [("pattern".to_owned(), pattern.into())].into_iter().collect();
        let wanted = Wanted { metric: Some("loss".into()), step: Some("epoch".into()), ..Wanted::default() };
        let mut collector = configure(&args).unwrap().collector(wanted);
        lines.lines().for_each(|line| {
            collector.line(OutputStream::Stdout, line.as_bytes());
        });
        collector.finish()
    }

    fn error(pattern: &str) -> String {
        let args: Args = [("pattern".to_owned(), pattern.into())].into_iter().collect();
        configure(&args).unwrap_err()[0].message.clone()
    }

    #[test]
    fn groups_give_value_name_and_step() {
        let value = |collected: &Collected| collected.value.clone();
        let finite = |value| MetricValue::Finite(Score::new(value).unwrap());
        assert_eq!(value(&collected(r"the loss is (\S+)", "the loss is 0.5\nthe loss is 25%\nbye")), finite(25.0));
        let named = r"(?P<step>\d+)\) (?P<name>\w+) is (?P<value>\S+)";
        let found = collected(named, "1) loss is 0.5 2) acc is 3\n3) acc is 0.25");
        assert_eq!((value(&found), found.first_step), (finite(0.5), Some(2.0)));
        assert_eq!(serde_json::to_string(&found.readings.metrics).unwrap(), r#"{"loss":0.5,"acc":3,"epoch":2}"#);
        assert_eq!(value(&collected(DEFAULT_PATTERN, "epoch=3 loss = 1e-3 x=2")), finite(1e-3));
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = |pattern, lines| match collected(pattern, lines).value {
            MetricValue::Missing(missing) => missing.reason,
            other => panic!("{other:?}"),
        };
        insta::assert_snapshot!(missing(r"loss is (\S+)", "loss: 0.5"), @r"no line matched the pattern `loss is (\S+)`; names with numbers in the output: `loss`; set `metric.collect: auto`");
        insta::assert_snapshot!(missing(r"(?P<name>\w+)=(?P<value>\S+)", "val_loss=0.5"), @r"no match of the pattern `(?P<name>\w+)=(?P<value>\S+)` had the name `loss`; names with numbers in the output: `val_loss`; set `metric.name: val_loss`");
        insta::assert_snapshot!(missing(r"loss is (\S+)", "loss is low"), @"the last value of `loss` is not a number");
    }

    #[test]
    fn a_text_does_not_hide_the_numbers_of_another_stream() {
        let args: Args = [("pattern".to_owned(), r"loss is (\S+)".into())].into_iter().collect();
        let wanted = Wanted { metric: Some("loss".into()), ..Wanted::default() };
        let mut collector = configure(&args).unwrap().collector(wanted);
        collector.line(OutputStream::Stdout, b"the loss is printed on stderr");
        collector.line(OutputStream::Stderr, b"the loss is 0.5");
        collector.line(OutputStream::Stdout, b"the loss is low");
        assert_eq!(collector.finish().value, MetricValue::Finite(Score::new(0.5).unwrap()));
    }

    #[test]
    fn a_long_text_is_not_part_of_a_message() {
        let found = collected(r"loss is (\S+)", &format!("loss is {}", "x".repeat(100_000)));
        let MetricValue::Missing(missing) = found.value else { panic!("{:?}", found.value) };
        assert!(missing.reason.len() + missing.evidence.len() < 300, "{missing:?}");
    }

    #[test]
    fn a_number_that_goes_on_behind_the_match_is_remarked() {
        let cut = |pattern: &str, lines: &str| {
            let found = collected(pattern, lines);
            let texts = found.remarks.iter().find_map(|remark| match remark {
                Remark::CutNumber { texts, .. } => Some(texts.clone()),
                _ => None,
            });
            (matches!(found.value, MetricValue::Finite(_)), texts.map(|texts| texts.join(" of ")))
        };
        assert_eq!(cut(DEFAULT_PATTERN, "loss=0.9abc"), (false, Some("0.9 of 0.9abc".to_owned())));
        assert_eq!(cut(DEFAULT_PATTERN, "loss=0x1f"), (false, Some("0 of 0x1f".to_owned())));
        assert_eq!(cut(DEFAULT_PATTERN, "loss=0.9, x=1"), (true, None));
        assert_eq!(cut(DEFAULT_PATTERN, "loss=90% done."), (true, None));
        assert_eq!(cut(r"loss=(\d+)", "loss=0.9"), (true, Some("0 of 0.9".to_owned())));
        assert_eq!(cut(r"loss=(\d\.\d)", "loss=0.95"), (true, Some("0.9 of 0.95".to_owned())));
        assert_eq!(cut(r"loss=(\S+)", "loss=0.95"), (true, None));
    }

    #[test]
    fn patterns_without_a_value_are_errors() {
        assert!(error("loss").contains("needs one group") && error("(a)(b)").contains("needs one group"));
        assert!(error("(").starts_with("invalid regular expression"));
    }
}

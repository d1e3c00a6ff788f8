//! What real programs printed and wrote (`tests/data/metrics/`, recorded by `record.py` there), through the collectors. `table.tsv`
//! has the value that a person reads off each of them; `-` where nothing may be found.

use std::fs;
use std::path::{Path, PathBuf};

use hypertune::collect::catalogue::{ConfiguredCollector, named};
use hypertune::collect::collector::{Collected, FileState, FoundFile, MetricSource, MetricValue, OutputStream, Wanted};
use hypertune::collect::lines::{Line, LineSplitter};

/// How many bytes arrive at once.
const CHUNKS: [usize; 3] = [1, 7, 8192];

struct Row {
    file: String,
    collector: String,
    metric: String,
    value: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/metrics")
}

fn table() -> Vec<Row> {
    let text = fs::read_to_string(folder().join("table.tsv")).unwrap();
    let row = |line: &str| {
        let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let [file, _, collector, metric, value]: [String; 5] = cells.try_into().expect(line);
        Row { file, collector, metric, value }
    };
    text.lines().skip(1).map(row).collect()
}

fn configured(text: &str) -> ConfiguredCollector {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let kind = named(name).expect(name);
    let value = value.or((name == "file").then_some("metrics.csv"));
    let option = kind.main_option().zip(value).map(|(option, value)| (option.to_owned(), value.into()));
    ConfiguredCollector::new(kind, option.into_iter().collect()).unwrap()
}

fn files(path: &Path, below: &Path) -> Vec<(String, Vec<u8>)> {
    if path.is_file() {
        return vec![(path.strip_prefix(below).unwrap().display().to_string(), fs::read(path).unwrap())];
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.iter().flat_map(|entry| files(entry, below)).collect()
}

fn collected(row: &Row, chunk: usize) -> Collected {
    let configured = configured(&row.collector);
    let mut collector = configured.collector(Wanted { metric: Some(row.metric.clone()), ..Wanted::default() });
    let path = folder().join(&row.file);
    let MetricSource::Output(ends) = configured.source() else {
        let below = if path.is_dir() { &path } else { &folder() };
        let found = files(&path, below);
        let found: Vec<FoundFile<'_>> = found.iter().map(|(path, bytes)| FoundFile { path, bytes }).collect();
        collector.files(&found, FileState::Complete);
        return collector.finish();
    };
    let stream = if row.file.ends_with(".stderr") { OutputStream::Stderr } else { OutputStream::Stdout };
    let mut splitter = LineSplitter::new(ends);
    let mut take = |line: Line<'_>| {
        if let Line::Whole(line) = line {
            collector.line(stream, line);
        }
    };
    for bytes in fs::read(&path).unwrap().chunks(chunk) {
        splitter.push(bytes, &mut take);
    }
    splitter.finish(&mut take);
    collector.end();
    collector.finish()
}

fn shown(value: &MetricValue) -> String {
    match value {
        MetricValue::Finite(score) => score.value().to_string(),
        MetricValue::NotFinite(sentence) if sentence.ends_with("NaN") => "nan".to_owned(),
        MetricValue::NotFinite(sentence) if sentence.ends_with("-Infinity") => "-inf".to_owned(),
        MetricValue::Missing(_) => "-".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn values_are_read_as_a_person_reads_them() {
    let mut wrong = Vec::new();
    let rows = table();
    assert!(rows.len() >= 90, "the table has {} rows", rows.len());
    for row in &rows {
        let wanted = row
            .value
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map_or(row.value.clone(), |n| n.to_string());
        for chunk in CHUNKS {
            let found = collected(row, chunk).value;
            if shown(&found) != wanted {
                wrong.push(format!("{} {} {}: {wanted} expected, {found:?}", row.file, row.collector, row.metric));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_missing_metric_is_suggested_from_what_was_printed() {
    let row = |file: &str, metric: &str| Row {
        file: file.into(),
        collector: "auto".into(),
        metric: metric.into(),
        value: String::new(),
    };
    let missing = |file, metric| match collected(&row(file, metric), 100).value {
        MetricValue::Missing(missing) => missing.evidence,
        other => panic!("{other:?}"),
    };
    let wanted = "saw `validation-logloss: 0.39799` in 4 lines: set `metric.name: validation-logloss`";
    assert_eq!(missing("xgboost-train.stdout", "logloss").lines().next(), Some(wanted));
    let wanted = "saw `val.loss: 0.6496611833572388` in 3 lines: set `metric.name: val.loss`";
    assert_eq!(missing("torch-nested-json.stdout", "loss").lines().next(), Some(wanted));
}

#[test]
fn every_recording_is_in_the_table() {
    let known: Vec<String> =
        table().into_iter().map(|row| row.file).chain(["table.tsv".into(), "record.py".into()]).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name), "{name} is not in table.tsv");
    }
}

#[test]
fn event_files_cut_or_changed_anywhere_do_no_harm() {
    let (path, bytes) = files(&folder().join("tensorboard-torch"), &folder()).remove(0);
    let value = |bytes: &[u8]| {
        let wanted = Wanted { metric: Some("val/loss".into()), ..Wanted::default() };
        let mut collector = configured("tensorboard").collector(wanted);
        collector.files(&[FoundFile { path: &path, bytes }], FileState::Complete);
        collector.finish()
    };
    let values: Vec<String> = (0..bytes.len()).map(|length| shown(&value(&bytes[..length]).value)).collect();
    assert!(values.iter().all(|value| ["-", "1", "0.5", "0.3333333432674408"].contains(&value.as_str())), "{values:?}");
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        let collected = value(&changed);
        let remarked = collected.remarks.iter().any(|remark| remark.to_string().contains("is damaged at byte"));
        assert!(remarked, "the change of byte {at} was not noticed");
    }
}

//! The cost of numbers and checksums of records: the launch and the end of a job are serialized and appended in formats 1 and 2.
//!
//! `cargo bench --bench journal`

use criterion::{Criterion, criterion_group, criterion_main};
use hypertune::journal::line::{JournalEnd, LineFormat};
use hypertune::journal::record::Record;
use hypertune::journal::writer::JournalWriter;

const LAUNCH: &str = r#"{"type":"launch","trial":7,"rung":1,"attempt":1,"round":0,"bracket":2,"resource":3.0,"previous":1.0,"slot":0,
    "params":{"lr":0.05493368954999933,"layers":3},"at":338653920}"#;
const END: &str = r#"{"type":"end","trial":7,"rung":1,"attempt":1,"status":"succeeded","score":0.05493368954999933,
    "metrics":{"loss":0.05493368954999933},"curve":[{"step":1.0,"value":0.05493368954999933}],"duration_s":0.055846208,
    "exit_code":0,"max_rss_bytes":15839232,"cpu_s":0.001697,"at":438653920}"#;

fn records() -> [Record; 2] {
    [LAUNCH, END].map(|text| serde_json::from_str(text).expect("a record"))
}

fn lines(criterion: &mut Criterion) {
    for format in [LineFormat::Plain, LineFormat::Checked] {
        let (records, mut line) = (records(), Vec::new());
        criterion.bench_function(&format!("two lines, {format:?}"), |bench| {
            bench.iter(|| {
                line.clear();
                records.iter().for_each(|record| format.write(record, 12_345, &mut line).expect("memory"));
            });
        });
    }
}

fn appends(criterion: &mut Criterion) {
    for format in [LineFormat::Plain, LineFormat::Checked] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let end = JournalEnd { format, ..JournalEnd::default() };
        let mut journal = JournalWriter::open_at(&folder.path().join("journal.jsonl"), end).expect("a journal");
        let records = records();
        criterion.bench_function(&format!("one append of two, {format:?}"), |bench| {
            bench.iter(|| journal.append(&records).expect("room on the disk"));
        });
    }
}

criterion_group! {
    name = journal;
    config = Criterion::default().sample_size(50);
    targets = lines, appends
}
criterion_main!(journal);

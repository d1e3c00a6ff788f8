//! The time to read one line of a job's stdout: a short reading, one with 900 kB of predictions, one with 10,000 entries, and a
//! line that is not a reading.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hypertune::collect::catalogue::{COLLECTORS, ConfiguredCollector};
use hypertune::collect::collector::{OutputStream, Wanted};

fn lines() -> [(&'static str, String); 6] {
    let predictions: Vec<String> = (0..100_000).map(|i| format!("{:.6}", f64::from(i) / 1e5)).collect();
    let entries: Vec<String> = (0..10_000).map(|i| format!("\"layer{i}\": {i}")).collect();
    [
        ("short reading", r#"{"epochs": 3, "loss": 0.25, "accuracy": 0.9}"#.to_owned()),
        ("900 kB of predictions", format!("{{\"predictions\": [{}], \"loss\": 0.25}}", predictions.join(", "))),
        ("10,000 entries", format!("{{{}, \"loss\": 0.25}}", entries.join(", "))),
        ("no reading", "epoch 3/27, loss 0.25, 93 samples per second".to_owned()),
        ("text", "Epoch 3/27 - loss: 0.2500 - acc: 0.9000".to_owned()),
        ("bar", "\x1b[32m12/27\x1b[0m 3ms/step - loss: 0.2500\x08\x08\x08\x0827".to_owned()),
    ]
}

fn collecting(criterion: &mut Criterion) {
    for kind in COLLECTORS.into_iter().filter(|kind| kind.required.is_empty()) {
        let mut group = criterion.benchmark_group(kind.name);
        let configured = ConfiguredCollector::new(kind, Default::default()).expect("a collector without options");
        for (name, line) in lines() {
            let wanted = Wanted { metric: Some("loss".into()), step: Some("epochs".into()), ..Wanted::default() };
            let mut collector = configured.collector(wanted);
            group.throughput(Throughput::Bytes(line.len() as u64));
            group.bench_function(name, |bencher| {
                bencher.iter(|| collector.line(OutputStream::Stdout, black_box(line.as_bytes())))
            });
        }
    }
}

criterion_group!(benches, collecting);
criterion_main!(benches);

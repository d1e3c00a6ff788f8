//! What it costs to read one line of a job's stdout: a short reading, one that carries a mebibyte of predictions, one with ten
//! thousand entries, and a line that is none.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hypertune::collect::catalogue::COLLECTORS;
use hypertune::collect::collector::Wanted;

fn lines() -> [(&'static str, String); 4] {
    let predictions: Vec<String> = (0..100_000).map(|i| format!("{:.6}", f64::from(i) / 1e5)).collect();
    let entries: Vec<String> = (0..10_000).map(|i| format!("\"layer{i}\": {i}")).collect();
    [
        ("short reading", r#"{"epochs": 3, "loss": 0.25, "accuracy": 0.9}"#.to_owned()),
        ("900 kB of predictions", format!("{{\"predictions\": [{}], \"loss\": 0.25}}", predictions.join(", "))),
        ("10,000 entries", format!("{{{}, \"loss\": 0.25}}", entries.join(", "))),
        ("no reading", "epoch 3/27, loss 0.25, 93 samples per second".to_owned()),
    ]
}

fn collecting(criterion: &mut Criterion) {
    for kind in COLLECTORS {
        let mut group = criterion.benchmark_group(kind.name);
        for (name, line) in lines() {
            let wanted = Wanted { metric: Some("loss".into()), step: Some("epochs".into()) };
            let mut collector = (kind.collector)(wanted);
            group.throughput(Throughput::Bytes(line.len() as u64));
            group.bench_function(name, |bencher| bencher.iter(|| collector.line(black_box(line.as_bytes()))));
        }
    }
}

criterion_group!(benches, collecting);
criterion_main!(benches);

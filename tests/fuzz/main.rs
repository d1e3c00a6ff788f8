//! The things that read foreign bytes: the matrix file and its templates, stdout lines, the journal. No panic, bounded memory, errors with a
//! place. A quick look by default; `PROPTEST_CASES=20000 cargo test --release --test fuzz` looks longer.

mod damage;
mod journal;
mod matrix;
mod stdout;
mod template;

use proptest::test_runner::Config;

/// `usual` cases, or what PROPTEST_CASES says.
fn cases(usual: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(usual), failure_persistence: None, ..Config::default() }
}

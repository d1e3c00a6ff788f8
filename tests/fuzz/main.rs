//! Parsers of input from outside: the matrix file and its templates, lines of stdout, the journal. No panic, bounded memory, errors
//! with a position. Few cases by default; `PROPTEST_CASES=20000 cargo test --release --test fuzz` runs more.

mod damage;
mod import;
mod journal;
mod matrix;
mod stdout;
mod template;

use proptest::test_runner::Config;

/// PROPTEST_CASES, or `usual` cases.
fn cases(usual: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(usual), failure_persistence: None, ..Config::default() }
}

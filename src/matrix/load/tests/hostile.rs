//! Invalid and hostile files: a result in bounded time and no panic.

use proptest::prelude::*;

use super::*;

fn check_load(bytes: &[u8]) {
    if let Err(report) = load_bytes("m.yaml", bytes, Path::new("/nonexistent"), &Overrides::default()) {
        assert!(report.error_count() > 0);
        assert!(report.render(Styling::Plain).len() < 200_000);
        assert!(serde_json::to_string(&report.to_json()).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check_load(&bytes);
    }

    #[test]
    fn any_yaml_like_text_does_not_panic(text in "([a-z]{1,3}|kind|matrix|params|value|hyperband|[\\[\\]{}:,&*!|>'\"#?%@`~<-]|[0-9.e+-]{1,4}| |\n|\n  |\n    |\\{\\{|\\}\\}){0,80}") {
        check_load(text.as_bytes());
    }

    #[test]
    fn a_damaged_example_does_not_panic(
        damage in proptest::collection::vec((0..DOCUMENTED.len(), 0..3u8, any::<u8>()), 1..6)
    ) {
        let mut bytes = DOCUMENTED.as_bytes().to_vec();
        for (at, how, byte) in damage {
            let at = at % bytes.len().max(1);
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        check_load(&bytes);
    }

    #[test]
    fn moved_lines_do_not_panic(from in 0..49usize, to in 0..49usize, copied in any::<bool>()) {
        let mut lines: Vec<&str> = DOCUMENTED.lines().collect();
        let line = lines[from];
        if !copied { lines.remove(from); }
        lines.insert(to.min(lines.len()), line);
        check_load(lines.join("\n").as_bytes());
    }
}

#[test]
fn large_and_repetitive_files_are_fast() {
    let many: String = (0..5_000).map(|n| format!("field{n}: {n}\n")).collect();
    check_load(format!("kind: hyperband\n{many}").as_bytes());
    let twice: String = (0..5_000).map(|_| "eta: 3\n").collect();
    check_load(format!("kind: hyperband\n{twice}").as_bytes());
    check_load(format!("kind: hyperband\n{}: 3\n", "x".repeat(1 << 20)).as_bytes());
    let params: String = (0..2_000).map(|n| format!("  p{n}: {{kind: unifrom, value: [0, 1]}}\n")).collect();
    check_load(hyperband(&params).as_bytes());
}

#[test]
fn paths_that_are_not_regular_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let missing = load(&folder.path().join("none.yaml"), &Overrides::default()).unwrap_err();
    assert!(missing.render(Styling::Plain).contains("cannot be read"));
    assert!(load(folder.path(), &Overrides::default()).is_err());
    #[cfg(unix)]
    assert!(load(Path::new("/dev/zero"), &Overrides::default()).is_err());
}

//! One test for each library.

use serde_json::json;

use crate::received::{Library, differences, is_available, pass};

const ARGPARSE: Library = Library {
    import: "argparse",
    program: "with_argparse.py",
    arguments: "",
    args: &[
        ("flag", "flag"),
        ("switch", "no-flag"),
        ("plain", "empty"),
        ("floats", "words"),
        ("ints", "words"),
        ("words", "repeat"),
    ],
};

const CLICK: Library = Library {
    import: "click",
    program: "with_click.py",
    arguments: "names: dashes",
    args: &[("flag", "flag"), ("switch", "no-flag"), ("floats", "repeat"), ("ints", "words"), ("words", "repeat")],
};

const FIRE: Library = Library { import: "fire", program: "with_fire.py", arguments: "", args: &[] };

const ABSL: Library = Library {
    import: "absl",
    program: "with_absl.py",
    arguments: "",
    args: &[("floats", "repeat"), ("ints", "commas"), ("words", "repeat")],
};

const TYRO: Library = Library {
    import: "tyro",
    program: "with_tyro.py",
    arguments: "lists: words, nulls: None",
    args: &[("flag", "no-flag"), ("switch", "no-flag"), ("plain", "True")],
};

const JSONARGPARSE: Library =
    Library { import: "jsonargparse", program: "with_jsonargparse.py", arguments: "nulls: 'null'", args: &[] };

const HYDRA: Library = Library { import: "hydra", program: "with_hydra.py", arguments: "", args: &[] };

fn check(library: &Library, styles: &[&str], skipped: &[&str]) {
    if is_available(library.import) {
        for style in styles {
            let wrong = differences(library, style, skipped);
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }
    }
}

#[test]
fn argparse_receives_what_was_sampled() {
    // Before Python 3.13 it removes `--` from the values of an option.
    check(&ARGPARSE, &["equals", "space"], &["--"]);
}

#[test]
fn click_receives_what_was_sampled() {
    check(&CLICK, &["equals", "space"], &[]);
}

#[test]
fn fire_receives_what_was_sampled() {
    check(&FIRE, &["fire"], &[]);
}

#[test]
fn absl_receives_what_was_sampled() {
    check(&ABSL, &["equals"], &[]);
}

#[test]
fn tyro_receives_what_was_sampled() {
    check(&TYRO, &["equals", "space"], &[]);
}

#[test]
fn jsonargparse_receives_what_was_sampled() {
    // As argparse, which it extends.
    check(&JSONARGPARSE, &["equals"], &["--"]);
}

#[test]
fn hydra_receives_what_was_sampled() {
    check(&HYDRA, &["hydra"], &[]);
    if is_available(HYDRA.import) {
        let rows = [json!({
            "+opt": {"name": "sgd", "lr": 1e-7, "a b": [null, true, "x,y"], "k:v": {"x": "café"}, "a-b.c/d": -1e-7},
            "flag": [{"x": "it's"}, []],
            "lr": {}
        })];
        let wrong = pass(&HYDRA, "hydra", &rows);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

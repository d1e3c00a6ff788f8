//! `import`: files of other tools become matrices.

use std::fs;
use std::path::Path;

use hypertune_test_support::Lab;

/// A folder with all files of `tests/data/import`, and their names.
fn files() -> (Lab, Vec<String>) {
    let lab = Lab::new("");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of files to import") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        lab.file(&name, fs::read(&path).expect("a readable file"));
        names.push(name);
    }
    names.sort();
    (lab, names)
}

#[test]
fn each_imported_matrix_passes_check_and_plan() {
    let (lab, names) = files();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        lab.hypertune(&format!("import {name} -o {name}.matrix")).exits(0).stderr_contains("hypertune plan");
        lab.hypertune(&format!("check {name}.matrix")).exits(0);
        let plan = lab.hypertune(&format!("plan {name}.matrix --seed 1 --format json -- echo")).exits(0).json();
        assert!(plan["commands"].as_array().is_some_and(|commands| !commands.is_empty()), "{name}: {plan}");
    }
}

#[test]
fn other_commands_name_the_import() {
    let (lab, names) = files();
    for name in names {
        for command in ["check", "plan"] {
            let refused = lab.hypertune(&format!("{command} {name} -- echo")).exits(2);
            refused.stderr_contains(&format!("hypertune import {name}")).stderr_contains("1 error");
        }
    }
}

#[test]
fn an_existing_file_is_replaced_only_on_request() {
    let (lab, _) = files();
    lab.file("out.yaml", "precious");
    lab.hypertune("import typed.yaml -o out.yaml").exits(2).stderr_contains("--overwrite");
    assert_eq!(lab.read("out.yaml"), "precious");
    lab.hypertune("import typed.yaml -o out.yaml --overwrite").exits(0);
    let printed = lab.hypertune("import typed.yaml").exits(0);
    assert_eq!(lab.read("out.yaml"), printed.stdout);
    lab.hypertune("import typed.yaml -o missing/out.yaml").exits(1);
    lab.hypertune("import typed.yaml --overwrite").exits(2);
}

#[test]
fn the_result_is_json_on_request() {
    let (lab, _) = files();
    let json = lab.hypertune("import wandb-bayes.yaml --format json").exits(0).json();
    assert!(json["matrix"].as_str().is_some_and(|matrix| matrix.contains("kind: hyperband")), "{json}");
    let lines: Vec<u64> =
        json["notes"].as_array().expect("notes").iter().filter_map(|note| note["line"].as_u64()).collect();
    assert!(lines.len() > 3, "{json}");
    lab.file("bad.yaml", "method: random\nprogram: t.py\nparameters:\n  lr: {min: 1}\n");
    let json = lab.hypertune("import bad.yaml --format json").exits(2).json();
    assert_eq!(json["diagnostics"][0]["line"], 4, "{json}");
    lab.hypertune("import none.yaml").exits(2).stderr_contains("cannot be read");
}

#[test]
fn an_imported_sweep_runs() {
    let lab = Lab::new("");
    let sweep = "method: random\nrun_cap: 4\nmetric: {name: loss}\nparameters: {lr: {min: 0.0, max: 1.0}}\n\
                 command: [echo, 'loss: 0.5', '${args}']\n";
    lab.file("sweep.yaml", sweep);
    lab.hypertune("import sweep.yaml -o m.yaml --overwrite").exits(0);
    let best = lab.hypertune("run m.yaml --seed 1 --format json").exits(0);
    assert_eq!(best.json()["value"], 0.5, "{}", best.stdout);
}

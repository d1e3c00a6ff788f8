//! Every file of the examples.

use std::path::Path;

use crate::scene::Scene;
use crate::sources::{examples, read};

fn name(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

#[test]
fn every_matrix_file_is_valid() {
    let scene = Scene::new();
    for path in examples("yaml") {
        let is_hydra_config = path.parent().is_some_and(|folder| folder.ends_with("conf"));
        if !is_hydra_config && !is_component(&path) {
            scene.shell("", &format!("hypertune check {}", name(&path)), name(&path));
        }
    }
}

/// A component file is read with the operation that names it, which must be in the same folder.
fn is_component(path: &Path) -> bool {
    if !read(name(path)).lines().any(|line| line == "kind: component") {
        return false;
    }
    let reference = format!("pathRef: ./{}", path.file_name().and_then(|n| n.to_str()).expect("a plain name"));
    let beside = |other: &Path| other.parent() == path.parent() && read(name(other)).contains(&reference);
    assert!(examples("yaml").iter().any(|other| beside(other)), "{} is named by no operation", path.display());
    true
}

#[test]
fn every_command_in_a_matrix_file_can_be_planned() {
    let scene = Scene::new();
    for path in examples("yaml") {
        let text = read(name(&path));
        let lines = text.lines().filter_map(|line| line.strip_prefix("#   "));
        for line in lines.filter(|line| line.contains("hypertune run ")) {
            let folder = if line.contains("examples/") { "" } else { path.parent().map_or("", name) };
            scene.shell(folder, &line.replace("hypertune run ", "hypertune plan "), name(&path));
        }
    }
}

#[test]
fn every_script_compiles() {
    let scripts = examples("py");
    let scripts: Vec<&str> = scripts.iter().map(|path| name(path)).collect();
    Scene::new().shell("", &format!("python3 -m py_compile {}", scripts.join(" ")), "the examples' scripts");
}

//! Every block of every document.

use std::collections::BTreeSet;
use std::thread;

use serde_json::Value;

use crate::blocks::{Block, Use};
use crate::scene::Scene;
use crate::sources::{blocks_of, documents, read};

/// The results of the blocks of one document so far.
struct DocumentState {
    scene: Scene,
    /// The first matrix file.
    base: Option<Value>,
    /// The output of the last commands.
    printed: String,
}

#[test]
fn every_block_of_every_document_is_valid() {
    let ci = read(".ci/run");
    let ci: BTreeSet<&str> = ci.lines().map(str::trim).collect();
    thread::scope(|scope| {
        for document in documents() {
            let ci = &ci;
            scope.spawn(move || {
                let mut state = DocumentState { scene: Scene::new(), base: None, printed: String::new() };
                blocks_of(&document).iter().for_each(|block| state.check_block(block, ci));
            });
        }
    });
}

impl DocumentState {
    fn check_block(&mut self, block: &Block, ci: &BTreeSet<&str>) {
        let place = block.to_string();
        match &block.usage {
            Use::Shown => {}
            Use::Run => self.printed = self.scene.shell("", &block.text, &place),
            Use::Ci => {
                for command in block.commands() {
                    assert!(ci.contains(command), "{place}: .ci/run has no line `{command}`");
                }
            }
            Use::Plan => {
                let line = block.text.replace("hypertune run ", "hypertune plan ");
                assert_ne!(line, block.text, "{place}: there is no `hypertune run` to plan");
                self.scene.shell("", &line, &place);
            }
            Use::Matrix(name) => {
                self.check(block, name.as_deref(), &block.text);
                self.base.get_or_insert_with(|| yaml(block));
            }
            Use::Part(name) => {
                let whole = self.with(block).to_string();
                self.check(block, name.as_deref(), &whole);
            }
            Use::Python(name) => {
                self.scene.write(name, &block.text);
                self.scene.shell("", &format!("python3 -m py_compile {name}"), &place);
            }
            Use::Keys => {
                let printed: Value = serde_json::from_str(&self.printed).expect("the last command printed JSON");
                let shown: Value = serde_json::from_str(&block.text).unwrap_or_else(|e| panic!("{place}: {e}"));
                compare(&shown, &printed, &place);
            }
        }
    }

    /// The document's first matrix file with its fields replaced by those of `block`.
    fn with(&self, block: &Block) -> Value {
        let mut whole = self.base.clone().unwrap_or_else(|| panic!("{block}: no matrix file comes before it"));
        let matrix = match whole.get_mut("matrix") {
            Some(matrix) => matrix,
            None => &mut whole,
        };
        for (field, value) in yaml(block).as_object().unwrap_or_else(|| panic!("{block}: fields of a matrix")) {
            matrix[field] = value.clone();
        }
        whole
    }

    fn check(&self, block: &Block, name: Option<&str>, text: &str) {
        let name = name.unwrap_or("unnamed.yaml");
        self.scene.write(name, text);
        self.scene.shell("", &format!("hypertune check {name}"), &block.to_string());
    }
}

fn yaml(block: &Block) -> Value {
    serde_yaml::from_str(&block.text).unwrap_or_else(|e| panic!("{block}: {e}"))
}

/// Fails unless `shown` can be the output `printed` of another run: the same keys and types at every level, the same words (but paths
/// and the variables of a job), and the same values, ranks and counts, which do not depend on time.
fn compare(shown: &Value, printed: &Value, at: &str) {
    const SAME: [&str; 9] = ["trial", "value", "rank", "ranked", "done", "expected", "promoted", "dropped", "best"];
    match (shown, printed) {
        (Value::Object(a), Value::Object(b)) => {
            assert_eq!(
                a.keys().collect::<Vec<_>>(),
                b.keys().collect::<Vec<_>>(),
                "{at}: other keys than those printed"
            );
            a.iter()
                .filter(|(key, _)| *key != "env")
                .for_each(|(key, value)| compare(value, &b[key], &format!("{at}/{key}")));
        }
        (Value::Array(a), Value::Array(b)) => {
            // The incumbents depend on which job ends first.
            let is_timed = at.ends_with("/incumbents");
            assert!(is_timed || a.len() == b.len(), "{at}: {} entries instead of {}", a.len(), b.len());
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                if is_timed {
                    assert_eq!(keys(a), keys(b), "{at}/{i}: other keys than those printed");
                } else {
                    compare(a, b, &format!("{at}/{i}"));
                }
            }
        }
        (Value::String(a), Value::String(b)) => {
            assert!(a == b || a.contains('/') && b.contains('/'), "{at}: {a} is {b}")
        }
        (Value::Number(a), Value::Number(b)) => {
            let is_fixed = SAME.iter().any(|key| at.ends_with(&format!("/{key}")));
            assert!(!is_fixed || a == b, "{at}: {a} is {b}");
        }
        (a, b) => assert!(a == b, "{at}: {a} is {b}"),
    }
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().expect("a JSON object").keys().collect()
}

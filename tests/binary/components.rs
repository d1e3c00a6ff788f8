//! A component file is part of the study: it is recorded when the study starts and compared when it is resumed.

use serde_json::Value;

use hypertune_test_support::{Lab, trainer};

const OPERATION: &str = "\
version: 1.1
kind: operation
pathRef: ./component.yaml
matrix:
  kind: random
  numRuns: 4
  seed: 1
  metric: {name: loss, optimization: minimize}
  params: {lr: {kind: uniform, value: [0, 1]}}
";

/// A component whose command passes `width`, 3 unless another value is given, to the trainer.
fn component() -> String {
    format!(
        "version: 1.1\nkind: component\n\
         inputs:\n- {{name: lr, type: float}}\n- {{name: width, type: int, value: 3, isOptional: true}}\n\
         - {{name: fast, type: bool, value: true, isFlag: true}}\n- {{name: unused, type: int, value: 1, isOptional: true}}\n\
         run: {{kind: job, container: {{image: any, command: [{}], \
         args: [\"--lr={{{{ lr }}}}\", \"--width={{{{ width }}}}\", \"{{{{ params.fast.as_arg }}}}\"]}}}}\n",
        trainer()
    )
}

/// A study that was stopped after one of four jobs.
fn started() -> Lab {
    let lab = Lab::new(OPERATION);
    lab.file("component.yaml", component());
    lab.hypertune("run m.yaml -q --max-jobs 1").exits(4);
    lab
}

fn change(lab: &Lab, from: &str, to: &str) {
    let text = component();
    assert!(text.contains(from));
    lab.file("component.yaml", text.replace(from, to));
}

fn best_command(lab: &Lab) -> Vec<String> {
    let best = lab.hypertune("best m.study --format json").exits(0).json();
    serde_json::from_value(best["command"].clone()).expect("a list of text")
}

/// The `width` of each job, computed from its loss, which contains |width − 0.3|.
fn widths(lab: &Lab) -> Vec<f64> {
    let jobs = lab.hypertune("export m.study").exits(0).json_lines();
    let rest = |job: &Value| 1.0 + (job["params"]["lr"].as_f64().expect("a number") - 0.3).abs();
    let width = |job: &Value| job["value"].as_f64().expect("a number") - rest(job) + 0.3;
    jobs.iter().map(|job| width(job).round()).collect()
}

#[test]
fn best_shows_the_command_that_ran() {
    let lab = started();
    change(&lab, "value: 3", "value: 7");
    assert_eq!(best_command(&lab)[2..], ["--width=3", "--fast"]);
    std::fs::remove_file(lab.path("component.yaml")).expect("it is there");
    assert_eq!(best_command(&lab)[2..], ["--width=3", "--fast"]);
}

#[test]
fn a_changed_input_is_another_study() {
    let lab = started();
    change(&lab, "value: 3", "value: 7");
    lab.hypertune("run m.yaml -q").exits(2).output_contains("input width: started with 3, now 7");
    change(&lab, ", value: 3", "");
    lab.hypertune("run m.yaml -q").exits(2).output_contains("input width: started with 3, now no value");
    change(&lab, "isFlag: true", "isFlag: false");
    lab.hypertune("run m.yaml -q").exits(2).output_contains("input fast: started with isFlag: true, now isFlag: false");
    change(&lab, "--lr={{ lr }}", "--lr={{ lr * 2 }}");
    lab.hypertune("run m.yaml -q").exits(2).output_contains("command: started with");
    change(&lab, "type: int, value: 1", "type: float, value: 2");
    lab.hypertune("run m.yaml -q").exits(0);
    assert_eq!(widths(&lab), [3.0; 4]);
}

#[test]
fn values_in_the_operation_override_those_of_the_component() {
    let lab = Lab::new(&OPERATION.replace("matrix:", "params: {width: {value: 5}}\nmatrix:"));
    lab.file("component.yaml", component());
    lab.hypertune("run m.yaml -q --max-jobs 1").exits(4);
    change(&lab, "value: 3", "value: 7");
    lab.hypertune("run m.yaml -q --max-jobs 2").exits(4);
    lab.hypertune("run m.yaml -q -P width=6").exits(2).output_contains("input width: started with 5, now 6");
    lab.hypertune("resume m.study -q").exits(0);
    assert_eq!(widths(&lab), [5.0; 4]);
}

#[test]
fn resume_runs_what_was_recorded() {
    let lab = started();
    std::fs::remove_file(lab.path("component.yaml")).expect("it is there");
    lab.hypertune("resume m.study -q --max-jobs 2").exits(4);
    change(&lab, "value: 3", "value: 7");
    lab.hypertune("resume m.study -q").exits(0);
    assert_eq!(widths(&lab), [3.0; 4]);
    assert_eq!(best_command(&lab)[2], "--width=3");
}

#[test]
fn inputs_in_a_template_of_the_command_line_are_recorded_too() {
    let lab = Lab::new(OPERATION);
    lab.file("component.yaml", component());
    let mut command = lab.command("run m.yaml -q --max-jobs 1 --");
    let output =
        command.args([trainer().as_str(), "--lr={{ lr }}", "--width={{ width }}"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(4));
    change(&lab, "value: 3", "value: 7");
    assert_eq!(best_command(&lab)[2], "--width=3");
    lab.hypertune("resume m.study -q").exits(0);
    assert_eq!(widths(&lab), [3.0; 4]);
}

#[test]
fn journals_that_did_not_record_the_component_are_resumed() {
    let lab = started();
    let journal = lab.read("m.study/journal.jsonl");
    let old: Vec<String> = journal.lines().map(without_record_of_component).collect();
    lab.file("m.study/journal.jsonl", old.join("\n") + "\n");
    lab.hypertune("run m.yaml -q").exits(0);
    assert_eq!(widths(&lab), [3.0; 4]);
}

/// The line in format 1, which had no checksums.
fn without_record_of_component(line: &str) -> String {
    let mut record: serde_json::Map<String, Value> = serde_json::from_str(line).expect("a record");
    for new in ["n", "crc", "component"] {
        record.remove(new);
    }
    if record["type"] == "study" {
        record.insert("format".into(), 1.into());
    }
    serde_json::to_string(&record).expect("JSON")
}

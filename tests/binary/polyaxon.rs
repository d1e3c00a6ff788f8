//! Commands of Polyaxon files: what they get is what Polyaxon 2.18 gives them.

use hypertune_test_support::Lab;
use serde_json::Value;

/// An operation whose only trial runs `sh -c` with `args`.
fn operation(params: &str, inputs: &str, container: &str) -> String {
    format!(
        "version: 1.1\nkind: operation\nmatrix: {{kind: mapping, values: [{params}]}}\n\
         component:\n  inputs: [{inputs}]\n  run: {{kind: job, container: {{image: any, {container}}}}}\n"
    )
}

/// The words of the first command in the plan of `matrix`.
fn first_command(matrix: &str) -> Vec<String> {
    let plan = Lab::new(matrix).hypertune("plan m.yaml --format json").exits(0).json();
    serde_json::from_value(plan["commands"][0].clone()).expect("a list of text")
}

fn errors(matrix: &str) -> String {
    Lab::new(matrix).hypertune("plan m.yaml").exits(2).stderr
}

#[test]
fn values_in_templates_are_written_as_python_writes_them() {
    let inputs = "{name: amp, type: bool}, {name: norm, type: str, isOptional: true}, {name: layers, type: list}, \
                  {name: more, type: dict}, {name: lr, type: float}";
    let params = "{amp: true, norm: null, layers: [64, 32], more: {a: [relu, 1.5]}, lr: 0.00001}";
    let container = "command: [echo], args: ['{{ amp }}', '{{ norm }}', '{{ layers }}', '{{ more }}', '{{ lr }}', \
                     '{{ params.amp.as_arg }}', '{{ params.layers.as_arg }}', '{{ params.lr.as_arg }}', \
                     '{{ params.amp.value }}', '{{ params.amp.as_str }}']";
    let words = first_command(&operation(params, inputs, container));
    assert_eq!(words[1..6], ["True", "None", "[64, 32]", "{'a': ['relu', 1.5]}", "1e-05"]);
    assert_eq!(words[6..], ["--amp=true", "--layers=[64,32]", "--lr=0.00001", "True", "true"]);
}

#[test]
fn a_command_after_the_dashes_writes_values_as_json() {
    let lab = Lab::new(&operation("{amp: true}", "{name: amp, type: bool}", "command: [echo, '{{ amp }}']"));
    let mut command = lab.command("plan m.yaml --format json --");
    let output = command.args(["echo", "{{ amp }}"]).output().expect("it starts");
    let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(plan["commands"][0], serde_json::json!(["echo", "true"]));
}

#[test]
fn values_are_converted_to_declared_types() {
    let inputs = "{name: a, type: int}, {name: b, type: int}, {name: c, type: bool}, {name: d, type: bool}, \
                  {name: e, type: float}, {name: f, type: str}, {name: g, type: int, isList: true}";
    let params = "{a: 1.0, b: '16', c: 0, d: 'yes', e: 1, f: 3, g: ['1', 2.0]}";
    let container = "command: [echo, '{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }} {{ g }}']";
    assert_eq!(first_command(&operation(params, inputs, container))[1], "1 16 False True 1.0 3 [1, 2]");
}

#[test]
fn a_value_that_cannot_be_converted_is_refused_at_its_line() {
    let text = operation("{a: 1},\n  {a: 1.5}", "{name: a, type: int}", "command: [echo, '{{ a }}']");
    let found = errors(&text);
    assert!(found.contains("the input `a` must be a whole number, found the number 1.5"), "{found}");
    assert!(found.contains("m.yaml:4:"), "{found}");
    let grid = "kind: operation\nmatrix:\n  kind: grid\n  params:\n    a: {kind: linspace, value: [1, 2, 3]}\n\
                component: {inputs: [{name: a, type: int}], container: {command: [echo, '{{ a }}']}}\n";
    let found = errors(grid);
    assert!(found.contains("found the number 1.5 of `linspace`") && found.contains("m.yaml:5:"), "{found}");
}

#[test]
fn text_after_a_list_is_one_argument() {
    let script = |command: &str, args: &str| {
        let container = format!("command: {command}, args: {args:?}");
        first_command(&operation("{lr: 0.5}", "{name: lr, type: float}", &container))
    };
    assert_eq!(script("[/bin/sh, -c]", "echo  a\n  --lr={{ lr }}")[2..], ["echo a --lr=0.5"]);
    assert_eq!(script("/bin/sh -c", "echo --lr={{ lr }}"), ["/bin/sh", "-c", "echo --lr=0.5"]);
    assert_eq!(script("[/bin/sh, -c]", "cd /\necho {{ lr }}")[2..], ["cd /\necho 0.5"]);
    assert_eq!(script("echo", "--a --lr={{ lr }}"), ["echo", "--a", "--lr=0.5"]);
    let one = operation("{lr: 0.5}", "{name: lr}", "command: [echo], args: '--a=1 --lr={{ lr }}'");
    assert_eq!(first_command(&one)[1..], ["--a=1 --lr=0.5"]);
    Lab::new(&one).hypertune("check m.yaml").output_contains("`args` is text and is passed as a single argument");
}

#[test]
fn variables_of_the_container_and_of_inputs_are_set() {
    let inputs = "{name: lr, type: float, toEnv: RATE}, {name: note, type: str, isOptional: true, toEnv: NOTE}";
    let container = "env: [{name: LR, value: 'x{{ lr }}'}, {name: N, value: 5}, {name: B, value: true}, {name: E}, \
                     {name: S, valueFrom: {secretKeyRef: {name: a, key: b}}}], \
                     command: [sh, -c], args: 'echo $LR $N $B $E ${NOTE-unset} ${S-unset}; echo \"{\\\"loss\\\": $RATE}\"'";
    let lab = Lab::new(&operation("{lr: 0.5}", inputs, container));
    let run = lab.hypertune("run m.yaml --metric loss:minimize -q");
    run.output_contains("env -u NOTE LR=x0.5 N=5 B=True E='' RATE=0.5 sh -c");
    let log = lab.hypertune("export m.study").exits(0).json_lines();
    assert_eq!(log[0]["status"], "succeeded", "{log:?}");
    assert_eq!(lab.read("m.study/trials/0/rung-0.stdout.log"), "x0.5 5 True unset unset\n{\"loss\": 0.5}\n");
    lab.hypertune("check m.yaml").output_contains("`valueFrom`");
}

#[test]
fn variables_cannot_replace_those_of_hypertune() {
    let container = "env: [{name: HYPERTUNE_SEED, value: '1'}], command: [echo, '{{ lr }}']";
    let found = errors(&operation("{lr: 0.5}", "{name: lr}", container));
    assert!(found.contains("hypertune sets `HYPERTUNE_SEED` itself"), "{found}");
}

#[test]
fn an_arg_format_replaces_name_and_value() {
    let inputs = "{name: lr, argFormat: 'lr={{ lr }}'}, {name: amp, type: bool, argFormat: '{{ 1 if amp else 0 }}'}, \
                  {name: none, isOptional: true, argFormat: 'n={{ none }}'}, {name: fast, type: bool, isFlag: true}";
    let container = "command: [echo, '{{ params.lr.as_arg }}', '{{ params.amp.as_arg }}', '{{ params.none.as_arg }}', \
                     '{{ params.fast.as_arg }}', 'x {{ params.lr.as_arg }} {{ fast }}']";
    let words = first_command(&operation("{lr: 0.5, amp: true, none: null, fast: true}", inputs, container));
    assert_eq!(words, ["echo", "lr=0.5", "1", "--fast", "x lr=0.5 --fast"]);
    let other = operation("{lr: 0.5}", "{name: lr, argFormat: '{{ b }}'}", "command: [echo, '{{ params.lr.as_arg }}']");
    assert!(errors(&other).contains("unknown variable `b`"));
}

#[test]
fn globals_name_the_run() {
    let names =
        ["uuid", "name", "project_name", "iteration", "run_artifacts_path", "run_outputs_path", "artifacts_path"];
    let args: Vec<String> = names.iter().map(|name| format!("'{{{{ globals.{name} }}}}'")).collect();
    let container = format!("command: [echo, '{{{{ lr }}}}', {}]", args.join(", "));
    let words = first_command(&operation("{lr: 0.5}", "{name: lr}", &container));
    assert_eq!(words[2].split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert_eq!(words[3..6], ["m-0-0", "m", "0"]);
    assert!(words[6..].iter().all(|path| path.ends_with("m.study/trials/0")), "{words:?}");
}

#[test]
fn params_may_be_plain_values() {
    let text =
        operation("{lr: 0.5}", "{name: lr}, {name: loss, type: str}", "command: [echo, '{{ loss }} {{ note }}']");
    let given = |params: &str| text.replace("matrix:", &format!("params: {params}\nmatrix:"));
    assert_eq!(first_command(&given("{loss: mse, note: {value: hello, contextOnly: true}}"))[1], "mse hello");
    assert_eq!(first_command(&given("{loss: mse, note: [1, a]}"))[1], "mse [1, 'a']");
    let lab = Lab::new(&given("{loss: mse, note: hello}"));
    lab.hypertune("check m.yaml").exits(0).output_contains("the component has no input `note`");
    assert!(errors(&given("{los: mse}")).contains("did you mean `loss`?"));
    assert!(errors(&given("{loss: {value: ops.a, ref: ops.a}}")).contains("`ref` refers to another run"));
}

#[test]
fn a_component_may_have_a_matrix() {
    let component = "version: 1.1\nkind: component\nname: c\nmatrix:\n  kind: grid\n  params: {count: {kind: choice, value: [1, 2]}}\n\
                     inputs: [{name: count, type: int}]\nrun: {kind: job, container: {command: [echo, '{{ count }}']}}\n";
    assert_eq!(first_command(component), ["echo", "1"]);
    let without = component.replace("matrix:\n  kind: grid\n  params: {count: {kind: choice, value: [1, 2]}}\n", "");
    let found = errors(&without);
    assert!(found.contains("the file is a component without a matrix") && found.contains("pathRef"), "{found}");
    assert_eq!(found.matches("error:").count(), 1, "{found}");
}

#[test]
fn the_termination_of_the_component_holds_where_the_operation_has_none() {
    let text = operation("{lr: 0.5}", "{name: lr}", "command: [sleep, '60'], args: ['{{ lr }}']")
        .replace("component:\n", "component:\n  termination: {timeout: 0.2, maxRetries: 1}\n");
    let lab = Lab::new(&text);
    lab.hypertune("run m.yaml -q");
    let attempts = |lab: &Lab| lab.hypertune("export m.study").exits(0).json_lines().len();
    assert_eq!(attempts(&lab), 2);
    let lab = Lab::new(&text.replace("matrix:", "termination: {maxRetries: 0}\nmatrix:"));
    lab.hypertune("run m.yaml -q");
    assert_eq!(attempts(&lab), 1);
}

#[test]
fn what_a_component_says_of_its_command_is_compared() {
    let text = operation(
        "{lr: 0.5}, {lr: 0.25}",
        "{name: lr, type: float}",
        "env: [{name: A, value: '1'}], command: [echo, '{\"loss\": {{ lr }}}']",
    );
    let lab = Lab::new(&text);
    lab.hypertune("run m.yaml -q --metric loss:minimize --max-jobs 1").exits(4);
    let with = |from: &str, to: &str| {
        lab.file("m.yaml", text.replace(from, to)).hypertune("run m.yaml -q --metric loss:minimize")
    };
    with("value: '1'", "value: '2'").exits(2).output_contains("env: started with A=1, now A=2");
    with("type: float", "type: str").exits(2).output_contains("input lr");
    with("type: float", "type: float").exits(0);
}

#[test]
fn studies_of_versions_that_wrote_json_continue() {
    let lab = Lab::new(&operation(
        "{amp: true}, {amp: false}",
        "{name: amp, type: bool}",
        "command: [echo], args: \"'{\\\"loss\\\":1}' {{ amp }}\"",
    ));
    let words = ["echo", "{\"loss\":1}", "{{ amp }}"];
    lab.hypertune("run m.yaml -q --metric loss:minimize --max-jobs 1");
    let journal = lab.read("m.study/journal.jsonl");
    let old: Vec<String> = journal.lines().map(|line| as_before(line, &words)).collect();
    lab.file("m.study/journal.jsonl", old.join("\n") + "\n");
    lab.hypertune("run m.yaml -q --metric loss:minimize").output_contains("2 launched");
}

/// The line in format 1, whose header had no dialect and a command split into words.
fn as_before(line: &str, words: &[&str]) -> String {
    let mut record: serde_json::Map<String, Value> = serde_json::from_str(line).expect("a record");
    for new in ["n", "crc"] {
        record.remove(new);
    }
    if record["type"] == "study" {
        record.insert("format".into(), 1.into());
        record.insert("command".into(), words.into());
        record["options"].as_object_mut().expect("options").remove("dialect");
    }
    serde_json::to_string(&record).expect("JSON")
}

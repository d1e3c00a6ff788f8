//! Templates that need much memory or time are refused before anything runs, or rendered within limits.

use hypertune_test_support::{Lab, RunOutput, hypertune};

/// Address space of hypertune, in KiB: twenty times what it needs.
const MEMORY: u32 = 1_000_000;

/// Each would take gigabytes, or overflow the stack, without limits.
fn attacks() -> Vec<String> {
    let mut doubled = "{{ act }}".to_owned();
    for i in 0..40 {
        doubled.push_str(&format!(
            "{{% set x{} = {} %}}",
            i + 1,
            ["act ~ act", &format!("x{i} ~ x{i}")][usize::from(i > 0)]
        ));
    }
    let looped = format!("{}{{{{ x }}}}", "{% for x in [x ~ x] %}".repeat(40));
    let replaced = format!("{{{{ '{}'{} }}}}", "a".repeat(20), "|replace('a', 'aaaaaaaaaa')".repeat(20));
    let joined = format!("{{{{ layers{} }}}}", "|join('aaaaaaaaaaaaaaaaaaaa')|list".repeat(20));
    let printed = format!("{{{{ '{}'|format(act) }}}}", "%999s".repeat(20_000));
    let long = format!("{{{{ '{}' }}}}", "é".repeat(70_000));
    let many = format!("{{{{ act }}}}{}", "{{ params.as_args }}".repeat(6_000));
    let whole = [
        "{{ 'x' * 99999999 }}",
        "{{ act * 99999999 }}",
        "{{ layers * 99999999 }}",
        "{{ (act, act) * 99999999 }}",
        "{{ params[\"act\"].value * 99999999 }}",
        "{{ params.act.as_str * 99999999 }}",
        "{{ ([act] * 99999999)|join }}",
        "{{ layers * 99999999 ~ '' }}",
        "{% for c in act %}{{ c * 99999999 }}{% endfor %}",
        "{% for row in grid %}{{ row * 99999999 }}{% endfor %}",
        "{% for i in range(9999) %}{% for i in range(9999) %}{{ act }}{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{{ act }}{% endfor %}",
        "{{ range(9223372036854775807)|list }}",
        "{{ range(100000)|map('replace', '', act)|list }}",
        "{{ '%999999999d'|format(1) }}",
        "{{ '%.999999999f'|format(1) }}",
        "{{ '%*d'|format(999999999, 1) }}",
        "{{ act|indent(9999999999) }}",
        "{{ act|batch(9999999999, 'x') }}",
        "{{ act|slice(9999999999) }}",
        "{{ 99 ** 99 ** 99 }}",
        "{{ 10 ** 99999999999 }}",
        "{{ 1|round(-2147483648) }}",
        "{% set ns = namespace(x=act) %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% for x in layers recursive %}{{ loop([x, x]) }}{% endfor %}{{ lr }}",
        "{% macro m(x) %}{{ m(x ~ x) }}{% endmacro %}{{ m(act) }}",
        "{% include '2' %}{{ lr }}",
    ];
    whole.map(str::to_owned).into_iter().chain([doubled, looped, replaced, joined, printed, long, many]).collect()
}

const MATRIX: &str = "\
kind: random
numRuns: 1
seed: 1
metric: {name: loss, optimization: minimize}
params:
  lr: {kind: uniform, value: [0, 1]}
  act: {kind: choice, value: [relu]}
  layers: {kind: choice, value: [[8, 4]]}
  grid: {kind: choice, value: [[[8, 4], [2, 1]]]}
";

#[test]
fn no_template_exceeds_its_limits() {
    for attack in attacks() {
        let matrix: String = MATRIX.lines().map(|line| format!("  {line}\n")).collect();
        let args = serde_json::json!(["{{ lr }}", attack]);
        let component = format!("component: {{container: {{command: [echo], args: {args}}}}}");
        let lab = Lab::new(&format!("version: 1.1\nkind: operation\nmatrix:\n{matrix}{component}\n"));
        let line = format!("ulimit -v {MEMORY}; ulimit -t 20; exec \"$0\" plan m.yaml");
        let output = lab.program("sh").args(["-c", &line]).arg(hypertune()).output().expect("sh starts");
        let shown: String = attack.chars().take(100).collect();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 2)), "{shown}: {}\n{err}", output.status);
        assert!(output.status.success() || err.contains("nothing was launched"), "{shown}: {err}");
    }
}

#[test]
fn a_refused_template_is_reported_with_its_element_and_limit() {
    let lab = Lab::new(MATRIX);
    let ended = lab.hypertune("check m.yaml -- echo {{lr}} x{{act|indent(9)}}").exits(2);
    ended.output_contains("filter indent is unknown").output_contains("\n  |                ^^^^^^^^^^^^^^^^^^\n");
    let ended = lab.hypertune("check m.yaml -- echo {{lr}} {{['x','y']*3}}").exits(2);
    ended.output_contains("takes numbers only").output_contains("\n  |                ^^^^^^^^^^^^^^^\n");
    let operators = format!("check m.yaml -- echo {{{{{}1}}}}", "-".repeat(20_000));
    lab.hypertune(&operators).exits(2).output_contains("more than 200 operators");
}

#[test]
fn usual_templates_render() {
    let lab = Lab::new(MATRIX);
    let words = [
        "{{ (lr * 0) | int }}",
        "{{ layers | join(',') }}",
        "{{ '%03d' | format(7) }}",
        "{{ act | replace('re', 'go') }}",
        "{% if lr < 2 %}{{ act }}{% endif %}",
        "{% for l in layers %}{{ l * 2 }};{% endfor %}",
        "{% for i in range(3) %}{{ i }}{% endfor %}",
        "{{ 'a' if lr < 2 else 'b' }}",
        "{{ layers[0] * 3 }}",
    ];
    let mut command = lab.command("plan m.yaml --format json -- echo");
    let output = command.args(&words[..8]).output().expect("hypertune starts");
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a plan");
    let expected = ["echo", "0", "8,4", "007", "golu", "relu", "16;8;", "012", "a"];
    assert_eq!(plan["commands"][0], serde_json::json!(expected));
}

#[test]
fn a_template_that_the_shell_split_is_explained() {
    let lab = Lab::new("kind: random\nnumRuns: 1\nparams: {lr: {kind: uniform, value: [0, 1]}}\n");
    let mut command = lab.command("plan m.yaml -- true");
    command.args(["--lr={{", "lr", "}}"]);
    RunOutput::of(&mut command)
        .exits(2)
        .stderr_contains("the shell splits a template at its blanks; quote it: '--lr={{ lr }}'");
}

#[test]
fn an_option_that_takes_a_study_leaves_the_matrix_to_the_command() {
    let lab = Lab::new("kind: random\nnumRuns: 1\nparams: {lr: {kind: uniform, value: [0, 1]}}\n");
    lab.hypertune("plan --metric loss:minimize --warm-start nowhere m.yaml -- true")
        .exits(2)
        .stderr_contains("nowhere");
}

//! Studies without a matrix file, options that change the matrix of a file, and `init`.

use std::fs;

use serde_json::Value;

use hypertune_test_support::{Lab, trainer};

const LINE: &str = "-s lr=uniform(0,1) -s name=choice(a,'b') --metric loss:minimize --resource epochs=9 --seed 5 -j 1";

fn lab() -> Lab {
    Lab::new("")
}

#[test]
fn a_study_without_a_file_runs_resumes_and_is_recorded_as_a_matrix() {
    let lab = lab();
    let ended = lab.hypertune(&format!("run {LINE} --max-jobs 4 -- {}", trainer())).exits(4);
    assert!(ended.stderr.contains("note: kind hyperband, because there is --resource"), "{}", ended.stderr);
    let journal = fs::read_to_string(lab.path("fake_trainer.study/journal.jsonl")).expect("a journal");
    let header: Value = serde_json::from_str(journal.lines().next().expect("a header")).expect("JSON");
    let text = header.to_string();
    assert!(
        text.contains("kind: hyperband\\n") && text.contains("lr: {kind: uniform, value: {min: 0, max: 1}}"),
        "{text}"
    );
    lab.hypertune(&format!("run {LINE} -q -- {}", trainer())).exits(0);
    lab.hypertune("resume fake_trainer.study -q").exits(0);
    lab.hypertune("check fake_trainer.study").exits(0);
    lab.hypertune("best fake_trainer.study").exits(0);
}

#[test]
fn another_study_in_the_same_folder_is_refused_with_what_differs() {
    let lab = lab();
    lab.hypertune(&format!("run {LINE} -q -- {}", trainer())).exits(0);
    let other = LINE.replace("uniform(0,1)", "uniform(0,2)");
    let refused = lab.hypertune(&format!("run {other} -- {}", trainer())).exits(2).stderr;
    assert!(refused.contains("params.lr"), "{refused}");
    let refused = lab.hypertune(&format!("run {LINE} -- {} pace=1", trainer())).exits(2).stderr;
    assert!(refused.contains("command"), "{refused}");
}

#[test]
fn options_change_the_matrix_of_a_file_and_belong_to_the_study() {
    let lab = Lab::new(
        "kind: random\nnumRuns: 3\nseed: 1\nmetric: {name: loss, optimization: minimize}\nparams: {lr: {kind: uniform, value: [0, 1]}}\n",
    );
    let line = |options: &str| format!("run m.yaml {options} -q -j 1 -- {}", trainer());
    lab.hypertune(&line("-s lr=0.5 -s layers=int(1,4) --trials 4")).exits(0);
    let journal = fs::read_to_string(lab.study().join("journal.jsonl")).expect("a journal");
    assert!(
        journal.contains(r#""space":["lr=0.5","layers=int(1,4)"]"#) && journal.contains(r#""trials":4"#),
        "{journal}"
    );
    lab.hypertune(&line("-s lr=0.5 -s layers=int(1,4) --trials 4")).exits(0);
    lab.hypertune("resume m.study -q").exits(0);
    let refused = lab.hypertune(&line("-s lr=0.5 -s layers=int(1,5) --trials 4")).exits(2).stderr;
    assert!(refused.contains("params.layers"), "{refused}");
}

#[test]
fn errors_point_into_the_argument() {
    let lab = lab();
    let refused = lab.hypertune("check -s lr=unifrm(0,1) --metric loss:minimize").exits(2).stderr;
    assert!(refused.contains("-s lr=unifrm(0,1)\n  |       ^^^^^^"), "{refused}");
    assert!(refused.contains("did you mean `uniform`?"), "{refused}");
    let refused = lab.hypertune("plan -- true").exits(2).stderr;
    assert!(refused.contains("there is no matrix and no parameter"), "{refused}");
}

#[test]
fn plan_accepts_what_init_writes() {
    let lab = lab();
    lab.hypertune(&format!("init new.yaml -s lr=loguniform(1e-5,1e-1) --resource epochs=27 -- {}", trainer())).exits(0);
    lab.hypertune(&format!("run new.yaml --dry-run -- {}", trainer())).exits(0);
    let kept = lab.hypertune("init new.yaml").exits(2).stderr;
    assert!(kept.contains("new.yaml exists"), "{kept}");
    lab.hypertune("init new.yaml --overwrite").exits(0);
    lab.hypertune("run new.yaml --dry-run -- true").exits(0);
    let printed = lab.hypertune("init --trials 5 -s a=int(1,3)").exits(0).stdout;
    assert!(printed.contains("numRuns: 5  # number of trials"), "{printed}");
}

#[test]
fn init_proposes_parameters_from_the_help_of_a_script() {
    let lab = lab();
    let help = "usage: t [-h] [--lr LR] [--epochs N]\n\noptions:\n  --lr LR  rate (default: 0.01)\n  --epochs N  (default: 30)\n  --seed N\n";
    lab.script("train", &format!("#!/bin/sh\ncat <<'END'\n{help}END\n"));
    lab.hypertune("init t.yaml --from-help -- ./train").exits(0);
    let text = fs::read_to_string(lab.path("t.yaml")).expect("a file");
    insta::assert_snapshot!(text, @"
    # run it with
    #   hypertune run t.yaml -- ./train
    kind: hyperband  # the search algorithm; others: auto, halving, asha, random, grid, mapping, bayes, hyperopt, iterative
    resource: {name: epochs, type: int}  # check this: the option of the script that says how long it trains; from --epochs, default 30
    maxIterations: 30  # check this: its largest value
    seed: 1  # with the same seed the same draws
    metric: {name: loss, optimization: minimize}  # check this: a number that the script prints; maximize if more is better
    params:
      lr: {kind: loguniform, value: {min: 0.001, max: 0.1}}  # 0.001 to 0.1, log scale; from --lr, default 0.01
    # other options of the script, which keep their defaults:
    #   --seed
    ");
    lab.hypertune("run t.yaml --dry-run -- ./train").exits(0);
    lab.script("broken", "#!/bin/sh\necho 'ImportError: no module named torch' >&2\nexit 1\n");
    let error = lab.hypertune("init --from-help -- ./broken").exits(2).stderr;
    assert!(error.contains("it printed: ImportError: no module named torch"), "{error}");
    lab.script(
        "group",
        "#!/bin/sh\nprintf 'Usage: group COMMAND\\n\\nCommands:\\n  eval   Evaluate.\\n  train  Train.\\n'\n",
    );
    lab.hypertune("init --from-help -- ./group")
        .exits(2)
        .stderr_contains("(eval, train) have options of their own: ./group train");
}

#[test]
fn a_parameter_may_have_a_condition() {
    let lab = lab();
    lab.script("line", "#!/bin/sh\nexec \"$HYPERTUNE\" plan -s 'opt=choice(sgd, adam)' -s 'm=uniform(0, 1) if opt=sgd' --seed 1 -- true\n");
    let program =
        std::process::Command::new(lab.path("line")).env("HYPERTUNE", hypertune_test_support::hypertune()).output();
    let printed = String::from_utf8(program.expect("it runs").stdout).expect("UTF-8");
    let line = printed.lines().find(|line| line.contains("uniform")).expect("the parameter");
    assert!(line.contains("when `opt` is \"sgd\""), "{printed}");
}

#[test]
fn an_interrupted_init_ends_the_script_and_what_it_left() {
    let lab = lab();
    lab.script("train", "#!/bin/sh\nsleep 300 &\necho $! > background\nsleep 300 &\necho $! > waited\nwait\n");
    let driver = lab.start_line("init --from-help -- ./train");
    lab.wait_until("the script", || lab.path("waited").exists() && !lab.read("waited").is_empty());
    driver.signal(2);
    driver.wait().exits(130).stderr_contains("was interrupted");
    wait_for_ends(&lab, &["background", "waited"]);
}

fn wait_for_ends(lab: &Lab, files: &[&str]) {
    for name in files {
        let pid: u32 = lab.read(name).trim().parse().expect("a process number");
        let is_running = || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        lab.wait_until("the end of a process", || !is_running());
    }
}

#[test]
fn a_killed_init_leaves_no_process_of_the_script() {
    let lab = lab();
    let script = "#!/bin/sh\nsetsid sh -c 'echo $$ > daemon; exec sleep 300' &\necho $$ > own\nsleep 300 &\necho $! > waited\nwait\n";
    lab.script("train", script);
    let driver = lab.start_line("init --from-help -- ./train");
    let is_written = |name: &str| lab.path(name).exists() && !lab.read(name).is_empty();
    lab.wait_until("the script", || ["daemon", "own", "waited"].into_iter().all(is_written));
    driver.signal(9);
    driver.wait();
    wait_for_ends(&lab, &["daemon", "own", "waited"]);
}

#[test]
fn a_process_in_a_session_of_its_own_ends_with_the_script() {
    let lab = lab();
    let script = "#!/bin/sh\nsetsid sh -c 'echo $$ > daemon; exec sleep 300' &\nwhile [ ! -s daemon ]; do sleep 0.01; done\n\
                  echo '  --lr LR  (default: 0.01)'\n";
    lab.script("train", script);
    lab.hypertune("init --from-help -- ./train").exits(0);
    wait_for_ends(&lab, &["daemon"]);
}

#[test]
fn the_signal_that_ended_a_script_is_named() {
    let lab = lab();
    lab.script("train", "#!/bin/sh\nkill -SEGV $$\n");
    lab.hypertune("init --from-help -- ./train").exits(2).stderr_contains("it was ended by SIGSEGV");
    lab.script("train", "#!/bin/sh\necho '  --lr LR  (default: 0.01)'\nkill -TERM $$\n");
    lab.hypertune("init --from-help -- ./train").exits(0).stderr_contains("was ended by SIGTERM; its help may be");
}

#[test]
fn options_that_are_given_are_not_listed_as_those_that_keep_their_defaults() {
    let lab = lab();
    let help = "options:\n  --lr LR  rate (default: 0.01)\n  --model M\n  --C C\n  --data D\n  --steps N\n  --seed N\n";
    lab.script("train", &format!("#!/bin/sh\ncat <<'END'\n{help}END\n"));
    let line =
        "init --from-help -s model=choice(a,b) -s C=uniform(0,1) --kind halving --resource steps=9 -- ./train --data=x";
    let text = lab.hypertune(line).exits(0).stdout;
    let others = text.split("keep their defaults:\n").nth(1);
    assert_eq!(others, Some("#   --seed\n"), "{text}");
}

#[test]
fn either_spelling_of_a_field_counts() {
    let lab = lab();
    let plan = |options: &str| {
        let line = format!("plan -s x=uniform(0,1) --metric loss:minimize --seed 1 --format json {options} -- true");
        lab.hypertune(&line).exits(0).json()
    };
    assert_eq!(plan("--set num_runs=5"), plan("--set numRuns=5"));
    let line = "--kind hyperband --resource epochs=9";
    assert_eq!(plan(&format!("{line} --set max_iterations=27")), plan(&format!("{line} --set maxIterations=27")));
}

#[test]
fn a_wrong_bracket_or_condition_is_an_error() {
    let lab = lab();
    for parameter in ["lr=uniform(0,1]", "lr=choice([1,2)"] {
        lab.hypertune(&format!("plan -s {parameter} -- true")).exits(2).stderr_contains("unclosed");
    }
    let mut command = lab.command("plan -s lr=uniform(0,1) -s");
    let refused = command.args(["m=0.9 if lr in 3", "--", "true"]);
    hypertune_test_support::RunOutput::of(refused).exits(2).stderr_contains("m=0.9 if lr in 3");
}

#[test]
fn mistakes_in_parameters_and_their_rules_have_a_hint() {
    let lab = lab();
    let plan = |args: &[&str]| {
        let mut command = lab.command("plan --metric loss:minimize --seed 1");
        hypertune_test_support::RunOutput::of(command.args(args).args(["--", "true"]))
    };
    let list = "constraints=[params['n-trees'] * depth <= 2000]";
    let params = ["-s", "n-trees=int(1,900)", "-s", "depth=int(1,9)"];
    plan(&[&params[..], &["--set", list]].concat()).exits(2).stderr_contains("quote each expression in the list");
    let one = "constraints=params['n-trees'] * depth <= 2000";
    plan(&[&params[..], &["--set", one]].concat()).exits(0);
    let difference = ["-s", "x-y=int(1,9)", "-s", "a=int(1,9)", "--set", "constraints=x-y > 2"];
    plan(&difference).exits(2).stderr_contains("write `params['x-y']`");
    plan(&["-s", "mom=uniform(0,1) if opt=sgd"]).exits(2).stderr_contains("there is no parameter besides `mom`");
    plan(&["-s", "a=int(1,3)", "-s", "a=int(1,4)"]).exits(0).stderr_contains("duplicate parameter `a`");
    let exact = plan(&["-s", "a=uniform(0,1)", "-s", "y=int(1,3) if a=0.5"]).exits(0);
    exact.stderr_contains("a draw of `a` is practically never equal to a value");
}

#[test]
fn a_study_in_place_of_a_matrix_is_named_as_one() {
    let lab = lab();
    lab.hypertune(&format!("run {LINE} --max-jobs 1 -- {}", trainer()));
    for command in ["plan", "run"] {
        let error = lab.hypertune(&format!("{command} fake_trainer.study -- true")).exits(2).stderr;
        assert!(error.contains("`hypertune resume fake_trainer.study` continues it"), "{error}");
    }
}

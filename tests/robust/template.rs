//! The launcher `template`, with a script in the role of a system that runs jobs elsewhere: its jobs have a session of their own and
//! none of hypertune's marks, so that only `stop` ends them.

use std::collections::BTreeSet;
use std::fs;

use hypertune_test_support::{HYPERBAND, Lab, send_signal};
use serde_json::Value;

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;

/// `pods run NAME COMMAND…` and `pods stop NAME SIGNAL`.
const PODS: &str = r#"#!/bin/sh
folder=${0%/*}/running
mkdir -p "$folder"
verb=$1 name=$2
shift 2
case $verb in
run)
    if mkdir "$folder/refused" 2>/dev/null && [ -e "${0%/*}/refuse" ]; then
        echo "Unable to connect to the server: refused" >&2
        exit 1
    fi
    # The job is no descendant of this client, which hypertune would end.
    run='echo $$ > "$0"; trap : TERM INT; "$@"; echo $? > "$0.code"'
    (setsid env -u HYPERTUNE_SESSION -u HYPERTUNE_JOB sh -c "$run" "$folder/$name" "$@" &)
    while [ ! -s "$folder/$name" ]; do sleep 0.01; done
    pid=$(cat "$folder/$name")
    while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    code=$(cat "$folder/$name.code" 2>/dev/null || echo 137)
    rm -f "$folder/$name" "$folder/$name.code"
    exit "$code" ;;
stop)
    [ -e "${0%/*}/unreachable" ] && exit 9
    echo "$name $1" >> "${0%/*}/stopped"
    [ -s "$folder/$name" ] || exit 1
    kill -s "$1" -- "-$(cat "$folder/$name")" ;;
esac
"#;

const LAUNCHER: &str = "launcher: {template: [./pods, run, '{{ job }}', '{{ command }}'], stop: [./pods, stop, '{{ job }}', '{{ signal }}']";

const RANDOM: &str = "kind: random\nnumRuns: 1\nseed: 7\nmetric: {name: loss, optimization: minimize}\n\
    params:\n  x: {kind: uniform, value: [0, 1]}\n";

/// A lab with `matrix`, the script, and `launcher` with the further `options`.
fn lab(matrix: &str, options: &str) -> Lab {
    let lab = Lab::new(&format!("{matrix}\n{LAUNCHER}{options}}}\n"));
    lab.script("pods", PODS);
    lab
}

/// What was stopped: names and signals.
fn stopped(lab: &Lab) -> Vec<(String, String)> {
    let text = fs::read_to_string(lab.path("stopped")).unwrap_or_default();
    text.lines().filter_map(|line| line.split_once(' ')).map(|(name, signal)| (name.into(), signal.into())).collect()
}

/// The processes of running jobs.
fn running(lab: &Lab) -> Vec<u32> {
    let files = fs::read_dir(lab.path("running")).into_iter().flatten().flatten().map(|entry| entry.path());
    let pids = files.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse::<u32>().ok());
    let runs = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    };
    pids.filter(runs).collect()
}

#[test]
fn a_study_has_the_outcome_of_a_local_one() {
    let lab = lab(HYPERBAND, ", owns_gpus: true");
    lab.run("-j 3", "").exits(0);
    let local = Lab::hyperband();
    local.run("-j 3", "").exits(0);
    assert!(lab.outcome() == local.outcome());
    let session = &lab.records("session")[0];
    assert_eq!((&session["launcher"], &session["launcher_options"]["owns_gpus"]), (&"template".into(), &true.into()));
    assert_eq!(stopped(&lab), []);
}

#[test]
fn jobs_of_a_killed_driver_are_stopped_by_name_before_others_start() {
    let lab = lab(HYPERBAND, "");
    let driver = lab.start("-j 2", "pace=10000 log=log");
    lab.wait_until("running jobs", || running(&lab).len() == 2);
    driver.kill_with_guard();
    let names: BTreeSet<String> =
        fs::read_dir(lab.path("running")).unwrap().flatten().map(|e| e.file_name().into_string().unwrap()).collect();
    let left = running(&lab);
    assert_eq!(left.len(), 2, "they run elsewhere");
    lab.run("-j 2", "log=log").exits(0);
    let stopped: Vec<String> = stopped(&lab)
        .into_iter()
        .map(|(name, signal)| {
            assert_eq!(signal, "KILL");
            name
        })
        .collect();
    assert!(stopped.len() == 2 && stopped.iter().all(|name| names.contains(name)), "{stopped:?} of {names:?}");
    assert!(running(&lab).is_empty());
    let local = Lab::hyperband();
    local.run("-j 2", "").exits(0);
    assert!(lab.outcome().values == local.outcome().values);
    // With another launcher, and nothing left.
    lab.run("--launcher local", "log=log").exits(0);
}

#[test]
fn jobs_are_also_stopped_if_the_study_is_overwritten_or_continued_by_another_launcher() {
    for options in ["-j 2 --overwrite", "-j 2 --launcher local"] {
        let lab = lab(HYPERBAND, "");
        let driver = lab.start("-j 2", "pace=100");
        lab.wait_until("running jobs", || running(&lab).len() == 2);
        driver.kill_with_guard();
        let driver = lab.start(options, "");
        let ended = driver.wait();
        ended.exits(0);
        assert_eq!((running(&lab), stopped(&lab).len()), (vec![], 2), "{options}");
    }
}

#[test]
fn a_job_gets_the_signals_of_its_end_by_the_stop_command() {
    let lab = lab(RANDOM, "");
    let driver = lab.start("--grace 30s", "catch save=1 pace=5000 checkpoint");
    lab.wait_until("a running job", || running(&lab).len() == 1);
    driver.signal(SIGINT);
    driver.wait().exits(130);
    assert_eq!((stopped(&lab).len(), &*stopped(&lab)[0].1, running(&lab)), (1, "INT", vec![]));

    let stubborn = self::lab(RANDOM, "");
    stubborn.run("--job-timeout 1s --grace 500ms", "ignore=term sleep=600000");
    assert_eq!(stubborn.records("end")[0]["failure"]["kind"], "timeout");
    let signals: Vec<String> = stopped(&stubborn).into_iter().map(|(_, signal)| signal).collect();
    assert_eq!((signals, running(&stubborn)), (vec!["TERM".to_owned(), "KILL".to_owned()], vec![]));
}

#[test]
fn failures_of_the_infrastructure_are_retried_without_counting() {
    let lab = lab(RANDOM, ", infrastructure: {exit: [75], stderr: \"^Unable to connect\"}");
    lab.file("refuse", "");
    lab.run("", "").exits(0);
    let ends: Vec<Value> = lab.records("end");
    assert_eq!(
        (ends.len(), &ends[0]["failure"]["kind"], &ends[1]["status"]),
        (2, &"infrastructure".into(), &"succeeded".into())
    );
    let reason = "./pods exited with 1: Unable to connect to the server: refused";
    assert_eq!(ends[0]["failure"]["detail"], reason);
    // The job may have been started all the same.
    assert_eq!(stopped(&lab).len(), 1);

    // It recovered from the error that it printed.
    let recovered = self::lab(RANDOM, ", infrastructure: {stderr: \"^Unable to connect\"}");
    recovered.file("recovered.sh", "echo 'Unable to connect, retrying' >&2; echo '{\"loss\": 1}'");
    hypertune_test_support::RunOutput::of(&mut recovered.command("run m.yaml -- sh recovered.sh")).exits(0);
    let ends = recovered.records("end");
    assert_eq!((ends.len(), &ends[0]["status"]), (1, &"succeeded".into()));
    assert!(ends[0].get("max_rss_bytes").is_none(), "of the client, not of the job: {}", ends[0]);

    let lost = self::lab(RANDOM, ", infrastructure: {exit: [75]}");
    lost.run("", "fail-first=75").exits(0);
    assert_eq!(lost.records("end").len(), 2);
    let failed = self::lab(RANDOM, ", infrastructure: {exit: [75]}");
    failed.run("--keep-going", "exit=76").exits(3);
    assert_eq!(failed.records("end").len(), 1);
}

#[test]
fn a_job_that_could_not_be_stopped_is_named_and_ends_before_a_later_session_starts_another() {
    let lab = lab(RANDOM, ", infrastructure: {exit: [9]}");
    let driver = lab.start("--grace 300ms", "sleep-trial-0=600000");
    lab.wait_until("a running job", || running(&lab).len() == 1);
    lab.file("unreachable", "");
    driver.signal(SIGINT);
    let ended = driver.wait();
    ended.exits(130).stderr_contains("1 job may still run").stderr_contains("-0-0-1");
    assert_eq!(running(&lab).len(), 1);
    // Whatever launcher the next session has, and without the journal.
    fs::remove_file(lab.study().join("journal.jsonl")).unwrap();
    let driver = lab.start("--launcher local", "");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!((running(&lab).len(), lab.records("end").len()), (1, 0));
    fs::remove_file(lab.path("unreachable")).unwrap();
    driver.wait().exits(0);
    assert_eq!((running(&lab), stopped(&lab).len()), (vec![], 1));
    assert!(!lab.study().join("journal.sessions").exists());
}

/// `stop` needs the names of jobs, which only the journal has.
#[test]
fn jobs_whose_names_were_lost_with_the_journal_are_announced() {
    for options in ["-j 2", "-j 2 --launcher local", "-j 2 --overwrite"] {
        let lab = lab(HYPERBAND, "");
        let driver = lab.start("-j 2", "sleep=600000");
        lab.wait_until("running jobs", || running(&lab).len() == 2);
        let mark = lab.records("session")[0]["mark"].as_str().expect("a mark").to_owned();
        driver.kill_with_guard();
        fs::remove_file(lab.study().join("journal.jsonl")).unwrap();
        let next = lab.run(options, "").exits(0);
        assert_eq!(next.stderr.matches("the journal that had their names is gone").count(), 1, "{}", next.stderr);
        next.stderr_contains(&format!("begins with ht-{mark}-…"));
        for pid in running(&lab) {
            send_signal(pid, SIGKILL);
        }
    }
}

#[test]
fn a_job_whose_client_is_killed_is_stopped_and_runs_again() {
    let lab = lab(RANDOM, "");
    let driver = lab.start("", "sleep-trial-0=2000");
    lab.wait_until("a running job", || running(&lab).len() == 1);
    let name = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let client = lab.job_processes().into_iter().find(|pid| name(pid) == "pods\n").expect("the client");
    send_signal(client, SIGKILL);
    driver.wait().exits(0);
    let ends = lab.records("end");
    assert_eq!((ends.len(), &ends[0]["failure"]["detail"]), (2, &"./pods was killed".into()));
    assert_eq!(stopped(&lab).len(), 1);
}

#[test]
fn values_of_the_job_stand_where_the_template_has_variables() {
    let lab = Lab::new(&format!(
        "{RANDOM}\nlauncher:\n  template:\n    - ./show\n    - '--env={{{{ env }}}}'\n    - '{{{{ study }}}}|{{{{ directory }}}}|{{{{trial}}}}-{{{{rung}}}}-\
         {{{{attempt}}}}|{{{{ slot }}}}|{{{{ job }}}}|{{.Names}}|{{{{ command_line }}}}'\n"
    ));
    lab.script("show", "#!/bin/sh\nfor word in \"$@\"; do echo \"$word\" >> words; done\necho '{\"loss\": 1}'\n");
    let mut command = lab.command("run m.yaml --gpus 3 -- no-such-program");
    command.args(["it's", "a  b"]);
    hypertune_test_support::RunOutput::of(&mut command).exits(0);
    let words = lab.read("words");
    let env: Vec<&str> = words.lines().filter_map(|word| word.strip_prefix("--env=")).collect();
    assert!(env.contains(&"CUDA_VISIBLE_DEVICES=3") && env.contains(&"HYPERTUNE_TRIAL=0"), "{words}");
    let last: Vec<&str> = words.lines().last().unwrap().split('|').collect();
    let [study, directory, job, slot, name, braces, line] = last[..] else { panic!("{words}") };
    assert_eq!(
        (study, directory),
        (&*lab.study().to_string_lossy(), lab.path("").to_string_lossy().trim_end_matches('/'))
    );
    assert_eq!((job, slot, braces), ("0-0-1", "0", "{.Names}"));
    assert!(name.starts_with("ht-") && name.ends_with("-0-0-1"), "{name}");
    assert!(line.starts_with("no-such-program \"it's\" 'a  b' "), "{line}");

    let owned = Lab::new(&format!(
        "{RANDOM}launcher: {{template: [./show, '{{{{ env }}}}', '{{{{ command }}}}'], owns_gpus: true}}\n"
    ));
    owned.script("show", "#!/bin/sh\nfor word in \"$@\"; do echo \"$word\" >> words; done\necho '{\"loss\": 1}'\n");
    owned.run("", "").exits(0);
    assert!(!owned.read("words").contains("CUDA_VISIBLE_DEVICES") && !owned.read("words").contains("OMP_NUM_THREADS"));
    owned
        .run("--study other.study --gpus 0", "")
        .exits(2)
        .stderr_contains("do not apply to the launcher `template`")
        .stderr_contains("`owns_gpus: false`");
}

#[test]
fn errors_of_a_template_are_shown_at_their_lines() {
    let lab = Lab::new(&format!(
        "{RANDOM}\nlauncher:\n  template:\n  - kubectl\n  - run\n  - {{{{ command }}}}\n  - '{{{{ jobs }}}}'\n  stop: [kubectl, delete]\n  \
         infrastructure: {{exit: [300], stderr: '('}}\n  owns_gpu: true\n"
    ));
    lab.hypertune("check m.yaml").output_contains("m.yaml:16:").output_contains("no option `owns_gpu`");
    lab.file("m.yaml", lab.read("m.yaml").replace("owns_gpu:", "owns_gpus:"));
    let mut checked = lab.hypertune("check m.yaml");
    for text in [
        "m.yaml:12:5",
        "put quotes around",
        "m.yaml:13:5",
        "unknown variable `jobs`",
        "m.yaml:14:9",
        "`stop` does not name a job",
        "m.yaml:15:26",
        "from 1 to 255",
        "invalid regular expression in `stderr`",
    ] {
        checked = checked.output_contains(text);
    }
}

//! What the environment of the driver lacks or forbids: streams, folders, permissions, variables. The message names the cause and the
//! next step, and no trial fails for it.

use std::fs;

use hypertune_test_support::{Lab, RunOutput, can_change_user, hypertune, is_root, trainer};

/// Runs `script` in a shell; its `"$@"` is hypertune with the arguments of [`Lab::run_line`].
fn in_shell(lab: &Lab, script: &str, options: &str) -> RunOutput {
    let mut command = lab.program("bash");
    command.args(["-c", script, "bash", &hypertune()]).args(lab.run_line(options, "").split_whitespace());
    RunOutput::of(&mut command)
}

/// The same as a user to whom permissions apply, with copies of both programs, to which that user has access.
fn as_user(lab: &Lab, script: &str) -> RunOutput {
    lab.set_mode("", 0o777);
    for (name, from) in [("hypertune", hypertune()), ("trainer", trainer())] {
        if !lab.path(name).exists() {
            lab.copy_program(&from, name);
        }
    }
    let mut command = lab.program(if is_root() { "setpriv" } else { "env" });
    if is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    RunOutput::of(command.args(["bash", "-c", script, "bash"]).args("./hypertune run m.yaml -q -j 1".split(' ')))
}

#[test]
fn a_result_that_cannot_be_printed_is_an_error_and_is_kept() {
    for (redirection, cause) in [(">&-", "it was closed"), ("> /dev/full", "No space left on device")] {
        let lab = Lab::random(2);
        let ended = in_shell(&lab, &format!("\"$@\" {redirection}"), "-q -j 1").exits(1);
        ended.stderr_contains(&format!("cannot write to stdout: {cause}")).stderr_contains("hypertune best m.study");
        assert_eq!(lab.records("end").len(), 2);
        let help = RunOutput::of(lab.program("bash").args(["-c", &format!("{} --help {redirection}", hypertune())]));
        help.exits(1).stderr_contains("cannot write to stdout");
    }
}

#[test]
fn closed_stdin_and_stderr_change_nothing() {
    let lab = Lab::random(2);
    let ended = in_shell(&lab, "\"$@\" <&- 2>&-", "-j 1").exits(0);
    assert!(ended.stdout.contains("best: trial"), "{}", ended.stdout);
    let logs = fs::read_dir(lab.path("m.study/trials/0")).unwrap().flatten().map(|entry| entry.file_name());
    assert!(logs.into_iter().any(|name| name == "rung-0.stdout.log"));
}

#[test]
fn a_program_cannot_be_looked_up_without_path() {
    let lab = Lab::random(1);
    let mut command = lab.command("run m.yaml -- true");
    RunOutput::of(command.env_remove("PATH")).exits(2).stderr_contains("because PATH is not set: set PATH, or write");
}

#[test]
fn a_removed_current_directory_is_named_as_the_cause() {
    let lab = Lab::random(1);
    for matrix in ["m.yaml", "../m.yaml"] {
        let script = format!("mkdir gone; cd gone; rmdir ../gone; \"$1\" run {matrix} -- true");
        let ended = in_shell(&lab, &script, "");
        assert_ne!(ended.code(), Some(0));
        ended.stderr_contains("the current directory was removed: change to one that exists");
    }
    lab.run("-q", "").exits(0);
    let script = format!("mkdir gone; cd gone; rmdir ../gone; \"$1\" best {}", lab.study().display());
    in_shell(&lab, &script, "").exits(0);
}

#[test]
fn readings_that_cannot_be_written_are_noted_and_the_study_continues() {
    for make in ["mkdir", "mkfifo", "ln -s elsewhere"] {
        for overwrite in ["", "--overwrite"] {
            let lab = Lab::random(3);
            lab.run("-q -j 1 --max-jobs 1", "").exits(4);
            let script = format!("rm m.study/readings.jsonl; {make} m.study/readings.jsonl; timeout 60 \"$@\"");
            let ended = in_shell(&lab, &script, &format!("-j 1 {overwrite}")).exits(0);
            if overwrite.is_empty() || make == "mkdir" {
                ended.stderr_contains("learning curves are incomplete").stderr_contains("readings.jsonl: it is a");
            }
            assert!(!lab.path("m.study/elsewhere").exists());
            in_shell(&lab, "timeout 60 \"$1\" trials m.study", "").exits(0);
            in_shell(&lab, "timeout 60 \"$1\" export m.study", "").exits(0);
            lab.run("-j 1", "").exits(0);
            assert_eq!(lab.outcome().values.len(), 3);
        }
    }
}

#[test]
fn folders_that_cannot_be_written_are_not_the_fault_of_a_trial() {
    if is_root() && !can_change_user() {
        println!("skipped: changing the user needs setpriv");
        return;
    }
    let lab = Lab::random(3);
    as_user(&lab, "\"$@\" --max-jobs 1 -- ./trainer").exits(4);
    let script = "chmod 500 m.study/trials; \"$@\" -- ./trainer; code=$?; chmod 700 m.study/trials; exit $code";
    let refused = as_user(&lab, script).exits(1);
    refused.stderr_contains("m.study/trials writable, or choose another folder with --study");
    assert_eq!(lab.records("end").len(), 1);
    as_user(&lab, "\"$@\" -- ./trainer").exits(0).output_contains("3 succeeded, 0 failed");
    let refused =
        as_user(&lab, "mkdir locked; cp m.yaml locked; cd locked; chmod 500 .; \"../$1\" run m.yaml -- ../trainer");
    refused.exits(1).stderr_contains("make . writable, or choose another folder with --study");
}

#[test]
fn a_umask_that_locks_the_owner_out_is_refused_before_anything_is_written() {
    if is_root() && !can_change_user() {
        println!("skipped: changing the user needs setpriv");
        return;
    }
    let lab = Lab::random(1);
    as_user(&lab, "umask 277; \"$@\" -- ./trainer").exits(2).stderr_contains("the umask is 0277");
    assert!(!lab.study().exists());
    as_user(&lab, "umask 077; \"$@\" -- ./trainer").exits(0);
}

#[test]
fn folders_that_cannot_be_reached_are_refused_with_the_next_step() {
    let lab = Lab::random(1);
    let script = "ln -s missing dangling; ln -s loop loop; touch file; \"$@\"";
    let long = "n".repeat(300);
    let cases = [
        ("dangling", 2, "is a link to a missing file"),
        ("loop", 1, "symbolic links"),
        ("file/s", 1, "file/s"),
        (&long, 1, "too long"),
    ];
    for (study, code, cause) in cases {
        let refused = in_shell(&lab, &script.replace("ln", "ln -fn"), &format!("--study {study}")).exits(code);
        refused.stderr_contains(cause).stderr_contains("folder with --study");
    }
}

#[test]
fn a_limit_of_file_sizes_does_not_end_the_driver() {
    for kib in [0, 1] {
        let lab = Lab::random(3);
        let ended = in_shell(&lab, &format!("ulimit -f {kib}; \"$@\""), "-q -j 1").exits(1);
        ended.stderr_contains("raise the limit of file sizes (ulimit -f)");
    }
}

//! A job that removes folders of its study, or puts files in their place, does not end the study.

use std::fs;

use hypertune_test_support::{HYPERBAND, Lab, RunOutput};

/// Waits until stdout is in the log: removing a folder fails while a file is created in it.
const AFTER_LOG: &str =
    r#"timeout 60 sh -c 'until [ -s "$HYPERTUNE_TRIAL_DIR/rung-$HYPERTUNE_RUNG.stdout.log" ]; do sleep 0.01; done'"#;

/// Runs shell scripts as jobs.
fn run(lab: &Lab, options: &str, script: &str) -> RunOutput {
    let mut command = lab.command(&format!("run m.yaml -j 1 {options} --"));
    RunOutput::of(command.args(["sh", "-c", script]))
}

#[test]
fn a_removed_folder_is_created_again_for_the_log() {
    let reading = r#"echo '{"loss": 1}'"#;
    for damage in [
        r#"rm -r "$HYPERTUNE_TRIAL_DIR""#,
        r#"rm -r "$HYPERTUNE_STUDY_DIR/trials""#,
        r#"rm -r "$HYPERTUNE_TRIAL_DIR"; echo mine > "$HYPERTUNE_TRIAL_DIR""#,
        r#"rm -r "$HYPERTUNE_STUDY_DIR/trials"; echo mine > "$HYPERTUNE_STUDY_DIR/trials""#,
        r#"rm -r "$HYPERTUNE_TRIAL_DIR"; ln -s nowhere "$HYPERTUNE_TRIAL_DIR""#,
        &format!(r#"echo before; {AFTER_LOG}; rm -r "$HYPERTUNE_TRIAL_DIR""#),
    ] {
        let lab = Lab::random(3);
        run(&lab, "", &format!("{damage}; {reading}")).exits(0);
        assert_eq!(lab.outcome().values.len(), 3, "{damage}");
        let log = fs::read_to_string(lab.study().join("trials/2/rung-0.stdout.log")).expect(damage);
        assert!(log.ends_with("{\"loss\": 1}\n"), "{damage}: {log}");
        // The file that replaced a folder is still there when the study is resumed.
        run(&lab, "", &format!("{damage}; {reading}")).exits(0);
    }
}

#[test]
fn a_replaced_trials_folder_does_not_stop_the_next_session() {
    let lab = Lab::random(4);
    let damage = format!(
        r#"echo '{{"loss": 1}}'; {AFTER_LOG}; rm -r "$HYPERTUNE_STUDY_DIR/trials"; echo mine > "$HYPERTUNE_STUDY_DIR/trials""#
    );
    run(&lab, "--max-jobs 1", &damage).exits(4);
    run(&lab, "", &damage).exits(0);
    assert_eq!(lab.outcome().values.len(), 4);
}

#[test]
fn the_next_job_of_the_trial_finds_a_checkpoint_folder() {
    let reading = r#"touch "$HYPERTUNE_CHECKPOINT_DIR/state" && echo '{"loss": 1}'"#;
    for resume in ["", "resume: true\n"] {
        for damage in [
            r#"rm -r "$HYPERTUNE_CHECKPOINT_DIR""#,
            r#"rm -r "$HYPERTUNE_CHECKPOINT_DIR"; echo mine > "$HYPERTUNE_CHECKPOINT_DIR""#,
            r#"rm -r "$HYPERTUNE_TRIAL_DIR""#,
            r#"rm -r "$HYPERTUNE_TRIAL_DIR"; echo mine > "$HYPERTUNE_TRIAL_DIR""#,
        ] {
            let lab = Lab::new(&format!("{HYPERBAND}{resume}"));
            run(&lab, "", &format!("{reading}; {AFTER_LOG}; {damage}")).exits(0);
            assert_eq!(lab.outcome().values.len(), 20, "{resume}{damage}");
        }
    }
}

#[test]
fn an_unwritable_log_is_noted_and_loses_no_reading() {
    let lab = Lab::random(3);
    let job = r#"mkdir "$HYPERTUNE_TRIAL_DIR/rung-0.stdout.log"; echo '{"loss": 1}'; echo message >&2"#;
    let ended = run(&lab, "", job).exits(0);
    assert_eq!(ended.stderr.matches("note: cannot write ").count(), 1, "{}", ended.stderr);
    assert_eq!(lab.outcome().values.len(), 3);
    assert_eq!(fs::read_to_string(lab.study().join("trials/0/rung-0.stderr.log")).unwrap(), "message\n");
}

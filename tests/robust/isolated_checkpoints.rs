//! Without `resume: true` no job sees what a job of another trial wrote.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use hypertune_test_support::{Driver, HYPERBAND, Lab, RunOutput};

/// Exits with 7 if its checkpoint directory is not its trial's, or not empty. Trials of odd number write their number into it.
const SCRIPT: &str = r#"d=$HYPERTUNE_CHECKPOINT_DIR
[ "$d" = "$HYPERTUNE_STUDY_DIR/trials/$HYPERTUNE_TRIAL/checkpoint" ] && [ -z "$(ls -A "$d")" ] || exit 7
[ $((HYPERTUNE_TRIAL % 2)) = 0 ] || echo $HYPERTUNE_TRIAL > "$d/model"
sleep 0.01; echo '{"loss": '$HYPERTUNE_TRIAL'}'"#;

fn command(lab: &Lab, options: &str) -> Command {
    let mut command = lab.command(&format!("run m.yaml {options} -- sh -c"));
    command.arg(SCRIPT);
    command
}

/// Trials with a checkpoint directory. What is in it must be of the trial.
fn checkpoints(lab: &Lab) -> Vec<u64> {
    let mut found = Vec::new();
    for entry in fs::read_dir(lab.study().join("trials")).unwrap() {
        let trial: u64 = entry.unwrap().file_name().to_str().unwrap().parse().unwrap();
        let checkpoint = lab.study().join(format!("trials/{trial}/checkpoint"));
        if checkpoint.exists() {
            found.push(trial);
        }
        if let Ok(model) = fs::read_to_string(checkpoint.join("model")) {
            assert_eq!(model, format!("{trial}\n"));
        }
    }
    found.sort_unstable();
    found
}

fn odd(trials: u64) -> Vec<u64> {
    (0..trials).filter(|trial| trial % 2 == 1).collect()
}

#[test]
fn the_best_trial_keeps_what_it_wrote() {
    let lab = Lab::new(&HYPERBAND.replace("minimize", "maximize"));
    RunOutput::of(&mut command(&lab, "-j 3 --keep-checkpoints best")).exits(0);
    let best = lab.hypertune("best m.study --format json").exits(0).json()["trial"].as_u64().unwrap();
    assert_eq!(checkpoints(&lab), [best]);
}

/// Each session leaves the directories of the jobs that ran when it was killed.
#[test]
fn after_a_kill_every_job_finds_an_empty_directory() {
    let lab = Lab::random(60);
    for round in 0..6 {
        let mut driver = Driver::start(&mut command(&lab, "-j 3"));
        sleep(Duration::from_millis(60 + 7 * round));
        driver.signal_if_running(9);
        driver.wait();
        lab.wait_for_no_processes();
    }
    RunOutput::of(&mut command(&lab, "-j 3")).exits(0);
    assert_eq!(lab.outcome().values.len(), 60);
    let found = checkpoints(&lab);
    assert!(odd(60).iter().all(|trial| found.contains(trial)), "{found:?}");
}

/// Even trials leave a process outside of their group that has the directory as its working directory, and writes into it later.
const BACKGROUND_WRITER: &str = r#"cd "$HYPERTUNE_CHECKPOINT_DIR"
if [ $((HYPERTUNE_TRIAL % 2)) = 0 ]; then
    setsid sh -c "sleep 0.2; echo $HYPERTUNE_TRIAL > model" > /dev/null 2>&1 < /dev/null & sleep 0.05
else
    sleep 0.4; [ ! -e model ] || exit 7
fi
echo '{"loss": 1}'"#;

#[test]
fn a_process_that_outlives_its_job_does_not_write_into_the_directory_of_another() {
    let lab = Lab::random(6);
    let mut command = lab.command("run m.yaml -j 1 -- sh -c");
    RunOutput::of(command.arg(BACKGROUND_WRITER)).exits(0);
    assert_eq!(lab.outcome().values.len(), 6);
}

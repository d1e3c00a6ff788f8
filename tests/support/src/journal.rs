//! What the journal of a lab's study and the processes of its jobs show.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::lab::Lab;
use crate::processes::processes_with_variable;

/// What must be the same however often a study was interrupted.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StudyOutcome {
    /// Configurations, by trial.
    pub configurations: BTreeMap<u64, String>,
    /// Scores of succeeded jobs, by trial and rung.
    pub values: BTreeMap<(u64, u64), String>,
    /// Trials that were promoted, once for each promotion.
    pub promotions: Vec<u64>,
    /// Trials that were retired.
    pub retired: BTreeSet<u64>,
    /// Output of `best --format json`, without what differs from folder to folder and from run to run.
    pub best: String,
}

impl Lab {
    /// The complete lines of the journal; none if there is no journal.
    pub fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.study().join("journal.jsonl")).unwrap_or_default();
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The records of one type.
    pub fn records(&self, kind: &str) -> Vec<Value> {
        self.journal().into_iter().filter(|record| record["type"] == kind).collect()
    }

    /// Running processes of the study's jobs, found by their environment.
    pub fn job_processes(&self) -> Vec<u32> {
        processes_with_variable(&format!("HYPERTUNE_STUDY_DIR={}", self.study().display()))
    }

    /// Waits until no process of the study's jobs is left.
    #[track_caller]
    pub fn wait_for_no_processes(&self) {
        self.wait_until("the end of all processes of jobs", || self.job_processes().is_empty());
    }

    /// Reads the outcome from the journal and from `best`. Fails the test if a succeeded job ran again.
    #[track_caller]
    pub fn outcome(&self) -> StudyOutcome {
        let mut outcome = StudyOutcome::default();
        let mut may_return = false;
        for record in self.journal() {
            let trial = record["trial"].as_u64().unwrap_or_default();
            match record["type"].as_str() {
                Some("launch") if record.get("params").is_some() => {
                    outcome.configurations.insert(trial, record["params"].to_string());
                }
                Some("end") if record["status"] == "succeeded" => {
                    let job = (trial, record["rung"].as_u64().expect("a rung"));
                    let previous = outcome.values.insert(job, record["score"].to_string());
                    assert_eq!(previous, None, "a succeeded job ran again: {record}");
                }
                Some("promoted") => outcome.promotions.push(trial),
                Some("retired") => {
                    let is_new = outcome.retired.insert(trial);
                    assert!(is_new || may_return, "trial {trial} was retired twice");
                }
                Some("length" | "run_again") => may_return = true,
                _ => {}
            }
        }
        outcome.promotions.sort_unstable();
        outcome.best = self.hypertune("best m.study --format json").stdout;
        if let Ok(Value::Object(mut best)) = serde_json::from_str(&outcome.best) {
            best.retain(|key, _| !["directory", "env", "checkpoint", "folder", "shell"].contains(&key.as_str()));
            outcome.best = Value::Object(best).to_string();
        }
        outcome
    }

    /// Fails the test if the journal assigns a slot to a job while another job has it.
    #[track_caller]
    pub fn assert_slots_are_exclusive(&self) {
        let mut busy: BTreeMap<u64, Value> = BTreeMap::new();
        for record in self.journal() {
            match record["type"].as_str() {
                Some("session") => busy.clear(),
                Some("launch") => {
                    let previous = busy.insert(record["slot"].as_u64().expect("a slot"), record.clone());
                    assert!(previous.is_none(), "{record} has the slot of {previous:?}");
                }
                Some("end") => {
                    let is_same = |launch: &Value| ["trial", "rung", "attempt"].iter().all(|k| launch[k] == record[k]);
                    busy.retain(|_, launch| !is_same(launch));
                }
                _ => {}
            }
        }
    }
}

//! A folder of its own for each test, the real binary in it, and what its journal says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Jobs of [`HYPERBAND`].
pub const JOBS: usize = 20;

/// 9@1 3@3 1@9, 3@3 1@9 and 3@9: 20 jobs of 15 trials.
pub const HYPERBAND: &str = "
kind: hyperband
maxIterations: 9
eta: 3
seed: 7
resource: {name: epochs, type: int}
metric: {name: loss, optimization: minimize}
params:
  x: {kind: uniform, value: [0, 1]}
  y: {kind: choice, value: [0.1, 0.2, 0.3]}
";

/// No test waits longer than this for something that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Lab {
    root: PathBuf,
    _temporary: Option<TempDir>,
}

impl Lab {
    /// A folder with `matrix` as `m.yaml`.
    pub fn new(matrix: &str) -> Lab {
        let temporary = tempfile::tempdir().unwrap();
        let lab = Lab { root: temporary.path().to_owned(), _temporary: Some(temporary) };
        fs::write(lab.path("m.yaml"), matrix).unwrap();
        lab
    }

    /// A folder that exists, with what is in it.
    pub fn at(root: &Path) -> Lab {
        Lab { root: root.to_owned(), _temporary: None }
    }

    pub fn hyperband() -> Lab {
        Lab::new(HYPERBAND)
    }

    /// Random search with `runs` runs.
    pub fn random(runs: u32) -> Lab {
        Lab::new(&format!(
            "kind: random\nnumRuns: {runs}\nseed: 7\nmetric: {{name: loss, optimization: minimize}}\n\
             params:\n  x: {{kind: uniform, value: [0, 1]}}\n"
        ))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        // A temporary folder may lie behind a link; jobs see it resolved or not, as hypertune does.
        self.root.join(name)
    }

    pub fn study(&self) -> PathBuf {
        self.path("m.study")
    }

    pub fn hypertune(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hypertune"));
        command.args(line.split_whitespace()).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// `run` with `options`, on the fake trainer told `words`.
    pub fn line(&self, options: &str, words: &str) -> String {
        format!("run m.yaml {options} -- {} {words}", trainer().display())
    }

    pub fn run(&self, options: &str, words: &str) -> Ended {
        Ended::of(self.hypertune(&self.line(options, words)).output().unwrap())
    }

    /// Starts it and looks away.
    pub fn start(&self, options: &str, words: &str) -> Driver {
        self.start_line(&self.line(options, words))
    }

    /// The same with the whole command line.
    pub fn start_line(&self, line: &str) -> Driver {
        let mut command = self.hypertune(line);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        Driver { child }
    }

    /// The whole lines of the journal.
    pub fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.study().join("journal.jsonl")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |at| &text[..at]);
        whole.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Records of one type.
    pub fn records(&self, kind: &str) -> Vec<Value> {
        self.journal().into_iter().filter(|r| r["type"] == kind).collect()
    }

    /// Waits until `there` says so.
    pub fn until(&self, what: &str, mut there: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !there() {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}; the journal:\n{:#?}", self.journal());
            sleep(Duration::from_millis(5));
        }
    }

    /// Processes that jobs of this study started, by their environment.
    pub fn living(&self) -> Vec<u32> {
        with_entry(&format!("HYPERTUNE_STUDY_DIR={}", self.study().display()))
    }

    pub fn nothing_lives(&self) {
        self.until("the end of every child", || self.living().is_empty());
    }

    /// What must be the same however often a study was disturbed.
    pub fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::default();
        for record in self.journal() {
            let trial = record["trial"].as_u64().unwrap_or_default();
            match record["type"].as_str() {
                Some("launch") if record.get("params").is_some() => {
                    outcome.configurations.insert(trial, record["params"].to_string());
                }
                Some("end") if record["status"] == "succeeded" => {
                    let job = (trial, record["rung"].as_u64().unwrap());
                    let before = outcome.values.insert(job, record["score"].to_string());
                    assert_eq!(before, None, "a finished job ran again: {record}");
                }
                Some("promoted") => outcome.promotions.push(trial),
                Some("retired") => assert!(outcome.retired.insert(trial), "retired twice: {trial}"),
                _ => {}
            }
        }
        outcome.promotions.sort_unstable();
        let best = self.hypertune("best m.study --format json").output().unwrap();
        outcome.best = String::from_utf8(best.stdout).unwrap();
        outcome
    }

    /// Fails if the journal gives a slot to a job while another has it.
    pub fn no_slot_is_doubled(&self) {
        let mut busy: BTreeMap<u64, Value> = BTreeMap::new();
        for record in self.journal() {
            match record["type"].as_str() {
                Some("session") => busy.clear(),
                Some("launch") => {
                    let before = busy.insert(record["slot"].as_u64().unwrap(), record.clone());
                    assert!(before.is_none(), "{record} has the slot of {before:?}");
                }
                Some("end") => {
                    let same = |l: &Value| ["trial", "rung", "attempt"].iter().all(|k| l[k] == record[k]);
                    busy.retain(|_, launch| !same(launch));
                }
                _ => {}
            }
        }
    }
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outcome {
    pub configurations: BTreeMap<u64, String>,
    pub values: BTreeMap<(u64, u64), String>,
    pub promotions: Vec<u64>,
    pub retired: BTreeSet<u64>,
    pub best: String,
}

/// A running hypertune.
pub struct Driver {
    child: Child,
}

impl Driver {
    pub fn of(child: Child) -> Driver {
        Driver { child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: i32) {
        send(self.pid(), signal);
    }

    /// Signals it if it still runs.
    pub fn press(&mut self, signal: i32) {
        if !self.is_over() {
            self.signal(signal);
        }
    }

    /// The process that ends jobs where their driver cannot.
    pub fn guard(&self) -> Option<u32> {
        let parent = self.pid().to_string();
        let found = Command::new("pgrep").args(["-P", &parent, "-f", "hypertune-guard"]).output().unwrap();
        String::from_utf8(found.stdout).unwrap().trim().parse().ok()
    }

    /// Kills its guard and then itself: nobody is left to end its jobs.
    pub fn crash(self) {
        send(self.guard().unwrap(), 9);
        self.signal(9);
        self.end();
    }

    /// Waits for its end.
    pub fn end(self) -> Ended {
        Ended::of(self.child.wait_with_output().unwrap())
    }

    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

/// Processes that were started with `entry` in their environment.
pub fn with_entry(entry: &str) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    let has_it = |pid: &u32| {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|e| e.split(|b| *b == 0).any(|v| v == entry.as_bytes()))
    };
    numbers.filter(has_it).collect()
}

pub fn send(pid: u32, signal: i32) {
    assert!(Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status().unwrap().success());
}

/// How hypertune ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn of(output: Output) -> Ended {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status: output.status, out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Ended {
        assert_eq!(self.status.code(), Some(code), "{}\n{}\n{}", self.status, self.out, self.err);
        self
    }

    #[track_caller]
    pub fn complains(self, words: &str) -> Ended {
        assert!(self.err.contains(words), "no `{words}` in\n{}", self.err);
        self
    }
}

/// The scriptable trainer, built beside the binary.
pub fn trainer() -> PathBuf {
    built("fake_trainer")
}

/// A program of `tests/support`.
pub fn built(name: &str) -> PathBuf {
    let profile = Path::new(env!("CARGO_BIN_EXE_hypertune")).parent().unwrap();
    let path = profile.join("examples").join(name);
    assert!(path.exists(), "cargo builds examples before tests: {} is missing", path.display());
    path
}

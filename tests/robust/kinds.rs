//! Every kind of study has the same outcome if it is killed repeatedly: schedules, samplers with a model, policies, retries and
//! checkpoints.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use hypertune_test_support::{Lab, StudyOutcome, rounds};

/// A matrix and how it is run.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    matrix: &'static str,
    options: &'static str,
    words: &'static str,
}

const HEAD: &str = "seed: 7\nresource: {name: epochs, type: int}\nmetric: {name: loss, optimization: minimize}\n\
                    params:\n  x: {kind: uniform, value: [0, 1]}\n  y: {kind: choice, value: [0.1, 0.2, 0.3]}\n";

/// One slot, so that samplers and policies see the same observations in every run.
const KINDS: [Kind; 10] = [
    Kind {
        name: "hyperband",
        matrix: "kind: hyperband\nmaxIterations: 9\nresume: true\n",
        options: "-j 1",
        words: "checkpoint pace=1",
    },
    Kind {
        name: "retries",
        matrix: "kind: hyperband\nmaxIterations: 9\nresume: true\n",
        options: "-j 1 --retries 1 --keep-going",
        words: "damage-odd checkpoint pace=1",
    },
    Kind {
        name: "halving",
        matrix: "kind: halving\nminIterations: 1\nmaxIterations: 9\neta: 3\n",
        options: "-j 1",
        words: "pace=1",
    },
    Kind { name: "asha", matrix: "kind: asha\nmaxIterations: 9\nnumRuns: 12\n", options: "-j 1", words: "pace=1" },
    Kind {
        name: "hyperband with tpe",
        matrix: "kind: hyperband\nmaxIterations: 9\nsampler: tpe\n",
        options: "-j 1",
        words: "pace=1",
    },
    Kind {
        name: "asha with gp",
        matrix: "kind: asha\nmaxIterations: 9\nnumRuns: 12\nsampler: gp\n",
        options: "-j 1",
        words: "pace=1",
    },
    Kind { name: "auto", matrix: "kind: auto\nmaxIterations: 9\nnumRuns: 14\n", options: "-j 1", words: "pace=1" },
    Kind {
        name: "auto with checkpoints",
        matrix: "kind: auto\nmaxIterations: 9\nnumRuns: 14\nresume: true\n",
        options: "-j 1",
        words: "checkpoint pace=1",
    },
    Kind {
        name: "failures",
        matrix: "kind: hyperband\nmaxIterations: 9\n",
        options: "-j 1 --keep-going",
        words: "fail-below=0.2 nan-below=0.4 pace=1",
    },
    Kind {
        name: "median",
        matrix: "kind: hyperband\nmaxIterations: 9\nminIterations: 9\nrounds: 10\nearlyStopping:\n  \
                 - {metric: loss, optimization: minimize, policy: {kind: median, minSamples: 2, minInterval: 3}}\n",
        options: "-j 1 --grace 30s",
        words: "pace=20",
    },
];

impl Kind {
    fn lab(&self) -> Lab {
        Lab::in_memory(&format!("{}{HEAD}", self.matrix))
    }

    fn undisturbed(&self) -> StudyOutcome {
        let lab = self.lab();
        lab.run(self.options, self.words).exits(0);
        let outcome = lab.outcome();
        assert!(outcome.values.len() >= 8 && outcome.best.contains("\"value\""), "{}: {outcome:?}", self.name);
        outcome
    }

    /// Kills the driver after each of `delays` milliseconds, then runs it to completion.
    fn killed(&self, delays: impl Iterator<Item = u64>) -> StudyOutcome {
        let lab = self.lab();
        for delay in delays {
            let mut driver = lab.start(self.options, self.words);
            sleep(Duration::from_millis(delay));
            if driver.has_exited() {
                break;
            }
            driver.kill();
        }
        lab.run(self.options, self.words).exits(0);
        lab.assert_slots_are_exclusive();
        lab.outcome()
    }

    /// Resumes from the first `length` bytes of `journal`.
    fn cut(&self, journal: &[u8], length: usize) -> StudyOutcome {
        let lab = self.lab();
        fs::create_dir(lab.study()).unwrap();
        fs::write(lab.study().join("journal.jsonl"), &journal[..length]).unwrap();
        lab.run(self.options, self.words).exits(0);
        lab.outcome()
    }
}

#[test]
fn killed_at_irregular_times() {
    for kind in KINDS {
        let expected = kind.undisturbed();
        for round in 0..rounds() as u64 {
            let delays = [13, 29, 47, 71, 90].map(|ms| ms + round * 37 % 60);
            assert_eq!(kind.killed(delays.into_iter()), expected, "{}, round {round}", kind.name);
        }
    }
}

#[test]
fn cut_after_records_throughout() {
    for kind in KINDS {
        // The checkpoint at the time of a record is not in the journal.
        if kind.words.contains("checkpoint") {
            continue;
        }
        let lab = kind.lab();
        lab.run(kind.options, kind.words).exits(0);
        let (expected, journal) = (lab.outcome(), fs::read(lab.study().join("journal.jsonl")).unwrap());
        let ends: Vec<usize> = (1..=journal.len()).filter(|at| journal[at - 1] == b'\n').collect();
        for end in ends.iter().step_by(ends.len().div_ceil(5 * rounds())) {
            assert_eq!(kind.cut(&journal, *end), expected, "{} cut after {end} bytes", kind.name);
        }
    }
}

/// With several slots the model depends on the order in which jobs end; journalled configurations are never drawn again.
#[test]
fn several_slots_keep_their_configurations() {
    for kind in KINDS.iter().filter(|kind| ["tpe", "gp", "auto"].iter().any(|name| kind.name.contains(name))) {
        let lab = kind.lab();
        let options = kind.options.replace("-j 1", "-j 3");
        let mut drawn = lab.outcome().configurations;
        for delay in [25, 60, 90] {
            let driver = lab.start(&options, kind.words);
            sleep(Duration::from_millis(delay));
            driver.kill();
            let now = lab.outcome().configurations;
            assert!(drawn.iter().all(|(trial, params)| now.get(trial) == Some(params)), "{}", kind.name);
            drawn = now;
        }
        lab.run(&options, kind.words).exits(0);
        let end = lab.outcome();
        assert!(drawn.iter().all(|(trial, params)| end.configurations.get(trial) == Some(params)), "{}", kind.name);
        assert_eq!(end.retired.len(), end.configurations.len(), "{}: a trial was never over", kind.name);
        lab.assert_slots_are_exclusive();
    }
}

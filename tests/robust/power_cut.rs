//! A study whose machine loses power at any time has the same outcome as an undisturbed one.
//!
//! The study is on an ext4 file system in an image file. The image at a time is what a disk would contain after a power cut then:
//! nothing of the page cache. To copy it, all processes of the study are stopped, and the image is read until it no longer changes;
//! at every other cut the journal is synced first, as the kernel may do at any time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use hypertune_test_support::{Driver, Lab, StudyOutcome, memory_folder, rounds, try_send_signal};

const STOP: i32 = 19;
const CONTINUE: i32 = 18;
/// Cuts of each study.
const CUTS: u32 = 4;

struct Variant {
    name: &'static str,
    kind: &'static str,
    options: &'static str,
    /// `durable` trainers sync their checkpoint at each epoch, so that it is ahead of the journal; others never do.
    words: &'static str,
}

const HEAD: &str = "resume: true\nseed: 7\nresource: {name: epochs, type: int}\n\
                    metric: {name: loss, optimization: minimize}\nparams:\n  x: {kind: uniform, value: [0, 1]}\n";

/// One slot where later trials depend on the order in which jobs end.
const VARIANTS: [Variant; 7] = [
    Variant { name: "hyperband", kind: "hyperband", options: "-j 2", words: "durable pace=4" },
    Variant { name: "hyperband, unsynced", kind: "hyperband", options: "-j 2", words: "checkpoint pace=4" },
    Variant {
        name: "retries",
        kind: "hyperband",
        options: "-j 2 --retries 1 --keep-going",
        words: "damage-odd durable pace=4",
    },
    Variant { name: "keep best", kind: "hyperband", options: "-j 2 --keep-checkpoints best", words: "durable pace=4" },
    Variant {
        name: "keep none",
        kind: "hyperband",
        options: "-j 2 --keep-checkpoints none --retries 1 --keep-going",
        words: "damage-odd checkpoint pace=4",
    },
    Variant { name: "auto", kind: "auto\nnumRuns: 14", options: "-j 1", words: "durable pace=4" },
    Variant { name: "asha", kind: "asha\nnumRuns: 12", options: "-j 1", words: "checkpoint pace=4" },
];

impl Variant {
    fn matrix(&self) -> String {
        format!("kind: {}\nmaxIterations: 9\n{HEAD}", self.kind)
    }

    fn outcome(&self, lab: &Lab) -> StudyOutcome {
        every_job_began_where_it_should(lab);
        lab.assert_slots_are_exclusive();
        if self.name == "keep best" {
            best_checkpoint_is_whole(lab);
        }
        lab.outcome()
    }

    /// Runs the study without a cut; returns its outcome and duration.
    fn undisturbed(&self, disk: &Disk) -> (StudyOutcome, Duration) {
        let lab = disk.lab(self);
        let started = Instant::now();
        lab.run(self.options, self.words).exits(0);
        let took = started.elapsed();
        let outcome = self.outcome(&lab);
        assert!(outcome.values.len() >= 12 && outcome.best.contains("\"value\""), "{}: {outcome:?}", self.name);
        (outcome, took)
    }

    /// Runs the study to completion and takes an image at each of `instants` after its start.
    fn cut_at(&self, disk: &Disk, instants: &[Duration], images: &Path) -> Vec<PathBuf> {
        let lab = Lab::at(disk.mount.path());
        let mut driver = lab.start(self.options, self.words);
        let started = Instant::now();
        let mut taken = Vec::new();
        for (number, instant) in instants.iter().enumerate() {
            sleep(instant.saturating_sub(started.elapsed()));
            let image = images.join(format!("cut-{number}"));
            if disk.cut(&lab, &mut driver, number % 2 == 1, &image) {
                taken.push(image);
            }
        }
        driver.wait().exits(0);
        taken
    }
}

/// A promoted job's first reading follows the last one of the job before it.
fn every_job_began_where_it_should(lab: &Lab) {
    let job = |record: &serde_json::Value| ["trial", "rung", "attempt"].map(|name| record[name].as_u64());
    let mut previous = BTreeMap::new();
    for record in lab.journal() {
        match record["type"].as_str() {
            Some("launch") => drop(previous.insert(job(&record), record["previous"].as_f64())),
            Some("end") if record["status"] == "succeeded" => {
                let first = record["curve"][0]["step"].as_f64().unwrap();
                assert_eq!(Some(first - 1.0), previous[&job(&record)], "{record}");
            }
            _ => {}
        }
    }
}

fn best_checkpoint_is_whole(lab: &Lab) {
    let best: serde_json::Value = serde_json::from_str(&lab.outcome().best).unwrap();
    let state = lab.study().join(format!("trials/{}/checkpoint/state", best["trial"]));
    assert_eq!(fs::read_to_string(&state).unwrap(), "9", "{}", state.display());
}

/// An ext4 file system in a file, mounted.
struct Disk {
    image: PathBuf,
    mount: TempDir,
    _folder: Option<TempDir>,
}

impl Disk {
    /// An empty one; `None` where nothing can be mounted.
    fn new() -> Option<Disk> {
        let folder = memory_folder();
        let image = folder.path().join("image");
        File::create(&image).unwrap().set_len(16 << 20).unwrap();
        let made = Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image).stderr(Stdio::null()).status();
        if !made.is_ok_and(|status| status.success()) {
            return None;
        }
        Disk::of(&image, Some(folder))
    }

    fn of(image: &Path, folder: Option<TempDir>) -> Option<Disk> {
        let mount = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-o", "loop"]).arg(image).arg(mount.path()).stderr(Stdio::null());
        let mounted = command.status().is_ok_and(|status| status.success());
        mounted.then(|| Disk { image: image.to_owned(), mount, _folder: folder })
    }

    /// A study of `variant` that has not started yet.
    fn lab(&self, variant: &Variant) -> Lab {
        let lab = Lab::at(self.mount.path());
        fs::write(lab.path("m.yaml"), variant.matrix()).unwrap();
        File::open(self.mount.path()).and_then(|file| file.sync_all()).unwrap();
        File::open(lab.path("m.yaml")).and_then(|file| file.sync_all()).unwrap();
        lab
    }

    /// Takes an image of this instant; `false` if the study is over or the disk does not become idle.
    fn cut(&self, lab: &Lab, driver: &mut Driver, journal_first: bool, image: &Path) -> bool {
        if driver.has_exited() {
            return false;
        }
        let mut stopped = vec![driver.pid()];
        driver.signal(STOP);
        stopped.extend(lab.job_processes());
        for pid in &stopped {
            try_send_signal(*pid, STOP);
        }
        if journal_first {
            let _ = File::open(lab.study().join("journal.jsonl")).and_then(|journal| journal.sync_data());
        }
        let read = self.at_rest();
        for pid in &stopped {
            try_send_signal(*pid, CONTINUE);
        }
        if let Some(read) = &read {
            write_sparse(image, read).unwrap();
        }
        read.is_some()
    }

    /// The image once two readings of it are equal.
    fn at_rest(&self) -> Option<Vec<u8>> {
        let mut before = fs::read(&self.image).unwrap();
        for _ in 0..50 {
            let now = fs::read(&self.image).unwrap();
            if now == before {
                return Some(now);
            }
            before = now;
        }
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.mount.path()).stderr(Stdio::null()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            let _ = Command::new("umount").arg("-l").arg(self.mount.path()).status();
        }
    }
}

fn write_sparse(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    for (number, block) in bytes.chunks(4096).enumerate() {
        if block.iter().any(|byte| *byte != 0) {
            file.seek(SeekFrom::Start(number as u64 * 4096))?;
            file.write_all(block)?;
        }
    }
    file.set_len(bytes.len() as u64)
}

/// Between 0 and 1, and different for different numbers.
fn spread(number: u64) -> f64 {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / (1 << 24) as f64
}

/// Cuts one study of `variant`, and some of the studies that resume it; returns how many cuts there were.
fn cut_and_resume(variant: &Variant, expected: &StudyOutcome, took: Duration, round: u64) -> u32 {
    let disk = Disk::new().unwrap();
    drop(disk.lab(variant));
    let images = memory_folder();
    let instants: Vec<Duration> = (0..CUTS)
        .map(|n| took.mul_f64((f64::from(n) + spread(round * 100 + u64::from(n))) / f64::from(CUTS)))
        .collect();
    let mut cuts = 0;
    for (number, image) in variant.cut_at(&disk, &instants, images.path()).iter().enumerate() {
        let resumed = Disk::of(image, None).expect("a cut leaves a file system");
        let again = if number % 2 == 0 { vec![] } else { vec![took.mul_f64(spread(round * 100 + 77) / 2.0)] };
        let twice = memory_folder();
        let images = variant.cut_at(&resumed, &again, twice.path());
        let lab = Lab::at(resumed.mount.path());
        assert_eq!(&variant.outcome(&lab), expected, "{}, round {round}, cut {number}", variant.name);
        cuts += 1;
        for image in images {
            let resumed = Disk::of(&image, None).expect("a cut leaves a file system");
            let lab = Lab::at(resumed.mount.path());
            lab.run(variant.options, variant.words).exits(0);
            assert_eq!(&variant.outcome(&lab), expected, "{}, round {round}, cut {number}, cut again", variant.name);
            cuts += 1;
        }
        fs::remove_file(image).unwrap();
    }
    cuts
}

#[test]
fn cut_at_any_instant() {
    let Some(disk) = Disk::new() else {
        println!("skipped: mounting an image of ext4 needs root and loop devices");
        return;
    };
    drop(disk);
    let cut = |variant: &Variant| -> u32 {
        let (expected, took) = variant.undisturbed(&Disk::new().unwrap());
        (0..rounds() as u64).map(|round| cut_and_resume(variant, &expected, took, round)).sum()
    };
    let cuts: u32 = thread::scope(|scope| {
        let threads = VARIANTS.iter().map(|variant| scope.spawn(|| cut(variant))).collect::<Vec<_>>();
        threads.into_iter().map(|thread| thread.join().expect("no variant fails")).sum()
    });
    println!("{cuts} cuts");
    assert!(cuts >= 7 * 2, "the studies are too quick to be cut: {cuts}");
}

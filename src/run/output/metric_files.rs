//! Reads the files from which a collector takes readings.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::collect::collector::{Collector, FileState, FoundFile, MAX_FILE, MetricSource};
use crate::types::outcome::Reading;

/// How often files are looked at while a job runs.
const INTERVAL: Duration = Duration::from_millis(500);
/// How much earlier than the job's start a file may have been written according to the file system's coarse clock.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(50);
/// Most event files of one job, and the deepest folder below the given one.
const MAX_EVENT_FILES: usize = 256;
const MAX_DEPTH: u32 = 8;
/// In the name of every event file.
const EVENT_FILE: &str = "tfevents";

/// The files of one job.
#[derive(Debug)]
pub struct MetricFiles {
    path: PathBuf,
    is_folder: bool,
    started_at: SystemTime,
    next_look: Instant,
    /// Path, length and time of each file when it was last read.
    known: Vec<(PathBuf, u64, Option<SystemTime>)>,
}

/// A file that is there.
struct Candidate {
    path: PathBuf,
    /// As the collector sees it.
    name: String,
    length: u64,
    modified: Option<SystemTime>,
}

impl MetricFiles {
    /// The files of a job that is about to start; `None` if `source` is the job's output. What is there already is of earlier jobs.
    pub fn before_start(source: &MetricSource, path: PathBuf, collector: &mut dyn Collector) -> Option<MetricFiles> {
        let is_folder = match source {
            MetricSource::Output(_) => return None,
            MetricSource::File(_) => false,
            MetricSource::EventFiles(_) => true,
        };
        let started_at = SystemTime::now();
        let files =
            MetricFiles { path, is_folder, started_at, next_look: Instant::now() + INTERVAL, known: Vec::new() };
        if !is_folder {
            let found = files.candidates();
            files.pass_on(&found, FileState::Before, collector);
        }
        Some(files)
    }

    /// How often [`MetricFiles::look`] is to be called.
    pub fn interval(&self) -> Duration {
        INTERVAL
    }

    /// Reads what has changed, at most once in an interval. Returns new readings.
    pub fn look(&mut self, collector: &mut dyn Collector) -> Vec<Reading> {
        if Instant::now() < self.next_look {
            return Vec::new();
        }
        self.next_look = Instant::now() + INTERVAL;
        let found = self.of_this_job();
        let now: Vec<_> = found.iter().map(|file| (file.path.clone(), file.length, file.modified)).collect();
        if now == self.known {
            return Vec::new();
        }
        self.known = now;
        self.pass_on(&found, FileState::Growing, collector)
    }

    /// Reads everything once more, after the job's end. Returns new readings.
    pub fn end(&mut self, collector: &mut dyn Collector) -> Vec<Reading> {
        let found = self.of_this_job();
        self.pass_on(&found, FileState::Complete, collector)
    }

    /// Files that were written since the job was started.
    fn of_this_job(&self) -> Vec<Candidate> {
        let mut found = self.candidates();
        let earliest = self.started_at - CLOCK_TOLERANCE;
        found.retain(|file| file.modified.is_none_or(|modified| modified >= earliest));
        found
    }

    fn candidates(&self) -> Vec<Candidate> {
        let mut found = Vec::new();
        if self.is_folder {
            event_files(&self.path, &self.path, MAX_DEPTH, &mut found);
            found.sort_by(|a, b| a.path.cmp(&b.path));
        } else if let Ok(metadata) = fs::metadata(&self.path)
            && metadata.is_file()
        {
            found.push(candidate(self.path.clone(), self.path.display().to_string(), &metadata));
        }
        found
    }

    fn pass_on(&self, files: &[Candidate], state: FileState, collector: &mut dyn Collector) -> Vec<Reading> {
        let mut read = Vec::new();
        for file in files {
            match read_file(file) {
                Ok(bytes) => read.push((file.name.as_str(), bytes)),
                Err(error) if state == FileState::Complete => {
                    collector.unread_file(format!("{} was not read for metrics: {error}", file.path.display()));
                }
                Err(_) => {}
            }
        }
        let found: Vec<FoundFile<'_>> = read.iter().map(|(path, bytes)| FoundFile { path, bytes }).collect();
        collector.files(&found, state)
    }
}

fn candidate(path: PathBuf, name: String, metadata: &Metadata) -> Candidate {
    Candidate { path, name, length: metadata.len(), modified: metadata.modified().ok() }
}

/// Adds the event files in `folder` and below it. Links are not followed.
fn event_files(root: &Path, folder: &Path, depth: u32, found: &mut Vec<Candidate>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if found.len() >= MAX_EVENT_FILES {
            return;
        }
        let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
        if metadata.is_dir() && depth > 0 {
            event_files(root, &path, depth - 1, found);
        } else if metadata.is_file() && entry.file_name().to_string_lossy().contains(EVENT_FILE) {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.push(candidate(path, name, &metadata));
        }
    }
}

fn read_file(file: &Candidate) -> io::Result<Vec<u8>> {
    if file.length > MAX_FILE {
        return Err(io::Error::other(format!(
            "it has {} bytes, more than the limit of {} MiB",
            file.length,
            MAX_FILE >> 20
        )));
    }
    let mut bytes = Vec::new();
    fs::File::open(&file.path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

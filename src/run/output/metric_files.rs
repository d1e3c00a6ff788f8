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
/// Most event files of one job, entries of folders that are searched for them, and the deepest folder below the given one.
const MAX_EVENT_FILES: usize = 256;
const MAX_ENTRIES: usize = 100_000;
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
            let found = files.search(None).files;
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
        let found = self.of_this_job().files;
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
        let readings = self.pass_on(&found.files, FileState::Complete, collector);
        if found.left_out > 0 {
            collector.unread_file(format!(
                "{}: {} files or entries of folders were not read for metrics; the limits are {MAX_EVENT_FILES} event files of one job \
                 and {MAX_ENTRIES} entries",
                self.path.display(),
                found.left_out
            ));
        }
        readings
    }

    /// Files that were written since the job was started.
    fn of_this_job(&self) -> Search {
        self.search(Some(self.started_at - CLOCK_TOLERANCE))
    }

    /// The files that were written at `earliest` or later.
    fn search(&self, earliest: Option<SystemTime>) -> Search {
        let mut search = Search { earliest, files: Vec::new(), entries: 0, left_out: 0 };
        if self.is_folder {
            search.event_files(&self.path, &self.path, MAX_DEPTH);
            search.files.sort_by(|a, b| a.path.cmp(&b.path));
            search.left_out += search.files.len().saturating_sub(MAX_EVENT_FILES);
            search.files.truncate(MAX_EVENT_FILES);
        } else if let Ok(metadata) = fs::metadata(&self.path)
            && metadata.is_file()
        {
            search.add(self.path.clone(), self.path.display().to_string(), &metadata);
        }
        search
    }

    fn pass_on(&self, files: &[Candidate], state: FileState, collector: &mut dyn Collector) -> Vec<Reading> {
        let mut readings = Vec::new();
        // One at a time, as each may be large.
        for file in files {
            match read_file(file) {
                Ok(bytes) => readings.extend(collector.files(&[FoundFile { path: &file.name, bytes: &bytes }], state)),
                Err(error) if state == FileState::Complete => {
                    collector.unread_file(format!("{} was not read for metrics: {error}", file.path.display()));
                }
                Err(_) => {}
            }
        }
        readings
    }
}

/// A search for files.
struct Search {
    /// When they were written at the earliest.
    earliest: Option<SystemTime>,
    files: Vec<Candidate>,
    /// How many entries of folders were looked at, and how many files or entries were left out.
    entries: usize,
    left_out: usize,
}

impl Search {
    fn add(&mut self, path: PathBuf, name: String, metadata: &Metadata) {
        let modified = metadata.modified().ok();
        if self.earliest.zip(modified).is_none_or(|(earliest, modified)| modified >= earliest) {
            self.files.push(Candidate { path, name, length: metadata.len(), modified });
        }
    }

    /// Adds the event files in `folder` and below it. Links are not followed.
    fn event_files(&mut self, root: &Path, folder: &Path, depth: u32) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            if self.entries >= MAX_ENTRIES {
                self.left_out += 1;
                return;
            }
            self.entries += 1;
            let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
            if metadata.is_dir() && depth > 0 {
                self.event_files(root, &path, depth - 1);
            } else if metadata.is_file() && entry.file_name().to_string_lossy().contains(EVENT_FILE) {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                self.add(path, name, &metadata);
            }
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

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::collect::catalogue::ConfiguredCollector;
    use crate::collect::catalogue::named;
    use crate::collect::collector::{Remark, Wanted};

    /// Writes `count` event files below `folder`, last written at `modified`.
    fn write(folder: &Path, name: &str, count: usize, modified: SystemTime) {
        fs::create_dir_all(folder).unwrap();
        for number in 0..count {
            let file = File::create(folder.join(format!("{name}.tfevents.{number:03}"))).unwrap();
            file.set_modified(modified).unwrap();
        }
    }

    #[test]
    fn files_of_earlier_jobs_do_not_count_against_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        write(&dir.path().join("a"), "old", 300, now - Duration::from_secs(3600));
        let mut collector = ConfiguredCollector::new(named("tensorboard").unwrap(), Default::default())
            .unwrap()
            .collector(Wanted::default());
        let source = MetricSource::EventFiles(String::new());
        let mut files = MetricFiles::before_start(&source, dir.path().to_owned(), &mut *collector).unwrap();
        write(&dir.path().join("b"), "new", MAX_EVENT_FILES, now + Duration::from_secs(1));
        let found = files.of_this_job();
        assert_eq!((found.files.len(), found.left_out), (MAX_EVENT_FILES, 0));
        assert!(found.files.iter().all(|file| file.name.starts_with("b/new")));
        write(&dir.path().join("c"), "new", 3, now + Duration::from_secs(1));
        assert_eq!(files.of_this_job().left_out, 3);
        files.end(&mut *collector);
        let remarks = collector.finish().remarks;
        assert!(matches!(&remarks[..], [Remark::UnreadFile(text)] if text.contains("3 files")), "{remarks:?}");
    }
}

//! Reads the files that a command line names, with bounds on size and time: the file may be a pipe, a device or gigabytes.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::parse::MAX_BYTES;
use crate::run::sys::wait_readable;

/// Longest time between two parts of a pipe, and longest time for all of it.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_IN_ALL: Duration = Duration::from_secs(60);

/// The bytes of the file at `path`, at most one more than [`MAX_BYTES`]. Pipes work (`<(…)` in a shell), terminals are waited for.
///
/// # Errors
/// Those of the operating system, and [`io::ErrorKind::TimedOut`] if nothing comes out of a pipe or device.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // Without O_NONBLOCK the opening of a pipe waits for its writer.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let kind = file.metadata()?.file_type();
    let patience = if kind.is_file() || kind.is_dir() || file.is_terminal() { None } else { Some(PATIENCE) };
    read(file, patience, PATIENCE_IN_ALL)
}

fn read(file: File, patience: Option<Duration>, in_all: Duration) -> io::Result<Vec<u8>> {
    let begun = Instant::now();
    let mut bytes = Vec::new();
    let mut source = (&file).take(MAX_BYTES as u64 + 1);
    loop {
        let waited = Instant::now();
        while !wait_readable([Some(file.as_fd())], patience)?[0] {
            if patience.is_some_and(|patience| waited.elapsed() >= patience) {
                return Err(timed_out(&format!("nothing was written to it for {} s", waited.elapsed().as_secs())));
            }
        }
        let mut chunk = [0; 16 << 10];
        match source.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(e) => return Err(e),
        }
        if patience.is_some() && begun.elapsed() >= in_all {
            return Err(timed_out(&format!("it did not end within {} s", in_all.as_secs())));
        }
    }
}

fn timed_out(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, message.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::thread;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    #[test]
    fn endless_files_end_at_the_bound() {
        assert_eq!(read_file(Path::new("/dev/zero")).unwrap().len(), MAX_BYTES + 1);
        assert!(read_file(Path::new("/")).is_err());
        assert_eq!(read_file(Path::new("/dev/null")).unwrap(), b"");
    }

    #[test]
    fn a_pipe_is_read_to_its_end_and_not_waited_for_longer() {
        let (reader, mut writer) = io::pipe().unwrap();
        let slow = thread::spawn(move || {
            for part in ["kind: ", "random\n"] {
                writer.write_all(part.as_bytes()).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        });
        let file = File::from(OwnedFd::from(reader));
        assert_eq!(read(file, Some(PATIENCE), PATIENCE_IN_ALL).unwrap(), b"kind: random\n");
        slow.join().unwrap();

        let (reader, writer) = io::pipe().unwrap();
        let error = read(File::from(OwnedFd::from(reader)), Some(SHORT), PATIENCE_IN_ALL).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(writer);

        let (reader, mut writer) = io::pipe().unwrap();
        let endless = thread::spawn(move || {
            while writer.write_all(b"x").is_ok() {
                thread::sleep(SHORT / 10)
            }
        });
        let error = read(File::from(OwnedFd::from(reader)), Some(PATIENCE), SHORT).unwrap_err();
        assert_eq!(error.to_string(), "it did not end within 0 s");
        endless.join().unwrap();
    }
}

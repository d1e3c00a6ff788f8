//! The only code that writes to stdout, which gets results only.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::error::CliError;
use crate::launch::process::standard_streams::stdout_was_closed;
use crate::launch::process::syscalls::{Interest, wait_ready};
use crate::progress::stderr;
use crate::types::printable::{printable_json, printable_lines, printable_styled};

/// Columns where stdout is not a terminal.
const COLUMNS: usize = 100;
/// Whether a write to stdout found that its reader has closed it.
static READER_CLOSED: AtomicBool = AtomicBool::new(false);

/// Prints text, with control characters escaped.
pub fn text(text: &str) -> Result<(), CliError> {
    print(|out| out.write_all(printable_lines(text).as_bytes()))
}

/// Prints text with colours, unless they are disabled.
pub fn styled(text: &str) -> Result<(), CliError> {
    let stdout = io::stdout();
    let plain = match anstream::AutoStream::choice(&stdout) {
        anstream::ColorChoice::Never => Some(anstream::adapter::strip_str(text).to_string()),
        _ => None,
    };
    print(|out| out.write_all(printable_styled(plain.as_deref().unwrap_or(text)).as_bytes()))
}

/// Prints one JSON value, indented, with a newline.
pub fn json<T: Serialize>(value: &T) -> Result<(), CliError> {
    let text = json_text(value).map_err(CliError::internal)?;
    print(|out| out.write_all(text.as_bytes()))
}

/// Prints `json`, a JSON value on one line, with a newline.
pub fn json_line(json: &str) -> Result<(), CliError> {
    print(|out| writeln!(out, "{}", printable_json(json)))
}

/// Prints a frame for a terminal: text with colours, unless they are disabled, and movements of the cursor.
pub fn frame(frame: &str) -> Result<(), CliError> {
    let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let text = if colours { Cow::Borrowed(frame) } else { Cow::Owned(without_colours(frame)) };
    print(|out| out.write_all(text.as_bytes()))
}

/// `text` without SGR sequences.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        match part[end..].strip_prefix('m') {
            Some(rest) => out += rest,
            None => out += &format!("\u{1b}[{part}"),
        }
    }
    out
}

/// Columns of the terminal; [`COLUMNS`] where stdout is none.
pub fn columns() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(COLUMNS, |(width, _)| usize::from(width.0))
}

/// Whether the reader of stdout has closed it, so that nothing more can be shown.
pub fn is_closed() -> bool {
    READER_CLOSED.load(Ordering::Relaxed)
}

/// `value` as [`json`] prints it.
pub fn json_text<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|json| printable_json(&json).into_owned() + "\n")
}

/// Flushes stderr, then runs `write` on stdout. A closed pipe (`| head`) ends it without an error.
///
/// # Errors
/// stdout is not writable, or was closed when the program started.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    stderr::flush(stderr::FLUSH_TIMEOUT);
    let mut out = Stdout::open().map(|stdout| BufWriter::with_capacity(64 << 10, stdout)).map_err(write_error)?;
    let result = write(&mut out).and_then(|()| out.flush());
    let (stdout, _) = out.into_parts();
    READER_CLOSED.fetch_or(stdout.reader_closed, Ordering::Relaxed);
    match result {
        Err(error) if !stdout.reader_closed => Err(write_error(error)),
        _ => Ok(()),
    }
}

/// Runs `print` in a thread and waits at most `timeout` for it, so that the program exits after a signal even if stdout is not read.
pub fn with_timeout(
    timeout: Duration,
    print: impl FnOnce() -> Result<(), CliError> + Send + 'static,
) -> Result<(), CliError> {
    let (sender, receiver) = mpsc::channel();
    let printer = thread::Builder::new().name("stdout".into()).spawn(move || drop(sender.send(print())));
    printer.map_err(write_error)?;
    receiver.recv_timeout(timeout).unwrap_or_else(|_| {
        stderr::print_message("note: the result is not printed because stdout is not read");
        Ok(())
    })
}

fn write_error(error: io::Error) -> CliError {
    CliError::internal(anyhow::Error::new(error).context("cannot write to stdout"))
}

/// The descriptor of stdout. The standard library's handle would keep unwritten bytes in its buffer until the process exits.
struct Stdout {
    file: File,
    reader_closed: bool,
}

impl Stdout {
    fn open() -> io::Result<Stdout> {
        if stdout_was_closed() {
            return Err(io::Error::other("it was closed when hypertune was started"));
        }
        let file = io::stdout().as_fd().try_clone_to_owned()?.into();
        Ok(Stdout { file, reader_closed: false })
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.file.write(bytes) {
                // The descriptor may be non-blocking, set by the parent process.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    wait_ready([Some((self.file.as_fd(), Interest::Writable))], None)?;
                }
                result => {
                    let broken = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
                    self.reader_closed |= result.as_ref().is_err_and(broken);
                    return result;
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Columns of stdout; `None` if it is not a terminal.
pub fn terminal_width() -> Option<u16> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0)
}

//! stdout: results and nothing else. The only code that writes to it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::error::CliError;
use crate::launch::process::syscalls::{Ready, wait_ready};
use crate::progress::stderr;
use crate::types::printable::{printable_json, printable_lines};

/// Prints text; what is not printable in it is escaped.
pub fn text(text: &str) -> Result<(), CliError> {
    print(|out| out.write_all(printable_lines(text).as_bytes()))
}

/// Prints text with colours of our own, without them where they are not wanted.
pub fn styled(text: &str) -> Result<(), CliError> {
    let stdout = io::stdout();
    let plain = match anstream::AutoStream::choice(&stdout) {
        anstream::ColorChoice::Never => Some(anstream::adapter::strip_str(text).to_string()),
        _ => None,
    };
    print(|out| out.write_all(plain.as_deref().unwrap_or(text).as_bytes()))
}

/// Prints one JSON value, indented, with a newline.
pub fn json<T: Serialize>(value: &T) -> Result<(), CliError> {
    let text = json_text(value).map_err(CliError::internal)?;
    print(|out| out.write_all(text.as_bytes()))
}

/// `value` as [`json`] prints it.
pub fn json_text<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|json| printable_json(&json).into_owned() + "\n")
}

/// Lets `write` print to stdout, after everything that was said on stderr before. A reader that has gone away (`| head`) ends it
/// and is no error.
///
/// # Errors
/// stdout cannot be written.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    stderr::flush(stderr::FLUSH_TIMEOUT);
    let mut out = Stdout::open().map(|stdout| BufWriter::with_capacity(64 << 10, stdout)).map_err(unwritable)?;
    let result = write(&mut out).and_then(|()| out.flush());
    let (stdout, _) = out.into_parts();
    match result {
        Err(error) if !stdout.reader_is_gone => Err(unwritable(error)),
        _ => Ok(()),
    }
}

/// Runs `print` in a thread and waits `timeout` for it: after a signal the program ends whether or not stdout is read.
pub fn with_timeout(
    timeout: Duration,
    print: impl FnOnce() -> Result<(), CliError> + Send + 'static,
) -> Result<(), CliError> {
    let (sender, receiver) = mpsc::channel();
    let printer = thread::Builder::new().name("stdout".into()).spawn(move || drop(sender.send(print())));
    printer.map_err(unwritable)?;
    receiver.recv_timeout(timeout).unwrap_or_else(|_| {
        stderr::print_message("note: the result is not printed, stdout was not read");
        Ok(())
    })
}

fn unwritable(error: io::Error) -> CliError {
    CliError::internal(anyhow::Error::new(error).context("cannot write to stdout"))
}

/// The descriptor itself: the standard library's handle holds back what its buffer could not write until the process exits.
struct Stdout {
    file: File,
    reader_is_gone: bool,
}

impl Stdout {
    fn open() -> io::Result<Stdout> {
        let file = io::stdout().as_fd().try_clone_to_owned()?.into();
        Ok(Stdout { file, reader_is_gone: false })
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.file.write(bytes) {
                // The parent process may have made it non-blocking.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    wait_ready([Some((self.file.as_fd(), Ready::ToWrite))], None)?;
                }
                result => {
                    let broken = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
                    self.reader_is_gone |= result.as_ref().is_err_and(broken);
                    return result;
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! Reads files with a limit on the time: a network file system may never answer.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long files are waited for.
const READ_TIMEOUT: Duration = Duration::from_secs(1);

/// The result of `read` in another thread; `None` if it takes longer than [`READ_TIMEOUT`] or there is no thread.
pub fn within_timeout<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().name("files".into()).spawn(move || sender.send(read())).ok()?;
    receiver.recv_timeout(READ_TIMEOUT).ok()
}

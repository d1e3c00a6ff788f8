//! A connection whose writes have a time limit, so that a client that does not read does not keep it indefinitely.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// A stream on which a write that makes no progress for `limit` is an error.
#[derive(Debug)]
pub struct TimedStream {
    stream: TcpStream,
    limit: Duration,
    /// While a write waits.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl TimedStream {
    pub fn new(stream: TcpStream, limit: Duration) -> TimedStream {
        TimedStream { stream, limit, deadline: None }
    }

    /// `written`, or an error of the kind [`io::ErrorKind::TimedOut`] once it has been pending for the limit.
    fn within_limit<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let limit = self.limit;
        ready!(self.deadline.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_limit(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.within_limit(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Read;

    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    static BLOCK: [u8; 1 << 16] = [7; 1 << 16];

    /// A connection whose writes may wait for `limit`, and its client.
    async fn connection(limit: Duration) -> (TimedStream, std::net::TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (TimedStream::new(listener.accept().await.unwrap().0, limit), client)
    }

    async fn write(stream: &mut TimedStream) -> io::Result<usize> {
        poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, &BLOCK)).await
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { timeout(Duration::from_secs(60), test).await.expect("an end within a minute") });
    }

    #[test]
    fn a_write_to_a_client_that_does_not_read_is_an_error_after_the_limit() {
        run(async {
            let (mut stream, _client) = connection(Duration::from_millis(100)).await;
            let error = loop {
                match write(&mut stream).await {
                    Ok(_) => {}
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        });
    }

    #[test]
    fn a_client_that_reads_gets_everything() {
        run(async {
            let (mut stream, mut client) = connection(Duration::from_secs(30)).await;
            let reader = std::thread::spawn(move || client.read_to_end(&mut Vec::new()).unwrap());
            let mut written = 0;
            while written < 100 * BLOCK.len() {
                written += write(&mut stream).await.unwrap();
            }
            drop(stream);
            assert_eq!(reader.join().unwrap(), written);
        });
    }
}

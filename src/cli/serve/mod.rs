//! The report over HTTP: read-only, and live by server-sent events.

mod access;
mod pages;
mod server;
mod timed_stream;
mod watch;

pub(crate) use server::{ServeOptions, serve};

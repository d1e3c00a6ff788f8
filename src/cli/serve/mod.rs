//! The report over HTTP: read-only, and live by server-sent events.

mod access;
mod pages;
mod server;
mod watch;

pub(crate) use server::{ServeOptions, serve};

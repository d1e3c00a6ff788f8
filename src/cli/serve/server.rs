//! The server: one thread for all connections, and one that renders pages.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use super::access::{Access, Route};
use super::pages::Pages;
use super::timed_stream::TimedStream;
use crate::cli::error::CliError;

/// Maximum number of connections; further ones wait.
const CONNECTIONS: usize = 256;
/// How long a client may take to send its request, and the server to write to a client that does not read.
const HEADER_TIME: Duration = Duration::from_secs(10);
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How often files are checked for changes.
const PERIOD: Duration = Duration::from_millis(500);
/// How often a comment is sent, so that closed connections are noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// The pause after an error such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

type AnyBody = http_body_util::combinators::BoxBody<Bytes, Infallible>;

/// What is served, and where.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Folders of studies, at least one.
    pub studies: Vec<PathBuf>,
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// The token that requests must have.
    pub token: Option<String>,
}

struct Server {
    access: Access,
    pages: Pages,
    /// The number of the latest page.
    version: watch::Sender<u64>,
}

/// Serves until SIGINT, SIGTERM or SIGHUP. `started` is called with the address.
///
/// # Errors
/// The address cannot be bound.
pub fn serve(options: ServeOptions, started: impl FnOnce(SocketAddr)) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    let runtime = runtime.context("cannot start the server").map_err(CliError::internal)?;
    let result = LocalSet::new().block_on(&runtime, run(options, started));
    // A page that is being rendered is not waited for.
    runtime.shutdown_background();
    result
}

async fn run(options: ServeOptions, started: impl FnOnce(SocketAddr)) -> Result<(), CliError> {
    let bind = || format!("cannot listen on {}", options.address);
    let listener = TcpListener::bind(options.address)
        .await
        .with_context(bind)
        .map_err(|e| CliError::usage(e).hint("choose another port with --port; --port 0 takes a free one"))?;
    let address = listener.local_addr().map_err(CliError::internal)?;
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let hostname = hostname.filter(|name| options.token.is_some() && !name.is_empty());
    let server = Rc::new(Server {
        access: Access { port: address.port(), token: options.token, hostname },
        pages: Pages::new(options.studies),
        version: watch::Sender::new(0),
    });
    let ended = ended()?;
    started(address);
    spawn_local(follow(server.clone()));
    tokio::select! {
        () = accept(&listener, &server) => Ok(()),
        () = ended => Ok(()),
    }
}

/// Waits for a signal that ends the server.
fn ended() -> Result<impl Future<Output = ()>, CliError> {
    let stream = |kind| signal(kind).map_err(CliError::internal);
    let mut interrupt = stream(SignalKind::interrupt())?;
    let mut terminate = stream(SignalKind::terminate())?;
    let mut hangup = stream(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Renders the page while somebody waits for events, and announces it.
async fn follow(server: Rc<Server>) {
    loop {
        sleep(PERIOD).await;
        if server.version.receiver_count() > 0
            && let Ok((_, true)) = server.pages.latest().await
        {
            server.version.send_modify(|version| *version += 1);
        }
    }
}

async fn accept(listener: &TcpListener, server: &Rc<Server>) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = free.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Err(_) => sleep(ACCEPT_PAUSE).await,
            Ok((stream, _)) => {
                let server = server.clone();
                spawn_local(async move {
                    connection(stream, server).await;
                    drop(permit);
                });
            }
        }
    }
}

async fn connection(stream: TcpStream, server: Rc<Server>) {
    let service = service_fn(|request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(answer(&request, &server).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    // A client that goes away is no error of the server.
    let _ = builder.serve_connection(TokioIo::new(TimedStream::new(stream, WRITE_TIME)), service).await;
}

async fn answer(request: &Request<Incoming>, server: &Rc<Server>) -> Response<AnyBody> {
    let uri = request.uri();
    let mut hosts = request.headers().get_all(header::HOST).iter();
    // Which one of several counts differs between programs (RFC 9112, section 3.2).
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    // The host of an absolute address replaces that of the header (section 3.2.2).
    let host = host.map(|host| uri.authority().map_or(host, |authority| authority.as_str()));
    let mut response = match server.access.route(request.method(), host, uri.path(), uri.query()) {
        Err(status) => refusal(status),
        Ok(Route::Events) if request.method() == Method::HEAD => typed("text/event-stream", full("")),
        Ok(Route::Events) => typed("text/event-stream", events(server)),
        Ok(Route::Page) => match server.pages.latest().await {
            Ok((html, _)) => typed("text/html; charset=utf-8", full(html)),
            Err(error) => {
                let mut response = typed("text/plain; charset=utf-8", full(error + "\n"));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        },
    };
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The address of the page has the token.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(status: StatusCode) -> Response<AnyBody> {
    let reason = match status {
        StatusCode::FORBIDDEN => {
            "this server only answers requests for its own address (the Host header is another one)\n"
        }
        StatusCode::UNAUTHORIZED => "the token is missing or wrong: add ?token=… to the address\n",
        StatusCode::METHOD_NOT_ALLOWED => "this server is read-only\n",
        StatusCode::NOT_FOUND => "there is nothing here; the report is at /\n",
        _ => "the request is not valid\n",
    };
    let mut response = typed("text/plain; charset=utf-8", full(reason));
    *response.status_mut() = status;
    response
}

fn typed(content_type: &'static str, body: AnyBody) -> Response<AnyBody> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn full(text: impl Into<Bytes>) -> AnyBody {
    Full::new(text.into()).boxed()
}

/// Events `changed` with the number of the page, until the client goes away.
fn events(server: &Rc<Server>) -> AnyBody {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    let mut versions = server.version.subscribe();
    spawn_local(async move {
        let mut text = "retry: 2000\n\n".to_owned();
        // A client that does not read is disconnected.
        while let Ok(Ok(())) = timeout(WRITE_TIME, sender.send_data(text.into())).await {
            text = match timeout(KEEP_ALIVE, versions.changed()).await {
                Ok(Ok(())) => format!("event: changed\ndata: {}\n\n", *versions.borrow_and_update()),
                Ok(Err(_)) => return,
                Err(_) => ":\n\n".to_owned(),
            };
        }
    });
    body.boxed()
}

//! `serve`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use hypertune_test_support::Lab;

const SIGINT: i32 = 2;
/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts `serve` with a free port, and waits until it listens.
    fn start(lab: &Lab, options: &str) -> Server {
        let mut command = lab.command(&format!("serve m.study --port 0 {options}"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("hypertune starts");
        let mut line = String::new();
        BufReader::new(child.stderr.take().expect("its stderr")).read_line(&mut line).expect("a line");
        let port =
            line.split("http://").nth(1).and_then(|rest| rest.split('/').next()?.rsplit(':').next()?.parse().ok());
        Server { child, port: port.unwrap_or_else(|| panic!("no port in {line:?}")) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// The status and the whole answer.
    fn request(&self, method: &str, target: &str, host: &str) -> (u16, String) {
        let mut stream = self.connect();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("no status in {answer:?}")), answer)
    }

    fn own(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// A connection that receives events.
    fn events(&self) -> BufReader<TcpStream> {
        let mut stream = self.connect();
        let head = format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", self.own());
        stream.write_all(head.as_bytes()).expect("a request");
        let mut reader = BufReader::new(stream);
        wait_for(&mut reader, "retry:");
        reader
    }

    fn threads(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("its threads").count()
    }

    /// Its sockets. Other descriptors are open only while a page is rendered.
    fn sockets(&self) -> usize {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("its descriptors");
        let targets = descriptors.flatten().filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    }

    /// Ends it with Ctrl-C; returns its exit code.
    fn end(mut self) -> Option<i32> {
        hypertune_test_support::send_signal(self.child.id(), SIGINT);
        self.child.wait().expect("it can be waited for").code()
    }
}

fn wait_for(reader: &mut impl BufRead, text: &str) {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(reader.read_line(&mut line).expect("more of the events"), 0, "the server closed the connection");
    }
}

#[test]
fn the_page_is_served_to_this_machine_only_and_ctrl_c_ends_it() {
    let lab = Lab::hyperband();
    lab.run("-q", "").exits(0);
    let before = fs::read(lab.path("m.study/journal.jsonl")).expect("a journal");
    let server = Server::start(&lab, "");
    let (status, page) = server.request("GET", "/", &server.own());
    assert!(status == 200 && page.contains("data-live") && page.contains("plot-curves"), "{page}");
    for header in ["nosniff", "no-store", "no-referrer", "same-origin"] {
        assert!(page.contains(header), "{header}");
    }
    let refused = [
        ("GET", "/", "evil.example".to_owned(), 403),
        ("GET", "/events", format!("evil.example:{}", server.port), 403),
        ("GET", "/", format!("127.0.0.1.evil.example:{}", server.port), 403),
        ("GET", "/", format!("{}\r\nHost: evil.example", server.own()), 400),
        ("GET", "/", format!("{0}\r\nHost: {0}", server.own()), 400),
        ("GET", "http://evil.example/", server.own(), 403),
        ("POST", "/", server.own(), 405),
        ("GET", "/m.study/journal.jsonl", server.own(), 404),
        ("GET", "/../m.yaml", server.own(), 404),
    ];
    for (method, target, host, expected) in refused {
        assert_eq!(server.request(method, target, &host).0, expected, "{method} {target} {host}");
    }
    assert_eq!(fs::read(lab.path("m.study/journal.jsonl")).expect("a journal"), before);
    let port = server.port;
    assert_eq!(server.end(), Some(0));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "it listens still");
}

#[test]
fn an_event_arrives_when_a_job_ends_and_closed_connections_leave_nothing() {
    let lab = Lab::random(40);
    let driver = lab.start("-q -j 1", "sleep=500");
    lab.wait_until("a job ends", || {
        fs::read_to_string(lab.path("m.study/journal.jsonl")).is_ok_and(|text| text.contains("\"end\""))
    });
    let server = Server::start(&lab, "");
    let mut first = server.events();
    wait_for(&mut first, "event: changed");
    wait_for(&mut first, "event: changed");
    let sockets = server.sockets();
    let ten: Vec<_> = (0..10).map(|_| server.events()).collect();
    assert_eq!(server.sockets(), sockets + 10);
    // A few threads render pages and parse journals, but none of them has a connection.
    assert!(server.threads() < 10, "one thread has all connections");
    drop(ten);
    lab.wait_until("their sockets are closed", || server.sockets() == sockets);
    wait_for(&mut first, "event: changed");
    assert_eq!(server.end(), Some(0));
    driver.signal(SIGINT);
    driver.wait();
}

#[test]
fn other_machines_need_a_token() {
    let lab = Lab::random(1);
    lab.run("-q", "").exits(0);
    lab.hypertune("serve m.study --bind 0.0.0.0").exits(2).stderr_contains("--token");
    lab.hypertune("serve m.study --bind 0.0.0.0 --token short").exits(2).stderr_contains("16");
    lab.hypertune("serve no.study").exits(2);
    let server = Server::start(&lab, "--bind 0.0.0.0 --token abcdefgh_12345678");
    let host = format!("127.0.0.1:{}", server.port);
    let target = "/?token=abcdefgh_12345678";
    assert_eq!(server.request("GET", "/", &host).0, 401);
    assert_eq!(server.request("GET", "/events?token=abcdefgh_12345679", &host).0, 401);
    assert_eq!(server.request("GET", target, &format!("192.168.7.7:{}", server.port)).0, 200);
    assert_eq!(server.request("GET", target, &format!("evil.example:{}", server.port)).0, 403);
    let port = server.port;
    lab.hypertune(&format!("serve m.study --port {port}")).exits(2).stderr_contains("--port");
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_removed_study_does_not_hide_the_others() {
    let lab = Lab::random(1);
    lab.run("-q", "").exits(0);
    let copy = |name: &str| {
        lab.program("cp").args(["-r", "m.study", name]).status().expect("cp runs");
    };
    copy("other");
    copy("kept");
    let server = Server::start(&lab, "other");
    let page = || server.request("GET", "/", &server.own());
    assert!(page().1.contains("<h1>other"), "both studies");
    fs::remove_dir_all(lab.path("m.study")).expect("removed");
    lab.wait_until("the page without the study", || !page().1.contains("<h1>m"));
    let (status, text) = page();
    assert!(status == 200 && text.contains("<h1>other"), "{text}");
    assert!(text.contains("The study m.study cannot be read: "), "{text}");
    fs::remove_dir_all(lab.path("other")).expect("removed");
    lab.wait_until("the page without studies", || page().1.contains("The study other cannot be read: "));
    fs::rename(lab.path("kept"), lab.path("m.study")).expect("renamed");
    lab.wait_until("the study again", || page().1.contains("<h1>m"));
    assert_eq!(server.end(), Some(0));
}

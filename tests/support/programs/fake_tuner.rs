//! A scriptable external tuner; the words of its command line say what it does.
//!
//! ```text
//! after=N       answer N requests before it fails (default 0)
//! once=FILE     fail only if FILE does not exist, and create it
//! die nonsense silence outside many endless unasked blind   how it fails
//! none          answer that there are no more suggestions, then
//! log=FILE      append every request to FILE
//! flood         print blank lines and a mebibyte of stderr before every response
//! stay          ignore SIGTERM and do not exit when stdin is closed
//! child         start a process in the group, and one in another session
//! ```
//! Its suggestions are a function of the seed, the trial and the best value observed.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio, exit};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

#[derive(Default)]
struct Tuner {
    /// How it fails.
    failure: Option<String>,
    after: usize,
    once: Option<PathBuf>,
    log: Option<PathBuf>,
    flood: bool,
    stay: bool,
    /// The best value observed, and the first parameter there.
    best: Option<(f64, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut tuner = Tuner::default();
    for word in std::env::args().skip(1) {
        tuner.parse_word(&word)?;
    }
    for (answered, line) in io::stdin().lock().lines().enumerate() {
        let line = line?;
        tuner.note(&line)?;
        let request: Value = serde_json::from_str(&line)?;
        if answered >= tuner.after && tuner.failure.as_deref() == Some("blind") {
            print_line(r#"{"suggestions": [{"x": 0.9, "y": 0.1}]}"#)?;
            continue;
        }
        if answered >= tuner.after && tuner.fails_now()? {
            tuner.fail(&request)?;
        }
        tuner.learn(&request);
        if tuner.flood {
            eprintln!("{}", "e".repeat(1 << 20));
            print!("{}", "\n".repeat(100_000));
        }
        print_line(&json!({"suggestions": tuner.suggestions(&request)}).to_string())?;
    }
    if tuner.stay {
        sleep(Duration::from_secs(600));
    }
    Ok(())
}

impl Tuner {
    fn parse_word(&mut self, word: &str) -> Result<(), Box<dyn Error>> {
        match word.split_once('=').unwrap_or((word, "")) {
            ("after", n) => self.after = n.parse()?,
            ("once", file) => self.once = Some(file.into()),
            ("log", file) => self.log = Some(file.into()),
            ("flood", _) => self.flood = true,
            ("child", _) => spawn_children()?,
            ("stay", _) => {
                self.stay = true;
                signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::new(AtomicBool::new(false)))?;
            }
            _ => self.failure = Some(word.to_owned()),
        }
        Ok(())
    }

    fn note(&self, line: &str) -> io::Result<()> {
        let Some(path) = &self.log else { return Ok(()) };
        writeln!(OpenOptions::new().create(true).append(true).open(path)?, "{line}")
    }

    fn fails_now(&self) -> io::Result<bool> {
        let Some(path) = self.once.as_ref().filter(|_| self.failure.is_some()) else {
            return Ok(self.failure.is_some());
        };
        let first = !path.exists();
        OpenOptions::new().create(true).append(true).open(path)?;
        Ok(first)
    }

    fn fail(&self, request: &Value) -> io::Result<()> {
        let suggestion = &self.suggestions(request)[0];
        match self.failure.as_deref().unwrap_or_default() {
            "die" => {
                eprintln!("the dog ate my model");
                exit(3);
            }
            "nonsense" => print_line("let me think")?,
            "outside" => print_line(r#"{"suggestions": [{"x": 7, "y": 0.1}]}"#)?,
            "many" => print_line(&json!({"suggestions": vec![suggestion; 100]}).to_string())?,
            "none" => print_line(r#"{"done": true}"#)?,
            "unasked" => {
                print_line(&json!({"suggestions": self.suggestions(request)}).to_string())?;
                print_line("by the way")?;
            }
            "endless" => loop {
                print!("{}", "x".repeat(1 << 16));
            },
            _ => {}
        }
        sleep(Duration::from_secs(600));
        Ok(())
    }

    fn learn(&mut self, request: &Value) {
        let minimize = request["metric"]["optimization"] == "minimize";
        for observation in request["observations"].as_array().into_iter().flatten() {
            let (Some(value), Some(x)) = (observation["value"].as_f64(), observation["params"]["x"].as_f64()) else {
                continue;
            };
            let cost = if minimize { value } else { -value };
            if self.best.is_none_or(|(least, _)| cost < least) {
                self.best = Some((cost, x));
            }
        }
    }

    fn suggestions(&self, request: &Value) -> Vec<Value> {
        let seed = request["seed"].as_f64().unwrap_or_default();
        let one = |trial: &Value| {
            let draw = (trial.as_f64().unwrap_or_default() * 0.618_034 + seed * 0.1).fract();
            let x = self.best.map_or(draw, |(_, x)| (x + 0.2 * (draw - 0.5)).clamp(0.0, 1.0));
            let ys = &request["space"]["y"]["values"];
            json!({"x": x, "y": ys[(draw * 3.0) as usize]})
        };
        request["trials"].as_array().into_iter().flatten().map(one).collect()
    }
}

fn print_line(line: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}

fn spawn_children() -> io::Result<()> {
    for (program, words) in [("sleep", &["600"][..]), ("setsid", &["sleep", "600"])] {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // hypertune must end them with the tuner.
        command.spawn()?;
    }
    Ok(())
}

//! A scriptable trainer: it runs the words of its command line in order, then trains; `--name=value` are its parameters.
//!
//! ```text
//! pace=MS       pause before every epoch            nothing       print no reading
//! sleep=MS      pause                               value=TEXT    print TEXT as the metric, unquoted
//! ignore=int    ignore SIGINT (or term)             pretty        print one object over several lines
//! child         start a process in the group        metric=NAME   print it under NAME (default loss)
//! detached      start one in another session      checkpoint    continue from the checkpoint, and write it
//! hold          the same, holding stdout open       damage        damage the checkpoint and exit 9 at the first attempt
//! flood=N       N bytes of text on stdout           fail-first=C  exit C at the first attempt
//! flood-err=N   the same on stderr                  fail-below=X  exit 1 if the first parameter is below X
//! lines=N       N readings without pauses           exit=C        exit C
//! say=TEXT      TEXT on stderr                      kill=N        end by signal N
//! log=FILE      append `begin …` and `end …` there  variables     print the variables hypertune sets
//! nan-below=X   print NaN if the first is below     count-checkpoints=FILE  append the number of trials with one
//! fail-promoted=C  exit C in promoted jobs          damage-odd    the same in trials of odd number
//! catch         continue after SIGINT               save=MS       wait for a caught SIGINT, then pause
//! sleep-trial-0=MS  pause in trial 0 only
//! objects=N     N readings of a large list each     signals       print which signals are blocked and ignored
//! opposite=NAME print the negative metric as NAME
//! ```
//! The metric is the sum of |v − 0.3| over all numeric parameters, plus 1/epoch.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

type Anything<T = ()> = Result<T, Box<dyn std::error::Error>>;

struct Trainer {
    params: Vec<(String, String)>,
    metric: String,
    opposite: Option<String>,
    value: Option<String>,
    pace: Duration,
    shape: Shape,
    checkpoint: bool,
    durable: bool,
    log: Option<PathBuf>,
    caught: Arc<AtomicBool>,
}

#[derive(PartialEq)]
enum Shape {
    Lines,
    Pretty,
    Nothing,
}

fn main() {
    if let Err(e) = run() {
        eprintln!("fake trainer: {e}");
        exit(64);
    }
}

fn run() -> Anything {
    let (params, words): (Vec<String>, Vec<String>) = env::args().skip(1).partition(|a| a.starts_with("--"));
    let split = |p: &String| p.trim_start_matches("--").split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()));
    let mut trainer = Trainer {
        params: params.iter().filter_map(split).collect(),
        metric: "loss".into(),
        opposite: None,
        value: None,
        pace: Duration::ZERO,
        shape: Shape::Lines,
        checkpoint: false,
        durable: false,
        log: None,
        caught: Arc::default(),
    };
    for word in &words {
        let (name, argument) = word.split_once('=').unwrap_or((word, ""));
        trainer.run_word(name, argument)?;
    }
    trainer.train()?;
    trainer.note("end")
}

fn variable(name: &str) -> String {
    env::var(format!("HYPERTUNE_{name}")).unwrap_or_default()
}

fn first_attempt() -> bool {
    matches!(variable("ATTEMPT").as_str(), "" | "1")
}

impl Trainer {
    fn run_word(&mut self, name: &str, argument: &str) -> Anything {
        match name {
            "pace" => self.pace = Duration::from_millis(argument.parse()?),
            "sleep" => sleep(Duration::from_millis(argument.parse()?)),
            "sleep-trial-0" if variable("TRIAL") == "0" => sleep(Duration::from_millis(argument.parse()?)),
            "sleep-trial-0" => {}
            "ignore" => ignore(argument)?,
            "child" => spawn_sleep(&["sleep", "600"], Stdio::null())?,
            "detached" => spawn_sleep(&["setsid", "sleep", "600"], Stdio::null())?,
            "hold" => spawn_sleep(&["setsid", "sleep", "600"], Stdio::inherit())?,
            "flood" => flood(io::stdout(), argument.parse()?)?,
            "flood-err" => flood(io::stderr(), argument.parse()?)?,
            "lines" => self.lines(argument.parse()?)?,
            "say" => eprintln!("{argument}"),
            "log" => {
                self.log = Some(argument.into());
                self.note("begin")?;
            }
            "nothing" => self.shape = Shape::Nothing,
            "pretty" => self.shape = Shape::Pretty,
            "value" => self.value = Some(argument.into()),
            "opposite" => self.opposite = Some(argument.into()),
            "metric" => self.metric = argument.into(),
            "checkpoint" => self.checkpoint = true,
            "durable" => (self.checkpoint, self.durable) = (true, true),
            "read-only" => without_permissions("step-1/model", 0o644, 0o555)?,
            "unreadable" => without_permissions("secret/model", 0, 0o755)?,
            "damage" | "damage-odd"
                if first_attempt() && (name == "damage" || variable("TRIAL").parse::<u64>()? % 2 == 1) =>
            {
                fs::write(self.state(), "damaged")?;
                exit(9);
            }
            "fail-first" if first_attempt() => exit(argument.parse()?),
            "fail-promoted" if !matches!(variable("PREVIOUS_RESOURCE").as_str(), "" | "0") => exit(argument.parse()?),
            "damage" | "damage-odd" | "fail-first" | "fail-promoted" => {}
            "fail-below" => {
                if self.first()? < argument.parse()? {
                    exit(1);
                }
            }
            "exit" => exit(argument.parse()?),
            "kill" => kill_self(argument.parse()?)?,
            "variables" => variables(),
            "nan-below" if self.first()? < argument.parse()? => self.value = Some("NaN".into()),
            "nan-below" => {}
            "count-checkpoints" => count_checkpoints(argument)?,
            "catch" => drop(signal_hook::flag::register(signal_hook::consts::SIGINT, self.caught.clone())?),
            "save" => {
                while !self.caught.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(5));
                }
                sleep(Duration::from_millis(argument.parse()?));
            }
            "objects" => objects(argument.parse()?)?,
            "signals" => print!("{}", fs::read_to_string("/proc/self/status")?),
            other => return Err(format!("unknown word `{other}`").into()),
        }
        Ok(())
    }

    /// The first parameter.
    fn first(&self) -> Anything<f64> {
        Ok(self.params.first().ok_or("no parameters")?.1.parse()?)
    }

    fn train(&self) -> Anything {
        let amount: f64 = variable("RESOURCE").parse().unwrap_or(1.0);
        let resource = self.resource_name();
        let done: u64 = match self.checkpoint {
            true => fs::read_to_string(self.state()).unwrap_or("0".into()).parse()?,
            false => 0,
        };
        for epoch in done + 1..=(amount as u64).max(1) {
            sleep(self.pace);
            if self.checkpoint {
                self.save(epoch)?;
            }
            let value = self.value.clone().unwrap_or_else(|| self.loss(epoch).to_string());
            let opposite = self.opposite.as_ref().map(|name| format!(", \"{name}\": -{value}")).unwrap_or_default();
            match self.shape {
                Shape::Lines => println!("{{\"{resource}\": {epoch}, \"{}\": {value}{opposite}}}", self.metric),
                Shape::Pretty | Shape::Nothing => println!("epoch {epoch}"),
            }
        }
        if self.shape == Shape::Pretty {
            println!("{{\n  \"{}\": {}\n}}", self.metric, self.loss(amount as u64));
        }
        Ok(())
    }

    fn save(&self, epoch: u64) -> Anything {
        fs::write(self.state(), epoch.to_string())?;
        if self.durable {
            fs::File::open(self.state())?.sync_all()?;
            fs::File::open(variable("CHECKPOINT_DIR"))?.sync_all()?;
        }
        Ok(())
    }

    fn loss(&self, epoch: u64) -> f64 {
        let numbers =
            self.params.iter().filter(|(n, _)| *n != self.resource_name()).filter_map(|(_, v)| v.parse().ok());
        numbers.map(|v: f64| (v - 0.3).abs()).sum::<f64>() + 1.0 / epoch.max(1) as f64
    }

    /// The last parameter, if it is the resource.
    fn resource_name(&self) -> String {
        let last = self.params.last().filter(|(_, v)| *v == variable("RESOURCE"));
        last.map_or("epochs".into(), |(name, _)| name.clone())
    }

    fn lines(&self, count: u64) -> Anything {
        let mut out = BufWriter::new(io::stdout().lock());
        for i in 1..=count {
            writeln!(out, "{{\"epochs\": {i}, \"{}\": {i}.5}}", self.metric)?;
        }
        Ok(out.flush()?)
    }

    fn state(&self) -> PathBuf {
        PathBuf::from(variable("CHECKPOINT_DIR")).join("state")
    }

    fn note(&self, what: &str) -> Anything {
        let Some(log) = &self.log else { return Ok(()) };
        let line = ["TRIAL", "RUNG", "ATTEMPT", "SLOT"].map(variable).join(" ");
        let mut file = OpenOptions::new().append(true).create(true).open(log)?;
        Ok(file.write_all(format!("{what} {line}\n").as_bytes())?)
    }
}

/// Writes a file with `mode` in a directory with `directory_mode`, unless it exists.
fn without_permissions(path: &str, mode: u32, directory_mode: u32) -> Anything {
    let file = PathBuf::from(variable("CHECKPOINT_DIR")).join(path);
    let directory = file.parent().ok_or("no directory")?;
    if !directory.exists() {
        fs::create_dir(directory)?;
        fs::write(&file, "x")?;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
        fs::set_permissions(directory, fs::Permissions::from_mode(directory_mode))?;
    }
    Ok(())
}

fn ignore(signal: &str) -> Anything {
    let signal = match signal {
        "int" => signal_hook::consts::SIGINT,
        "term" => signal_hook::consts::SIGTERM,
        other => return Err(format!("unknown signal `{other}`").into()),
    };
    signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}

/// Appends the number of checkpoints and the number of copies of checkpoints.
fn count_checkpoints(file: &str) -> Anything {
    let (mut checkpoints, mut copies) = (0, 0);
    for trial in fs::read_dir(PathBuf::from(variable("STUDY_DIR")).join("trials"))? {
        for entry in fs::read_dir(trial?.path())? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|_| "the name is not UTF-8")?;
            let used = entry.path().is_dir() && fs::read_dir(entry.path())?.next().is_some();
            checkpoints += u32::from(used && name == "checkpoint");
            copies += u32::from(used && name.starts_with("checkpoint."));
        }
    }
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    Ok(file.write_all(format!("{checkpoints} {copies}\n").as_bytes())?)
}

/// Prints readings of nearly a mebibyte, alternately with and without the metric.
fn objects(count: u64) -> Anything {
    let mut out = io::stdout().lock();
    let list = "1,".repeat(490_000);
    for i in 1..=count {
        let name = if i % 2 == 0 { "loss" } else { "other" };
        writeln!(out, "{{\"predictions\": [{list}1], \"{name}\": {i}}}")?;
    }
    Ok(())
}

fn spawn_sleep(command: &[&str], stdout: Stdio) -> Anything {
    Command::new(command[0]).args(&command[1..]).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()).spawn()?;
    Ok(())
}

fn flood(mut out: impl Write, bytes: u64) -> Anything {
    let chunk = format!("{}\n", "x".repeat(4095)).repeat(16);
    for _ in 0..bytes.div_ceil(chunk.len() as u64) {
        out.write_all(chunk.as_bytes())?;
    }
    Ok(())
}

fn kill_self(signal: i32) -> Anything {
    signal_hook::low_level::raise(signal)?;
    sleep(Duration::from_secs(600));
    Ok(())
}

fn variables() {
    let others = ["ZE_AFFINITY_MASK", "PYTHONUNBUFFERED"];
    let parts = ["VISIBLE_DEVICES", "NUM_THREADS"];
    let ours = |name: &str| {
        name.starts_with("HYPERTUNE_") || others.contains(&name) || parts.iter().any(|part| name.contains(part))
    };
    let mut all: Vec<(String, String)> = env::vars().filter(|(name, _)| ours(name)).collect();
    all.sort();
    all.iter().for_each(|(name, value)| println!("{name}={value}"));
}

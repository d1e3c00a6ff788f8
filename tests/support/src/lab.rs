//! A temporary folder with a matrix file, in which hypertune runs.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::driver::Driver;
use crate::environment::reset_environment;
use crate::output::RunOutput;
use crate::programs::{hypertune, trainer};

/// Brackets of 9@1 3@3 1@9, 3@3 1@9 and 3@9: 15 trials, [`HYPERBAND_JOBS`] jobs, 72 epochs.
pub const HYPERBAND: &str = "
kind: hyperband
maxIterations: 9
eta: 3
seed: 7
resource: {name: epochs, type: int}
metric: {name: loss, optimization: minimize}
params:
  x: {kind: uniform, value: [0, 1]}
  y: {kind: choice, value: [0.1, 0.2, 0.3]}
";

/// Jobs of [`HYPERBAND`].
pub const HYPERBAND_JOBS: usize = 20;

/// How long [`Lab::wait_until`] waits before it fails the test.
const WAIT_LIMIT: Duration = Duration::from_secs(60);

/// A temporary folder in memory, or where temporary folders usually are if there is no `/dev/shm`.
pub fn memory_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

/// A folder with the matrix file `m.yaml`. Commands run in it with an environment of their own.
pub struct Lab {
    root: PathBuf,
    _temporary: Option<TempDir>,
}

impl Lab {
    /// A temporary folder with `matrix` as `m.yaml`.
    pub fn new(matrix: &str) -> Lab {
        Lab::in_folder(tempfile::tempdir().expect("a temporary folder"), matrix)
    }

    /// The same in memory, for tests that run hundreds of studies: nothing waits for a disk. A killed process loses no written
    /// data on either.
    pub fn in_memory(matrix: &str) -> Lab {
        Lab::in_folder(memory_folder(), matrix)
    }

    fn in_folder(temporary: TempDir, matrix: &str) -> Lab {
        let lab = Lab { root: temporary.path().to_owned(), _temporary: Some(temporary) };
        lab.file("m.yaml", matrix);
        lab
    }

    /// An existing folder, which is kept.
    pub fn at(root: &Path) -> Lab {
        Lab { root: root.to_owned(), _temporary: None }
    }

    /// With the matrix [`HYPERBAND`].
    pub fn hyperband() -> Lab {
        Lab::new(HYPERBAND)
    }

    /// With a random search of `runs` trials, one job each.
    pub fn random(runs: u32) -> Lab {
        Lab::new(&format!(
            "kind: random\nnumRuns: {runs}\nseed: 7\nmetric: {{name: loss, optimization: minimize}}\n\
             params:\n  x: {{kind: uniform, value: [0, 1]}}\n"
        ))
    }

    /// Writes a file.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> &Lab {
        fs::write(self.path(name), text).unwrap_or_else(|e| panic!("cannot write {name}: {e}"));
        self
    }

    /// Writes an executable file.
    pub fn script(&self, name: &str, text: &str) -> &Lab {
        self.executable(name, "cat > \"$1\" && chmod 755 \"$1\"", text)
    }

    /// Copies a program.
    pub fn copy_program(&self, from: &str, name: &str) -> &Lab {
        self.executable(name, "read from; cp -- \"$from\" \"$1\"", &format!("{from}\n"))
    }

    /// Lets a shell write the file `name`, which is its `$1`. A process that another test starts at this moment would inherit
    /// a descriptor of ours, and a file that is open for writing cannot be executed ("Text file busy").
    fn executable(&self, name: &str, shell: &str, input: &str) -> &Lab {
        let mut writer = Command::new("sh");
        writer.args(["-c", shell, "sh"]).arg(self.path(name)).stdin(Stdio::piped());
        let mut writer = writer.spawn().unwrap_or_else(|e| panic!("cannot start sh: {e}"));
        let written = writer.stdin.take().unwrap().write_all(input.as_bytes());
        let status = writer.wait().unwrap_or_else(|e| panic!("cannot wait for sh: {e}"));
        assert!(written.is_ok() && status.success(), "cannot write {name}: {written:?}, {status}");
        self
    }

    pub fn set_mode(&self, name: &str, mode: u32) -> &Lab {
        let set = fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode));
        set.unwrap_or_else(|e| panic!("cannot change the mode of {name}: {e}"));
        self
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("cannot read {name}: {e}"))
    }

    /// A path in the folder; the folder itself if `name` is empty.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The folder of the study that `run m.yaml` writes.
    pub fn study(&self) -> PathBuf {
        self.path("m.study")
    }

    /// The names of all entries of the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.root).expect("the folder of the lab");
        let mut names: Vec<_> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Any program, with the folder as working directory, no stdin and a reset environment.
    pub fn program(&self, name: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(name);
        command.current_dir(&self.root).stdin(Stdio::null());
        reset_environment(&mut command);
        command
    }

    /// A shell command in a terminal of type `xterm`, which `script` of util-linux provides; its output is the terminal's.
    pub fn terminal(&self, command: &str) -> Command {
        let mut script = self.program("script");
        script.args(["-qfec", command, "/dev/null"]).env_remove("COLUMNS").env("TERM", "xterm").env("SHELL", "/bin/sh");
        script
    }

    /// hypertune with arguments that are split at spaces.
    pub fn command(&self, line: &str) -> Command {
        let mut command = self.program(hypertune());
        command.args(line.split_whitespace());
        command
    }

    /// Runs hypertune until it ends.
    pub fn hypertune(&self, line: &str) -> RunOutput {
        RunOutput::of(&mut self.command(line))
    }

    /// The arguments of `run` with `options` and the trainer with `words`.
    pub fn run_line(&self, options: &str, words: &str) -> String {
        format!("run m.yaml {options} -- {} {words}", trainer())
    }

    /// Runs a study until hypertune ends.
    pub fn run(&self, options: &str, words: &str) -> RunOutput {
        self.hypertune(&self.run_line(options, words))
    }

    /// Starts a study in the background.
    pub fn start(&self, options: &str, words: &str) -> Driver {
        self.start_line(&self.run_line(options, words))
    }

    /// Starts hypertune in the background.
    pub fn start_line(&self, line: &str) -> Driver {
        Driver::start(&mut self.command(line))
    }

    /// Waits until `condition` holds. Fails the test after a minute.
    #[track_caller]
    pub fn wait_until(&self, description: &str, mut condition: impl FnMut() -> bool) {
        let started = Instant::now();
        while !condition() {
            let waited = started.elapsed();
            assert!(waited < WAIT_LIMIT, "waited {waited:?} for {description}; journal:\n{:#?}", self.journal());
            sleep(Duration::from_millis(5));
        }
    }
}

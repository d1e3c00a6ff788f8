//! Paths of the programs that cargo builds before it runs tests.

use std::env;
use std::path::PathBuf;

/// The folder of the hypertune binary. Test executables are in its folder `deps`.
pub fn program_folder() -> PathBuf {
    let test = env::current_exe().expect("the path of the test executable");
    test.ancestors().nth(2).expect("test executables are two levels below the target folder").to_owned()
}

/// The path of the hypertune binary.
pub fn hypertune() -> String {
    built("hypertune")
}

/// The path of the scriptable trainer, `tests/support/programs/fake_trainer.rs`.
pub fn trainer() -> String {
    built("examples/fake_trainer")
}

/// The path of the scriptable tuner, `tests/support/programs/fake_tuner.rs`.
pub fn tuner() -> String {
    built("examples/fake_tuner")
}

fn built(name: &str) -> String {
    let path = program_folder().join(name);
    assert!(path.exists(), "{} does not exist; run `cargo build --examples --bins` first", path.display());
    path.into_os_string().into_string().expect("the target folder has a name in UTF-8")
}

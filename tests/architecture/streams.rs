//! stdout and stderr are written in one file each. The standard library's macros panic where a stream cannot be written, and block
//! where it is not read.

use crate::sources::sources;

/// The files that may write to a stream.
const WRITERS: [&str; 2] = ["cli/output.rs", "progress/stderr.rs"];
const MACROS: [&str; 4] = ["print!(", "println!(", "eprint!(", "eprintln!("];
const HANDLES: [&str; 6] =
    ["stdout().lock", "stderr().lock", "stdout().write", "stderr().write", "anstream::stdout", "anstream::stderr"];

#[test]
fn streams_are_written_in_one_file_each() {
    let mut errors = Vec::new();
    for source in sources() {
        let handles = HANDLES.iter().filter(|_| !WRITERS.contains(&source.path.as_str()));
        for banned in MACROS.iter().chain(handles).filter(|banned| source.code.contains(*banned)) {
            errors.push(format!("{} contains {banned}", source.path));
        }
    }
    assert!(errors.is_empty(), "write through progress::print_message or cli::output:\n{}", errors.join("\n"));
}

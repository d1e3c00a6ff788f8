//! stdout: results and nothing else.

use std::io::{self, Write};

use serde::Serialize;

use super::fault::Fault;

/// Prints text as it stands.
pub fn text(text: &str) -> Result<(), Fault> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Prints one JSON value, indented, with a newline.
pub fn json<T: Serialize>(value: &T) -> Result<(), Fault> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

//! Renders text up to the longest argument.

use std::io;

use minijinja::{Error, ErrorKind, Output, State, Template, Value};

use super::limits::MAX_ARGUMENT;
use crate::command::python::python;

/// Renders `template` with the values of `table`.
///
/// # Errors
/// An expression fails, or the text is too long.
pub fn render(template: &Template<'_, '_>, table: &Value) -> Result<String, Error> {
    let mut rendered = BoundedBytes::default();
    let result = template.render_captured_to(table.clone(), &mut rendered).map(drop);
    rendered.finish(result)
}

/// minijinja's formatter: text unquoted, everything else as JSON: `true`, `1e-5`, `[1,2]`.
pub fn print(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let write = match value.as_str() {
        Some(text) => out.write_str(text),
        None if value.is_undefined() => Ok(()),
        None => {
            let mut json = BoundedBytes::default();
            let result = serde_json::to_writer(&mut json, value);
            let result = result.map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()));
            out.write_str(&json.finish(result)?)
        }
    };
    write.map_err(|_| Error::from(ErrorKind::WriteFailure))
}

/// As [`print()`], but everything except text as in Python: `True`, `1e-05`, `[1, 2]`.
pub fn print_python(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let write = match value.as_str() {
        Some(text) => out.write_str(text),
        None if value.is_undefined() => Ok(()),
        None => {
            let value = serde_json::to_value(value);
            let value = value.map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
            out.write_str(&python(&value))
        }
    };
    write.map_err(|_| Error::from(ErrorKind::WriteFailure))
}

#[derive(Default)]
struct BoundedBytes {
    bytes: Vec<u8>,
    is_full: bool,
}

impl BoundedBytes {
    fn finish(self, result: Result<(), Error>) -> Result<String, Error> {
        if self.is_full {
            let message = format!("the element is longer than {MAX_ARGUMENT} bytes");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        result?;
        String::from_utf8(self.bytes).map_err(|error| Error::new(ErrorKind::WriteFailure, error.to_string()))
    }
}

impl io::Write for BoundedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The kernel counts the terminating NUL.
        if self.bytes.len() + bytes.len() >= MAX_ARGUMENT {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! `hypertune import FILE`: converts the file of another tool into a matrix.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::output;
use crate::import::{Imported, import as convert};
use crate::progress::print_message;
use crate::report::text;
use crate::types::printable::printable;

/// Arguments of `import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// The file: a W&B sweep, an experiment of Katib or NNI, a configuration of Oríon or Hydra, a search space
    pub file: PathBuf,
    /// File for the matrix [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file of --output if it exists
    #[arg(long, requires = "output")]
    pub overwrite: bool,
    /// Output format: the matrix, or JSON with the matrix, its parameters and what was not carried over
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Converts the file of `args`.
pub fn import(args: &ImportArgs) -> Result<Exit, CliError> {
    let imported = match (convert(&args.file), args.format) {
        (Ok(imported), _) => imported,
        (Err(report), FormatArg::Text) => return Err(findings::invalid_file(report)),
        (Err(report), FormatArg::Json) => {
            output::json(&report.to_json())?;
            return Ok(Exit::Usage);
        }
    };
    if let Some(path) = &args.output {
        write(path, &imported.matrix, args.overwrite)?;
    }
    match args.format {
        FormatArg::Json => output::json(&imported.to_json())?,
        FormatArg::Text if args.output.is_none() => output::text(&imported.matrix)?,
        FormatArg::Text => {}
    }
    print_message(&summary(&imported, args.output.as_deref()));
    Ok(Exit::Done)
}

/// Writes a new file. An existing one is replaced only if `overwrite` is given.
fn write(path: &Path, matrix: &str, overwrite: bool) -> Result<(), CliError> {
    let shown = path.display();
    let opened = if overwrite { File::create(path) } else { File::create_new(path) };
    match opened.and_then(|mut file| file.write_all(matrix.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(CliError::usage(anyhow!("{shown} exists")).hint("name another file, or replace it with --overwrite"))
        }
        Err(error) => Err(CliError::internal(anyhow!("cannot write {shown}: {error}"))),
    }
}

/// What was written and what to do next.
fn summary(imported: &Imported, output: Option<&Path>) -> String {
    let params = text::counted(imported.params.len() as u64, "parameter");
    let notes = match imported.notes.len() as u64 {
        0 => "nothing is missing".to_owned(),
        count => format!("{} in the comments", text::counted(count, "note")),
    };
    let next = output.map(|path| {
        let path = path.display().to_string();
        let quoted = shlex::try_quote(&path).map_or_else(|_| path.clone(), |quoted| quoted.into_owned());
        format!("; see it with: hypertune plan {}", printable(&quoted))
    });
    format!("note: imported {}: {params}, {notes}{}", imported.format.what(), next.unwrap_or_default())
}

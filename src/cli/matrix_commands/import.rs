//! `hypertune import FILE`: converts the file of another tool into a matrix.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::output;
use crate::cli::output_file::{self, IfExists};
use crate::import::{Imported, import as convert};
use crate::progress::print_message;
use crate::report::text;
use crate::types::printable::printable;

/// Arguments of `import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// The file: a W&B sweep, an experiment of Katib or NNI, a configuration of Oríon or Hydra, a search space
    pub file: PathBuf,
    /// File for the matrix, or - for stdout [default: stdout]
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
    let file = output_file::named(args.output.as_deref());
    // JSON on stdout has the matrix.
    if file.is_some() || args.format == FormatArg::Text {
        output_file::write(file, &imported.matrix, IfExists::of(args.overwrite))?;
    }
    if args.format == FormatArg::Json {
        output::json(&imported.to_json())?;
    }
    print_message(&summary(&imported, file));
    Ok(Exit::Done)
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

//! `hypertune plot STUDY --kind NAME`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output_file::{self, IfExists};
use crate::cli::study::view;
use crate::report::plot::PlotData;
use crate::report::plot::catalogue::{self, PLOTS};
use crate::report::plot::image::{png, svg};
use crate::report::view::ViewDetail;

/// Arguments of `plot`.
#[derive(Clone, Debug, Args)]
pub struct PlotArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// What to draw
    #[arg(long, value_name = "PLOT", value_parser = plot_names())]
    pub kind: String,
    /// File to write, as PNG if its name ends in .png, or - for stdout; an existing one is replaced [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

fn plot_names() -> PossibleValuesParser {
    PLOTS.each_ref().map(|plot| plot.name).into()
}

/// Draws one plot.
pub fn plot(args: &PlotArgs) -> Result<Exit, CliError> {
    let view = view::read(&args.study, ViewDetail::Curves)?;
    let kind = catalogue::named(&args.kind).ok_or_else(|| CliError::usage(anyhow!("unknown plot `{}`", args.kind)))?;
    let empty = || CliError::no_result(anyhow!("{} has nothing to show as `{}` yet", args.study.display(), kind.name));
    let figure = (kind.draw)(&PlotData::new(&view)).ok_or_else(empty)?;
    let text = svg::render(&figure, kind.name);
    // A plot can be drawn again at any time, so that it replaces the earlier one.
    match args.output.as_deref().filter(|path| is_png(path)) {
        Some(path) => {
            let image = png::render(&text).map_err(CliError::internal)?;
            output_file::write_bytes(path, &image, IfExists::Replace)?;
        }
        None => output_file::write(args.output.as_deref(), &text, IfExists::Replace)?,
    }
    Ok(Exit::Done)
}

fn is_png(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}

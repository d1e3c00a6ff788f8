//! `hypertune serve STUDY…`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::serve::{ServeOptions, serve};
use crate::cli::study::view;
use crate::progress;
use crate::report::view::ViewDetail;

/// Tokens have at least so many characters.
const MIN_TOKEN: usize = 16;

/// Arguments of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Folders of studies; several are compared
    #[arg(required = true, value_name = "STUDY")]
    pub studies: Vec<PathBuf>,
    /// Port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8517)]
    pub port: u16,
    /// Address to listen on; other machines than this one need --token [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", requires = "token")]
    pub bind: Option<IpAddr>,
    /// What the address of the page must have as ?token=…, at least 16 letters, digits, `-` and `_`
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    pub token: Option<String>,
}

fn token(text: &str) -> Result<String, String> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if text.len() < MIN_TOKEN || !is_plain {
        return Err(format!("a token has at least {MIN_TOKEN} letters, digits, `-` and `_`"));
    }
    Ok(text.to_owned())
}

/// Serves the report until a signal.
pub fn run(args: &ServeArgs) -> Result<Exit, CliError> {
    for study in &args.studies {
        // An error here is better than one in the browser.
        view::try_read(study, ViewDetail::Values)?.ok_or_else(|| {
            CliError::no_result(anyhow!("{} has no study yet: its journal is empty", study.display()))
        })?;
    }
    let address = SocketAddr::new(args.bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), args.port);
    let options = ServeOptions { studies: args.studies.clone(), address, token: args.token.clone() };
    let query = args.token.as_ref().map(|token| format!("?token={token}")).unwrap_or_default();
    serve(options, |address| {
        progress::print_message(&format!("serving at http://{address}/{query} until Ctrl-C"));
    })?;
    Ok(Exit::Done)
}

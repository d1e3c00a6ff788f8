//! Options that define a matrix without a file, or change that of a file.

use clap::Args;

use super::values::STUDY;
use crate::matrix::command_line::matrix_options::MatrixOptions;

/// The options, as clap parses them.
#[derive(Clone, Debug, Default, Args)]
pub struct MatrixArgs {
    /// Add a parameter or replace that of the matrix: 'lr=loguniform(1e-5, 1e-1)', 'opt=choice(sgd, adam)', 'layers=int(1, 8)',
    /// 'width=64'; repeatable. Without MATRIX these are all parameters
    #[arg(short = 's', long = "space", value_name = "NAME=KIND(…)", help_heading = STUDY)]
    pub space: Vec<String>,
    /// Search algorithm, such as hyperband, random or grid [default: from the matrix, else by --resource, --trials and --metric]
    #[arg(long, value_name = "KIND", help_heading = STUDY)]
    pub kind: Option<String>,
    /// What the algorithm allots: the script's option and its largest value, as in epochs=27, or epochs=3:27 with the smallest
    #[arg(long, value_name = "NAME=[MIN:]MAX", help_heading = STUDY)]
    pub resource: Option<String>,
    /// Number of trials, the field numRuns of the matrix
    #[arg(long, value_name = "N", help_heading = STUDY)]
    pub trials: Option<u64>,
    /// Set any field of the matrix: eta=4, rounds=2, 'earlyStopping=[…]'; repeatable
    #[arg(long, value_name = "FIELD=VALUE", help_heading = STUDY)]
    pub set: Vec<String>,
}

impl MatrixArgs {
    /// The options for the matrix.
    pub fn options(&self) -> MatrixOptions {
        let MatrixArgs { space, kind, resource, trials, set } = self.clone();
        MatrixOptions { space, kind, resource, trials, set }
    }
}

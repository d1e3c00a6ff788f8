//! The formats that can be imported, one file or folder each.

mod dictionary;
mod expressions;
mod hydra;
mod katib;
mod nni;
mod orion;
mod polyaxon;
mod ray;
mod space_reader;
mod typed;
mod wandb;

use std::path::Path;

use super::reader::Reader;
use super::study::ImportedStudy;
use crate::matrix::foreign::ForeignFormat;
use crate::matrix::yaml::node::Node;

/// Reads the root of a file; files that it names are relative to the folder. Errors are recorded in the reader.
pub type FormatReader = fn(&Node, &Path, &mut Reader) -> ImportedStudy;

/// The readers by format.
pub static READERS: [(ForeignFormat, FormatReader); 9] = [
    (ForeignFormat::Sweep, wandb::read),
    (ForeignFormat::Katib, katib::read),
    (ForeignFormat::NniExperiment, nni::read_experiment),
    (ForeignFormat::NniSpace, nni::read_space),
    (ForeignFormat::EarlyPolyaxon, polyaxon::read),
    (ForeignFormat::Orion, orion::read),
    (ForeignFormat::HydraSweeper, hydra::read),
    (ForeignFormat::RayTune, ray::read),
    (ForeignFormat::Dictionary, dictionary::read),
];

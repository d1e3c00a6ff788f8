//! What hypertune chose for a study whose command line leaves it open, and what a continued study keeps of it.

use std::sync::Arc;

use super::{StudyDefinition, StudyOptions};
use crate::cli::args::study::StudyArgs;
use crate::cli::error::CliError;
use crate::cli::findings;
use crate::command::dialect::Dialect;
use crate::journal::record::Header;
use crate::matrix::command_line::defaults;

impl StudyDefinition {
    /// The study in `args`, to be compared with the one that `header` defines. Studies of versions before 0.2.0 have the dialect of that
    /// version; without a file and a kind, earlier builds chose `random` with `gp` where now `auto` is chosen.
    pub fn load_again(self, args: &StudyArgs, header: &Header) -> Result<StudyDefinition, CliError> {
        let recorded: StudyOptions = serde_json::from_value(header.options.clone()).unwrap_or_default();
        match (recorded.dialect, self.options.dialect) {
            (Dialect::Plain, Dialect::Polyaxon) => {
                StudyDefinition::load_in(args, Some(Dialect::Plain)).map_err(findings::invalid_file)
            }
            _ if self.chosen.is_some() && self.experiment.method.kind == "auto" && is_random(&header.matrix) => {
                let mut args = args.clone();
                (args.options.kind, args.sampler) = (Some("random".to_owned()), Some("gp".to_owned()));
                args.options.trials.get_or_insert(defaults::TRIALS);
                StudyDefinition::load_in(&args, None).map_err(findings::invalid_file)
            }
            _ => Ok(self),
        }
    }

    /// The sampler that `auto` chose when the study of `header` started.
    pub fn with_recorded_choice(mut self, header: &Header) -> StudyDefinition {
        let sampler = &self.experiment.method.sampler;
        if let (Some(choice), Some(_)) = (&header.sampler_choice, sampler.choice())
            && let Some(chosen) = sampler.with_choice(choice)
        {
            Arc::make_mut(&mut self.experiment).method.sampler = chosen;
        }
        self
    }

    /// Lets `auto` choose the sampler of a new study with `slots` jobs at once.
    pub fn with_slots(mut self, slots: u32) -> StudyDefinition {
        if self.experiment.method.sampler.choice().is_some() {
            Arc::make_mut(&mut self.experiment).choose_sampler(Some(slots));
        }
        self
    }
}

/// Whether the kind of a matrix without a file is `random`.
fn is_random(matrix: &str) -> bool {
    matrix.lines().any(|line| line == "kind: random")
}

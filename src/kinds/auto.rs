//! `auto`: the Gaussian process decides between new trials and promotions.

use std::sync::Arc;

use super::fields::{check_plan_size, read_max_trials, read_rung_levels};
use super::kind::{Field, MatrixKind, Method, Need};
use super::rung_advice::one_rung;
use crate::schedule::freeze_thaw::FreezeThaw;
use crate::search::gp::Gp;
use crate::types::args::{ArgError, Args};
use crate::types::promoted_start::PromotedStart;

/// `kind: auto`: freeze-thaw scheduling with the sampler `gp`, which draws the trials of the first bracket at random.
pub static KIND: MatrixKind = MatrixKind {
    names: &["auto"],
    fields: &[
        Field::required("maxIterations"),
        Field::optional("minIterations"),
        Field::optional("eta"),
        Field::optional("numRuns"),
    ],
    trials: None,
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
    advice,
};

fn advice(args: &Args) -> Vec<ArgError> {
    one_rung(args, |levels| levels.resources().len())
}

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let levels = read_rung_levels(&mut reader);
    let max_trials = read_max_trials(&mut reader);
    let promoted = match reader.optional_text("promotedStart").as_deref() {
        Some("checkpoint") => PromotedStart::FromCheckpoint,
        _ => PromotedStart::FromScratch,
    };
    let schedule = levels.map(|levels| FreezeThaw::new(&levels, max_trials, promoted));
    check_plan_size(&mut reader, schedule.as_ref(), "numRuns");
    reader.finish(|| {
        let schedule = schedule?;
        let sampler = Gp { initial: schedule.initial_trials(), ..Gp::default() };
        Some(Method { kind: "auto", schedule: Arc::new(schedule), sampler: Arc::new(sampler) })
    })
}

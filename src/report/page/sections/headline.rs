//! The best trial, how it is repeated, and how sure it is.

use std::time::Duration;

use crate::report::page::block::{Block, text};
use crate::report::page::data::ReportData;
use crate::report::page::facts::Confidence;
use crate::report::summary_text::finish_sentence;
use crate::report::text::{amount, amount_of, count, counted, short, span, value};

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    match &data.best {
        None => blocks.push(text(match data.status.metric {
            Some(_) => "No job has returned a value yet.",
            None => "The study has no metric, so its trials are not ranked.",
        })),
        Some(best) => {
            let at = match data.status.resource {
                Some(name) => format!(" at {name}={}", amount(best.resource.amount())),
                None => String::new(),
            };
            let label = format!("best {}{at}, trial {}", best.metric, best.trial);
            blocks.push(Block::Headline { value: short(best.value), label, trial: best.trial.0 });
            let values = best.params.iter().map(|(name, param)| (name.to_owned(), value(param))).collect();
            blocks.push(Block::Values { values });
            if !best.repetition.shell.is_empty() {
                blocks.push(Block::Command { label: "Run it again", line: best.repetition.shell.clone() });
            }
            if let Some(confidence) = &data.confidence {
                blocks.push(text(certainty(data, confidence)));
            }
        }
    }
    blocks.push(Block::Values { values: totals(data) });
    blocks
}

/// How sure it is that the best trial is the best.
fn certainty(data: &ReportData<'_>, confidence: &Confidence) -> String {
    let trained = match (&data.best, data.status.resource) {
        (Some(best), Some(name)) => format!("trained to {}", amount_of(best.resource.amount(), name)),
        _ => "with a value".to_owned(),
    };
    let (Some(second), Some(value), Some(lead)) = (confidence.second, confidence.second_value, confidence.lead) else {
        return format!("No other trial is {trained}, so there is nothing to compare it with.");
    };
    let mut sentences = match lead {
        0.0 => format!("Trial {second} has the same value."),
        _ => format!("The second, trial {second}, has {}: a difference of {}.", short(value), short(lead)),
    };
    if confidence.top > 2 {
        sentences += &format!(
            " The best {} of {} trials {trained} differ by {} at most.",
            confidence.top,
            count(confidence.trials),
            short(confidence.spread)
        );
    }
    sentences
        + &match confidence.noise {
            None => " No configuration was trained twice, so it is unknown how much of that is noise.".to_owned(),
            Some(noise) => {
                let verdict = if lead > 2.0 * noise { "larger than" } else { "within" };
                format!(
                    " Values of the same configuration differ by a standard deviation of {} ({} repeated values): the lead is {verdict} twice \
                 that noise.",
                    short(noise),
                    amount(confidence.repeated)
                )
            }
        }
}

/// Counts of the whole study.
fn totals(data: &ReportData<'_>) -> Vec<(String, String)> {
    let status = &data.status;
    let jobs = &status.jobs;
    let mut state = status.state.name().to_owned();
    if let Some(reason) = status.finished {
        state = format!("{state}: {}", finish_sentence(reason));
    }
    let planned = status.expected.map(|expected| format!(" of {}", count(expected))).unwrap_or_default();
    let mut values = vec![
        ("state".to_owned(), state),
        ("trials".to_owned(), count(data.trials.len() as u64)),
        (
            "jobs".to_owned(),
            format!(
                "{}{planned} done, {} failed, {} trials dropped",
                count(status.done),
                count(jobs.failed),
                count(jobs.dropped)
            ),
        ),
        ("time".to_owned(), span(Duration::try_from_secs_f64(status.elapsed_s).unwrap_or_default())),
    ];
    if let Some(resource) = status.resource {
        values.push(("spent".to_owned(), amount_of(data.resource_spent, resource)));
    }
    if let Some(kind) = status.kind {
        values.push(("kind".to_owned(), kind.to_owned()));
    }
    if jobs.running > 0 {
        values.push(("running".to_owned(), counted(jobs.running, "job")));
    }
    values
}

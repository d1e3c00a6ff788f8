//! The append-only record of a study: one JSON object per line of `journal.jsonl` in the study's folder.

pub mod record;

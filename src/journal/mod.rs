//! The append-only record of a study: one JSON object per line of `journal.jsonl` in the study's folder.

pub mod claim;
pub mod displaced;
pub mod earlier;
pub mod fault;
pub mod files;
pub mod inspection;
pub mod layout;
pub mod line;
pub mod lock;
pub mod obstacle;
pub mod own_content;
pub mod reader;
pub mod readings;
pub mod record;
pub mod replay;
pub mod sync;
pub mod writer;

//! The report: one HTML file about one or several studies, and the same data as JSON.

mod block;
mod catalogue;
mod compare;
mod data;
pub(crate) mod facts;
mod html;
mod sections;
mod trial_table;

pub use data::ReportData;
pub use html::{PageUse, UnreadableStudy, render, render_with};

#[cfg(test)]
mod tests;

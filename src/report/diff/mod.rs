//! Two trials of a study, or two studies, side by side: what `diff` shows and prints as JSON.

mod side_by_side;
mod studies;
mod text;
mod trials;

pub use side_by_side::SideBySide;
pub use studies::studies;
pub use text::render;
pub use trials::trials;

#[cfg(test)]
mod tests;

//! Draws figures: as SVG, in a file or in a page, and as PNG.

pub mod png;
pub mod svg;

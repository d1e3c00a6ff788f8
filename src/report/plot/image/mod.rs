//! Draws figures: as SVG, in a file or in a page.

pub mod svg;

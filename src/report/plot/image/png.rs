//! PNG from SVG, by resvg with a font of its own: what a file looks like must not depend on the fonts of the machine.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Latin, Greek and Cyrillic letters and some symbols of DejaVu Sans; its licence is beside it.
const FONT: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");
/// The family of that font.
const FAMILY: &str = "DejaVu Sans";
/// Pixels of the image per pixel of the figure, so that it is sharp on screens of high density and in print.
const SCALE: f32 = 2.0;

/// A plot cannot be drawn as PNG.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The SVG is not valid, which is an error of this program.
    #[error("internal error: the plot is not valid SVG: {0} (please report)")]
    Svg(#[from] resvg::usvg::Error),
    /// The image is too large.
    #[error("the image would have {0} × {1} pixels, which is too large; write SVG instead")]
    Size(u32, u32),
    /// The pixels cannot be encoded.
    #[error("cannot encode the image: {0}")]
    Encoding(String),
}

/// The image of `svg`, a file of [`super::svg::render`].
pub fn render(svg: &str) -> Result<Vec<u8>, PngError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    let options = Options { font_family: FAMILY.to_owned(), fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(svg, &options)?;
    let size = |length: f32| (length * SCALE).ceil() as u32;
    let (width, height) = (size(tree.size().width()), size(tree.size().height()));
    let mut pixels = Pixmap::new(width, height).ok_or(PngError::Size(width, height))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| PngError::Encoding(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of dark pixels of an image of 100 × 40 pixels with this text.
    fn dark(text: &str) -> usize {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"40\"><style>svg{{background:#fff}}text{{font:11px \
             system-ui,sans-serif}}</style><text x=\"5\" y=\"25\">{text}</text></svg>"
        );
        let image = Pixmap::decode_png(&render(&svg).expect("an image")).expect("a PNG");
        assert_eq!((image.width(), image.height()), (200, 80));
        image.pixels().iter().filter(|pixel| pixel.alpha() > 128).count()
    }

    #[test]
    fn text_is_drawn_without_fonts_of_the_system() {
        assert_eq!(dark(""), 0);
        assert!(dark("loss") > 100 && dark("ημχ Ж ≤") > 100);
    }
}

//! Draws figures as SVG. Marks of one class are one path, with their trials in the attribute `data-trials`, one per subpath:
//! ten thousand marks take some hundred kilobytes, and a script can still find the trial at a point.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::figure::{Figure, MarkGroup, Panel, PlotAxis, Shape, Side};

/// Estimated width of a character at 11 pixels.
const CHARACTER: f64 = 6.2;
/// Pixels between ticks that are readable.
const TICK_SPACE: f64 = 64.0;
const TICK_SPACE_VERTICAL: f64 = 36.0;
/// Maximum width of a label at a tick, in characters.
const LABEL: usize = 14;

/// Where a figure is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SvgTarget {
    /// A file of its own, with its style.
    File,
    /// Part of a page that has a style.
    Page,
}

/// The style of a file: the colours of Okabe and Ito 2008, "Color Universal Design".
const STYLE: &str = "svg{background:#fff}text{font:11px system-ui,sans-serif;fill:#333;paint-order:stroke;stroke:#fff;stroke-width:3px}.grid{stroke:#e3e3e3;fill:none}\
.axis{stroke:#888;fill:none}.marks{fill:none;stroke-width:1.2;stroke-linejoin:round}.dot{stroke-width:5.5;stroke-linecap:round}\
.job,.dropped{stroke:#a6a6a6;stroke-opacity:.7}.stopped{stroke:#e69f00}.failed{stroke:#d55e00}.running{stroke:#56b4e9}.finished{stroke:#0072b2}\
.best{stroke:#009e73;stroke-width:2.4}.dot.best{stroke-width:9}.rule{stroke:#000;stroke-width:1.5}\
.baseline{stroke:#888;stroke-dasharray:5 3}";

/// The figure as an SVG element.
pub fn render(figure: &Figure, name: &str, target: SvgTarget) -> String {
    let mut svg = String::new();
    let (width, height, title) = (number(figure.width), number(figure.height), escape(&figure.title));
    let size =
        if target == SvgTarget::File { format!(" width=\"{width}\" height=\"{height}\"") } else { String::new() };
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot plot-{name}\"{size} viewBox=\"0 0 {width} {height}\" role=\"img\">\
         <title>{title}</title>"
    );
    if target == SvgTarget::File {
        let _ = write!(svg, "<style>{STYLE}</style>");
    }
    legend(&mut svg, figure);
    figure.panels.iter().for_each(|panel| draw_panel(&mut svg, panel));
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, figure: &Figure) {
    let mut x = 12.0;
    let groups: Vec<&MarkGroup> = figure.panels.iter().flat_map(|panel| &panel.marks).collect();
    for (class, text) in figure.legend.iter().filter(|(class, _)| groups.iter().any(|group| group.class == *class)) {
        let _ = write!(svg, "<path class=\"marks dot {}\" d=\"M{} 12h0\"/>", class.name(), number(x));
        let _ = write!(svg, "<text class=\"legend\" x=\"{}\" y=\"16\">{}</text>", number(x + 9.0), escape(text));
        x += 26.0 + CHARACTER * text.width() as f64;
    }
}

fn draw_panel(svg: &mut String, panel: &Panel) {
    let _ = write!(svg, "<g class=\"panel\" transform=\"translate({} {})\">", number(panel.left), number(panel.top));
    // Labels between marks are drawn over them.
    let (inside, outside): (Vec<&PlotAxis>, Vec<&PlotAxis>) =
        panel.axes.iter().partition(|a| matches!(a.side, Side::Inside(_)));
    outside.into_iter().for_each(|axis| draw_axis(svg, panel, axis));
    panel.marks.iter().for_each(|group| draw_group(svg, group));
    inside.into_iter().for_each(|axis| draw_axis(svg, panel, axis));
    svg.push_str("</g>");
}

fn draw_axis(svg: &mut String, panel: &Panel, axis: &PlotAxis) {
    match axis.side {
        Side::Bottom => bottom_axis(svg, panel, axis),
        Side::Left => vertical_axis(svg, panel, axis, 0.0),
        Side::Inside(x) => vertical_axis(svg, panel, axis, x),
    }
}

fn bottom_axis(svg: &mut String, panel: &Panel, axis: &PlotAxis) {
    let (width, height) = (number(panel.width), number(panel.height));
    let _ = write!(svg, "<path class=\"axis\" d=\"M0 {height}h{width}\"/>");
    let ticks = axis.scale.ticks((panel.width / TICK_SPACE) as usize);
    // Labels that would overlap are left out, or cut where the scale has categories.
    let room = (panel.width / ticks.len().max(1) as f64 / CHARACTER) as usize;
    let mut free_from = f64::NEG_INFINITY;
    for (position, label) in ticks {
        let (x, label) = (position * panel.width, shorten(&label, room.clamp(4, LABEL)));
        let half = CHARACTER * label.width() as f64 / 2.0;
        if x - half < free_from {
            continue;
        }
        free_from = x + half + CHARACTER;
        let (at, below) = (number(x), number(panel.height + 15.0));
        let _ = write!(svg, "<path class=\"axis\" d=\"M{at} {height}v4\"/>");
        let _ = write!(svg, "<text x=\"{at}\" y=\"{below}\" text-anchor=\"middle\">{}</text>", escape(&label));
    }
    let label = shorten(&axis.label, (panel.width / CHARACTER) as usize);
    let (middle, below) = (number(panel.width / 2.0), number(panel.height + 31.0));
    let _ = write!(
        svg,
        "<text class=\"label\" x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{}</text>",
        escape(&label)
    );
}

fn vertical_axis(svg: &mut String, panel: &Panel, axis: &PlotAxis, x: f64) {
    let (at, height) = (number(x), number(panel.height));
    let _ = write!(svg, "<path class=\"axis\" d=\"M{at} 0v{height}\"/>");
    let mut free_below = f64::INFINITY;
    for (position, label) in axis.scale.ticks((panel.height / TICK_SPACE_VERTICAL) as usize) {
        let y = (1.0 - position) * panel.height;
        if y + 12.0 > free_below {
            continue;
        }
        free_below = y;
        if axis.side == Side::Left {
            let _ = write!(svg, "<path class=\"grid\" d=\"M0 {}h{}\"/>", number(y), number(panel.width));
        }
        let _ = write!(svg, "<path class=\"axis\" d=\"M{at} {}h-4\"/>", number(y));
        let (left, baseline, label) = (number(x - 7.0), number(y + 4.0), shorten(&label, LABEL));
        let _ = write!(svg, "<text x=\"{left}\" y=\"{baseline}\" text-anchor=\"end\">{}</text>", escape(&label));
    }
    let anchor = if axis.side == Side::Left { "start" } else { "middle" };
    let start = number(if axis.side == Side::Left { x - 40.0 } else { x });
    let _ = write!(
        svg,
        "<text class=\"label\" x=\"{start}\" y=\"-10\" text-anchor=\"{anchor}\">{}</text>",
        escape(&axis.label)
    );
}

fn draw_group(svg: &mut String, group: &MarkGroup) {
    let (shape, style) = match group.shape {
        Shape::Line => ("line", String::new()),
        Shape::Dot => ("dot", String::new()),
        Shape::Bar(width) => ("bar", format!(" style=\"stroke-width:{}\"", number(width))),
    };
    let _ = write!(svg, "<path class=\"marks {shape} {}\"{style}", group.class.name());
    if group.marks.iter().any(|mark| mark.trial.is_some()) {
        // A subpath per mark; of dots one per point.
        let repeated = |points: usize| if group.shape == Shape::Dot { points } else { 1 };
        let ids = group.marks.iter().flat_map(|mark| {
            let id = mark.trial.map_or_else(|| "-".to_owned(), |trial| trial.0.to_string());
            std::iter::repeat_n(id, repeated(mark.points.len()))
        });
        let _ = write!(svg, " data-trials=\"{}\"", ids.collect::<Vec<_>>().join(" "));
    }
    svg.push_str(" d=\"");
    for mark in &group.marks {
        for (i, (x, y)) in mark.points.iter().enumerate() {
            let start = i == 0 || group.shape == Shape::Dot;
            let _ = write!(svg, "{}{} {}", if start { 'M' } else { 'L' }, number(*x), number(*y));
            if group.shape == Shape::Dot || mark.points.len() == 1 {
                svg.push_str("h0");
            }
        }
    }
    svg.push_str("\"/>");
}

/// With at most one decimal: a tenth of a pixel.
fn number(x: f64) -> String {
    let rounded = (x * 10.0).round() / 10.0;
    if rounded.is_finite() { (rounded + 0.0).to_string() } else { "0".to_owned() }
}

/// At most `width` columns, cut with an ellipsis.
fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut columns = 1;
    let fits = |c: &char| {
        columns += c.width().unwrap_or(0);
        columns <= width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Text for XML. Characters that XML 1.0 does not have (section 2.2) become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}');
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

//! Draws figures as SVG. Marks of one class are one path, or some dozens if they are many, with their trials in the attribute `data-trials`, one per subpath:
//! ten thousand marks take some hundred kilobytes, and a script can still find the trial at a point.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::report::plot::figure::{Figure, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};

/// Estimated width of a character at 11 pixels.
const CHARACTER: f64 = 6.2;
/// Pixels between ticks that are readable.
const TICK_SPACE: f64 = 48.0;
const TICK_SPACE_VERTICAL: f64 = 28.0;
/// Maximum width of a label at a tick, in characters.
const LABEL: usize = 14;

/// Space around a panel in a page: left, top, right and below, pixels.
const MARGIN: [f64; 4] = [60.0, 28.0, 22.0, 42.0];
/// Groups with more marks are several paths: at least this many marks each, at most so many paths.
const FEW_MARKS: usize = 400;
const MARKS_OF_PATH: usize = 40;
const MAX_PATHS: usize = 60;
/// Groups with more marks have coordinates without decimals.
const MANY_MARKS: usize = 2_000;

/// The style of a file: the colours of Okabe and Ito 2008, "Color Universal Design".
const STYLE: &str = "svg{background:#fff}text{font:11px system-ui,sans-serif;fill:#333;paint-order:stroke;stroke:#fff;stroke-width:3px}.grid{stroke:#e3e3e3;fill:none}\
.axis{stroke:#888;fill:none}.marks{fill:none;stroke-width:1.2;stroke-linejoin:round}.dot{stroke-width:5.5;stroke-linecap:round}\
.job,.dropped{stroke:#a6a6a6;stroke-opacity:.7}.stopped{stroke:#e69f00}.failed{stroke:#d55e00}.running{stroke:#56b4e9}.finished{stroke:#0072b2}\
.best{stroke:#009e73;stroke-width:2.4}.dot.best{stroke-width:9}.rule{stroke:#000;stroke-width:1.5}\
.baseline{stroke:#888;stroke-dasharray:5 3}\
.study-0{stroke:#0072b2}.study-1{stroke:#d55e00}.study-2{stroke:#009e73}.study-3{stroke:#cc79a7}.study-4{stroke:#e69f00}\
.line.many{stroke-opacity:.25;stroke-width:.9}.dot.many{stroke-opacity:.5;stroke-width:3.5}.study-5{stroke:#56b4e9}.line.study{stroke-width:2}";

/// The figure as an SVG file.
pub fn render(figure: &Figure, name: &str) -> String {
    let mut svg = String::new();
    let (width, height, title) = (number(figure.width), number(figure.height), escape(&figure.title));
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot plot-{name}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\"><title>{title}</title><style>{STYLE}</style>"
    );
    legend(&mut svg, figure);
    figure.panels.iter().for_each(|panel| {
        let _ =
            write!(svg, "<g class=\"panel\" transform=\"translate({} {})\">", number(panel.left), number(panel.top));
        draw_panel(&mut svg, panel);
        svg.push_str("</g>");
    });
    svg.push_str("</svg>\n");
    svg
}

/// An SVG element per panel, for a page that has a style and shows the legend itself. The origin is the upper left corner of the panel.
pub fn panels(figure: &Figure, name: &str) -> Vec<String> {
    let element = |panel: &Panel| {
        let [left, top, right, below] = MARGIN;
        let (width, height) = (panel.width + left + right, panel.height + top + below);
        let mut svg = format!(
            "<svg class=\"plot plot-{name}\" viewBox=\"{} {} {} {}\" width=\"{}\" height=\"{}\" role=\"img\"><title>{}</title>",
            number(-left),
            number(-top),
            number(width),
            number(height),
            number(width),
            number(height),
            escape(&figure.title)
        );
        draw_panel(&mut svg, panel);
        brushes(&mut svg, panel);
        svg.push_str("</svg>");
        svg
    };
    figure.panels.iter().map(element).collect()
}

/// The legend's classes and texts: those that the figure has marks of.
pub fn legend_entries(figure: &Figure) -> impl Iterator<Item = (&'static str, &'static str)> {
    let has = |class| figure.panels.iter().flat_map(|panel| &panel.marks).any(|group| group.class == class);
    figure.legend.iter().filter(move |(class, _)| has(*class)).map(|(class, text)| (class.name(), *text))
}

/// Areas along the axes inside of a panel, with the index of the axis, where a script lets ranges be selected.
fn brushes(svg: &mut String, panel: &Panel) {
    let inside = panel.axes.iter().filter_map(|axis| if let Side::Inside(x) = axis.side { Some(x) } else { None });
    for (index, x) in inside.enumerate() {
        let _ = write!(
            svg,
            "<rect class=\"brush\" data-axis=\"{index}\" x=\"{}\" y=\"0\" width=\"24\" height=\"{}\"/>",
            number(x - 12.0),
            number(panel.height)
        );
    }
}

fn legend(svg: &mut String, figure: &Figure) {
    let mut x = 12.0;
    for (class, text) in legend_entries(figure) {
        let _ = write!(svg, "<path class=\"marks dot {class}\" d=\"M{} 12h0\"/>", number(x));
        let _ = write!(svg, "<text class=\"legend\" x=\"{}\" y=\"16\">{}</text>", number(x + 9.0), escape(text));
        x += 26.0 + CHARACTER * text.width() as f64;
    }
}

fn draw_panel(svg: &mut String, panel: &Panel) {
    // Labels between marks are drawn over them.
    let (inside, outside): (Vec<&PlotAxis>, Vec<&PlotAxis>) =
        panel.axes.iter().partition(|a| matches!(a.side, Side::Inside(_)));
    outside.into_iter().for_each(|axis| draw_axis(svg, panel, axis));
    panel.marks.iter().for_each(|group| draw_groups(svg, group));
    inside.into_iter().for_each(|axis| draw_axis(svg, panel, axis));
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

/// Draws one path or, of many marks, several ones that shine through: where marks cover each other, the colour is stronger.
fn draw_groups(svg: &mut String, group: &MarkGroup) {
    if group.marks.len() <= FEW_MARKS {
        return draw_group(svg, group, &group.marks, "");
    }
    let size = group.marks.len().div_ceil(MAX_PATHS).max(MARKS_OF_PATH);
    group.marks.chunks(size).for_each(|marks| draw_group(svg, group, marks, " many"));
}

fn draw_group(svg: &mut String, group: &MarkGroup, marks: &[PlotMark], density: &str) {
    let (shape, style) = match group.shape {
        Shape::Line => ("line", String::new()),
        Shape::Dot => ("dot", String::new()),
        Shape::Bar(width) => ("bar", format!(" style=\"stroke-width:{}\"", number(width))),
    };
    let _ = write!(svg, "<path class=\"marks {shape} {}{density}\"{style}", group.class.name());
    if marks.iter().any(|mark| mark.trial.is_some()) {
        // A subpath per mark; of dots one per point.
        let repeated = |points: usize| if group.shape == Shape::Dot { points } else { 1 };
        let ids = marks.iter().flat_map(|mark| {
            let id = mark.trial.map_or_else(|| "-".to_owned(), |trial| trial.0.to_string());
            std::iter::repeat_n(id, repeated(mark.points.len()))
        });
        let _ = write!(svg, " data-trials=\"{}\"", ids.collect::<Vec<_>>().join(" "));
    }
    svg.push_str(" d=\"");
    let coordinate = |x: f64| if group.marks.len() > MANY_MARKS { number(x.round()) } else { number(x) };
    for mark in marks {
        for (i, (x, y)) in mark.points.iter().enumerate() {
            let start = i == 0 || group.shape == Shape::Dot;
            let _ = write!(svg, "{}{} {}", if start { 'M' } else { 'L' }, coordinate(*x), coordinate(*y));
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
pub fn escape(text: &str) -> String {
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

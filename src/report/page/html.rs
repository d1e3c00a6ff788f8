//! The HTML of the page. The template escapes all values except the SVG of plots, which [`crate::report::plot::image::svg`] escapes, the
//! style, the script, and the data for the script ([`script_json`]).

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;
use serde_json::Value;

use super::block::Block;
use super::catalogue::SECTIONS;
use super::data::ReportData;
use super::{compare, trial_table};

const TEMPLATE: &str = include_str!("template/page.html");
/// How a [`Block`] is shown; included by [`TEMPLATE`].
const BLOCK: &str = include_str!("template/block.html");
const STYLE: &str = include_str!("template/page.css");
const SCRIPT: &str = include_str!("template/page.js");

/// How a page is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageUse {
    /// A file, which never opens a connection.
    File,
    /// From a server that sends events when a study has changed.
    Live,
}

#[derive(Debug, Serialize)]
struct SectionView {
    name: &'static str,
    title: &'static str,
    blocks: Vec<Block>,
}

#[derive(Debug, Serialize)]
struct StudyPage {
    /// The prefix of its anchors; empty for the first study.
    prefix: String,
    name: String,
    folder: String,
    state: &'static str,
    sections: Vec<SectionView>,
    data: String,
}

/// A study that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnreadableStudy {
    /// Its folder.
    pub folder: String,
    /// Why.
    pub error: String,
}

/// The page about `studies`.
///
/// # Errors
/// The template failed, which is an error of this program.
pub fn render(studies: &[ReportData<'_>], usage: PageUse) -> Result<String, minijinja::Error> {
    render_with(studies, &[], usage)
}

/// As [`render`], with a line for each study that cannot be read.
///
/// # Errors
/// As [`render`].
pub fn render_with(
    studies: &[ReportData<'_>],
    unreadable: &[UnreadableStudy],
    usage: PageUse,
) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("block", BLOCK)?;
    let pages: Vec<StudyPage> = studies.iter().enumerate().map(|(index, data)| page(index, data)).collect();
    let names = pages.iter().map(|page| &*page.name).chain(unreadable.iter().map(|study| &*study.folder));
    let title = names.collect::<Vec<_>>().join(", ");
    let comparison = (studies.len() > 1).then(|| SectionView {
        name: "comparison",
        title: "Comparison",
        blocks: compare::blocks(studies),
    });
    environment.render_str(
        TEMPLATE,
        context! {
            title,
            style => STYLE,
            script => SCRIPT,
            version => env!("CARGO_PKG_VERSION"),
            live => usage == PageUse::Live,
            comparison => Serde(comparison),
            studies => Serde(pages),
            unreadable => Serde(unreadable),
        },
    )
}

fn page(index: usize, data: &ReportData<'_>) -> StudyPage {
    let sections = SECTIONS.iter().filter_map(|section| {
        let blocks = (section.blocks)(data);
        (!blocks.is_empty()).then_some(SectionView { name: section.name, title: section.title, blocks })
    });
    StudyPage {
        prefix: if index == 0 { String::new() } else { format!("study-{index}-") },
        name: data.name(),
        folder: data.status.study.to_string_lossy().into_owned(),
        state: data.status.state.name(),
        sections: sections.collect(),
        data: script_json(&trial_table::table(data)),
    }
}

/// `value` as JSON that may stand in a script element: `<`, `>` and `&` only occur in strings of JSON, and are escaped there, as are the
/// line ends of JavaScript that JSON allows.
fn script_json(value: &Value) -> String {
    let json = value.to_string();
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{7f}'..='\u{9f}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_script_has_no_markup_and_reads_back() {
        let value = serde_json::json!({"</script><!--": "]]>&amp;\u{2028}\u{2029}\"'\\u003c"});
        let text = script_json(&value);
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
    }
}

//! Templates of any shape: no crash, little stack, little memory.

use std::thread;

use hypertune::command::context::TemplateNames;
use hypertune::command::style::settings::Arguments;
use hypertune::command::template::Renderer;
use proptest::prelude::*;
use serde_json::json;

/// Half of the stack of a thread.
const STACK: usize = 1 << 20;

fn names() -> TemplateNames {
    let params = vec![("lr".into(), json!(0.5)), ("act".into(), json!("relu")), ("layers".into(), json!([8, 4]))];
    TemplateNames { params, ..TemplateNames::default() }
}

/// Compiles `element` and renders it once; errors are accepted.
fn compile_and_render(element: String) {
    let command = vec!["x".to_owned(), "{{ lr }}".to_owned(), element];
    let rehearsal = move || drop(Renderer::new(command, Arguments::default(), names()));
    thread::Builder::new().stack_size(STACK).spawn(rehearsal).unwrap().join().unwrap();
}

/// Every construct that can be nested or chained: the text before and after the inner one.
const NESTS: [(&str, &str); 22] = [
    ("(", ")"),
    ("[", "]"),
    ("{'a': ", "}"),
    ("-", ""),
    ("- ", ""),
    ("not ", ""),
    ("1 + ", ""),
    ("1 ** ", ""),
    ("lr ~ ", ""),
    ("1 if 1 else ", ""),
    ("", " if 1 else 1"),
    ("", "|int"),
    ("", ".a"),
    ("", "[0]"),
    ("", "(1)"),
    ("", " and 1"),
    ("", " is defined"),
    ("1 < ", ""),
    ("", "|join('xx')|list"),
    ("", "|replace('', 'xxxxxxxxxx')"),
    ("'x' ~ (", ")"),
    ("range(", ")"),
];

const BLOCKS: [(&str, &str); 9] = [
    ("{% if 1 %}", "{% endif %}"),
    ("{% if 1 %}{% elif 1 %}", ""),
    ("{% elif 1 %}", ""),
    ("{% for x in layers %}", "{% endfor %}"),
    ("{% for x in range(9999) %}", "{% endfor %}"),
    ("{% filter upper %}", "{% endfilter %}"),
    ("{% set x %}", "{% endset %}"),
    ("{% with %}", "{% endwith %}"),
    ("{# ", " #}"),
];

const PIECES: [&str; 46] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    " ",
    " ",
    "-",
    "+",
    "*",
    "**",
    "/",
    "%",
    "~",
    "|",
    ".",
    ",",
    ":",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "\\",
    "lr",
    "act",
    "layers",
    "params",
    "for x in ",
    "endfor",
    "if ",
    "else ",
    "endif",
    "set x = ",
    "replace",
    "join",
    "format",
    "range",
    "9",
    "1e999",
    "raw",
    "endraw",
];

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn nests_of_any_depth_are_refused_or_rendered(
        nests in prop::collection::vec((0..NESTS.len(), 0_usize..300), 1..5),
        blocks in prop::collection::vec((0..BLOCKS.len(), 0_usize..90), 0..3),
        factor in prop_oneof![Just(1_usize), Just(100)],
    ) {
        let mut element = "1".to_owned();
        for (nest, depth) in nests {
            let (before, after) = NESTS[nest];
            element = format!("{}{element}{}", before.repeat(depth * factor), after.repeat(depth * factor));
        }
        element = format!("{{{{ {element} }}}}");
        for (block, depth) in blocks {
            let (before, after) = BLOCKS[block];
            element = format!("{}{element}{}", before.repeat(depth * factor), after.repeat(depth * factor));
        }
        compile_and_render(element);
    }

    #[test]
    fn pieces_in_any_order_are_refused_or_rendered(pieces in prop::collection::vec((0..PIECES.len(), 1_usize..4), 0..60)) {
        compile_and_render(pieces.into_iter().map(|(piece, times)| PIECES[piece].repeat(times)).collect());
    }
}

#[test]
fn each_nest_alone_at_its_bounds() {
    for (before, after) in NESTS {
        for depth in [8, 16, 100, 200, 201, 60_000] {
            compile_and_render(format!("{{{{ {}1{} }}}}", before.repeat(depth), after.repeat(depth)));
        }
    }
    for (before, after) in BLOCKS {
        for depth in [8, 32, 64, 150, 5_000] {
            compile_and_render(format!("{}{{{{ 1 }}}}{}", before.repeat(depth), after.repeat(depth)));
        }
    }
}

//! `plot`.

use hypertune_test_support::Lab;

const PLOTS: [&str; 6] = ["incumbent", "curves", "rungs", "slices", "parallel", "timeline"];

#[test]
fn each_plot_is_written_to_stdout_or_a_file() {
    let lab = Lab::hyperband();
    lab.run("-q", "").exits(0);
    for plot in PLOTS {
        let svg = lab.hypertune(&format!("plot m.study --kind {plot}")).exits(0).stdout;
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>") && svg.contains("data-trials"), "{svg}");
        lab.hypertune(&format!("plot m.study --kind {plot} -o plot.svg")).exits(0);
        assert_eq!(lab.read("plot.svg"), svg);
    }
    lab.hypertune("plot m.study --kind pie").exits(2).stderr_contains("incumbent");
    lab.hypertune("plot m.study --kind curves -o none/plot.svg").exits(1).stderr_contains("none/plot.svg");
}

#[test]
fn the_importance_of_parameters_is_printed_and_drawn() {
    let lab = Lab::random(12);
    lab.run("-q", "").exits(0);
    let text = lab.hypertune("importance m.study").exits(0).stdout;
    assert!(text.starts_with("share of the variance of ") && text.contains("12 trials"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&lab.hypertune("importance m.study --format json").exits(0).stdout).unwrap();
    assert_eq!(json["trials"], 12);
    assert!(json["params"][0]["share"].is_number() && json["reliable"].is_boolean(), "{json}");
    let svg = lab.hypertune("plot m.study --kind importance").exits(0).stdout;
    assert!(svg.contains("share of the variance"), "{svg}");
}

#[test]
fn importance_needs_ten_trials() {
    let lab = Lab::random(3);
    lab.run("-q", "").exits(0);
    lab.hypertune("importance m.study").exits(3).stderr_contains("3 of at least 10 trials");
    lab.hypertune("importance none.study").exits(2);
}

#[test]
fn a_study_without_results_has_nothing_to_show() {
    let lab = Lab::random(2);
    lab.run("-q --max-jobs 1", "exit=1");
    lab.hypertune("plot m.study --kind curves").exits(3).stderr_contains("nothing to show");
    lab.hypertune("plot m.study --kind timeline").exits(0);
}

#[test]
fn a_file_called_png_is_one() {
    let lab = Lab::hyperband();
    lab.run("-q", "").exits(0);
    for plot in PLOTS {
        lab.hypertune(&format!("plot m.study --kind {plot} -o plot.PNG")).exits(0);
        let image = std::fs::read(lab.path("plot.PNG")).expect("a file");
        let width = u32::from_be_bytes(image[16..20].try_into().expect("four bytes"));
        assert!(image.starts_with(b"\x89PNG\r\n\x1a\n") && width == 1920, "{plot}: {width}");
    }
    lab.hypertune("plot m.study --kind curves -o none/plot.png").exits(1).stderr_contains("none/plot.png");
}

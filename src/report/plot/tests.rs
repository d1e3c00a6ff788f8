//! Each plot of a small study, and of hostile ones.

use super::catalogue::PLOTS;
use super::data::PlotData;
use super::image::svg;
use crate::report::fixtures::StudyFixture;
use crate::report::view::{StudyView, ViewDetail};
use crate::types::outcome::Failure;

/// Four trials on two rungs: one trained in full, two dropped, one failed.
fn study() -> StudyView {
    let mut study = StudyFixture::new();
    for (trial, value) in [(0, 0.9), (1, 0.5), (2, 0.7)] {
        study.launch(trial, 0, 1, 1.0).succeed(trial, 0, value);
    }
    study.launch(3, 0, 1, 1.0).fail(3, 0, Failure::Exit(1), "boom");
    study.promote(1).retire(0).retire(2);
    study.launch(1, 1, 1, 3.0).succeed(1, 1, 0.25).retire(1);
    study.view_with(ViewDetail::Curves)
}

fn drawn(view: &StudyView, name: &str) -> Option<String> {
    let plot = super::catalogue::named(name).unwrap();
    Some(svg::render(&(plot.draw)(&PlotData::new(view))?, name))
}

/// The values of all attributes `data-trials`, per class of marks.
fn marks(svg: &str) -> Vec<(String, String)> {
    let paths = svg.split("<path class=\"marks ").skip(1).filter_map(|path| {
        let class = path.split('"').next()?.to_owned();
        let trials = path.split('>').next()?.split("data-trials=\"").nth(1)?.split('"').next()?.to_owned();
        Some((class, trials))
    });
    paths.collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(class, trials)| ((*class).to_owned(), (*trials).to_owned())).collect()
}

#[test]
fn each_trial_has_its_marks() {
    let view = study();
    let of = |name: &str| marks(&drawn(&view, name).unwrap());
    assert_eq!(of("curves"), pairs(&[("line dropped", "0 2"), ("line best", "1")]));
    assert_eq!(of("rungs"), pairs(&[("dot dropped", "0 2 1"), ("dot finished", "1")]));
    assert_eq!(of("parallel"), pairs(&[("line dropped", "0 2"), ("line best", "1")]));
    assert_eq!(of("slices"), pairs(&[("dot dropped", "0 2"), ("dot best", "1")]));
    let jobs = pairs(&[("bar dropped", "0 2"), ("bar failed", "3"), ("bar finished", "1 1")]);
    assert_eq!(of("timeline"), jobs);
    let incumbent = pairs(&[("dot job", "0 1 2 1"), ("dot best", "0 1 1")]);
    assert_eq!(of("incumbent"), [incumbent.clone(), incumbent].concat());
}

#[test]
fn a_cut_off_is_the_worst_promoted_value() {
    let figure = super::curves::draw(&PlotData::new(&study())).unwrap();
    let rule = figure.panels[0].marks.iter().find(|group| group.class == super::MarkClass::Rule).unwrap();
    let panel = &figure.panels[0];
    let y = panel.axes[0].scale.position(0.5).unwrap();
    assert_eq!(rule.marks.len(), 1);
    assert_eq!(rule.marks[0].points[0].1, panel.point(0.0, y).1);
}

#[test]
fn a_study_without_jobs_has_no_plots() {
    let view = StudyFixture::new().view_with(ViewDetail::Curves);
    assert!(PLOTS.iter().all(|plot| (plot.draw)(&PlotData::new(&view)).is_none()));
}

#[test]
fn hostile_names_stay_text() {
    let mut study = StudyFixture::new();
    for trial in 0..12 {
        study.launch(trial, 0, 1, 1.0).succeed(trial, 0, 1.0 / (trial + 1) as f64);
    }
    study.promote(11).launch(11, 1, 1, 3.0).succeed(11, 1, 0.01);
    let mut view = study.view_with(ViewDetail::Curves);
    view.header.metric.as_mut().unwrap().name = "</title><script>\"'&\u{1}]]>".into();
    for plot in &PLOTS {
        let svg = drawn(&view, plot.name).unwrap();
        assert!(!svg.contains("<script") && !svg.contains("]]>") && !svg.contains('\u{1}'), "{svg}");
    }
}

#[test]
fn extreme_values_stay_inside() {
    let mut study = StudyFixture::new();
    for (trial, value) in [0.0, 1e308, -1e308, 5e-324, 1.0, 1.0, 1.0].into_iter().enumerate() {
        study.launch(trial as u64, 0, 1, 1.0).succeed(trial as u64, 0, value);
    }
    let view = study.view_with(ViewDetail::Curves);
    for plot in &PLOTS {
        let Some(figure) = (plot.draw)(&PlotData::new(&view)) else { continue };
        for panel in &figure.panels {
            for (x, y) in panel.marks.iter().flat_map(|group| &group.marks).flat_map(|mark| &mark.points) {
                assert!(
                    (-10.0..=panel.width + 10.0).contains(x) && (-10.0..=panel.height + 30.0).contains(y),
                    "{x} {y}"
                );
            }
        }
    }
}

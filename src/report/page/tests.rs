//! The page of small and hostile studies.

use super::{PageUse, ReportData, render};
use crate::launch::orphans::driver::DriverState;
use crate::report::fixtures::{StudyFixture, halving, repetition};
use crate::report::status::{SlurmFacts, StatusInput};
use crate::report::study_progress::StudyProgress;
use crate::report::study_progress::expected_totals::ExpectedTotals;
use crate::report::view::{StudyView, ViewDetail};
use crate::schedule::Plan;

/// Calls `check` with the input of a report about `view`.
fn with_input<T>(view: &StudyView, check: impl FnOnce(&StatusInput<'_>) -> T) -> T {
    let plan = Plan { brackets: Vec::new(), rounds: 1, open_ended: false };
    let progress = StudyProgress::new(&plan, ExpectedTotals::default());
    let input = StatusInput {
        view,
        progress: &progress,
        plan: None,
        kind: None,
        driver: DriverState::NotFound,
        now: view.last,
        readings: &[],
        slurm: &SlurmFacts::default(),
    };
    check(&input)
}

fn page(view: &StudyView) -> String {
    with_input(view, |input| {
        let data = ReportData::new(input, |_| repetition("python3 train.py '</script>'"));
        render(&[data], PageUse::File).expect("a page")
    })
}

#[test]
fn a_study_without_jobs_has_a_page() {
    let page = page(&StudyFixture::new().view_with(ViewDetail::Curves));
    assert!(page.contains("No job has returned a value yet."), "{page}");
}

#[test]
fn the_page_has_all_sections_of_a_study_with_promotions_and_failures() {
    let page = page(&halving().view_with(ViewDetail::Curves));
    for section in [
        "result",
        "incumbent",
        "curves",
        "brackets",
        "parallel",
        "importance",
        "timeline",
        "failures",
        "early-stopping",
        "cost",
        "trials",
    ] {
        assert!(page.contains(&format!("<section id=\"{section}\"")), "{section}");
    }
    assert!(page.contains("ValueError: lr") && page.contains("trial 2, ranked 1st of 2 at 1 epoch"), "{page}");
}

#[test]
fn hostile_names_and_logs_stay_text() {
    const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"'&]]>\u{2028}<!--";
    let mut view = halving().view_with(ViewDetail::Curves);
    view.study = format!("a{HOSTILE}").replace('/', "∕").into();
    view.header.metric.as_mut().expect("a metric").name = HOSTILE.into();
    for job in &mut view.jobs {
        job.params = std::sync::Arc::new([(std::sync::Arc::from(HOSTILE), HOSTILE.into())].into_iter().collect());
        job.stderr_tail = HOSTILE.into();
        job.reason = job.reason.as_ref().map(|_| HOSTILE.to_owned());
    }
    let page = page(&view);
    assert!(!page.contains("<img") && !page.contains("<!--"), "{page}");
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
}

#[test]
fn nothing_is_fetched() {
    let page = page(&halving().view_with(ViewDetail::Curves));
    assert!(!page.contains("src=") && !page.contains("url(") && !page.contains("@import") && !page.contains("<link"));
    assert!(page.contains("connect-src &#x27;none&#x27;") || page.contains("connect-src 'none'"));
}

#[test]
fn several_studies_are_compared() {
    let view = halving().view_with(ViewDetail::Curves);
    let page = with_input(&view, |input| {
        let data = || ReportData::new(input, |_| repetition("true"));
        render(&[data(), data()], PageUse::File).expect("a page")
    });
    assert!(page.contains("<section id=\"comparison\"") && page.contains("marks line study study-1"), "{page}");
    assert!(page.contains("data-prefix=\"study-1-\"") && page.contains("id=\"study-1-result\""));
}

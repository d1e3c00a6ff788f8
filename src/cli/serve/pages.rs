//! Renders the page when a study has changed, for at most a tenth of the time of one core.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::watch::Fingerprint;
use crate::cli::study::reading::report::ReportSource;
use crate::report::page::{PageUse, ReportData, UnreadableStudy, render_with};

/// The least time between two renderings.
const PAUSE: Duration = Duration::from_secs(1);
/// After a rendering, as many times its duration pass before the next.
const REST: u32 = 9;

/// A rendered page.
#[derive(Clone, Debug)]
struct RenderedPage {
    html: Bytes,
    of: Fingerprint,
    /// When it may be rendered again.
    next: Instant,
}

/// The latest page of some studies. Requests at the same time wait for one rendering.
#[derive(Debug)]
pub struct Pages {
    studies: Arc<[PathBuf]>,
    latest: Mutex<Option<RenderedPage>>,
}

impl Pages {
    /// Of `studies`; nothing is read yet.
    pub fn new(studies: Vec<PathBuf>) -> Pages {
        Pages { studies: studies.into(), latest: Mutex::new(None) }
    }

    /// The page as it is now, or as it was when it was last rendered if that was too recent; and whether it was rendered for this call.
    ///
    /// A study that cannot be read is a line of the page.
    ///
    /// # Errors
    /// Rendering failed, which is an error of this program.
    pub async fn latest(&self) -> Result<(Bytes, bool), String> {
        let mut latest = self.latest.lock().await;
        if let Some(page) = latest.as_ref().filter(|page| Instant::now() < page.next) {
            return Ok((page.html.clone(), false));
        }
        let known = latest.as_ref().map(|page| page.of.clone());
        let studies = self.studies.clone();
        let rendered = spawn_blocking(move || render_changed(&studies, known)).await.map_err(|e| e.to_string())??;
        match (rendered, latest.as_ref()) {
            (None, Some(page)) => Ok((page.html.clone(), false)),
            (None, None) => Err("internal error: no page was rendered (please report)".to_owned()),
            (Some(page), _) => {
                let html = page.html.clone();
                *latest = Some(page);
                Ok((html, true))
            }
        }
    }
}

/// Renders the page unless nothing has changed since `known`. A study whose folder was removed does not hide the others.
fn render_changed(studies: &[PathBuf], known: Option<Fingerprint>) -> Result<Option<RenderedPage>, String> {
    // Before the files are read: what changes in between is noticed the next time.
    let of = Fingerprint::of(studies);
    if known.as_ref() == Some(&of) {
        return Ok(None);
    }
    let started = Instant::now();
    let (mut sources, mut unreadable) = (Vec::new(), Vec::new());
    for study in studies {
        match ReportSource::read(study) {
            Ok(source) => sources.push(source),
            Err(error) => {
                let error = format!("{:#}", error.error);
                unreadable.push(UnreadableStudy { folder: study.to_string_lossy().into_owned(), error });
            }
        }
    }
    let data: Vec<ReportData<'_>> = sources.iter().map(ReportSource::data).collect();
    let html = render_with(&data, &unreadable, PageUse::Live).map_err(|e| e.to_string())?;
    let next = Instant::now() + PAUSE.max(started.elapsed() * REST);
    Ok(Some(RenderedPage { html: html.into(), of, next }))
}

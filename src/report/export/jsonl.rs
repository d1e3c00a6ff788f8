//! One JSON object per line and job.

use std::borrow::Cow;
use std::io;

use super::exporter::{Exporter, rows};
use crate::report::view::StudyView;
use crate::types::printable::printable_json;

/// `--format jsonl`.
#[derive(Clone, Copy, Debug)]
pub struct Jsonl;

impl Exporter for Jsonl {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn export(&self, view: &StudyView, out: &mut dyn io::Write) -> io::Result<()> {
        for mut row in rows(view) {
            if !view.header.params.is_empty() {
                row.params = Cow::Owned(view.header.with_inactive(&row.params));
            }
            let json = serde_json::to_string(&row)?;
            out.write_all(printable_json(&json).as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::halving;
    use crate::report::view::ViewDetail;
    use crate::types::outcome::CurvePoint;

    #[test]
    fn one_line_per_job_with_every_column() {
        let mut out = Vec::new();
        Jsonl.export(&halving().view(), &mut out).expect("writing to memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("JSON is UTF-8"), @r#"
        {"trial":0,"bracket":1,"rung":0,"attempt":1,"resource":1,"status":"succeeded","reason":null,"value":0.5,"metrics":{"loss":0.5},"params":{"lr":0.0},"promoted":false,"started_at":"2026-03-01T10:00:00Z","duration_s":1.0,"exit_code":0,"max_rss_bytes":9437184,"cpu_s":0.5,"spent":1,"slot":0}
        {"trial":1,"bracket":1,"rung":0,"attempt":1,"resource":1,"status":"failed","reason":"exit code 1","value":null,"metrics":{},"params":{"lr":0.1},"promoted":false,"started_at":"2026-03-01T10:00:00Z","duration_s":1.0,"exit_code":1,"max_rss_bytes":9437184,"cpu_s":0.5,"spent":1,"slot":0}
        {"trial":2,"bracket":1,"rung":0,"attempt":1,"resource":1,"status":"succeeded","reason":null,"value":0.25,"metrics":{"loss":0.25},"params":{"lr":0.2},"promoted":true,"started_at":"2026-03-01T10:00:00Z","duration_s":1.0,"exit_code":0,"max_rss_bytes":9437184,"cpu_s":0.5,"spent":1,"slot":0}
        {"trial":2,"bracket":1,"rung":1,"attempt":1,"resource":3,"status":"succeeded","reason":null,"value":0.125,"metrics":{"loss":0.125},"params":{"lr":0.2},"promoted":false,"started_at":"2026-03-01T10:00:03Z","duration_s":1.0,"exit_code":0,"max_rss_bytes":9437184,"cpu_s":0.5,"spent":3,"slot":0}
        "#);
    }

    #[test]
    fn curves_are_the_last_key() {
        let mut view = halving().view_with(ViewDetail::Curves);
        view.jobs.truncate(1);
        view.jobs[0].curve = vec![CurvePoint { step: 1.0, value: 0.5 }];
        let mut out = Vec::new();
        Jsonl.export(&view, &mut out).expect("writing to memory");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(text.ends_with("\"slot\":0,\"curve\":[{\"step\":1.0,\"value\":0.5}]}\n"), "{text}");
    }
}

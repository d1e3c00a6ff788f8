//! Runs an external tuner: a program that proposes configurations, over JSON lines.
//!
//! The program is started at the first request and runs until the session ends. It reads one JSON object per line from stdin and
//! answers each with one line on stdout. Its stderr is appended to `tuner.stderr.log` in the study's folder. hypertune closes its
//! stdin at the end of the session; it then has two seconds to exit.
//!
//! # Requests
//!
//! | field | |
//! |---|---|
//! | `op` | `"suggest"` |
//! | `version` | version of this protocol: 2 in a space with conditions or constraints, unless `tuner.protocol` is 1; otherwise 1 |
//! | `count` | number of requested configurations, 1 or more |
//! | `trials` | their trials: one number each, the same after a restart |
//! | `bracket`, `round` | where those trials start |
//! | `resource` | resource of their first jobs; null where nothing is allotted |
//! | `maxResource` | R; null where nothing is allotted |
//! | `metric` | `{"name", "optimization": "minimize" or "maximize"}`, or null |
//! | `seed` | seed of the study |
//! | `params` | the matrix's `tuner.params` |
//! | `space` | every parameter by name: its `kind`, its `type` and the fields of that type (below) |
//! | `constraints` | version 2: the expressions that each configuration fulfils |
//! | `rejected` | version 2: suggestions that broke a constraint, whose trials are requested again, with the reasons |
//! | `observations` | every job that ended since the last request, in order; all of them in a session's first request |
//!
//! Types of parameters: `choice` (`values` without an order, their prior probabilities in `weights`), `ordered` (`values` in order,
//! equally likely; `count` of them, of which at most 1,000 are listed), `float` (uniform from `low` to `high`, on a log scale if
//! `log`), `normal` (`loc` and `scale`, of the logarithm if `log`). The last two have a `q` if values are its multiples.
//!
//! An observation has `trial`, `bracket`, `round`, `resource`, `params` (those of the job, initial configurations included), `status`
//! (`succeeded`, `stopped` by a rule, `failed`), `value` (the metric; null without one), `metrics` (the last reading), `curve`
//! (`[{"step", "value"}]`) and, of a failed job, `failure`. Jobs of earlier studies (`--warm-start`) come first; their `trial` is
//! null and they have no bracket.
//!
//! # Responses
//!
//! `{"suggestions": [{name: value, …}, …]}`: every parameter once, each value one that its parameter may take. Fewer than `count`,
//! or `"done": true`, means that there are no more: the study continues with the trials it has. These are errors: more than `count`
//! suggestions, values outside the space, any other output on stdout, no response within `tuner.timeout` seconds, and an exit of the
//! program. After an error the study ends once no job runs; fix the tuner and run the same command line again.
//!
//! # Environment
//!
//! `HYPERTUNE_STUDY_DIR`; `HYPERTUNE_TUNER_VERSION` where the matrix names a version (`hubRef: org/name:version`);
//! `PYTHONUNBUFFERED=1`, so that Python programs do not buffer their responses.

mod client;
mod observations;
mod process;
mod program;
mod request;
mod response;
mod start;
mod stderr_log;

pub(crate) use client::{SuggestionEnd, Suggestions, Tuner};
pub(crate) use program::{ProtocolVersion, TunerContext, TunerProgram};

//! Every fenced block of `README.md` and of `examples/**/README.md` is run or checked. The words after the language of a fence
//! determine how; unknown words are an error.
//!
//! | fence | check |
//! |---|---|
//! | `sh` | run from top to bottom in a folder with a copy of `examples/`; every command must succeed |
//! | `sh ci` | each line is a line of `.ci/run` |
//! | `sh plan` | run with `hypertune plan` in place of `hypertune run`, because the command needs programs that are not installed |
//! | `yaml`, `yaml file=NAME` | a file without errors for `hypertune check`; written for the blocks below it |
//! | `yaml part`, `yaml part file=NAME` | fields in place of those of the document's first matrix file, then as above |
//! | `python file=NAME` | a script that compiles, written for the blocks below it |
//! | `json keys` | is the output of the last `sh` block but for times and paths |
//! | `text` | not checked |

mod blocks;
mod commands;
mod examples;
mod names;
mod scene;
mod sources;

//! The documents tell the truth: every fenced block of `README.md` and of `examples/**/README.md` is run, checked or found where
//! it is run. The words after a fence's language say which; a block with other words, or none that are known, fails.
//!
//! | fence | what becomes of it |
//! |---|---|
//! | `sh` | run from top to bottom in a folder with a copy of `examples/`; every command must succeed |
//! | `sh ci` | each line stands in `.ci/run`, which runs it |
//! | `sh plan` | `hypertune plan` takes the place of `hypertune run`, where the real thing needs what cannot be installed |
//! | `yaml`, `yaml file=NAME` | a file that `hypertune check` finds nothing wrong with; written for the blocks below it |
//! | `yaml part`, `yaml part file=NAME` | fields in place of those of the document's first matrix file, then as above |
//! | `python file=NAME` | a script that compiles, written for the blocks below it |
//! | `json keys` | has the keys of what the last `sh` block printed |
//! | `text` | only shown |

mod blocks;
mod commands;
mod examples;
mod names;
mod scene;
mod sources;

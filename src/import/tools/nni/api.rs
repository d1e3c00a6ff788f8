//! How scripts talk to NNI.

use crate::import::note::Note;

/// How a trial of NNI gets its parameters and reports its metric.
pub fn passed_by_api() -> Note {
    let message = "a script of NNI calls `nni.get_next_parameter` and `nni.report_final_result`; hypertune passes `--NAME=VALUE`, also \
                   as JSON in the variable HYPERTUNE_PARAMS, and reads what is printed";
    Note::without_line(message, "take the parameters from there and print the metric")
}

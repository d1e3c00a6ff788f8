//! Views made from the journal alone, and exporters.

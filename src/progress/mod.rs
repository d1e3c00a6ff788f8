//! What a person sees while a study runs.

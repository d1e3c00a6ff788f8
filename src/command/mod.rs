//! What a job runs: templates, argument styles, environment.

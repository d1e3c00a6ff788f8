//! One file per subcommand, one table of exit codes.

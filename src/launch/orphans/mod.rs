//! Finds and ends processes that outlived the driver or the job that started them.

pub(crate) mod descendants;
pub(crate) mod driver;
pub(crate) mod guard;
pub(crate) mod leftovers;
pub(crate) mod mark;
pub(crate) mod marked_processes;
pub(crate) mod process_groups;
pub(crate) mod process_table;
mod process_tree;
pub(crate) mod session_list;
pub(crate) mod unfinished;

//! What metrics look like in lines that people print for people.

pub(crate) mod clean;
pub(crate) mod enclosure;
pub(crate) mod ending_object;
pub(crate) mod measured;
mod name_edges;
pub(crate) mod name_match;
pub(crate) mod number;
pub(crate) mod number_end;
pub(crate) mod open_brackets;
pub(crate) mod operand;
pub(crate) mod pairs;
pub(crate) mod python_literal;
pub(crate) mod qualifier;
pub(crate) mod qualifying_words;
pub(crate) mod table;

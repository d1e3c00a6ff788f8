//! Argument styles: the forms in which parameters reach a command.

mod assign;
pub mod catalogue;
mod env;
mod fire;
pub mod form;
mod hydra;
pub mod member;
mod none;
mod option;
pub mod settings;
mod text;

#[cfg(test)]
mod tests;

//! The samplers that a matrix can select with `sampler:`. To add one, write its file and add a line to `SAMPLERS`.

use std::sync::Arc;

use super::Sampler;
use super::anneal::Anneal;
use super::automatic::Automatic;
use super::gp::Gp;
use super::random::Random;
use super::tpe::Tpe;

/// A sampler under its name.
type Entry = (&'static str, fn() -> Arc<dyn Sampler>);

/// Each sampler with its default settings.
static SAMPLERS: [Entry; 5] = [
    ("auto", || Arc::new(Automatic::default())),
    ("random", || Arc::new(Random)),
    ("tpe", || Arc::new(Tpe::default())),
    ("gp", || Arc::new(Gp::default())),
    ("anneal", || Arc::new(Anneal)),
];

/// The sampler with this name, if there is one.
pub fn by_name(name: &str) -> Option<Arc<dyn Sampler>> {
    SAMPLERS.iter().find(|(other, _)| *other == name).map(|(_, build)| build())
}

/// The names of all samplers.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    SAMPLERS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sampler_reports_the_name_it_is_selected_by() {
        for name in names() {
            assert_eq!(by_name(name).map(|sampler| sampler.name()), Some(name));
        }
    }
}

//! The resource of a study whose file has none: a constant parameter with a usual name.

use super::study::ImportedParam;

/// Usual names of how long a training is.
const NAMES: [&str; 16] = [
    "epochs",
    "epoch",
    "num_epochs",
    "n_epochs",
    "max_epochs",
    "nb_epochs",
    "num-epochs",
    "num_train_epochs",
    "iterations",
    "num_iterations",
    "max_iter",
    "max_iters",
    "steps",
    "num_steps",
    "max_steps",
    "total_timesteps",
];

/// A constant that is the length of the training.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConstantResource {
    /// The name of the parameter.
    pub name: String,
    /// Its value, ≥ 1.
    pub amount: u64,
}

/// The first constant parameter whose name, without dashes at its front, is the length of the training.
pub fn constant(params: &[ImportedParam]) -> Option<ConstantResource> {
    params.iter().find_map(|param| {
        let is_named = NAMES.contains(&param.name.trim_start_matches('-'));
        let amount = param.domain.value.as_u64().filter(|amount| *amount > 0);
        let is_constant = is_named && param.domain.kind.is_none();
        is_constant.then(|| Some(ConstantResource { name: param.name.clone(), amount: amount? }))?
    })
}

/// A name for the resource that no parameter has.
pub fn unused_name(params: &[ImportedParam]) -> String {
    let is_unused = |name: &&&str| params.iter().all(|param| param.name.trim_start_matches('-') != **name);
    NAMES.iter().find(is_unused).map_or("resource", |name| name).to_owned()
}

//! The sampler `gp`: a Gaussian process over configuration and resource, which proposes the configuration with the highest
//! acquisition value at the full resource.

mod acquisition;
mod advice;
mod fit;
mod kernel;
mod lbfgs;
mod likelihood;
mod linalg;
mod model;
mod optimize;
mod posterior;
mod rows;
mod searcher;
mod settings;
mod simd;
mod subspace;
#[cfg(test)]
mod tests;
mod transfer;
mod transform;

pub use crate::search::gp::acquisition::Acquisition;
pub use crate::search::gp::kernel::KernelShape;
pub use crate::search::gp::settings::{Criterion, Gp, ModelSettings};

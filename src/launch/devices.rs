//! The variables that restrict a job to some devices.

/// CUDA, ROCm and oneAPI.
pub const DEVICE_VARIABLES: [&str; 3] = ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"];

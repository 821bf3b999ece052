//! Who clients are, as the OpenStack ecosystem says it: `clouds.yaml`, `OS_CLOUD` and the `OS_*` variables.
//!
//! Which source counts is decided by who asks: a scenario's `cloud` names one of `clouds.yaml`, or `envvars` for the variables;
//! [`crate::target_from_environment`] takes `STORMGLASS_TOKEN`, else `OS_CLOUD`, else the variables. Sources are never mixed: with a cloud
//! of `clouds.yaml`, the other `OS_*` variables are not read.

use super::environment::Environment;
use super::identity::{Cloud, Mistake};
use super::{clouds, keys};

/// What openstacksdk calls the cloud that the `OS_*` variables describe.
pub const ENVVARS: &str = "envvars";

/// The cloud `name` of `clouds.yaml`, or that of the `OS_*` variables if it is [`ENVVARS`].
pub fn cloud(environment: &Environment, name: &str) -> Result<Cloud, Mistake> {
    if name == ENVVARS {
        return keys::of_variables(environment)?.cloud(environment);
    }
    clouds::keys(environment, name)?.cloud(environment)
}

/// The cloud that the environment speaks of: `OS_CLOUD`'s, else that of the `OS_*` variables; none if it speaks of none.
pub fn from_environment(environment: &Environment) -> Result<Option<Cloud>, Mistake> {
    let name = match environment.said("OS_CLOUD") {
        Some(name) => name,
        None if keys::are_said(environment) => ENVVARS,
        None => return Ok(None),
    };
    cloud(environment, name).map(Some)
}

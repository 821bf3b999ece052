//! `stormglass lifecycle`: the lifecycle, drawn from the table in the code.

use super::Exit;
use crate::report::diagram::{self, Format};
use clap::{Args, ValueEnum};
use stormglass_model::lifecycle::Profile;

/// Draws the lifecycle of subjects and tasks from the table in the code.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass lifecycle
  stormglass lifecycle --profile v2 --format csv
  stormglass lifecycle --format svg > lifecycle.svg
  stormglass lifecycle --profile glance --format dot | dot -Tpng > glance.png")]
pub struct Arguments {
    /// Whose rules [default: the specification, with the upload rules of both v1 and v2]
    #[arg(long)]
    profile: Option<ProfileName>,
    /// What to draw
    #[arg(long, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileName {
    /// A failed upload kills the subject
    V1,
    /// A failed upload queues the subject again
    V2,
    /// What OpenStack Glance 33 permits
    Glance,
}

/// Draws it on standard output.
pub fn lifecycle(arguments: &Arguments) -> anyhow::Result<Exit> {
    let profile = arguments.profile.map(|name| match name {
        ProfileName::V1 => Profile::V1,
        ProfileName::V2 => Profile::V2,
        ProfileName::Glance => Profile::Glance,
    });
    super::print(diagram::lifecycle(profile, arguments.format))?;
    Ok(Exit::Valid)
}

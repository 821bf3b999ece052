//! What is told of a client that does something wrong.

use crate::catalog::ImageId;
use stormglass_model::misuse::Misuse;
use stormglass_model::units::Time;

/// One mistake of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFinding {
    /// Of which kind.
    pub misuse: Misuse,
    /// Whose: a user and its project.
    pub client: String,
    /// On which image.
    pub image: Option<ImageId>,
    /// When, since the server started.
    pub at: Time,
    /// What happened.
    pub sentence: String,
}

//! Who clients are, as the OpenStack ecosystem says it: `clouds.yaml`, `OS_CLOUD` and the `OS_*` variables.
//!
//! Which source counts is decided by who asks: a scenario's `cloud` names one of `clouds.yaml`, or `envvars` for the variables;
//! [`target_from_environment`] takes `STORMGLASS_TOKEN`, else `OS_CLOUD`, else the variables. Sources are never mixed: with a cloud
//! of `clouds.yaml`, the other `OS_*` variables are not read.

use super::{Environment, clouds, keys};
use crate::{GlanceTarget, Identity};
use std::path::PathBuf;

/// What openstacksdk calls the cloud that the `OS_*` variables describe.
pub const ENVVARS: &str = "envvars";

/// Who acts when nobody says: what a server without Keystone that reads `user:project:roles` from the token understands.
pub(crate) const STAND_INS: [&str; 4] = [
    "stormglass:stormglass:member,reader",
    "stormglass-admin:stormglass:admin,member,reader",
    "stormglass-reader:stormglass:reader",
    "stormglass-stranger:elsewhere:member,reader",
];

/// A cloud, as one of the sources describes it.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Who acts there.
    pub identity: Identity,
    /// Where its Glance is, if the source says so; otherwise Keystone's catalog does.
    pub url: Option<String>,
    /// Certificates, in PEM, that are trusted beside the system's.
    pub ca: Option<PathBuf>,
}

/// What is wrong with a source. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Mistake {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake {
            message: message.into(),
            help: help.into(),
        }
    }
}

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

/// The Glance at `url`, or that of the environment's cloud, with the environment's identities.
///
/// `STORMGLASS_TOKEN`, `STORMGLASS_ADMIN_TOKEN`, `STORMGLASS_READER_TOKEN` and `STORMGLASS_STRANGER_TOKEN` are plain tokens and count
/// before anything else; a member without one is who [`from_environment`] says, and an admin without one is the member. Where nothing
/// is said at all, all four are stand-ins for a server without Keystone.
pub fn target_from_environment(
    environment: &Environment,
    url: Option<&str>,
) -> Result<GlanceTarget, Mistake> {
    let [member, admin, reader, stranger] =
        ["TOKEN", "ADMIN_TOKEN", "READER_TOKEN", "STRANGER_TOKEN"]
            .map(|name| plain_token(environment, &format!("STORMGLASS_{name}")));
    let cloud = match member? {
        Some(token) => Some(Cloud {
            identity: token,
            url: None,
            ca: environment.path("OS_CACERT"),
        }),
        None => from_environment(environment)?,
    };
    let admin = admin?;
    let (member, place, ca) = match cloud {
        Some(cloud) => (Some(cloud.identity), cloud.url, cloud.ca),
        None => (None, None, environment.path("OS_CACERT")),
    };
    let mut target = Identities {
        member,
        admin,
        reader: reader?,
        stranger: stranger?,
    }
    .target();
    target.url = url
        .map(|url| url.trim_end_matches('/').to_owned())
        .or(place);
    target.ca = ca;
    if target.url.is_none() && !target.member.has_catalog() {
        let help = "give its URL, or set OS_CLOUD, or OS_AUTH_URL and the variables beside it";
        return Err(Mistake::new("nothing says where the Glance is", help));
    }
    Ok(target)
}

fn plain_token(environment: &Environment, name: &str) -> Result<Option<Identity>, Mistake> {
    match environment.said(name) {
        Some(token) if !is_header(token) => Err(Mistake::new(
            format!("{name} cannot be sent in an HTTP header"),
            "it takes printable ASCII only",
        )),
        token => Ok(token.map(|token| Identity::Token(token.to_owned()))),
    }
}

/// Whether an HTTP header can carry it.
pub fn is_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Who was named, of the four who act.
pub struct Identities {
    /// Owns the images.
    pub member: Option<Identity>,
    /// May do everything.
    pub admin: Option<Identity>,
    /// May only read.
    pub reader: Option<Identity>,
    /// Belongs to another project.
    pub stranger: Option<Identity>,
}

impl Identities {
    /// A target without a place for these: whoever brings an identity of its own has a server where the stand-ins mean nothing.
    pub fn target(self) -> GlanceTarget {
        let stands_in = self.member.is_none();
        let [member, admin, reader, stranger] =
            STAND_INS.map(|token| Identity::Token(token.to_owned()));
        let stand_in = |named: Option<Identity>, other| named.or(stands_in.then_some(other));
        let admin = self.admin.or_else(|| self.member.clone()).unwrap_or(admin);
        GlanceTarget {
            url: None,
            reader: stand_in(self.reader, reader),
            stranger: stand_in(self.stranger, stranger),
            ..GlanceTarget::new(String::new(), self.member.unwrap_or(member), admin)
        }
    }
}

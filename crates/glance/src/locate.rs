//! Which Glance is meant and who acts there, where a scenario does not say: the environment's word, and a catalog's.

use crate::auth::{Cloud, Environment, Identity, Mistake, Session, from_environment, is_header};
use crate::client::HelloError;
use crate::target::GlanceTarget;
use std::path::PathBuf;
use std::sync::Arc;

/// Who acts when nobody says: what a server without Keystone that reads `user:project:roles` from the token understands.
const STAND_INS: [&str; 4] = [
    "stormglass:stormglass:member,reader",
    "stormglass-admin:stormglass:admin,member,reader",
    "stormglass-reader:stormglass:reader",
    "stormglass-stranger:elsewhere:member,reader",
];

/// The target with its URL known: if nothing said it, the member logs in and the catalog says it. Must run inside a
/// `tokio::task::LocalSet`.
pub async fn locate(target: &GlanceTarget) -> Result<GlanceTarget, HelloError> {
    let mut target = target.clone();
    if target.url.is_none()
        && let Identity::Keystone(login) = &target.member
    {
        let ca = target.ca.as_deref();
        let session = Session::new(Arc::clone(login), ca, &target.routes, target.timeout)?;
        let catalog = session.log_in_anew().await?;
        let url = catalog.image(login, target.insecure_endpoint)?;
        target.url = Some(url);
    }
    Ok(target)
}

/// The Glance at `url`, or that of the environment's cloud, with the environment's identities.
///
/// `STORMGLASS_TOKEN`, `STORMGLASS_ADMIN_TOKEN`, `STORMGLASS_READER_TOKEN` and `STORMGLASS_OTHER_PROJECT_TOKEN`,
/// which may be spelt `STORMGLASS_STRANGER_TOKEN`, are plain tokens and count
/// before anything else; a member without one is who [`from_environment`] says, and an admin without one is the member. Where nothing
/// is said at all, all four are stand-ins for a server without Keystone.
pub fn target_from_environment(
    environment: &Environment,
    url: Option<&str>,
) -> Result<GlanceTarget, Mistake> {
    let [member, admin, reader, stranger, other_project] = [
        "STORMGLASS_TOKEN",
        "STORMGLASS_ADMIN_TOKEN",
        "STORMGLASS_READER_TOKEN",
        "STORMGLASS_STRANGER_TOKEN",
        "STORMGLASS_OTHER_PROJECT_TOKEN",
    ]
    .map(|name| plain_token(environment, name));
    let other_project = match (stranger?, other_project?) {
        (Some(_), Some(_)) => {
            let message =
                "STORMGLASS_OTHER_PROJECT_TOKEN says once more what STORMGLASS_STRANGER_TOKEN says";
            return Err(Mistake::new(message, "keep one of the two"));
        }
        (one, other) => one.or(other),
    };
    let ca = environment.path("OS_CACERT");
    let member = match member? {
        Some(identity) => Some(Cloud {
            ca: ca.clone(),
            ..Cloud::of(identity)
        }),
        None => from_environment(environment)?,
    };
    let mut target = Identities {
        admin: admin?,
        reader: reader?,
        other_project,
        ca: ca.filter(|_| member.is_none()),
        member,
    }
    .target();
    target.routes = environment.routes();
    if let Some(url) = url {
        target.url = Some(url.trim_end_matches('/').to_owned());
    }
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

/// Who was named, of the four who act.
pub struct Identities {
    /// Owns the images; its cloud may say where the Glance is, and whom to trust.
    pub member: Option<Cloud>,
    /// May do everything.
    pub admin: Option<Identity>,
    /// May only read.
    pub reader: Option<Identity>,
    /// Belongs to another project.
    pub other_project: Option<Identity>,
    /// Certificates that count before those of the member's cloud.
    pub ca: Option<PathBuf>,
}

impl Identities {
    /// A target for these: whoever brings an identity of its own has a server where the stand-ins mean nothing.
    pub fn target(self) -> GlanceTarget {
        let stands_in = self.member.is_none();
        let [member, admin, reader, other_project] =
            STAND_INS.map(|token| Identity::Token(token.to_owned()));
        let Cloud {
            identity: member,
            url,
            ca,
            notes,
        } = self.member.unwrap_or(Cloud::of(member));
        let own_admin = if stands_in { admin } else { member.clone() };
        let stand_in = |named: Option<Identity>, other| named.or(stands_in.then_some(other));
        GlanceTarget {
            url,
            notes,
            reader: stand_in(self.reader, reader),
            other_project: stand_in(self.other_project, other_project),
            ca: self.ca.or(ca),
            ..GlanceTarget::new(String::new(), member, self.admin.unwrap_or(own_admin))
        }
    }
}

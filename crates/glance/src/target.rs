//! Where a real Glance is, who talks to it, and what may be done to it: what a scenario says, and no more.

use crate::auth::{Identity, Secret};
use crate::http::{Proxies, host};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use stormglass_model::lifecycle::Who;
use stormglass_model::units::{Bytes, Span};

/// Where a real Glance is, and who talks to it. Credentials never show in `Debug`.
#[derive(Clone, Debug)]
pub struct GlanceTarget {
    /// `http://host:port` or `https://…`, with the path that stands before `/v2` if there is one. None: the catalog of the
    /// member's Keystone says; a client needs it said.
    pub url: Option<String>,
    /// Who acts as a member.
    pub member: Identity,
    /// Who acts as an admin.
    pub admin: Identity,
    /// Who may only read; none: nobody does.
    pub reader: Option<Identity>,
    /// Who belongs to another project; none: nobody does.
    pub other_project: Option<Identity>,
    /// The id of that project, to share images with; none: it is read from the identity if that says it.
    pub other_project_id: Option<String>,
    /// Certificates, in PEM, that are trusted beside the system's; for `https`.
    pub ca: Option<PathBuf>,
    /// Through which its servers are asked.
    pub proxies: Proxies,
    /// After which an operation without an answer is unknown.
    pub timeout: Span,
    /// Connections open at once at most.
    pub connections: NonZeroU32,
    /// Where data of subjects created with a location lies; none: the scenario has no such step.
    pub location: Option<String>,
    /// Whether the server delays deletes: a delete then leads to `pending_delete`.
    pub delayed_delete: bool,
    /// A size that the server refuses for its size cap or quota; none: nobody tries one.
    pub too_large: Option<Bytes>,
    /// Where the server's database and store can be read.
    pub probe: Option<ProbeTarget>,
    /// What can be done to the server, by name; run only if the command line allows it.
    pub commands: Vec<Command>,
    /// Removes an image that no client could delete, at the end; run only if the command line allows it.
    pub last_resort: Option<Command>,
    /// What the user should know before anything is sent, a line each.
    pub notes: Vec<String>,
}

impl GlanceTarget {
    /// A server and its two usual identities; all else as it is when a scenario does not say.
    pub fn new(url: String, member: Identity, admin: Identity) -> GlanceTarget {
        GlanceTarget {
            url: Some(url),
            member,
            admin,
            reader: None,
            other_project: None,
            other_project_id: None,
            ca: None,
            proxies: Proxies::default(),
            timeout: Span::from_secs(60),
            connections: NonZeroU32::MIN.saturating_add(31),
            location: None,
            delayed_delete: false,
            too_large: None,
            probe: None,
            commands: Vec::new(),
            last_resort: None,
            notes: Vec::new(),
        }
    }

    /// Whether one identity acts as the member and as the admin: then nobody knows what it may do.
    pub fn has_one_identity(&self) -> bool {
        self.member == self.admin
    }

    /// Who acts as `who`, if anybody does.
    pub fn identity(&self, who: Who) -> Option<&Identity> {
        // Where nobody says who he is, everybody may be an admin; where the member does, an admin must.
        let has_admin = self.admin != Identity::Anonymous || self.member == Identity::Anonymous;
        match who {
            Who::Member => Some(&self.member),
            Who::Admin => has_admin.then_some(&self.admin),
            Who::Reader => self.reader.as_ref(),
            Who::OtherProject => self.other_project.as_ref(),
        }
    }

    /// The project that images are shared with, if it is known: identity headers say it, and so do the tokens of a development server.
    pub fn project_to_share_with(&self) -> Option<String> {
        let said = match &self.other_project {
            Some(Identity::Headers { project, .. }) => Some(project.clone()),
            Some(Identity::Token(token)) => match token.split(':').collect::<Vec<_>>()[..] {
                [_, project, _] => Some(project.to_owned()),
                _ => None,
            },
            Some(Identity::Keystone(_) | Identity::Anonymous) | None => None,
        };
        self.other_project_id.clone().or(said)
    }

    /// Whether its address says that it is on this host, so that it can read data that is served here.
    pub fn is_on_loopback(&self) -> bool {
        let url = self.url.as_deref().unwrap_or_default();
        let url = url.parse().unwrap_or_default();
        host(&url).is_some_and(|host| {
            host == "localhost" || (host.parse::<IpAddr>()).is_ok_and(|it| it.is_loopback())
        })
    }
}

/// Where the server's image table and store are. They are only ever read.
#[derive(Clone, Debug)]
pub struct ProbeTarget {
    /// `postgresql://…`, `mysql://…` or `sqlite://…`; it may hold a password.
    pub database: Option<Secret>,
    /// Where the data of images is kept.
    pub store: Option<StoreTarget>,
    /// The folder of the staging area.
    pub staging: Option<PathBuf>,
}

/// Where the data of images is kept.
#[derive(Clone, Debug)]
pub enum StoreTarget {
    /// In the folders of file system stores, the default one's first.
    Folders(Vec<PathBuf>),
    /// In a bucket of S3.
    Bucket(BucketTarget),
}

/// A bucket of S3, and who may list it.
#[derive(Clone, Debug)]
pub struct BucketTarget {
    /// The URL of the service, without the bucket.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Its name.
    pub bucket: String,
    /// Who lists it.
    pub access_key: Secret,
    /// What shows that it is he.
    pub secret_key: Secret,
    /// A file of certificates to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// Through which it is asked.
    pub proxies: Proxies,
}

/// Something that is done to the server from outside. Its text is given to `sh -c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What scripts and faults call it.
    pub name: String,
    /// Does it.
    pub run: String,
    /// Takes it back; none where there is nothing to take back.
    pub undo: Option<String>,
    /// How long each of the two may take at most.
    pub timeout: Span,
    /// Whether it takes data out of the store, or spoils it: what the store holds afterwards is then not the server's doing.
    pub damages_data: bool,
}

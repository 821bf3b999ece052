//! A client's calls, as far as it matters whether they are right.

use crate::catalog::{ImageId, Requester};
use crate::route::{Call, ImageCall};
use stormglass_model::named;
use stormglass_model::units::{Span, Time};

named! {
    /// What a call does.
    Doing {
        /// Makes an image.
        Create = "create",
        /// Sends data.
        Upload = "upload",
        /// Sends data that an import will bring in.
        Stage = "stage",
        /// Has data brought in.
        Import = "import",
        /// Says where data lies.
        AddLocation = "add-location",
        /// Takes data.
        Download = "download",
        /// Looks at one image or task.
        Look = "look",
        /// Looks at all images, or all tasks.
        LookAtAll = "list",
        /// Changes what is known of an image, or who may use it.
        Change = "change",
        /// Deletes an image.
        Delete = "delete",
    }
}

impl Doing {
    /// What a call does; none where that is no matter of images.
    pub fn of(call: &Call) -> Option<Doing> {
        Some(match call {
            Call::CreateImage => Doing::Create,
            Call::ListImages | Call::ListTasks => Doing::LookAtAll,
            Call::ShowTask(_) => Doing::Look,
            Call::DeleteFromStore { .. } => Doing::Change,
            Call::Image(_, call) => match call {
                ImageCall::Show | ImageCall::ListTasks => Doing::Look,
                ImageCall::Delete => Doing::Delete,
                ImageCall::Download => Doing::Download,
                ImageCall::Upload => Doing::Upload,
                ImageCall::Stage => Doing::Stage,
                ImageCall::Import => Doing::Import,
                ImageCall::AddLocation => Doing::AddLocation,
                ImageCall::Update
                | ImageCall::Deactivate
                | ImageCall::Reactivate
                | ImageCall::AddTag(_)
                | ImageCall::RemoveTag(_)
                | ImageCall::AddMember
                | ImageCall::UpdateMember(_)
                | ImageCall::RemoveMember(_) => Doing::Change,
                ImageCall::ListMembers | ImageCall::ShowMember(_) | ImageCall::ListLocations => {
                    return None;
                }
            },
            Call::Versions { .. }
            | Call::Health
            | Call::Schema(_)
            | Call::Info(_)
            | Call::Definitions(_)
            | Call::CreateTask
            | Call::DeleteTask(_)
            | Call::Identity(_)
            | Call::Control(_) => return None,
        })
    }

    /// Whether it brings data in.
    pub const fn brings_data(self) -> bool {
        matches!(
            self,
            Doing::Upload | Doing::Stage | Doing::Import | Doing::AddLocation
        )
    }

    /// Whether a second one does more than the first.
    pub const fn counts_twice(self) -> bool {
        matches!(self, Doing::Create) || self.brings_data()
    }
}

/// Who asks: a user of a project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Client {
    pub user: String,
    pub project: String,
}

impl Client {
    pub fn of(requester: &Requester) -> Client {
        Client {
            user: requester.user.clone(),
            project: requester.project.clone(),
        }
    }
}

impl std::fmt::Display for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.user, self.project)
    }
}

/// A call that has begun.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub client: Client,
    pub doing: Doing,
    /// The image, or the task, which it concerns.
    pub on: Option<ImageId>,
    pub at: Time,
    /// A fingerprint of what it says, where two calls may say different things.
    pub says: u64,
    /// The image that it made.
    pub made: Option<ImageId>,
    /// The checksum of the data that it brought.
    pub brought: Option<String>,
    /// The images that a list has shown; none: it may be any.
    pub listed: Option<Vec<ImageId>>,
}

impl Asked {
    pub fn new(client: Client, doing: Doing, on: Option<ImageId>, at: Time) -> Asked {
        Asked {
            client,
            doing,
            on,
            at,
            says: 0,
            made: None,
            brought: None,
            listed: None,
        }
    }
}

/// How a call ended, as its client knows it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answered {
    /// None where no reply reached it.
    pub status: Option<u16>,
    /// How long it is to wait.
    pub retry_after: Option<Span>,
    /// Whether what it looked at is on its way to something else.
    pub under_way: bool,
}

impl Answered {
    /// Whether it was done.
    pub fn done(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the client knows what came of it. A gateway does not know either what the server did.
    pub fn heard(&self) -> bool {
        self.status.is_some_and(|it| !matches!(it, 408 | 502 | 504))
    }
}

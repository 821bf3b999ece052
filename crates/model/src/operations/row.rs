//! What a row of the table says of an operation.

use super::change::{Change, Extent};
use crate::lifecycle::{Operation, Profile, Statuses, SubjectStatus, Who};
use crate::named;

/// What an operation asks of the server. Several words ask for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Registers a subject.
    Create(Formats),
    /// Registers a subject of size zero; on a real Glance a create and an upload of nothing.
    CreateEmpty,
    /// Registers a subject whose data lies elsewhere; on a real Glance a create and an add-location.
    CreateWithLocation,
    /// Names one more place where the data lies.
    AddLocation(Hash),
    /// Names a place through Glance's newer call.
    RegisterLocation(Hash),
    /// Names a place for all there were.
    ReplaceLocation,
    /// Takes the first place away.
    RemoveLocation,
    /// Sends data.
    Upload(Body),
    /// Sends data to the staging area.
    Stage,
    /// Has the server fetch the data.
    Import(Source),
    /// Has the server take the staged data.
    ImportStaged,
    /// Reads the data.
    Download,
    /// Bars everybody but an admin from the data.
    Deactivate,
    /// Undoes that.
    Reactivate,
    /// Deletes the subject.
    Delete,
    /// Reads the record.
    Show,
    /// Reads the first page of the records that its user may see, whichever these are.
    List,
    /// Changes a property that means nothing.
    SetProperty,
    /// Forbids deletes.
    Protect,
    /// Allows them again.
    Unprotect,
    /// Lets another project read the subject.
    Share,
    /// Does so no longer.
    Unshare,
    /// Says, as that project, that it wants it.
    Accept,
    /// Names the place of the data as that of another subject too, and deletes the other.
    CopyLocation,
    /// Has the server copy the data to another store.
    CopyImage,
    /// Takes the data out of one store.
    DeleteFromStore(StoreRole),
    /// Has the server take the staged data into every store.
    ImportToAllStores,
}

/// What a create says of the data to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Formats {
    /// Any bytes make a valid raw image.
    Raw,
    /// Made-up bytes are no qcow2.
    Wrong,
    /// Nothing.
    None,
}

named! {
    /// The requests of the image API; several operations are the same request.
    ApiCall {
        /// Registers an image.
        Create = "create",
        /// Sends data.
        Upload = "upload",
        /// Sends data to the staging area.
        Stage = "stage",
        /// Has a task bring data in, or a place where data lies.
        Import = "import",
        /// Changes the record: properties, protection, locations.
        Update = "update",
        /// Has a task copy data to another store.
        Copy = "copy-image",
        /// Takes data out of one store.
        DeleteFromStore = "delete-from-store",
        /// Shares the image with another project, takes that back, or accepts it there.
        Share = "share",
        /// Deactivates or reactivates.
        Deactivate = "deactivate",
        /// Deletes.
        Delete = "delete",
        /// Reads the data.
        Download = "download",
        /// Reads the record.
        Show = "show",
        /// Reads a list of records.
        List = "list",
    }
}

/// What of its data an upload sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// All of it.
    Whole,
    /// A part; then its client goes away.
    Aborted,
    /// Less than it says.
    WrongSize,
    /// More than the server takes.
    TooLarge,
    /// All of it, in chunks.
    Chunked,
}

/// How an import's data is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// All of it.
    Whole,
    /// Half of it, and the rest a while later.
    Slow,
    /// There is none.
    Missing,
    /// Nothing is answered.
    Dead,
    /// Half of it; then the connection breaks.
    Cut,
    /// More than the server takes.
    TooLarge,
}

/// What is said of the data at a place that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// Nothing.
    Unsaid,
    /// Its checksum.
    Right,
    /// The checksum of other data. Glance's older call believes it; whether the newer one looks is a setting.
    Wrong,
}

/// Which of several stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreRole {
    /// Where data is put unless somebody says otherwise.
    Default,
    /// Where it is copied to.
    Second,
}

/// Where the data that an operation brings in comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataFrom {
    /// It brings none.
    Nowhere,
    /// The client sends it, so there are points inside the operation.
    Client,
    /// The server reads it from where the client says.
    Location,
}

/// All that is known of an operation before it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The word that it is called by.
    pub operation: Operation,
    /// What it asks for.
    pub kind: OperationKind,
    /// Who performs it, unless somebody else is named.
    pub who: Who,
    /// Whether only a real Glance performs it.
    pub only_glance: bool,
    /// Where the data that it brings comes from.
    pub data: DataFrom,
    /// Whether a real Glance answers it first and has a task do the rest.
    pub by_task: bool,
    /// Where it is granted on each server, if it changes no status there: then none of the changes says so.
    pub(super) granted: Statuses,
    /// The changes that it may make.
    pub(super) changes: &'static [Change],
}

impl OperationKind {
    /// The request that it is, and that tells apart what a server does: of several, the one that brings the data.
    pub const fn api_call(self) -> ApiCall {
        match self {
            OperationKind::Create(_) => ApiCall::Create,
            OperationKind::CreateEmpty | OperationKind::Upload(_) => ApiCall::Upload,
            OperationKind::Stage => ApiCall::Stage,
            OperationKind::Import(_)
            | OperationKind::ImportStaged
            | OperationKind::ImportToAllStores
            | OperationKind::RegisterLocation(_) => ApiCall::Import,
            OperationKind::CopyImage => ApiCall::Copy,
            OperationKind::DeleteFromStore(_) => ApiCall::DeleteFromStore,
            OperationKind::Share | OperationKind::Unshare | OperationKind::Accept => ApiCall::Share,
            OperationKind::CreateWithLocation
            | OperationKind::AddLocation(_)
            | OperationKind::ReplaceLocation
            | OperationKind::RemoveLocation
            | OperationKind::SetProperty
            | OperationKind::Protect
            | OperationKind::Unprotect => ApiCall::Update,
            OperationKind::Deactivate | OperationKind::Reactivate => ApiCall::Deactivate,
            // What can do harm to this image is the delete of the other.
            OperationKind::Delete | OperationKind::CopyLocation => ApiCall::Delete,
            OperationKind::Download => ApiCall::Download,
            OperationKind::Show => ApiCall::Show,
            OperationKind::List => ApiCall::List,
        }
    }

    /// Whether it brings the subject into being.
    pub const fn creates(self) -> bool {
        matches!(
            self,
            OperationKind::Create(_)
                | OperationKind::CreateEmpty
                | OperationKind::CreateWithLocation
        )
    }

    /// Whether it only looks.
    pub const fn looks(self) -> bool {
        matches!(
            self,
            OperationKind::Download | OperationKind::Show | OperationKind::List
        )
    }

    /// Whether the server reads from a place whose data we know, or that we make misbehave.
    pub const fn needs_own_source(self) -> bool {
        match self {
            OperationKind::Import(source) => !matches!(source, Source::Whole),
            kind => matches!(kind.hash(), Hash::Right),
        }
    }

    /// Whether it is about the other project as one that the subject is shared with.
    pub const fn shares(self) -> bool {
        matches!(
            self,
            OperationKind::Share | OperationKind::Unshare | OperationKind::Accept
        )
    }

    /// What it says of the data at the place that it names.
    pub const fn hash(self) -> Hash {
        match self {
            OperationKind::AddLocation(hash) | OperationKind::RegisterLocation(hash) => hash,
            _ => Hash::Unsaid,
        }
    }

    /// Whether the server must have several stores that take data.
    pub const fn needs_several_stores(self) -> bool {
        matches!(
            self,
            OperationKind::CopyImage
                | OperationKind::DeleteFromStore(_)
                | OperationKind::ImportToAllStores
        )
    }

    /// Whether it takes a place of the data away, which the last one stands in the way of.
    pub const fn removes_place(self) -> bool {
        matches!(
            self,
            OperationKind::RemoveLocation | OperationKind::DeleteFromStore(_)
        )
    }

    /// Whether it can be answered with success.
    pub const fn may_succeed(self) -> bool {
        match self {
            OperationKind::Upload(body) => body.is_whole(),
            OperationKind::Import(source) => source.is_whole(),
            _ => true,
        }
    }

    /// Whether `who` may do it, as far as the role decides that.
    pub const fn allows(self, who: Who) -> bool {
        let accepts = matches!(self, OperationKind::Accept);
        match who {
            Who::Admin => true,
            // Nobody accepts for another project.
            Who::Member => !accepts,
            Who::Reader => self.looks(),
            // What a member of another project creates is that project's own.
            // Everybody may list what is there for him.
            Who::OtherProject => self.creates() || accepts || matches!(self, OperationKind::List),
        }
    }
}

impl Body {
    /// Whether all of the data is sent.
    pub const fn is_whole(self) -> bool {
        matches!(self, Body::Whole | Body::Chunked)
    }
}

impl Source {
    /// Whether all of the data is served, sooner or later.
    pub const fn is_whole(self) -> bool {
        matches!(self, Source::Whole | Source::Slow)
    }
}

impl Row {
    /// The changes that it may make under a profile, whether or not deletes are delayed, if that is known.
    pub fn changes(&self, profile: Profile, delayed: Option<bool>) -> impl Iterator<Item = Change> {
        let succeeds = self.kind.may_succeed();
        (self.changes.iter().copied())
            .filter(move |change| change.is_legal(profile, delayed))
            .filter(move |change| succeeds || change.next != Extent::Done)
    }

    /// The statuses in which it is granted, as far as the status decides that.
    pub fn granted(&self, profile: Profile) -> Statuses {
        if self.only_glance && profile != Profile::Glance {
            return Statuses::NONE;
        }
        let first = |change: &Change| change.extent == Extent::Waiting && !change.looked;
        let changes = self.changes(profile, None).filter(first);
        let mut granted = changes.filter_map(|change| change.from).peekable();
        match granted.peek() {
            Some(_) => granted.collect(),
            None => self.granted,
        }
    }

    /// The status in which it leaves a subject whose status it changes.
    pub fn goal(&self) -> Option<SubjectStatus> {
        let ends = |change: &&Change| change.next == Extent::Done && change.from != Some(change.to);
        self.changes.iter().find(ends).map(|change| change.to)
    }

    /// Every status in which it can leave a subject that was in `from`; with `fails`, also those on its way.
    pub fn reaches(
        &self,
        profile: Profile,
        delayed: bool,
        from: SubjectStatus,
        fails: bool,
    ) -> Statuses {
        let changes: Vec<Change> = self.changes(profile, Some(delayed)).collect();
        let mut seen = vec![(Extent::Waiting, from)];
        let mut index = 0;
        while let Some(&(extent, status)) = seen.get(index) {
            for change in &changes {
                let next = (change.next, change.to);
                if (change.extent, change.from) == (extent, Some(status)) && !seen.contains(&next) {
                    seen.push(next);
                }
            }
            index += 1;
        }
        let reached = seen.iter().skip(1);
        let reached = reached.filter(|(extent, _)| fails || *extent == Extent::Done);
        reached.map(|(_, status)| *status).collect()
    }
}

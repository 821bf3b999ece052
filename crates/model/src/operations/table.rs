//! The rows.

use super::change::Extent::{Done, Failed, Further, Holding, Waiting};
use super::change::{Change, again, change, done, register};
use super::row::{Body, DataFrom, Formats, Hash, OperationKind, Row, Source, StoreRole};
use crate::lifecycle::{Operation, Statuses, SubjectStatus, Who};
use SubjectStatus::*;

/// A member's operation on both servers, without data, and without a change of status unless `changes` says so.
const fn row(operation: Operation, kind: OperationKind, changes: &'static [Change]) -> Row {
    Row {
        operation,
        kind,
        who: Who::Member,
        only_glance: false,
        data: DataFrom::Nowhere,
        by_task: false,
        granted: Statuses::THERE,
        changes,
    }
}

const fn create(operation: Operation, formats: Formats) -> Row {
    let changes = const { &[register(Queued, Done)] };
    row(operation, OperationKind::Create(formats), changes).granted_in(Statuses::NONE)
}

/// What a failed upload does is in the edge table: one of the two is not legal.
const fn upload(operation: Operation, body: Body) -> Row {
    let changes = const {
        &[
            change(Waiting, Queued, Saving, Holding),
            change(Holding, Saving, Queued, Failed),
            change(Holding, Saving, Killed, Failed),
            change(Holding, Saving, Active, Done).brings(),
        ]
    };
    row(operation, OperationKind::Upload(body), changes).with(DataFrom::Client)
}

const fn import(operation: Operation, source: Source) -> Row {
    let changes = const {
        &[
            change(Waiting, Queued, Saving, Holding).on_service(),
            change(Holding, Saving, Queued, Failed).on_service(),
            change(Holding, Saving, Killed, Failed).on_service(),
            change(Holding, Saving, Active, Done).brings().on_service(),
            change(Waiting, Queued, Uploading, Holding),
            change(Holding, Uploading, Importing, Further),
            change(Holding, Uploading, Queued, Failed),
            change(Waiting, Uploading, Importing, Further),
            change(Waiting, Queued, Importing, Further),
            change(Further, Importing, Active, Done).brings(),
            change(Further, Importing, Queued, Failed),
        ]
    };
    row(operation, OperationKind::Import(source), changes)
        .with(DataFrom::Location)
        .by_task()
}

const fn add_location(operation: Operation, hash: Hash) -> Row {
    let changes = const { &[done(Queued, Active).brings(), done(Active, Active)] };
    row(operation, OperationKind::AddLocation(hash), changes).with(DataFrom::Location)
}

/// Whether a wrong checksum is found out is a setting of the server, so the table allows both ends.
const fn register_location(operation: Operation, hash: Hash) -> Row {
    let changes = const {
        &[
            done(Queued, Active).brings(),
            change(Waiting, Queued, Importing, Further),
            change(Further, Importing, Active, Done).brings(),
            change(Further, Importing, Queued, Failed),
        ]
    };
    row(operation, OperationKind::RegisterLocation(hash), changes)
        .with(DataFrom::Location)
        .by_task()
        .on_glance()
}

/// The data is what was staged.
const fn import_staged(operation: Operation, kind: OperationKind) -> Row {
    let changes = const {
        &[
            change(Waiting, Uploading, Importing, Further),
            change(Waiting, Uploading, Queued, Failed),
            change(Further, Importing, Active, Done),
            change(Further, Importing, Queued, Failed),
        ]
    };
    row(operation, kind, changes).by_task().on_glance()
}

/// What it does to the places of the data changes no status. Never of the last place, so that no status decides it alone.
const fn delete_from_store(operation: Operation, store: StoreRole) -> Row {
    row(operation, OperationKind::DeleteFromStore(store), &[])
        .by(Who::Admin)
        .on_glance()
        .granted_in(Statuses::of(&[Active]))
}

const fn download(operation: Operation) -> Row {
    row(operation, OperationKind::Download, &[]).granted_in(Statuses::of(&[Active]))
}

impl Row {
    const fn by(mut self, who: Who) -> Row {
        self.who = who;
        self
    }

    const fn with(mut self, data: DataFrom) -> Row {
        self.data = data;
        self
    }

    const fn on_glance(mut self) -> Row {
        self.only_glance = true;
        self
    }

    const fn by_task(mut self) -> Row {
        self.by_task = true;
        self
    }

    const fn granted_in(mut self, statuses: Statuses) -> Row {
        self.granted = statuses;
        self
    }
}

/// Every operation, in the order of [`Operation::ALL`].
pub const OPERATIONS: [Row; Operation::COUNT] = [
    create(Operation::Create, Formats::Raw),
    row(
        Operation::CreateWithLocation,
        OperationKind::CreateWithLocation,
        &[
            register(Active, Done).brings().on_service(),
            register(Queued, Holding).on_glance(),
            change(Holding, Queued, Active, Done).brings().on_glance(),
        ],
    )
    .with(DataFrom::Location)
    .granted_in(Statuses::NONE),
    row(
        Operation::CreateEmpty,
        OperationKind::CreateEmpty,
        &[
            register(Active, Done).brings().on_service(),
            register(Queued, Holding).on_glance(),
            change(Holding, Queued, Saving, Further).on_glance(),
            change(Further, Saving, Active, Done).brings().on_glance(),
            change(Further, Saving, Queued, Failed).on_glance(),
        ],
    )
    .granted_in(Statuses::NONE),
    add_location(Operation::AddLocation, Hash::Unsaid),
    // Never of the last location, so that no status decides it alone.
    row(
        Operation::RemoveLocation,
        OperationKind::RemoveLocation,
        &[done(Active, Active).on_service()],
    )
    .by(Who::Admin),
    upload(Operation::Upload, Body::Whole),
    upload(Operation::AbortUpload, Body::Aborted),
    download(Operation::Download),
    download(Operation::Export),
    download(Operation::Clone),
    download(Operation::DownloadAsAdmin)
        .by(Who::Admin)
        .granted_in(Statuses::READABLE),
    row(
        Operation::Deactivate,
        OperationKind::Deactivate,
        &[
            done(Active, Deactivated),
            done(Deactivated, Deactivated).on_glance(),
        ],
    )
    .by(Who::Admin),
    row(
        Operation::Reactivate,
        OperationKind::Reactivate,
        &[done(Deactivated, Active), done(Active, Active).on_glance()],
    )
    .by(Who::Admin),
    row(
        Operation::Delete,
        OperationKind::Delete,
        &[
            done(Queued, Deleted),
            done(Saving, Deleted),
            done(Killed, Deleted),
            done(Deactivated, Deleted),
            done(Uploading, Deleted),
            done(Importing, Deleted),
            done(Active, Deleted),
            done(Active, PendingDelete),
            again(PendingDelete),
            again(Deleted),
        ],
    ),
    import(Operation::Import, Source::Whole),
    row(Operation::Show, OperationKind::Show, &[]).granted_in(Statuses::EVERY),
    row(Operation::SetProperty, OperationKind::SetProperty, &[]),
    row(Operation::Protect, OperationKind::Protect, &[]).on_glance(),
    row(Operation::Unprotect, OperationKind::Unprotect, &[]).on_glance(),
    row(
        Operation::Stage,
        OperationKind::Stage,
        &[
            change(Waiting, Queued, Uploading, Holding).brings(),
            change(Waiting, Queued, Uploading, Done).brings(),
            change(Holding, Uploading, Queued, Failed),
        ],
    )
    .with(DataFrom::Client)
    .on_glance(),
    import_staged(Operation::ImportStaged, OperationKind::ImportStaged),
    register_location(Operation::RegisterLocation, Hash::Unsaid),
    row(
        Operation::ReplaceLocation,
        OperationKind::ReplaceLocation,
        &[done(Queued, Active).brings(), done(Active, Active).brings()],
    )
    .with(DataFrom::Location)
    .on_glance(),
    create(Operation::CreateWithoutFormat, Formats::None).on_glance(),
    create(Operation::CreateWithWrongFormat, Formats::Wrong).on_glance(),
    upload(Operation::UploadWrongSize, Body::WrongSize).on_glance(),
    upload(Operation::UploadTooLarge, Body::TooLarge).on_glance(),
    upload(Operation::UploadChunked, Body::Chunked).on_glance(),
    import(Operation::ImportSlow, Source::Slow).on_glance(),
    import(Operation::ImportMissing, Source::Missing).on_glance(),
    import(Operation::ImportDead, Source::Dead).on_glance(),
    import(Operation::ImportCut, Source::Cut).on_glance(),
    import(Operation::ImportTooLarge, Source::TooLarge).on_glance(),
    register_location(Operation::RegisterLocationChecked, Hash::Right),
    register_location(Operation::RegisterLocationWrongHash, Hash::Wrong),
    row(Operation::Share, OperationKind::Share, &[]).on_glance(),
    row(Operation::Unshare, OperationKind::Unshare, &[]).on_glance(),
    add_location(Operation::AddLocationChecked, Hash::Right).on_glance(),
    add_location(Operation::AddLocationWrongHash, Hash::Wrong).on_glance(),
    row(Operation::Accept, OperationKind::Accept, &[])
        .by(Who::OtherProject)
        .on_glance(),
    row(Operation::CopyLocation, OperationKind::CopyLocation, &[]).on_glance(),
    row(Operation::CopyImage, OperationKind::CopyImage, &[])
        .by(Who::Admin)
        .by_task()
        .on_glance()
        .granted_in(Statuses::of(&[Active])),
    delete_from_store(Operation::DeleteFromStore, StoreRole::Second),
    delete_from_store(Operation::DeleteFromDefaultStore, StoreRole::Default),
    import_staged(
        Operation::ImportToAllStores,
        OperationKind::ImportToAllStores,
    ),
    row(Operation::List, OperationKind::List, &[]).granted_in(Statuses::EVERY),
];

/// Each row stands where its word says.
const _: () = {
    let mut row = 0;
    while row < OPERATIONS.len() {
        assert!(OPERATIONS[row].operation.index() == row);
        row += 1;
    }
};

impl Operation {
    /// What the table says of it.
    #[inline]
    pub const fn row(self) -> &'static Row {
        &OPERATIONS[self.index()]
    }

    /// What it asks for.
    #[inline]
    pub const fn kind(self) -> OperationKind {
        self.row().kind
    }

    /// Whether it brings the subject into being.
    #[inline]
    pub const fn creates(self) -> bool {
        self.kind().creates()
    }

    /// Whether it sends data from the client, so that there are points inside it.
    #[inline]
    pub const fn sends_data(self) -> bool {
        matches!(self.row().data, DataFrom::Client)
    }

    /// Whether it reads the data.
    #[inline]
    pub const fn reads(self) -> bool {
        matches!(self.kind(), OperationKind::Download)
    }
}

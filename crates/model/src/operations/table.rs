//! The rows.

use super::change::Extent::{Done, Failed, Further, Holding, Waiting};
use super::change::{again, change, done, register};
use super::row::{Body, DataFrom, Formats, OperationKind, Row};
use crate::lifecycle::{Operation, Statuses, SubjectStatus, Who};
use SubjectStatus::*;

/// What most operations are: a member's, of both servers, without data, and without a change of status.
const PLAIN: Row = Row {
    operation: Operation::SetProperty,
    kind: OperationKind::SetProperty,
    who: Who::Member,
    only_glance: false,
    data: DataFrom::Nowhere,
    by_task: false,
    granted: Statuses::THERE,
    changes: &[],
};

const CREATE: Row = Row {
    operation: Operation::Create,
    kind: OperationKind::Create(Formats::Raw),
    granted: Statuses::NONE,
    changes: &[register(Queued, Done)],
    ..PLAIN
};

const UPLOAD: Row = Row {
    operation: Operation::Upload,
    kind: OperationKind::Upload(Body::Whole),
    data: DataFrom::Client,
    // What a failed upload does is in the edge table: one of the two is not legal.
    changes: &[
        change(Waiting, Queued, Saving, Holding),
        change(Holding, Saving, Queued, Failed),
        change(Holding, Saving, Killed, Failed),
        change(Holding, Saving, Active, Done).brings(),
    ],
    ..PLAIN
};

const DOWNLOAD: Row = Row {
    operation: Operation::Download,
    kind: OperationKind::Download,
    granted: Statuses::of(&[Active]),
    ..PLAIN
};

/// Every operation, in the order of [`Operation::ALL`].
pub const OPERATIONS: [Row; Operation::COUNT] = [
    CREATE,
    Row {
        operation: Operation::CreateWithLocation,
        kind: OperationKind::CreateWithLocation,
        data: DataFrom::Location,
        changes: &[
            register(Active, Done).brings().on_service(),
            register(Queued, Holding).on_glance(),
            change(Holding, Queued, Active, Done).brings().on_glance(),
        ],
        ..CREATE
    },
    Row {
        operation: Operation::CreateEmpty,
        kind: OperationKind::CreateEmpty,
        changes: &[
            register(Active, Done).brings().on_service(),
            register(Queued, Holding).on_glance(),
            change(Holding, Queued, Saving, Further).on_glance(),
            change(Further, Saving, Active, Done).brings().on_glance(),
            change(Further, Saving, Queued, Failed).on_glance(),
        ],
        ..CREATE
    },
    Row {
        operation: Operation::AddLocation,
        kind: OperationKind::AddLocation,
        data: DataFrom::Location,
        changes: &[done(Queued, Active).brings(), done(Active, Active)],
        ..PLAIN
    },
    // Never of the last location, so that no status decides it alone.
    Row {
        operation: Operation::RemoveLocation,
        kind: OperationKind::RemoveLocation,
        who: Who::Admin,
        changes: &[done(Active, Active).on_service()],
        ..PLAIN
    },
    UPLOAD,
    Row {
        operation: Operation::AbortUpload,
        kind: OperationKind::Upload(Body::Aborted),
        ..UPLOAD
    },
    DOWNLOAD,
    Row {
        operation: Operation::Export,
        ..DOWNLOAD
    },
    Row {
        operation: Operation::Clone,
        ..DOWNLOAD
    },
    Row {
        operation: Operation::DownloadAsAdmin,
        who: Who::Admin,
        granted: Statuses::READABLE,
        ..DOWNLOAD
    },
    Row {
        operation: Operation::Deactivate,
        kind: OperationKind::Deactivate,
        who: Who::Admin,
        changes: &[
            done(Active, Deactivated),
            done(Deactivated, Deactivated).on_glance(),
        ],
        ..PLAIN
    },
    Row {
        operation: Operation::Reactivate,
        kind: OperationKind::Reactivate,
        who: Who::Admin,
        changes: &[done(Deactivated, Active), done(Active, Active).on_glance()],
        ..PLAIN
    },
    Row {
        operation: Operation::Delete,
        kind: OperationKind::Delete,
        changes: &[
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
        ..PLAIN
    },
    Row {
        operation: Operation::Import,
        kind: OperationKind::Import,
        data: DataFrom::Location,
        by_task: true,
        changes: &[
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
        ],
        ..PLAIN
    },
    Row {
        operation: Operation::Show,
        kind: OperationKind::Show,
        granted: Statuses::EVERY,
        ..PLAIN
    },
    PLAIN,
    Row {
        operation: Operation::Protect,
        kind: OperationKind::Protect,
        only_glance: true,
        ..PLAIN
    },
    Row {
        operation: Operation::Unprotect,
        kind: OperationKind::Unprotect,
        only_glance: true,
        ..PLAIN
    },
    Row {
        operation: Operation::Stage,
        kind: OperationKind::Stage,
        only_glance: true,
        data: DataFrom::Client,
        changes: &[
            change(Waiting, Queued, Uploading, Holding).brings(),
            change(Waiting, Queued, Uploading, Done).brings(),
            change(Holding, Uploading, Queued, Failed),
        ],
        ..PLAIN
    },
    // The data is what was staged.
    Row {
        operation: Operation::ImportStaged,
        kind: OperationKind::ImportStaged,
        only_glance: true,
        by_task: true,
        changes: &[
            change(Waiting, Uploading, Importing, Further),
            change(Waiting, Uploading, Queued, Failed),
            change(Further, Importing, Active, Done),
            change(Further, Importing, Queued, Failed),
        ],
        ..PLAIN
    },
    Row {
        operation: Operation::RegisterLocation,
        kind: OperationKind::RegisterLocation,
        only_glance: true,
        data: DataFrom::Location,
        by_task: true,
        changes: &[
            done(Queued, Active).brings(),
            change(Waiting, Queued, Importing, Further),
            change(Further, Importing, Active, Done).brings(),
            change(Further, Importing, Queued, Failed),
        ],
        ..PLAIN
    },
    Row {
        operation: Operation::ReplaceLocation,
        kind: OperationKind::ReplaceLocation,
        only_glance: true,
        data: DataFrom::Location,
        changes: &[done(Queued, Active).brings(), done(Active, Active).brings()],
        ..PLAIN
    },
    Row {
        operation: Operation::CreateWithoutFormat,
        kind: OperationKind::Create(Formats::None),
        only_glance: true,
        ..CREATE
    },
    Row {
        operation: Operation::CreateWithWrongFormat,
        kind: OperationKind::Create(Formats::Wrong),
        only_glance: true,
        ..CREATE
    },
    Row {
        operation: Operation::UploadWrongSize,
        kind: OperationKind::Upload(Body::WrongSize),
        only_glance: true,
        ..UPLOAD
    },
    Row {
        operation: Operation::UploadTooLarge,
        kind: OperationKind::Upload(Body::TooLarge),
        only_glance: true,
        ..UPLOAD
    },
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

//! What is worth trying, written down: bases, and what is tried from each.

use Operation::*;
use stormglass_model::lifecycle::{Operation, SubjectStatus};
use stormglass_model::script::Point;
use stormglass_model::units::Span;

/// How a subject comes into a status, and what can do something to it there.
pub(in crate::sweep) const BASES: [(&str, &str); 11] = [
    (
        "create",
        "upload abort-upload stage import add-location register-location replace-location upload-too-large upload-wrong-size",
    ),
    (
        "create upload",
        "download deactivate reactivate add-location replace-location remove-location protect copy-image",
    ),
    ("create stage", "import-staged stage import-to-all-stores"),
    (
        "create upload deactivate",
        "download-as-admin deactivate reactivate remove-location",
    ),
    (
        "create-with-location",
        "download deactivate add-location replace-location remove-location",
    ),
    (
        "create upload add-location",
        "download deactivate replace-location remove-location",
    ),
    ("create upload protect", "unprotect"),
    ("create-empty", "download deactivate"),
    ("create-without-format", "upload stage import"),
    ("create-with-wrong-format", "upload stage"),
    ("create upload delete", ""),
];

/// What may always be tried on a subject that is there.
pub(super) const ALWAYS: &[Operation] = &[Delete, SetProperty, Show];

/// Other ways to ask for the same: each is tried alone everywhere, and beside little where what it is a way of does something.
pub(super) const VARIANTS: [(Operation, Operation); 10] = [
    (DeleteFromDefaultStore, DeleteFromStore),
    (UploadChunked, Upload),
    (ImportSlow, Import),
    (ImportMissing, Import),
    (ImportDead, Import),
    (ImportCut, Import),
    (ImportTooLarge, Import),
    (RegisterLocationChecked, RegisterLocation),
    (RegisterLocationWrongHash, RegisterLocation),
    (AddLocationChecked, AddLocation),
];

/// What is tried nowhere but where it is written: alone it shows nothing, or no more than what it is a way of.
pub(super) const ONLY_WRITTEN: [Operation; 6] = [
    Share,
    Unshare,
    Accept,
    CopyLocation,
    AddLocationWrongHash,
    // It has to do with no image in particular, so there is nothing to race for.
    List,
];

/// What is shared: with another project, whose user then looks or accepts, and a place with another image.
pub(super) const SHARING: [&str; 39] = [
    "create upload share show:stranger download:stranger",
    "create upload share unshare show:stranger download:stranger",
    "create upload share deactivate download:stranger",
    "create upload share delete show:stranger",
    "create upload share upload:stranger",
    "create upload share set-property:stranger",
    "create upload share deactivate:stranger",
    "create upload share delete:stranger",
    "create upload share unshare:stranger show:stranger",
    "create share stage:stranger show:stranger",
    "create share upload:stranger show:stranger",
    "create upload [share before set-property] show:stranger",
    "create upload [set-property first-byte share] show:stranger",
    "create upload [share before deactivate] reactivate show:stranger",
    "create upload [share before add-location] show:stranger",
    "create [upload mid-body share] show:stranger",
    "create [upload enters-saving share] show:stranger",
    "create [import enters-importing share] wait=1s show:stranger",
    "create upload share [unshare before set-property] show:stranger",
    "create upload share [deactivate before download:stranger]",
    "create upload share [unshare before download:stranger]",
    "create upload share [delete before download:stranger]",
    "create upload share accept show:stranger download:stranger",
    "create upload share accept unshare show:stranger",
    "create upload share unshare accept show:stranger",
    "create upload share delete accept",
    "create upload share accept:member",
    "create upload share accept:reader",
    "create upload share [accept before unshare] show:stranger",
    "create upload share [accept before delete] show:stranger",
    "create upload share [accept before set-property] show:stranger",
    "create upload share [accept before deactivate] download:stranger",
    "create upload copy-location",
    "create-with-location copy-location",
    "create upload add-location copy-location copy-location",
    "create upload deactivate copy-location",
    "create import wait=1s copy-location",
    "create upload [copy-location before delete]",
    "create upload [copy-location first-byte set-property]",
];

/// Copies in several stores. A copy is a task, so what comes after it waits for it, or may come at any instant of it.
pub(super) const COPIES: [&str; 26] = [
    "create upload copy-image wait=1s delete-from-store",
    "create upload copy-image wait=1s delete-from-store copy-image",
    "create upload copy-image wait=1s delete-from-default-store",
    "create upload copy-image wait=1s delete-from-default-store delete-from-store",
    "create upload copy-image wait=1s copy-image",
    "create upload copy-image wait=1s delete",
    "create upload copy-image wait=1s deactivate",
    "create upload copy-image wait=1s deactivate delete-from-store",
    "create upload deactivate copy-image reactivate",
    "create-with-location copy-image wait=1s delete-from-store",
    "create stage import-to-all-stores wait=1s delete-from-default-store",
    "create upload {copy-image | delete}~150ms",
    "create upload {copy-image | deactivate}~150ms",
    "create upload {copy-image | set-property}~150ms",
    "create upload {copy-image | copy-image}~150ms",
    "create upload {copy-image | delete-from-store}~150ms",
    "create stage {import-to-all-stores | delete}~150ms",
    "create stage {import-to-all-stores | set-property}~150ms",
    "create upload copy-image wait=1s [delete-from-store before delete-from-default-store]",
    "create upload copy-image wait=1s [delete-from-store before delete-from-store]",
    "create upload copy-image wait=1s [delete-from-store before set-property]",
    "create upload copy-image wait=1s [set-property before delete-from-default-store]",
    "create upload copy-image wait=1s [delete-from-store before deactivate]",
    "create upload copy-image wait=1s [delete-from-store before delete]",
    "create upload copy-image wait=1s [delete-from-default-store before download]",
    "create upload copy-image wait=1s {delete-from-store | copy-image}~60ms",
];

/// What is tried beside them.
pub(super) const BESIDE_VARIANTS: [Operation; 4] = [Delete, SetProperty, Upload, Stage];

/// What is tried with a token that ends in the middle of it.
pub(super) const REVOKED: [Operation; 6] = [Upload, Stage, ImportStaged, Import, Download, Delete];

/// What comes after something that fails, or that goes on after its answer.
pub(super) const SEQUENCES: [&str; 17] = [
    "create import-missing wait=1s upload",
    "create import-missing wait=1s import",
    "create import-dead wait=1s upload",
    "create import-cut wait=1s upload",
    "create import-cut wait=1s stage import-staged",
    "create import-too-large wait=1s upload",
    "create import-slow upload",
    "create import-slow import",
    "create import-slow delete",
    "create import-slow stage",
    "create register-location-wrong-hash wait=1s upload",
    "create register-location-wrong-hash wait=1s register-location",
    "create add-location-wrong-hash download deactivate",
    "create add-location-wrong-hash upload",
    "create upload add-location-wrong-hash",
    "create abort-upload upload",
    "create set-property upload set-property deactivate set-property",
];

/// What an operation makes possible that was not before.
pub(super) fn unlocked(first: Operation) -> &'static [Operation] {
    match first {
        Upload | AddLocation | Import | ImportStaged | RegisterLocation | ReplaceLocation => &[
            Download,
            Deactivate,
            AddLocation,
            ReplaceLocation,
            RemoveLocation,
            Upload,
        ],
        AbortUpload | UploadTooLarge | UploadWrongSize => &[Upload, Stage],
        Stage => &[ImportStaged, Upload],
        CopyImage => &[DeleteFromStore],
        Deactivate => &[Reactivate, DownloadAsAdmin],
        Reactivate => &[Deactivate, Download],
        Protect => &[Unprotect],
        _ => &[],
    }
}

/// The points of an operation at which something can happen.
pub(super) fn points(first: Operation) -> Vec<Point> {
    let mut points = vec![Point::Before, Point::FirstByte];
    if first.sends_data() || first.reads() {
        points.extend([Point::MidBody, Point::LastByte]);
    }
    match first {
        Upload | UploadChunked => points.push(Point::Enters(SubjectStatus::Saving)),
        Stage => points.push(Point::Enters(SubjectStatus::Uploading)),
        CopyImage => {} // it shows in no status
        one if one.row().by_task => points.push(Point::Enters(SubjectStatus::Importing)),
        _ => {}
    }
    points.push(Point::Answer);
    points
}

/// Where a command, written `!`, is run: it takes seconds, so only where something can be left half done, and what can be made of
/// it afterwards. The most telling first, in case the time is too short for all.
pub(super) const BREAKABLE: [&str; 20] = [
    "create [upload mid-body !]",
    "create [stage mid-body !] import-staged",
    "create stage [import-staged answer !]",
    "create upload [delete before !]",
    "create [upload mid-body !] upload",
    "create stage ! import-staged",
    "create [upload before !]",
    "create [import answer !]",
    "create upload [delete first-byte !] delete",
    "create [stage mid-body !]",
    "create stage [import-staged answer !] import-staged",
    "create [upload last-byte !] upload",
    "create upload [set-property before !] set-property",
    "create upload ! download",
    "create upload [download mid-body !]",
    "create [stage mid-body !] stage import-staged",
    "create [import answer !] import",
    "create upload add-location [remove-location before !]",
    "create upload [copy-image answer !]",
    "create upload [copy-image answer !] copy-image",
];

/// Three at a time, in one status each: two that are in each other's way, and a third that changes what either finds.
pub(super) const CROWDS: [&str; 16] = [
    "create {upload | upload | delete}",
    "create {upload | abort-upload | delete}",
    "create {upload | set-property | delete}",
    "create {upload | add-location | delete}",
    "create {upload | stage | delete}",
    "create {upload | import | delete}",
    "create {stage | import-staged | delete}",
    "create {stage | upload | import}",
    "create stage {import-staged | import-staged | delete}",
    "create stage {import-staged | set-property | delete}",
    "create upload {deactivate | reactivate | set-property}",
    "create upload {deactivate | download | delete}",
    "create upload {set-property | set-property | deactivate}",
    "create upload {add-location | deactivate | delete}",
    "create upload {protect | set-property | delete}",
    "create upload add-location {remove-location | remove-location | set-property}",
];

/// How far apart three may begin: so that they meet where they begin, or where a longer one ends.
pub(super) const APART: [Span; 2] = [Span::from_millis(8), Span::from_millis(60)];

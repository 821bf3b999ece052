//! What a client asks of the service, how it can end, and how a run is judged.

use crate::named;

named! {
    /// An operation on one subject.
    Operation {
        /// Registers a subject; it is queued.
        Create = "create",
        /// Registers a subject whose data lies elsewhere; it is active at once.
        CreateWithLocation = "create-with-location",
        /// Registers a subject of size zero; it is active at once.
        CreateEmpty = "create-empty",
        /// Names a place where the data lies; the first makes a queued subject active.
        AddLocation = "add-location",
        /// Takes a location away; never the last one of an active subject.
        RemoveLocation = "remove-location",
        /// Sends the data.
        Upload = "upload",
        /// Sends part of the data and goes away.
        AbortUpload = "abort-upload",
        /// Reads the data as a member.
        Download = "download",
        /// Reads the data to export it; follows download's rule.
        Export = "export",
        /// Reads the data to clone it; follows download's rule.
        Clone = "clone",
        /// Reads the data as an admin.
        DownloadAsAdmin = "download-as-admin",
        /// Bars everybody but an admin from the data.
        Deactivate = "deactivate",
        /// Undoes a deactivation.
        Reactivate = "reactivate",
        /// Deletes the subject.
        Delete = "delete",
        /// Has a task of the service bring the data in; on a real Glance a web-download.
        Import = "import",
        /// Reads the record: the status, and what it says of the data.
        Show = "show",
        /// Changes a property that means nothing to the lifecycle.
        SetProperty = "set-property",
        /// Glance only: forbids deletes.
        Protect = "protect",
        /// Glance only: allows them again.
        Unprotect = "unprotect",
        /// Glance only: sends the data to the staging area.
        Stage = "stage",
        /// Glance only: has a task bring staged data in (glance-direct).
        ImportStaged = "import-staged",
        /// Glance only: names a place through the newer locations call.
        RegisterLocation = "register-location",
        /// Glance only: puts one place where the data lies for all there were.
        ReplaceLocation = "replace-location",
        /// Glance only: registers a subject without its formats; data sent to it is refused.
        CreateWithoutFormat = "create-without-format",
        /// Glance only: registers a subject under a format that its data does not have.
        CreateWithWrongFormat = "create-with-wrong-format",
        /// Glance only: sends less data than it says, and ends the request as if it were whole.
        UploadWrongSize = "upload-wrong-size",
        /// Glance only: sends more data than the size cap or quota allows.
        UploadTooLarge = "upload-too-large",
        /// Glance only: sends the data in chunks and does not say how many bytes there are.
        UploadChunked = "upload-chunked",
        /// Glance only: a web-download from a place that sends half of the data, and the rest a second later.
        ImportSlow = "import-slow",
        /// Glance only: a web-download from a place where there is nothing.
        ImportMissing = "import-missing",
        /// Glance only: a web-download from a place that does not answer.
        ImportDead = "import-dead",
        /// Glance only: a web-download from a place that breaks off in the middle of the data.
        ImportCut = "import-cut",
        /// Glance only: a web-download of more data than the size cap allows.
        ImportTooLarge = "import-too-large",
        /// Glance only: names a place through the newer call, with the checksum of the data there.
        RegisterLocationChecked = "register-location-checked",
        /// Glance only: the same with the checksum of other data.
        RegisterLocationWrongHash = "register-location-wrong-hash",
        /// Glance only: makes the other project a member of the subject, which may then read it.
        Share = "share",
        /// Glance only: undoes that.
        Unshare = "unshare",
        /// Glance only: add-location with the checksums of the data there.
        AddLocationChecked = "add-location-checked",
        /// Glance only: the same with the checksums of other data.
        AddLocationWrongHash = "add-location-wrong-hash",
        /// Glance only: the other project accepts what is shared with it.
        Accept = "accept",
        /// Glance only: makes another image whose data lies at the same place, and deletes that image.
        CopyLocation = "copy-location",
        /// Glance only: has the data copied from the default store to another, by a task.
        CopyImage = "copy-image",
        /// Glance only: takes the data out of the store that it is copied to.
        DeleteFromStore = "delete-from-store",
        /// Glance only: takes the data out of the default store.
        DeleteFromDefaultStore = "delete-from-default-store",
        /// Glance only: has the staged data taken into every store.
        ImportToAllStores = "import-to-all-stores",
        /// Lists what its user may see, as a client does before it picks a subject: the first page.
        List = "list",
    }
}

named! {
    /// Who performs an operation.
    Who {
        /// Owns the subject.
        Member = "member",
        /// An admin of the same project.
        Admin = "admin",
        /// Of the same project, and may only read.
        Reader = "reader",
        /// A member of another project, for whom a private subject does not exist. Files call it a stranger.
        OtherProject = "stranger",
    }
}

named! {
    /// How an operation ended, as its client sees it.
    Outcome {
        /// Done, and acknowledged.
        Ok = "ok",
        /// Refused by the rules; it had no effect.
        Refused = "refused",
        /// Failed; its failure edge may have been taken.
        Fail = "fail",
        /// No answer: it may have happened.
        Unknown = "unknown",
        /// It never left this machine, which had no file descriptor, port, memory or disk for it: it has not happened, and says
        /// nothing of the server.
        Local = "local",
    }
}

named! {
    /// What must hold in every run.
    Invariant {
        /// Every change of status is a legal edge and starts where the subject was.
        Edge = "edge",
        /// Nothing happens to a deleted subject or a finished task.
        Terminal = "terminal",
        /// A subject created with a location is never saving.
        LocationNeverSaving = "location-never-saving",
        /// Two uploads never both succeed, and one refused never changes data.
        OneUpload = "one-upload",
        /// What the service acknowledged is true afterwards.
        Acknowledged = "acknowledged",
        /// Data is readable only in the statuses and by the roles that may.
        Access = "access",
        /// A pending delete lasts at least the scrub time.
        ScrubTime = "scrub-time",
        /// Subjects and bytes are neither lost nor left behind.
        Conservation = "conservation",
        /// At the end nothing is stuck.
        Progress = "progress",
        /// No request ends with an error of the server's own while nothing is broken. Judged on a real server only.
        Answer = "answer",
    }
}

named! {
    /// How a run is judged; the worst last.
    Verdict {
        /// Every invariant held.
        Valid = "valid",
        /// It cannot be said: something was still open, or the budget ran out.
        Unknown = "unknown",
        /// At least one did not hold.
        Invalid = "invalid",
    }
}

impl Verdict {
    /// A violation is certain, whatever else is not.
    pub const fn of(violated: bool, uncertain: bool) -> Verdict {
        match (violated, uncertain) {
            (true, _) => Verdict::Invalid,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Valid,
        }
    }
}

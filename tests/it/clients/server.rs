//! A little server of one subject that may do whatever a correct one may: written from the specification and on its own, so
//! that it can convict the checker. A generator, a reference and a model checker all step it.

use stormglass_model::history::{Content, Seen};
use stormglass_model::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Who};

use Operation::*;
use SubjectStatus::*;

/// What the server is set to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub profile: Profile,
    pub delayed: bool,
    /// What is wrong with it, if anything is.
    pub defect: Option<Defect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defect {
    /// An upload that finishes brings a deleted subject back.
    UploadRevives,
    /// A delete is acknowledged and not done.
    DeleteLost,
    /// An upload is taken in while another one is at work, and both are acknowledged.
    UploadsOverlap,
}

/// The subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    pub status: Option<Status>,
    /// Size and checksum.
    pub data: Option<(u64, u64)>,
    pub protected: bool,
    /// Who is at work on it.
    holder: Option<u8>,
}

pub type Status = SubjectStatus;

/// A request and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Work {
    pub id: u8,
    pub operation: Operation,
    pub who: Who,
    /// What it sends.
    pub data: (u64, u64),
    stage: u8,
    /// The server's reply, once there is one; there may be more to do.
    pub reply: Option<Reply>,
    /// Nothing is left to do.
    pub over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reply {
    pub outcome: Outcome,
    pub shown: Option<Option<Status>>,
    pub data: Option<(u64, u64)>,
    pub code: u16,
}

impl Reply {
    fn plain(outcome: Outcome, code: u16) -> Reply {
        Reply {
            outcome,
            shown: None,
            data: None,
            code,
        }
    }

    pub fn seen(&self) -> Option<Seen> {
        self.shown
            .map(|shown| shown.map_or(Seen::Gone, Seen::Status))
    }

    pub fn content(&self) -> Option<Content> {
        self.data.map(content)
    }
}

pub fn content((size, checksum): (u64, u64)) -> Content {
    Content { size, checksum }
}

impl World {
    pub fn real(&self) -> bool {
        self.profile == Profile::Glance
    }
}

impl Subject {
    pub fn gone(&self) -> bool {
        matches!(self.status, None | Some(PendingDelete | Deleted))
    }

    fn at(mut self, status: Status) -> Subject {
        self.status = Some(status);
        if !matches!(
            status,
            Active | Deactivated | PendingDelete | Uploading | Importing
        ) {
            self.data = None;
        }
        if !matches!(status, Saving | Uploading | Importing) {
            self.holder = None;
        }
        self
    }

    fn held(mut self, by: u8) -> Subject {
        self.holder = Some(by);
        self
    }

    fn with(mut self, data: Option<(u64, u64)>) -> Subject {
        self.data = data;
        self
    }

    fn shown(&self) -> Option<Status> {
        self.status.filter(|_| !self.gone())
    }

    fn deleted(self, world: &World) -> Subject {
        match self.status {
            Some(Active) if world.delayed => self.at(PendingDelete),
            _ => self.at(Deleted),
        }
    }

    /// What the scrubber makes of it.
    pub fn scrubbed(self) -> Option<Subject> {
        (self.status == Some(PendingDelete)).then(|| self.at(Deleted))
    }
}

impl Work {
    pub fn new(id: u8, operation: Operation, who: Who, data: (u64, u64)) -> Work {
        Work {
            id,
            operation,
            who,
            data,
            stage: 0,
            reply: None,
            over: false,
        }
    }

    fn to(mut self, stage: u8) -> Work {
        self.stage = stage;
        self
    }

    fn replies(mut self, reply: Reply) -> Work {
        self.reply = Some(reply);
        self
    }

    fn ends(mut self) -> Work {
        self.over = true;
        self
    }

    fn ok(self) -> Work {
        self.replies(Reply::plain(Outcome::Ok, 200)).ends()
    }

    fn refused(self) -> Work {
        self.replies(Reply::plain(Outcome::Refused, 409)).ends()
    }

    fn fail(self) -> Work {
        self.replies(Reply::plain(Outcome::Fail, 413)).ends()
    }

    /// The image is not there.
    fn missing(self, world: &World) -> Work {
        let mut reply = Reply::plain(Outcome::Refused, 404);
        reply.shown = world.real().then_some(None);
        self.replies(reply).ends()
    }

    fn may_act(&self) -> bool {
        matches!(self.who, Who::Member | Who::Admin)
    }
}

/// Everything that the request may come to next.
pub fn steps(world: &World, subject: Subject, work: Work) -> Vec<(Subject, Work)> {
    if work.over {
        return Vec::new();
    }
    if work.who == Who::OtherProject {
        let mut nothing = work.missing(world);
        if work.operation == Show {
            nothing = work.replies(Reply {
                shown: Some(None),
                ..Reply::plain(Outcome::Ok, 404)
            });
        }
        return vec![(subject, nothing.ends())];
    }
    match work.operation {
        Show => return vec![(subject, look(subject, work))],
        operation if operation.reads() => return vec![(subject, read(world, subject, work))],
        _ if !work.may_act() => return vec![(subject, work.refused())],
        _ => {}
    }
    let mut steps = match work.operation {
        operation if operation.creates() => create(world, subject, work),
        Upload | AbortUpload | UploadWrongSize | UploadTooLarge | UploadChunked => {
            upload(world, subject, work)
        }
        Import if !world.real() => upload(world, subject, work),
        one if one.row().by_task => import(subject, work),
        Stage => stage(subject, work),
        _ => change(world, subject, work),
    };
    if subject.gone() && work.stage == 0 && !work.operation.creates() {
        steps = vec![(subject, work.missing(world))];
    }
    // It may run out of something before it has begun; a real one then says so with a code of its own.
    if work.stage == 0 && (!world.real() || work.operation.sends_data()) {
        steps.push((subject, work.fail()));
    }
    steps
}

fn look(subject: Subject, work: Work) -> Work {
    let shown = subject.shown();
    let code = if shown.is_some() { 200 } else { 404 };
    let whole = matches!(shown, Some(Active | Deactivated));
    work.replies(Reply {
        shown: Some(shown),
        data: subject.data.filter(|_| whole),
        ..Reply::plain(Outcome::Ok, code)
    })
    .ends()
}

fn read(world: &World, subject: Subject, work: Work) -> Work {
    let admin = work.who == Who::Admin;
    match subject.status {
        Some(Active) => {}
        Some(Deactivated) if admin => {}
        _ if subject.gone() => return work.missing(world),
        _ => return work.refused(),
    }
    work.replies(Reply {
        data: subject.data,
        ..Reply::plain(Outcome::Ok, 200)
    })
    .ends()
}

fn create(world: &World, subject: Subject, work: Work) -> Vec<(Subject, Work)> {
    let here = |subject: Subject, work: Work| vec![(subject, work)];
    let whole = |subject: Subject| match work.operation {
        CreateEmpty => subject.at(Active).with(Some((0, 7))),
        _ => subject.at(Active).with(None),
    };
    match (work.stage, work.operation) {
        (0, _) if subject.status.is_some() => here(subject, work.refused()),
        (0, CreateEmpty | CreateWithLocation) if world.real() => {
            here(subject.at(Queued), work.to(1))
        }
        (0, CreateEmpty | CreateWithLocation) => here(whole(subject), work.ok()),
        (0, _) => here(subject.at(Queued), work.ok()),
        (1, _) if subject.status != Some(Queued) => here(subject, work.fail()),
        (1, CreateEmpty) => here(subject.at(Saving).held(work.id), work.to(2)),
        (1, _) => here(whole(subject), work.ok()),
        _ if subject.holder != Some(work.id) => here(subject, work.fail()),
        _ => vec![
            (whole(subject), work.ok()),
            (subject.at(Queued), work.fail()),
        ],
    }
}

fn upload(world: &World, subject: Subject, work: Work) -> Vec<(Subject, Work)> {
    let mine = subject.status == Some(Saving) && subject.holder == Some(work.id);
    let back = match world.profile {
        Profile::V1 => Killed,
        Profile::V2 | Profile::Glance => Queued,
    };
    let whole = matches!(work.operation, Upload | UploadChunked | Import);
    match work.stage {
        0 if subject.status == Some(Queued) => vec![(subject.at(Saving).held(work.id), work.to(1))],
        0 if world.defect == Some(Defect::UploadsOverlap) && subject.status == Some(Saving) => {
            vec![(subject, work.to(1))]
        }
        0 => vec![(subject, work.refused())],
        1 => {
            let mut steps = vec![(subject, work.to(2))];
            let done = (subject.at(Active).with(Some(work.data)), work.ok());
            let revives = world.defect == Some(Defect::UploadRevives);
            let overlaps = world.defect == Some(Defect::UploadsOverlap);
            let there = matches!(subject.status, Some(Saving | Active));
            if whole && (mine || revives || overlaps && there) {
                steps.push(done);
            }
            steps
        }
        _ => {
            let left = if mine { subject.at(back) } else { subject };
            let mut steps = vec![(left, work.fail())];
            if world.real() {
                steps.push((left, work.refused()));
            }
            steps
        }
    }
}

/// Accepted at once and done later.
fn import(subject: Subject, work: Work) -> Vec<(Subject, Work)> {
    let from = if work.operation == ImportStaged {
        Uploading
    } else {
        Queued
    };
    let data = match work.operation {
        ImportStaged => subject.data,
        Import | ImportSlow => Some(work.data),
        _ => None,
    };
    let comes = !matches!(
        work.operation,
        ImportMissing | ImportDead | ImportCut | ImportTooLarge
    );
    let accepted = work.replies(Reply::plain(Outcome::Ok, 202));
    let mine = subject.status == Some(Importing) && subject.holder == Some(work.id);
    match work.stage {
        0 if subject.status == Some(from) => vec![(subject, accepted.to(1))],
        0 => vec![(subject, work.refused())],
        1 if subject.status == Some(from) => {
            vec![(subject.at(Importing).held(work.id), work.to(2))]
        }
        2 if mine => {
            let done = comes.then(|| (subject.at(Active).with(data), work.ends()));
            let failed = (subject.at(Queued), work.ends());
            done.into_iter().chain([failed]).collect()
        }
        _ => vec![(subject, work.ends())],
    }
}

fn stage(subject: Subject, work: Work) -> Vec<(Subject, Work)> {
    let mine = subject.status == Some(Uploading) && subject.holder == Some(work.id);
    match work.stage {
        0 if subject.status == Some(Queued) => {
            let taken = subject.at(Uploading).held(work.id).with(Some(work.data));
            vec![(taken, work.to(1))]
        }
        0 => vec![(subject, work.refused())],
        _ if mine => vec![(subject, work.ok()), (subject.at(Queued), work.fail())],
        _ => vec![(subject, work.ok()), (subject, work.fail())],
    }
}

fn change(world: &World, subject: Subject, work: Work) -> Vec<(Subject, Work)> {
    let here = |subject: Subject, work: Work| vec![(subject, work)];
    let again = world.real();
    match (work.operation, subject.status) {
        (Delete, _) if work.stage == 1 && subject.gone() => here(subject, work.ok()),
        (Delete, _) if work.stage == 1 => here(subject.deleted(world), work.ok()),
        (Delete, Some(_)) if subject.protected => here(subject, work.refused()),
        (Delete, Some(_)) if world.defect == Some(Defect::DeleteLost) => here(subject, work.ok()),
        (Delete, Some(_)) if again => here(subject, work.to(1)),
        (Delete, Some(_)) => here(subject.deleted(world), work.ok()),
        (Deactivate, Some(Active)) => here(subject.at(Deactivated), work.ok()),
        (Deactivate, Some(Deactivated)) if again => here(subject, work.ok()),
        (Reactivate, Some(Deactivated)) => here(subject.at(Active), work.ok()),
        (Reactivate, Some(Active)) if again => here(subject, work.ok()),
        (AddLocation | ReplaceLocation, Some(Queued)) => {
            here(subject.at(Active).with(None), work.ok())
        }
        (AddLocation | RemoveLocation, Some(Active)) => here(subject, work.ok()),
        (ReplaceLocation, Some(Active)) => here(subject.with(None), work.ok()),
        (SetProperty, status) => {
            let mut work = work.ok();
            if let (true, Some(reply)) = (world.real(), &mut work.reply) {
                reply.shown = Some(status);
            }
            here(subject, work)
        }
        (Protect | Unprotect, _) => {
            let mut subject = subject;
            subject.protected = work.operation == Protect;
            here(subject, work.ok())
        }
        _ => here(subject, work.refused()),
    }
}

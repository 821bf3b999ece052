//! How a piece of work visits its resources, one after the other: ask for it, hold it, give it back, go on.

use super::operation::{Body, Handle, Hold, Intake, Op, Visit, Wake};
use super::queue::Queue;
use super::speed::{pieces, transfer};
use super::subject::{Change, Reply};
use super::{Actors, Service};
use crate::config::{Defect, Work};
use crate::fault::{Effect, Place};
use crate::history::{Content, Event, Seen};
use crate::invocation::{Failure, Invocation, Out};
use crate::lifecycle::{Operation, Outcome, SubjectStatus, TaskStatus};
use crate::script::ClientFault;
use crate::units::{Span, Time};

impl<A: Actors> Service<A> {
    pub(super) fn open(&mut self, work: Work, invocation: Invocation) -> Handle {
        let handle = self.handles.take();
        *self.ops.at(handle) = Op::new(work, invocation);
        handle
    }

    /// Everything that can go on now does.
    pub(super) fn run(&mut self, now: Time, out: &mut Out<Wake>) {
        while let Some(handle) = self.ready.pop_front() {
            self.begin(now, handle, out);
        }
    }

    /// The queue of the resource that a visit is to, beside the worker that its work holds anyway.
    fn queue(&mut self, visit: Visit) -> Option<&mut Queue<Handle>> {
        match visit {
            Visit::Accept | Visit::BeginTask => None,
            Visit::Commit(_) | Visit::Look(_) | Visit::CreateTask => Some(&mut self.connections),
            Visit::Put | Visit::Get | Visit::Remove => Some(&mut self.slots),
        }
    }

    /// Begins a visit: asks for its resource, and begins at once if it is free.
    fn go(&mut self, now: Time, handle: Handle, visit: Visit, out: &mut Out<Wake>) {
        let op = self.ops.at(handle);
        op.visit = visit;
        op.hold = Hold::Waiting;
        let work = op.work;
        let granted = match self.queue(visit) {
            None => Some(handle),
            Some(queue) => queue.acquire(now, work, handle),
        };
        if let Some(handle) = granted {
            self.begin(now, handle, out);
        }
    }

    /// Has the visit's resource: faults strike here.
    pub(super) fn begin(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        let op = self.ops.at(handle);
        op.visit_since = now;
        op.hold = Hold::Holding;
        let place = match op.visit {
            Visit::Accept => Place::Api,
            Visit::Commit(_) | Visit::CreateTask => Place::RegistryCommit,
            Visit::Look(_) => return self.hold(now, handle, Span::ZERO, out),
            Visit::Put => Place::StorePut,
            Visit::Get => Place::StoreGet,
            Visit::Remove => Place::StoreDelete,
            Visit::BeginTask => return self.hold(now, handle, Span::ZERO, out),
        };
        if op.visit == Visit::Put && op.body == Body::Coming {
            out.wanted.push(op.invocation.op);
        }
        let effect = self.faults.strike(place);
        let fits = effect != Effect::Full && self.take_in(now, handle, out);
        if effect == Effect::Error {
            self.ops.at(handle).failure = Some(Failure::Error);
        } else if !fits {
            self.ops.at(handle).failure = Some(match place {
                Place::StoreGet => Failure::Missing,
                _ => Failure::Full,
            });
        }
        match effect {
            Effect::Stall(fault) if fits => self.stalled.push((fault, handle)),
            Effect::Pass { later } if fits => self.hold(now, handle, later, out),
            Effect::Stall(_) | Effect::Pass { .. } | Effect::Error | Effect::Full => {
                self.ops.at(handle).hold = Hold::Failing;
                self.held(now, handle, out);
            }
        }
    }

    /// A write reserves room for its bytes, a read needs them to be there.
    fn take_in(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) -> bool {
        let op = self.ops.at(handle);
        let Invocation {
            op: id,
            subject,
            story,
            content,
            ..
        } = op.invocation;
        match op.visit {
            // What is staged does not lie in the store, and what is to come is not counted yet.
            Visit::Put if op.body != Body::Here || !stores(op.invocation.operation) => true,
            Visit::Put if content.size > 0 => {
                if !self.store.reserve(now, subject.slot, content.size) {
                    return false;
                }
                op.bytes = content.size;
                out.record(
                    now,
                    subject,
                    story,
                    Event::Stored {
                        op: id,
                        bytes: content.size,
                    },
                );
                true
            }
            Visit::Get => self.store.held(subject.slot) >= op.seen.size,
            _ => true,
        }
    }

    /// Holds the resource for as long as the visit takes.
    pub(super) fn hold(&mut self, now: Time, handle: Handle, later: Span, out: &mut Out<Wake>) {
        let op = self.ops.at(handle);
        let (visit, moved, bytes) = (op.visit, op.moves(), op.bytes);
        let (config, rng) = (&self.config, &mut self.rng);
        let store = &config.store;
        // What goes over the shared bandwidth takes its time after the set-up.
        let own = store.bandwidth.filter(|_| store.shared_bandwidth.is_none());
        let span = match visit {
            Visit::Accept | Visit::BeginTask => Span::ZERO,
            Visit::Commit(_) | Visit::CreateTask => config.registry.commit.draw(rng),
            Visit::Look(_) => (config.registry.read.as_ref()).map_or(Span::ZERO, |it| it.draw(rng)),
            Visit::Put => store.put.draw(rng) + pieces(store, moved) + transfer(own, moved),
            Visit::Get => store.get.draw(rng) + transfer(store.get_bandwidth.or(own), moved),
            Visit::Remove => {
                store.delete.draw(rng) + transfer(store.delete_bandwidth, bytes as f64)
            }
        } + later;
        if span == Span::ZERO {
            self.held(now, handle, out);
        } else {
            out.later.push((now + span, Wake::Op(handle)));
        }
    }

    /// The hold is over, or it is time to try again.
    pub(super) fn held(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        let Op {
            work,
            visit,
            hold,
            visit_since,
            body,
            ..
        } = *self.ops.at(handle);
        if visit == Visit::Put && body != Body::Here && hold == Hold::Holding {
            self.ops.at(handle).body = Body::Awaited;
            return;
        }
        if hold == Hold::Retrying {
            return self.go(now, handle, visit, out);
        }
        let failed = hold == Hold::Failing;
        if hold != Hold::Computing {
            if self.moves(now, handle, out) {
                return;
            }
            let queue = self.queue(visit);
            if let Some(next) = queue.and_then(|queue| queue.release(now, work, visit_since)) {
                self.ready.push_back(next);
            }
            if !failed && self.computes(now, handle, out) {
                return;
            }
        }
        match visit {
            Visit::Accept if failed => self.end(now, handle, Outcome::Fail, out),
            Visit::Accept => self.accepted(now, handle, out),
            Visit::Commit(Change::FailUpload | Change::Scrub) | Visit::Remove if failed => {
                // What must not be lost is tried again until it is done.
                self.ops.at(handle).hold = Hold::Retrying;
                out.later.push((now + self.config.retry, Wake::Op(handle)));
            }
            Visit::Commit(
                Change::EndUpload(_)
                | Change::EndStage(_)
                | Change::EndRegister
                | Change::BeginImport,
            ) if failed => self.undo(now, handle, out),
            Visit::Commit(_) | Visit::Look(_) | Visit::CreateTask | Visit::Get if failed => {
                self.end(now, handle, Outcome::Fail, out);
            }
            Visit::Look(change) => self.looked(now, handle, change, out),
            Visit::Commit(change) => self.committed(now, handle, change, out),
            Visit::CreateTask => self.create_task(now, handle, out),
            Visit::BeginTask => {
                self.task(now, handle, TaskStatus::Processing, out);
                let begin = match self.laws.are_glances() {
                    true => Change::BeginImport,
                    false => Change::BeginUpload,
                };
                self.go(now, handle, Visit::Commit(begin), out);
            }
            Visit::Put => self.put(now, handle, failed, out),
            Visit::Get => self.end(now, handle, Outcome::Ok, out),
            Visit::Remove => self.removed(now, handle, out),
        }
    }

    /// A request has its worker: the first visit of its operation.
    fn accepted(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        let Invocation { op, operation, .. } = self.ops.at(handle).invocation;
        let change = match operation {
            Operation::Create if self.has(Defect::LostCreate) && op.0 % 7 == 3 => {
                return self.end(now, handle, Outcome::Ok, out);
            }
            Operation::Delete if self.has(Defect::LostDelete) && op.0 % 3 == 1 => {
                return self.end(now, handle, Outcome::Ok, out);
            }
            Operation::Create => Change::Create,
            Operation::CreateWithLocation => Change::CreateWithLocation,
            Operation::CreateEmpty => Change::CreateEmpty,
            // All places are put in for none.
            Operation::AddLocation | Operation::ReplaceLocation => Change::AddLocation,
            Operation::RemoveLocation => Change::RemoveLocation,
            Operation::Upload | Operation::AbortUpload => Change::BeginUpload,
            Operation::Deactivate => Change::Deactivate,
            Operation::Reactivate => Change::Reactivate,
            Operation::Delete => Change::Delete,
            Operation::Download | Operation::Export | Operation::Clone => {
                return self.look(now, handle, Change::Read { as_admin: false }, out);
            }
            Operation::DownloadAsAdmin => {
                return self.look(now, handle, Change::Read { as_admin: true }, out);
            }
            Operation::Show => return self.look(now, handle, Change::Inspect, out),
            Operation::SetProperty => Change::Touch,
            Operation::List => return self.list(now, handle, out),
            Operation::Stage => Change::BeginStage,
            Operation::Protect => Change::Protect(true),
            Operation::Unprotect => Change::Protect(false),
            // A scenario that asks the embedded service for these is refused by its reader.
            Operation::CreateWithoutFormat
            | Operation::CreateWithWrongFormat
            | Operation::UploadWrongSize
            | Operation::UploadTooLarge
            | Operation::UploadChunked
            | Operation::ImportSlow
            | Operation::ImportMissing
            | Operation::ImportDead
            | Operation::ImportCut
            | Operation::ImportTooLarge
            | Operation::RegisterLocationChecked
            | Operation::RegisterLocationWrongHash
            | Operation::Share
            | Operation::Unshare
            | Operation::AddLocationChecked
            | Operation::AddLocationWrongHash
            | Operation::Accept
            | Operation::CopyLocation
            | Operation::CopyImage
            | Operation::DeleteFromStore
            | Operation::DeleteFromDefaultStore
            | Operation::ImportToAllStores => {
                return self.end(now, handle, Outcome::Refused, out);
            }
            Operation::Import | Operation::ImportStaged | Operation::RegisterLocation => {
                let accept = match operation {
                    Operation::ImportStaged => Change::AcceptStaged,
                    _ => Change::AcceptImport,
                };
                return match self.commit(now, handle, accept, out) {
                    Reply::Done { .. } => self.go(now, handle, Visit::CreateTask, out),
                    Reply::Refused | Reply::Record(_) => {
                        self.end(now, handle, Outcome::Refused, out);
                    }
                };
            }
        };
        self.go(now, handle, Visit::Commit(change), out);
    }

    /// A list takes the database's time, and looks at no record in particular.
    fn list(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        let visit = match self.config.registry.read {
            Some(_) => Visit::Look(Change::Inspect),
            None => Visit::Commit(Change::Inspect),
        };
        self.go(now, handle, visit, out);
    }

    /// A look at the record, which needs no commit, and a connection only if it takes time.
    fn look(&mut self, now: Time, handle: Handle, change: Change, out: &mut Out<Wake>) {
        match self.config.registry.read {
            Some(_) => self.go(now, handle, Visit::Look(change), out),
            None => self.looked(now, handle, change, out),
        }
    }

    /// The record has been looked at.
    fn looked(&mut self, now: Time, handle: Handle, change: Change, out: &mut Out<Wake>) {
        match (change, self.ops.at(handle).invocation.operation) {
            (_, Operation::List) => self.end(now, handle, Outcome::Ok, out),
            (Change::Read { as_admin }, _) => self.read(now, handle, as_admin, out),
            (_, _) => self.show(now, handle, out),
        }
    }

    /// What the record shows. Deleted subjects are no longer shown.
    fn show(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        let status = match self.commit(now, handle, Change::Inspect, out) {
            Reply::Record(record) => record.status(),
            Reply::Done { .. } | Reply::Refused => None,
        };
        self.ops.at(handle).shown = Some(match status {
            None | Some(SubjectStatus::PendingDelete | SubjectStatus::Deleted) => Seen::Gone,
            Some(status) => Seen::Status(status),
        });
        self.end(now, handle, Outcome::Ok, out);
    }

    fn read(&mut self, now: Time, handle: Handle, as_admin: bool, out: &mut Out<Wake>) {
        match self.commit(now, handle, Change::Read { as_admin }, out) {
            Reply::Refused | Reply::Record(_) => {
                self.end(now, handle, Outcome::Refused, out);
            }
            Reply::Done {
                content, elsewhere, ..
            } => {
                self.ops.at(handle).seen = content;
                match elsewhere {
                    true => self.end(now, handle, Outcome::Ok, out),
                    false => self.go(now, handle, Visit::Get, out),
                }
            }
        }
    }

    /// The registry's hold for a commit is over: the record decides.
    fn committed(&mut self, now: Time, handle: Handle, change: Change, out: &mut Out<Wake>) {
        let reply = self.commit(now, handle, change, out);
        match (change, reply) {
            (Change::BeginUpload | Change::BeginStage, Reply::Done { .. }) => {
                self.go(now, handle, Visit::Put, out);
            }
            (Change::BeginImport, Reply::Done { content, .. }) => {
                let invocation = &mut self.ops.at(handle).invocation;
                if invocation.operation == Operation::ImportStaged {
                    invocation.content = content;
                }
                self.go(now, handle, Visit::Put, out);
            }
            (Change::BeginUpload, _) if self.has(Defect::RefusedUploadOverwrites) => {
                self.ops.at(handle).outcome = Outcome::Refused;
                self.go(now, handle, Visit::Put, out);
            }
            (Change::EndUpload(_), Reply::Done { .. }) => {
                self.ops.at(handle).bytes = 0;
                if self.has(Defect::DataLost) {
                    let Invocation {
                        subject, content, ..
                    } = self.ops.at(handle).invocation;
                    self.store.remove(now, subject.slot, content.size);
                }
                self.end(now, handle, Outcome::Ok, out);
            }
            (Change::EndUpload(_) | Change::EndStage(_) | Change::EndRegister, Reply::Refused) => {
                self.ops.at(handle).failure = Some(Failure::Lost);
                if self.has(Defect::DeleteLeavesBytes) {
                    self.ops.at(handle).bytes = 0;
                }
                self.undo(now, handle, out);
            }
            (Change::Delete, Reply::Done { .. }) if self.ops.at(handle).bytes > 0 => {
                self.go(now, handle, Visit::Remove, out);
            }
            (Change::FailUpload, _) => self.end(now, handle, Outcome::Fail, out),
            (Change::Inspect, Reply::Record(_)) => self.end(now, handle, Outcome::Ok, out),
            (_, Reply::Done { .. }) => self.end(now, handle, Outcome::Ok, out),
            (_, Reply::Refused | Reply::Record(_)) => {
                self.end(now, handle, Outcome::Refused, out);
            }
        }
    }

    fn put(&mut self, now: Time, handle: Handle, failed: bool, out: &mut Out<Wake>) {
        let Op {
            invocation,
            outcome,
            ..
        } = *self.ops.at(handle);
        if outcome == Outcome::Refused {
            self.end(now, handle, Outcome::Refused, out);
        } else if failed || invocation.client_fault.is_some() {
            let op = self.ops.at(handle);
            op.failure = op.failure.or(Some(Failure::BrokenOff));
            self.undo(now, handle, out);
        } else {
            let end = match invocation.operation {
                Operation::Stage => Change::EndStage(invocation.content),
                Operation::RegisterLocation => Change::EndRegister,
                _ => Change::EndUpload(invocation.content),
            };
            self.go(now, handle, Visit::Commit(end), out);
        }
    }

    /// A client sends an operation whose data is still on its way. The size in `invocation` is what it says of it, if it says so.
    /// The write into the store lasts until its drawn time is over and [`Service::took_in`] has told what has come, whichever is
    /// later.
    pub fn invoke_in_parts(
        &mut self,
        now: Time,
        invocation: Invocation,
        out: &mut Out<Wake>,
    ) -> Intake {
        let op = invocation.op;
        let handle = self.open(Work::Request, invocation);
        self.ops.at(handle).body = Body::Coming;
        let granted = self.workers.acquire(now, Work::Request, handle);
        self.take_worker(now, granted);
        self.run(now, out);
        Intake { handle, op }
    }

    /// The data of a write has come, or has broken off. Nothing happens if the write has ended without it.
    pub fn took_in(
        &mut self,
        now: Time,
        Intake { handle, op: id }: Intake,
        content: Option<Content>,
        out: &mut Out<Wake>,
    ) {
        let op = self.ops.at(handle);
        if op.invocation.op != id || op.body == Body::Here {
            return;
        }
        let was = std::mem::replace(&mut op.body, Body::Here);
        match content {
            Some(content) => op.invocation.content = content,
            None => op.invocation.client_fault = Some((ClientFault::Close, 0.0)),
        }
        let writes = op.visit == Visit::Put && op.hold == Hold::Holding;
        if writes && content.is_some() && !self.take_in(now, handle, out) {
            let op = self.ops.at(handle);
            op.failure = Some(Failure::Full);
            // No time of the store's brings what it has no room for.
            op.invocation.client_fault = Some((ClientFault::Close, 0.0));
        }
        if was == Body::Awaited {
            self.held(now, handle, out);
        }
        self.run(now, out);
    }

    /// An upload has failed: its bytes go first, then its failure edge is taken.
    fn undo(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        self.ops.at(handle).outcome = Outcome::Fail;
        if self.ops.at(handle).bytes > 0 {
            self.go(now, handle, Visit::Remove, out);
        } else if self.has(Defect::FailedUploadStaysSaving) {
            self.end(now, handle, Outcome::Fail, out);
        } else {
            self.go(now, handle, Visit::Commit(Change::FailUpload), out);
        }
    }

    /// Bytes can go from the store.
    fn removed(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        let op = self.ops.at(handle);
        let Invocation {
            subject,
            story,
            operation,
            ..
        } = op.invocation;
        let bytes = self
            .store
            .remove(now, subject.slot, std::mem::take(&mut op.bytes));
        if bytes > 0 {
            out.record(now, subject, story, Event::Removed { bytes });
        }
        match op.work {
            Work::Scrub => self.go(now, handle, Visit::Commit(Change::Scrub), out),
            Work::Request if operation == Operation::Delete => {
                self.end(now, handle, Outcome::Ok, out);
            }
            Work::Request | Work::Task => self.undo(now, handle, out),
        }
    }
}

/// Whether an operation that writes data writes it into the store.
const fn stores(operation: Operation) -> bool {
    !matches!(operation, Operation::Stage | Operation::RegisterLocation)
}

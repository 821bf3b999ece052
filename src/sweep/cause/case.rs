//! What had happened by the time of a violation, and whose doing that makes it.

use super::name::{Cause, Mechanism};
use SubjectStatus::{Active, Importing, Queued, Saving, Uploading};
use stormglass_model::checker::concurrent::Symptom;
use stormglass_model::history::{
    Content, Ending, Held, Observation, OpId, ProbeReading, Row, Seen, SubjectHistory,
};
use stormglass_model::lifecycle::{Operation, Outcome, Profile, Statuses, SubjectStatus};
use stormglass_model::operations::{ApiCall, Extent, OperationKind};
use stormglass_model::units::Time;
/// A request of the history that can have changed something.
#[derive(Clone, Copy)]
struct Sent {
    operation: Operation,
    from: Time,
    /// When it can have had its last effect; none: at any time since.
    to: Option<Time>,
    brings: Option<Content>,
    /// Whether it was acknowledged.
    done: bool,
    /// Whether it was refused, so that it wrote nothing but what it took back.
    refused: bool,
}

impl Sent {
    fn call(&self) -> ApiCall {
        self.operation.kind().api_call()
    }

    fn overlaps(&self, other: &Sent) -> bool {
        let before = |to: Option<Time>, from| to.is_none_or(|to| from <= to);
        before(self.to, other.from) && before(other.to, self.from)
    }

    /// Whether the server undoes what it has begun when such a request fails: it makes the image queued again.
    fn restores(&self) -> bool {
        matches!(self.call(), ApiCall::Upload | ApiCall::Stage) && !self.done
    }

    /// Whether it leads to this status by itself. What was done has not failed, unless a task does the rest.
    fn leads_to(&self, status: SubjectStatus) -> bool {
        let row = self.operation.row();
        let over = |next: Extent| next == Extent::Failed && self.done && !row.by_task;
        row.changes(Profile::Glance, None)
            .any(|change| change.to == status && change.from != Some(status) && !over(change.next))
    }
}

/// What had happened by the time of a violation.
pub(super) struct Case {
    /// In the order in which they were sent.
    sent: Vec<Sent>,
    /// What was answered last.
    answered: Option<Operation>,
    /// What gave somebody data, last.
    read: Option<ApiCall>,
    /// The status that was shown then.
    pub(super) seen: Option<SubjectStatus>,
    held: Option<Held>,
    /// What was under way when the server was broken on purpose.
    pub(super) broken_off: Option<ApiCall>,
}

impl Case {
    pub(super) fn until(history: &SubjectHistory, at: Time) -> Case {
        let mut case = Case {
            sent: Vec::new(),
            answered: None,
            read: None,
            seen: None,
            held: None,
            broken_off: None,
        };
        let mut open: Vec<(OpId, Option<usize>, Operation)> = Vec::new();
        let mut broken = false;
        for event in history.events.iter().take_while(|event| event.at <= at) {
            match event.observation {
                Observation::Invoked {
                    op,
                    operation,
                    brings,
                    ..
                } => {
                    let changes =
                        !operation.kind().looks() && operation.kind().api_call() != ApiCall::Create;
                    let index = changes.then_some(case.sent.len());
                    open.push((op, index, operation));
                    case.sent.extend(changes.then_some(Sent {
                        operation,
                        from: event.at,
                        to: None,
                        brings,
                        done: false,
                        refused: false,
                    }));
                }
                Observation::Answered { op, ending } => {
                    if let Some(place) = open.iter().position(|(other, ..)| *other == op) {
                        let (_, index, operation) = open.swap_remove(place);
                        case.answered(operation, &ending);
                        if let Some(index) = index {
                            end(&mut case.sent[index], event.at, &ending);
                        }
                    }
                }
                Observation::Broken(true) if !broken => {
                    broken = true;
                    let under_way = open.iter().filter_map(|(_, index, _)| *index).next_back();
                    case.broken_off = under_way
                        .or(case.sent.len().checked_sub(1))
                        .map(|index| case.sent[index].call());
                }
                Observation::Broken(_) | Observation::Property { .. } => {}
                Observation::Probed(reading) => case.probed(&reading),
            }
        }
        case
    }

    fn answered(&mut self, operation: Operation, ending: &Ending) {
        self.answered = Some(operation);
        let has_data = ending.content.is_some_and(|content| content.size > 0);
        if operation.reads() && ending.outcome == Outcome::Ok && has_data {
            self.read = Some(operation.kind().api_call());
        }
        self.seen = match ending.seen {
            Some(Seen::Status(status)) => Some(status),
            Some(Seen::Gone) | None => None,
        };
    }

    fn probed(&mut self, reading: &ProbeReading) {
        self.seen = match reading.row {
            Some(Row::Present(row)) => Some(row.status),
            Some(Row::Absent) | None => None,
        };
        self.held = reading.data;
    }

    /// The request that was answered when the violation became certain.
    pub(super) fn asked(&self) -> ApiCall {
        let call = self.answered.map(|operation| operation.kind().api_call());
        call.unwrap_or(ApiCall::Create)
    }

    /// The last request that can have changed something.
    fn last(&self) -> ApiCall {
        self.sent.last().map_or(ApiCall::Create, Sent::call)
    }

    /// The last request whose rest a task does.
    fn last_task(&self) -> ApiCall {
        let mut tasks = self.sent.iter().rev();
        let task = tasks.find(|sent| sent.operation.row().by_task);
        task.map_or(ApiCall::Import, Sent::call)
    }

    /// Whether the image was deactivated for all that was acknowledged.
    pub(super) fn deactivated(&self) -> bool {
        let last = self.sent.iter().rev().find(|sent| {
            matches!(
                sent.operation,
                Operation::Deactivate | Operation::Reactivate
            ) && sent.done
        });
        last.is_some_and(|sent| sent.operation == Operation::Deactivate)
    }

    /// The others that were at work beside it and may have changed something.
    fn rivals<'c>(&'c self, one: &'c Sent) -> impl DoubleEndedIterator<Item = &'c Sent> {
        self.sent
            .iter()
            .filter(move |other| !std::ptr::eq(*other, one) && !other.refused)
            .filter(|other| one.overlaps(other))
    }

    /// Whose save can have put this status over what another request had changed.
    fn overwriter(&self, status: SubjectStatus) -> Option<Cause> {
        let restored = (self.sent.iter().rev())
            .find(|sent| status == Queued && sent.restores() && self.sent.len() > 1);
        let raced = |sent: &&Sent| !sent.refused && self.rivals(sent).next().is_some();
        let mut raced = self.sent.iter().rev().filter(raced);
        // These write back whatever status they had read, the others one of their own.
        let update = raced.clone().find(|sent| {
            matches!(
                sent.call(),
                ApiCall::Update | ApiCall::Copy | ApiCall::DeleteFromStore
            )
        });
        let leads = || raced.find(|sent| sent.leads_to(status));
        let sent = restored.or(update).or_else(leads)?;
        Some(Cause::of(Mechanism::StaleWrite, sent.call()))
    }

    /// The cause of what is wrong with the image, its row or its data.
    pub(super) fn effect(&self, symptom: Symptom) -> Cause {
        let access = Cause::of(Mechanism::WrongAccess, self.asked());
        let copied = |sent: &Sent| sent.operation == Operation::CopyLocation && sent.done;
        match symptom {
            // The delete of the other image took the data of this one with it.
            Symptom::Hollow | Symptom::Unreadable if self.sent.iter().any(copied) => {
                Cause::of(Mechanism::WrongEffect, ApiCall::Delete)
            }
            Symptom::Unreadable if self.fails_to_delete() => self.hollow(),
            Symptom::Unreadable => {
                let refusal = Cause::of(Mechanism::WrongRefusal, self.asked());
                self.overwriter(Active).unwrap_or(refusal)
            }
            Symptom::Exposed => {
                let stale = self
                    .deactivated()
                    .then(|| self.overwriter(Active))
                    .flatten();
                stale.or_else(|| self.shared_again()).unwrap_or(access)
            }
            Symptom::Trespass if self.seen.is_none() => access,
            Symptom::BadRow if self.held.is_some_and(|held| held.lacking) => self.hollow(),
            Symptom::Trespass
            | Symptom::Undone
            | Symptom::WrongStatus
            | Symptom::Revived
            | Symptom::BadRow
            | Symptom::StuckSubject => self.status(symptom),
            Symptom::Forbidden => self.forbidden(),
            Symptom::Orphan => self.orphan(),
            Symptom::StagedOrphan => self.staged_orphan(),
            Symptom::Hollow => self.hollow(),
            Symptom::LostUpdate => self.lost_update(),
            Symptom::StuckTask => Cause::of(Mechanism::NoCleanUp, self.last_task()),
            Symptom::SubjectLost
            | Symptom::Corrupt
            | Symptom::TwoUploads
            | Symptom::ServerError
            | Symptom::NoAnswer
            | Symptom::Malformed
            | Symptom::Refused => Cause::of(Mechanism::WrongEffect, self.last()),
        }
    }

    /// An accept that had read the membership before that was taken back, and wrote it anew.
    fn shared_again(&self) -> Option<Cause> {
        let unshares = |sent: &Sent| {
            self.rivals(sent)
                .any(|rival| rival.operation == Operation::Unshare)
        };
        let accepts = |sent: &&Sent| sent.operation == Operation::Accept && !sent.refused;
        let accept = self
            .sent
            .iter()
            .filter(accepts)
            .find(|sent| unshares(sent))?;
        Some(Cause::of(Mechanism::StaleWrite, accept.call()))
    }

    /// The image, or its row, is in a status that it cannot have.
    fn status(&self, symptom: Symptom) -> Cause {
        let status = self.seen.unwrap_or(Queued);
        if let Some(cause) = self.overwriter(status) {
            return cause;
        }
        let led = self.sent.iter().rev().find(|sent| sent.leads_to(status));
        let busy = matches!(status, Saving | Uploading | Importing);
        let mechanism = match (symptom, self.read) {
            (Symptom::StuckSubject | Symptom::BadRow, _) => Mechanism::NoCleanUp,
            _ if busy => Mechanism::NoCleanUp,
            // Data was read in a status in which it may not be.
            (_, Some(read)) if !status.keeps_data() => {
                return Cause::of(Mechanism::WrongAccess, read);
            }
            _ => Mechanism::WrongEffect,
        };
        Cause {
            failed: led.is_some_and(Sent::restores),
            ..Cause::of(mechanism, led.map_or_else(|| self.last(), Sent::call))
        }
    }

    /// A request was acknowledged in a status that forbids it: it had read another one.
    fn forbidden(&self) -> Cause {
        let asked = |sent: &&Sent| Some(sent.operation) == self.answered;
        let sent = self.sent.iter().rev().find(asked);
        match sent.filter(|sent| self.rivals(sent).next().is_some()) {
            Some(sent) => Cause::of(Mechanism::StaleWrite, sent.call()),
            None => Cause::of(Mechanism::WrongEffect, self.asked()),
        }
    }

    /// Data is in the store that no status keeps.
    fn orphan(&self) -> Cause {
        let size = self.held.and_then(|held| held.bytes);
        let data = |sent: &&Sent| matches!(sent.call(), ApiCall::Upload | ApiCall::Import);
        let brought = |sent: &&Sent| sent.brings.map(|content| content.size) == size;
        let mut senders = self.sent.iter().rev().filter(data);
        let sender = senders.clone().find(brought).or_else(|| senders.next());
        // One that was never answered has been done as well, if the image is deleted.
        let gone = |status: SubjectStatus| Statuses::GONE.contains(status);
        let gone = self.seen.is_some_and(gone);
        let mut deletes =
            (self.sent.iter().rev()).filter(|sent| sent.operation == Operation::Delete);
        let delete = deletes.find(|sent| sent.done || gone && !sent.refused);
        // An upload was acknowledged, and another's save has overwritten the record that said so.
        let lost = sender.filter(|sent| {
            let meets = delete.is_some_and(|delete| sent.overlaps(delete));
            sent.done && sent.call() == ApiCall::Upload && !meets
        });
        let writer = lost.and_then(|sent| {
            let mut rivals = self.rivals(sent);
            rivals.rfind(|rival| rival.call() != ApiCall::Delete)
        });
        if let Some(writer) = writer {
            return Cause::of(Mechanism::StaleWrite, writer.call());
        }
        // A delete that takes nothing away takes it from no store.
        let strays = self.held.is_some_and(|held| held.stray.is_some());
        match (sender, delete) {
            (_, delete) if strays && (delete.is_none() || size.is_none()) => self.strayed(),
            (Some(sent), delete)
                if delete.is_none_or(|delete| sent.overlaps(delete))
                    || !self.tries_to_deactivate() =>
            {
                Cause {
                    failed: sent.restores(),
                    ..Cause::of(Mechanism::NoCleanUp, sent.call())
                }
            }
            _ => Cause::of(Mechanism::NoCleanUp, ApiCall::Delete),
        }
    }

    /// Data is in another store: left by what brought it there or should have taken it away, unless an update has put back a record
    /// that did not name it yet, which makes no copy fail.
    fn strayed(&self) -> Cause {
        let last = |calls: &[ApiCall]| {
            let mut sent = self.sent.iter().rev();
            sent.find(|sent| calls.contains(&sent.call()))
        };
        let brought =
            last(&[ApiCall::Copy]).or_else(|| last(&[ApiCall::Import, ApiCall::DeleteFromStore]));
        let settled = matches!(self.seen, Some(Active)) && !self.tries_to_deactivate();
        let update = brought.and_then(|sent| {
            let mut rivals = self.rivals(sent);
            rivals.find(|rival| settled && rival.call() == ApiCall::Update)
        });
        match update {
            Some(update) => Cause::of(Mechanism::StaleWrite, update.call()),
            None => Cause::of(
                Mechanism::NoCleanUp,
                brought.map_or(self.last(), Sent::call),
            ),
        }
    }

    fn tries_to_deactivate(&self) -> bool {
        self.sent
            .iter()
            .any(|sent| sent.operation == Operation::Deactivate)
    }

    /// The staging area holds data that nothing will take in.
    fn staged_orphan(&self) -> Cause {
        let stages = || {
            self.sent
                .iter()
                .rev()
                .filter(|sent| sent.call() == ApiCall::Stage)
        };
        // What was staged is left because the status that says so was overwritten.
        let reset = self.seen.filter(|&status| {
            let waits = matches!(status, Uploading | Importing);
            stages().any(|sent| sent.done) && !waits && !Statuses::GONE.contains(status)
        });
        let stale = reset.and_then(|status| self.overwriter(status));
        let failed = stages().find(|sent| sent.restores());
        let import = self
            .sent
            .iter()
            .rev()
            .find(|sent| matches!(sent.call(), ApiCall::Import | ApiCall::Copy));
        let culprit = failed.or(import).or_else(|| stages().next());
        stale.unwrap_or(Cause {
            failed: failed.is_some(),
            ..Cause::of(
                Mechanism::NoCleanUp,
                culprit.map_or_else(|| self.last(), Sent::call),
            )
        })
    }

    /// An update was acknowledged and is not there: another request's save put back what was there before it.
    fn lost_update(&self) -> Cause {
        let updates = |sent: &&Sent| {
            let property = sent.operation == Operation::SetProperty;
            sent.done && (property || sent.call() == ApiCall::Share)
        };
        let update = self.sent.iter().rev().find(updates);
        let rival = update.and_then(|update| self.rivals(update).last());
        match rival {
            // To share an image, its visibility is updated first.
            Some(rival) if rival.operation == Operation::Share => {
                Cause::of(Mechanism::StaleWrite, ApiCall::Update)
            }
            Some(rival) => Cause::of(Mechanism::StaleWrite, rival.call()),
            None => Cause::of(Mechanism::WrongEffect, self.last()),
        }
    }

    /// Whether a delete of the image broke off.
    fn fails_to_delete(&self) -> bool {
        let delete = |sent: &Sent| sent.call() == ApiCall::Delete;
        (self.sent.iter()).any(|sent| delete(sent) && !sent.done && !sent.refused)
    }

    /// Data is gone that the row says is there.
    fn hollow(&self) -> Cause {
        let removes = |sent: &&Sent| {
            let kind = sent.operation.kind();
            kind.removes_place() || kind == OperationKind::ReplaceLocation
        };
        let raced = self.sent.iter().filter(removes).find_map(|sent| {
            // What was taken out of a store is put back by a save beside it, which a delete of the image is not.
            let saves = |rival: &&Sent| rival.call() != ApiCall::Delete;
            match sent.call() {
                ApiCall::DeleteFromStore if sent.refused => None,
                ApiCall::DeleteFromStore => self.rivals(sent).rfind(saves).map(Sent::call),
                call => self.rivals(sent).next().map(|_| call),
            }
        });
        let refused = self
            .sent
            .iter()
            .rev()
            .find(|sent| sent.operation == Operation::Delete && !sent.done);
        match (raced, refused) {
            (Some(call), _) => Cause::of(Mechanism::StaleWrite, call),
            (None, Some(delete)) => Cause {
                failed: true,
                ..Cause::of(Mechanism::WrongEffect, delete.call())
            },
            (None, None) => Cause::of(Mechanism::WrongEffect, self.last()),
        }
    }
}

/// A request was answered: whether its effects can come later all the same.
fn end(sent: &mut Sent, at: Time, ending: &Ending) {
    sent.done = ending.outcome == Outcome::Ok;
    // An update that has found the image, and then no longer finds it, may have written in between.
    let lost = sent.call() == ApiCall::Update && ending.seen == Some(Seen::Gone);
    sent.refused = ending.outcome == Outcome::Refused && !lost;
    let row = sent.operation.row();
    let goes_on = match ending.outcome {
        Outcome::Ok => row.by_task,
        Outcome::Refused | Outcome::Local => false,
        // The server may still be cleaning up.
        Outcome::Fail => sent.operation.sends_data(),
        Outcome::Unknown => true,
    };
    sent.to = (!goes_on).then_some(at);
}

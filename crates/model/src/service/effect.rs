//! What the visits come to: commits and the counts they change, tasks, scrubs, and the end of a piece of work.

use super::operation::{Body, Handle, Op, Visit, Wake, unasked};
use super::scrubber::{Pending, ScrubberMessage, ScrubberReply};
use super::subject::{Change, Commit, Move, Reply};
use super::task::{Task, TaskCommit};
use super::{Actors, Service};
use crate::config::{Balance, Defect, Work};
use crate::history::{Ending, Event};
use crate::invocation::{Completion, Invocation, Out};
use crate::lifecycle::{Operation, Outcome, SubjectStatus, TaskStatus};
use crate::random::unit;
use crate::units::{Span, Time};

impl<A: Actors> Service<A> {
    /// Sends a commit to the record and enters what it did into the history and the counts.
    pub(super) fn commit(
        &mut self,
        now: Time,
        handle: Handle,
        change: Change,
        out: &mut Out<Wake>,
    ) -> Reply {
        let Op {
            work, invocation, ..
        } = *self.ops.at(handle);
        let Invocation {
            op,
            subject,
            story,
            intended,
            ..
        } = invocation;
        let op = (work != Work::Scrub).then_some(op);
        let reply = self.actors.commit(
            subject.slot,
            Commit {
                at: now,
                op,
                change,
                laws: self.laws,
            },
        );
        let Reply::Done {
            moves,
            entered,
            content,
            elsewhere,
        } = reply
        else {
            return reply;
        };
        for Move { from, to } in moves.into_iter().flatten() {
            let due = match from {
                Some(SubjectStatus::Saving) => entered,
                Some(SubjectStatus::PendingDelete) => entered + self.config.scrub_time,
                _ => intended,
            };
            out.record(now, subject, story, Event::Moved { from, to, op, due });
            if let Some(from) = from {
                self.by_status[from.index()].sub(now, 1);
            }
            self.by_status[to.index()].add(now, 1);
            self.store.moved(now, subject.slot, to);
            let stored = match (from, elsewhere) {
                (Some(from), false) if from.keeps_data() => content.size,
                _ => 0,
            };
            if to == SubjectStatus::PendingDelete {
                self.pending.push(Pending {
                    since: now,
                    subject,
                    story,
                });
            } else if to == SubjectStatus::Deleted {
                out.deleted.push(subject.slot);
                self.purges
                    .extend(self.config.purge_after.map(|after| now + after));
                if change == Change::Delete {
                    self.ops.at(handle).bytes = stored;
                }
            }
        }
        reply
    }

    /// The task is registered; the request ends here for its worker, and the executor takes over.
    pub(super) fn create_task(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        let claims = self.laws.are_glances();
        if claims && self.commit(now, handle, Change::ClaimImport, out) == Reply::Refused {
            return self.end(now, handle, Outcome::Refused, out);
        }
        let slot = self.task_slots.take();
        self.actors.spawn_task(slot, Task::default());
        let op = self.ops.at(handle);
        op.task_slot = slot;
        op.task_entered = op.invocation.intended;
        op.work = Work::Task;
        op.visit = Visit::BeginTask;
        self.keep_worker(now, handle, out);
        self.task(now, handle, TaskStatus::Pending, out);
        if let Some(handle) = self.task_workers.acquire(now, Work::Task, handle) {
            self.ops.at(handle).worker_since = now;
            self.begin(now, handle, out);
        }
    }

    pub(super) fn task(&mut self, now: Time, handle: Handle, to: TaskStatus, out: &mut Out<Wake>) {
        let op = self.ops.at(handle);
        let Invocation {
            op: id,
            subject,
            story,
            ..
        } = op.invocation;
        let commit = TaskCommit {
            to,
            defects: self.laws.defects,
        };
        let reply = self.actors.commit_task(op.task_slot, commit);
        let due = std::mem::replace(&mut op.task_entered, now);
        let event = Event::TaskMoved {
            op: id,
            from: reply.from,
            to,
            has_result: reply.has_result,
            has_message: reply.has_message,
            due,
        };
        out.record(now, subject, story, event);
    }

    /// Whoever has been granted a worker can go on.
    #[inline]
    pub(super) fn take_worker(&mut self, now: Time, granted: Option<Handle>) {
        if let Some(handle) = granted {
            let op = self.ops.at(handle);
            op.worker_since = now;
            if op.work == Work::Request {
                self.enter_process(handle);
            }
            self.ready.push_back(handle);
        }
    }

    /// A request goes to a process. The task of a request stays in it.
    #[inline]
    fn enter_process(&mut self, handle: Handle) {
        let processes = self.in_process.len();
        if processes < 2 {
            return;
        }
        let process = match self.config.balance {
            Balance::Fewest => {
                let each = self.in_process.iter().enumerate();
                each.min_by_key(|(_, requests)| **requests).map(|it| it.0)
            }
            Balance::Race => self.first_to_accept(),
        };
        let process = process.unwrap_or(0);
        self.in_process[process] += 1;
        self.ops.at(handle).process = process as u32;
    }

    /// The process that accepts a connection for which all with a free thread wait. In each, one thread at a time waits for connections, so
    /// that it hardly matters how many are free. But a thread that has just answered may not be ready again: each is with a chance of a half,
    /// and the more are free, the likelier one is.
    fn first_to_accept(&mut self) -> Option<usize> {
        let threads = self.config.threads_of_process();
        let chance = |open: &u32| 1.0 - 0.5_f64.powf(f64::from(threads.saturating_sub(*open)));
        let all: f64 = self.in_process.iter().map(chance).sum();
        let mut before = unit(&mut self.rng) * all;
        self.in_process.iter().position(|open| {
            let own = chance(open);
            let is_here = before < own;
            before -= own;
            is_here
        })
    }

    #[inline]
    pub(super) fn leave_process(&mut self, process: u32) {
        if self.in_process.len() > 1 {
            self.in_process[process as usize] -= 1;
        }
    }

    /// A piece of work is over: its worker is free, and its client hears of it.
    pub(super) fn end(&mut self, now: Time, handle: Handle, outcome: Outcome, out: &mut Out<Wake>) {
        let Op {
            work,
            invocation,
            seen,
            shown,
            worker_since,
            task_slot,
            failure,
            ..
        } = *self.ops.at(handle);
        self.ops.at(handle).body = Body::Here;
        let outcome = match work {
            Work::Request => {
                self.keep_worker(now, handle, out);
                outcome
            }
            Work::Task => {
                self.end_task(now, handle, outcome == Outcome::Ok, out);
                self.actors.stop_task(task_slot);
                self.task_slots.give_back(task_slot);
                let next = self.task_workers.release(now, work, worker_since);
                self.take_worker(now, next);
                match outcome {
                    Outcome::Ok => Outcome::Ok,
                    Outcome::Refused | Outcome::Fail | Outcome::Unknown | Outcome::Local => {
                        Outcome::Fail
                    }
                }
            }
            Work::Scrub => {
                self.handles.give_back(handle);
                let message = ScrubberMessage::Scrubbed {
                    at: now,
                    since: worker_since,
                };
                let reply = self.actors.scrubber(message);
                return self.scrub(now, reply, out);
            }
        };
        self.handles.give_back(handle);
        let content = match invocation.operation {
            _ if outcome != Outcome::Ok => None,
            Operation::Upload | Operation::Import | Operation::Stage | Operation::ImportStaged => {
                Some(invocation.content)
            }
            Operation::Download
            | Operation::Export
            | Operation::Clone
            | Operation::DownloadAsAdmin => Some(seen),
            _ => None,
        };
        let ending = Ending {
            outcome,
            content,
            seen: shown,
            http_status: None,
        };
        out.completed.push_back(Completion {
            invocation,
            ending,
            failure,
        });
    }

    fn end_task(&mut self, now: Time, handle: Handle, ok: bool, out: &mut Out<Wake>) {
        if ok {
            self.task(now, handle, TaskStatus::Success, out);
            if self.has(Defect::TaskRunTwice) {
                self.task(now, handle, TaskStatus::Processing, out);
                self.task(now, handle, TaskStatus::Success, out);
            }
        } else if !self.has(Defect::TaskStuck) {
            self.task(now, handle, TaskStatus::Failure, out);
        }
    }

    /// Tells the scrubber who went into pending delete, all at once.
    pub(super) fn tell_pending(&mut self) {
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            self.actors.scrubber(ScrubberMessage::Deleted(pending));
        }
    }

    /// The scrubber wakes. Where it reads what is pending, that comes first.
    pub(super) fn scrubber_wakes(&mut self, now: Time, out: &mut Out<Wake>) {
        self.tell_pending();
        let each = self.config.scrub_read;
        if each == Span::ZERO {
            let reply = self.actors.scrubber(ScrubberMessage::Wake(now));
            self.scrub(now, reply, out);
            out.later
                .push((now + self.config.scrub_interval, Wake::Scrubber));
            return;
        }
        let pending = self.by_status[SubjectStatus::PendingDelete.index()].now();
        let reading = Span(each.0.saturating_mul(pending));
        out.later.push((now + reading, Wake::ScrubberHasRead));
    }

    /// The scrubber has read what is pending: it scrubs who is due, and sleeps when the last of them is done.
    pub(super) fn scrubber_has_read(&mut self, now: Time, out: &mut Out<Wake>) {
        self.tell_pending();
        self.scrub_pass = true;
        let reply = self.actors.scrubber(ScrubberMessage::Wake(now));
        self.scrub(now, reply, out);
    }

    /// The scrubber has granted these a worker.
    pub(super) fn scrub(&mut self, now: Time, reply: ScrubberReply, out: &mut Out<Wake>) {
        if self.scrub_pass && reply.at_rest {
            self.scrub_pass = false;
            out.later
                .push((now + self.config.scrub_interval, Wake::Scrubber));
        }
        for Pending { subject, story, .. } in reply.scrub {
            let handle = self.open(Work::Scrub, unasked(subject, story, now));
            let bytes = self.store.held(subject.slot);
            // Nobody has looked at it for long: it is in the processor's cache by the time it is committed.
            self.actors.fetch(subject.slot);
            let op = self.ops.at(handle);
            op.worker_since = now;
            op.bytes = bytes;
            op.visit = Visit::Remove;
            // It begins when the queue is run.
            self.ready
                .extend(self.slots.acquire(now, Work::Scrub, handle));
        }
    }
}

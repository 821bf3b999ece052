//! Workers that stay with their client between its requests, as they do where a thread serves one connection.

use super::kept::Kept;
use super::operation::{Handle, Wake};
use super::{Actors, Service};
use crate::config::Work;
use crate::invocation::Out;
use crate::units::Time;

impl<A: Actors> Service<A> {
    /// A request is over: its worker waits for the next of the same client, or is free.
    #[inline]
    pub(super) fn keep_worker(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) {
        let op = self.ops.at(handle);
        let (subject, since, process) = (op.invocation.subject, op.worker_since, op.process);
        let Some(length) = self.config.keep_alive else {
            return self.free_worker(now, since, process);
        };
        let kept = self.kept.at(subject.slot);
        if kept.held {
            return self.free_worker(now, since, process);
        }
        *kept = Kept {
            held: true,
            subject: subject.number,
            since,
            process,
            number: kept.number.wrapping_add(1),
        };
        let (slot, number) = (subject.slot, kept.number);
        out.later
            .push((now + length, Wake::KeepAlive { slot, number }));
    }

    /// The worker that a client's connection has kept, if it has one, takes its next request at once.
    #[inline]
    pub(super) fn kept_worker(&mut self, now: Time, handle: Handle) -> bool {
        if self.config.keep_alive.is_none() {
            return false;
        }
        let op = self.ops.at(handle);
        let kept = self.kept.at(op.invocation.subject.slot);
        if !kept.held || kept.subject != op.invocation.subject.number {
            return false;
        }
        kept.held = false;
        op.worker_since = now;
        op.process = kept.process;
        self.workers.pass_on(now, Work::Request, kept.since);
        self.ready.push_back(handle);
        true
    }

    /// A connection has been idle for long enough, if it is still the same.
    pub(super) fn connection_ends(&mut self, now: Time, slot: u32, number: u32) {
        let kept = self.kept.at(slot);
        if kept.number == number && std::mem::take(&mut kept.held) {
            let Kept { since, process, .. } = *kept;
            self.free_worker(now, since, process);
        }
    }

    #[inline]
    fn free_worker(&mut self, now: Time, since: Time, process: u32) {
        self.leave_process(process);
        let next = self.workers.release(now, Work::Request, since);
        self.take_worker(now, next);
    }
}

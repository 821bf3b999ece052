//! What of a visit goes at a speed that is shared: its bytes over the store's bandwidth, and what the processors do for it.
//!
//! A visit is set up first, then its bytes move, both while it holds its own resource. Then they are handled.

use super::operation::{Handle, Hold, Op, Visit, Wake};
use super::shared::Shared;
use super::speed::{full_speed, transfer};
use super::{Actors, Service};
use crate::config::{Weight, Work};
use crate::invocation::Out;
use crate::random::{Rng, of_waits};
use crate::units::{Span, Time};

impl Op {
    /// How many bytes its visit moves.
    #[inline]
    pub(super) fn moves(&self) -> f64 {
        let sent = self.invocation.client_fault.map_or(1.0, |(_, after)| after);
        match self.visit {
            Visit::Put => self.invocation.content.size as f64 * sent,
            Visit::Get => self.seen.size as f64,
            Visit::Accept
            | Visit::Commit(_)
            | Visit::Look(_)
            | Visit::CreateTask
            | Visit::BeginTask
            | Visit::Remove => 0.0,
        }
    }
}

impl<A: Actors> Service<A> {
    /// Its set-up is over: its bytes go over the shared bandwidth. Says whether there are any.
    #[inline]
    pub(super) fn moves(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) -> bool {
        let op = self.ops.at(handle);
        if self.bandwidth.is_none() || op.hold != Hold::Holding {
            return false;
        }
        let alone = transfer(full_speed(&self.config), op.moves());
        let Some(bandwidth) = self.bandwidth.as_mut().filter(|_| alone > Span::ZERO) else {
            return false;
        };
        op.hold = Hold::Moving;
        bandwidth.join(now, 0, op.work, alone, handle);
        out.later
            .extend(bandwidth.next_wake().map(|at| (at, Wake::Bandwidth)));
        true
    }

    /// Its bytes have moved, or its request has come: the processors are at work for it. Says whether there is any work.
    #[inline]
    pub(super) fn computes(&mut self, now: Time, handle: Handle, out: &mut Out<Wake>) -> bool {
        let (Some(cpu), Some(cores)) = (&self.config.cpu, &mut self.cores) else {
            return false;
        };
        let op = self.ops.at(handle);
        let operation = op.invocation.operation;
        let (alone, weight) = match op.visit {
            Visit::Accept if op.rest > Span::ZERO => {
                (std::mem::take(&mut op.rest), cpu.weight(operation))
            }
            Visit::Accept => {
                let whole = cpu.of(operation).draw(&mut self.rng);
                let unbroken = Span((whole.0 as f64 * cpu.unbroken(operation)).round() as u64);
                match unbroken {
                    Span::ZERO => (whole, cpu.weight(operation)),
                    unbroken => {
                        op.rest = whole - unbroken;
                        (unbroken, cpu.unbroken_weight)
                    }
                }
            }
            Visit::Get => {
                let bandwidth = cpu.get_bandwidth.or(cpu.bandwidth);
                (transfer(bandwidth, op.moves()), cpu.get_weight)
            }
            _ => (transfer(cpu.bandwidth, op.moves()), cpu.put_weight),
        };
        // The scrubber is a process of its own.
        if op.work == Work::Scrub || alone == Span::ZERO {
            return false;
        }
        op.hold = Hold::Computing;
        let (group, weight) = match op.visit == Visit::Accept || cpu.data_lock {
            true => {
                let weight = by_chance(weight, alone, cpu.burst, &mut self.rng);
                (op.process as usize, weight)
            }
            // The group after those of all processes.
            false => (self.config.processes.get() as usize, weight),
        };
        cores.join_as(now, group, op.work, alone, weight, handle);
        out.later
            .extend(cores.next_wake().map(|at| (at, Wake::Cores)));
        true
    }

    /// A transfer may have ended.
    pub(super) fn moved(&mut self, now: Time, out: &mut Out<Wake>) {
        while let Some(handle) = self.bandwidth.as_mut().and_then(|it| it.next_done(now)) {
            self.held(now, handle, out);
        }
        let wake = self.bandwidth.as_mut().and_then(Shared::next_wake);
        out.later.extend(wake.map(|at| (at, Wake::Bandwidth)));
    }

    /// Somebody's processor time may have ended.
    pub(super) fn computed(&mut self, now: Time, out: &mut Out<Wake>) {
        while let Some(handle) = self.cores.as_mut().and_then(|it| it.next_done(now)) {
            let has_more = self.ops.at(handle).rest > Span::ZERO;
            if !(has_more && self.computes(now, handle, out)) {
                self.held(now, handle, out);
            }
        }
        let wake = self.cores.as_mut().and_then(Shared::next_wake);
        out.later.extend(wake.map(|at| (at, Wake::Cores)));
    }
}

/// What a thread of this weight weighs by chance in a piece of work that takes so long alone. The longer it waits for the lock, all its
/// waits together, the less it weighs.
fn by_chance(weight: Weight, alone: Span, burst: Span, rng: &mut Rng) -> Weight {
    if burst == Span::ZERO {
        return weight;
    }
    let waits = alone.0 as f64 / (weight.of_one() * burst.0 as f64);
    weight.times(of_waits(waits, rng).recip())
}

//! The operations that are open: a list for each subject, in one arena that all subjects share.
//!
//! Most subjects have none and nearly all others one, so a walk is a step; an arena is as large as the most
//! operations that were ever open at once, whatever the number of subjects.

use crate::history::OpId;
use crate::lifecycle::{Operation, Statuses, TaskStatus};

/// An operation between its invocation and its completion.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenOp {
    pub id: OpId,
    /// Bytes that the store took from it.
    pub bytes: u64,
    /// Bytes in the store beyond what the subject kept, when it became a pending delete.
    pub litter: u64,
    next: Open,
    /// Every status that the subject has been in since the operation was sent: an answer is true if it was at
    /// one instant in between. The order of records decides, which is the order of commits.
    pub seen: Statuses,
    pub operation: Operation,
    /// The status of the task it asked for.
    pub task: Option<TaskStatus>,
    pub must_be_refused: bool,
    /// It was sent after a delete had been answered with success.
    pub after_delete: bool,
    /// It is the upload in flight: it took the subject to saving, and has not ended that yet.
    pub holds: bool,
    /// It made the subject active.
    pub activated: bool,
    /// It changed the status at all.
    pub moved: bool,
    /// It did what it was sent for, or failed half-way and was not put back.
    pub effect: bool,
    /// That it violates one-upload has been noted.
    pub blamed: bool,
}

impl OpenOp {
    pub fn new(id: OpId, operation: Operation, must_be_refused: bool) -> OpenOp {
        OpenOp {
            id,
            bytes: 0,
            litter: 0,
            next: Open::NONE,
            seen: Statuses::default(),
            operation,
            task: None,
            must_be_refused,
            after_delete: false,
            holds: false,
            activated: false,
            moved: false,
            effect: false,
            blamed: false,
        }
    }
}

const _: () = assert!(size_of::<OpenOp>() <= 40);

/// The first of a subject's open operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open(u32);

impl Default for Open {
    fn default() -> Open {
        Open::NONE
    }
}

impl Open {
    pub const NONE: Open = Open(u32::MAX);

    #[inline]
    pub fn is_none(self) -> bool {
        self == Open::NONE
    }
}

/// The arena of the operations that are open.
#[derive(Debug)]
pub(super) struct OpenOps {
    ops: Vec<OpenOp>,
    free: Open,
    count: u64,
}

impl OpenOps {
    pub fn new() -> OpenOps {
        OpenOps {
            ops: Vec::new(),
            free: Open::NONE,
            count: 0,
        }
    }

    /// How many are open.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Puts `op` in front of a subject's list.
    #[inline]
    pub fn push(&mut self, list: &mut Open, mut op: OpenOp) {
        op.next = *list;
        self.count += 1;
        if self.free.is_none() {
            *list = Open(self.ops.len() as u32);
            self.ops.push(op);
        } else {
            *list = self.free;
            let place = &mut self.ops[list.0 as usize];
            self.free = place.next;
            *place = op;
        }
    }

    /// The operation of a subject's list with this identifier.
    #[inline]
    pub fn find(&mut self, list: Open, id: OpId) -> Option<&mut OpenOp> {
        let mut at = list;
        while !at.is_none() {
            let op = &self.ops[at.0 as usize];
            if op.id == id {
                return Some(&mut self.ops[at.0 as usize]);
            }
            at = op.next;
        }
        None
    }

    /// Takes an operation out of a subject's list.
    #[inline]
    pub fn take(&mut self, list: &mut Open, id: OpId) -> Option<OpenOp> {
        let (mut before, mut at) = (Open::NONE, *list);
        while !at.is_none() {
            let op = self.ops[at.0 as usize];
            if op.id == id {
                if before.is_none() {
                    *list = op.next;
                } else {
                    self.ops[before.0 as usize].next = op.next;
                }
                self.ops[at.0 as usize].next = self.free;
                self.free = at;
                self.count -= 1;
                return Some(op);
            }
            (before, at) = (at, op.next);
        }
        None
    }

    /// Takes every operation out of a subject's list; returns how many there were.
    pub fn clear(&mut self, list: &mut Open) -> u64 {
        let mut taken = 0;
        while !list.is_none() {
            let id = self.ops[list.0 as usize].id;
            taken += u64::from(self.take(list, id).is_some());
        }
        taken
    }

    /// Does this to every operation of a list.
    #[inline]
    pub fn for_each(&mut self, list: Open, mut note: impl FnMut(&mut OpenOp)) {
        let mut at = list;
        while !at.is_none() {
            let op = &mut self.ops[at.0 as usize];
            note(op);
            at = op.next;
        }
    }

    /// How many bytes of a pending delete may be those of open uploads that failed and have yet to remove them.
    pub fn litter(&mut self, list: Open) -> u64 {
        let (mut there, mut theirs) = (0, 0_u64);
        self.for_each(list, |op| {
            if !op.activated {
                there = op.litter.max(there);
                theirs = theirs.saturating_add(op.bytes);
            }
        });
        theirs.min(there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(id: u64) -> OpenOp {
        OpenOp::new(OpId(id), Operation::Download, false)
    }

    #[test]
    fn places_are_used_again_and_lists_stay_apart() {
        let mut ops = OpenOps::new();
        let (mut a, mut b) = (Open::NONE, Open::NONE);
        for id in 0..3 {
            ops.push(&mut a, op(id));
            ops.push(&mut b, op(10 + id));
        }
        assert!(ops.take(&mut a, OpId(1)).is_some());
        assert!(ops.take(&mut a, OpId(1)).is_none());
        assert!(ops.find(a, OpId(11)).is_none());
        assert!(ops.find(a, OpId(0)).is_some() && ops.find(a, OpId(2)).is_some());
        ops.push(&mut b, op(13));
        assert_eq!(ops.ops.len(), 6, "the free place was used");
        assert_eq!((ops.clear(&mut a), ops.clear(&mut b)), (2, 4));
        assert!(a.is_none() && b.is_none());
        assert_eq!(ops.count(), 0);
    }
}

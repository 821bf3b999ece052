//! The core of the nemesis actor: it opens and heals faults when the scenario says so.

use stormglass_model::fault::{Fault, FaultId};
use stormglass_model::units::Time;

/// What the nemesis is told.
pub enum NemesisMessage {
    /// It is this time: open and heal what is due.
    Turn(Time),
    /// The load is over: heal everything, open nothing more.
    HealAll,
}

/// What the nemesis answers.
#[derive(Default)]
pub struct NemesisReply {
    /// Open (true) or heal (false) these, in order.
    pub changes: Vec<(FaultId, bool)>,
    /// When it has something to do again.
    pub next: Option<Time>,
}

/// The nemesis: the windows that are still to come, and the faults that are open.
pub struct Nemesis {
    /// In reverse order of time, so that the next is last.
    agenda: Vec<(Time, FaultId, bool)>,
    open: Vec<FaultId>,
}

impl Nemesis {
    /// A nemesis with the windows of these faults before it.
    pub fn new(faults: &[Fault]) -> Nemesis {
        let mut agenda = Vec::new();
        for (index, fault) in faults.iter().enumerate() {
            let id = FaultId(index as u16);
            if fault.to.is_some_and(|to| to <= fault.from) {
                continue;
            }
            agenda.push((fault.from, id, true));
            agenda.extend(fault.to.map(|to| (to, id, false)));
        }
        // At equal times faults heal before others open, in file order.
        agenda.sort_by_key(|&(at, id, open)| std::cmp::Reverse((at, open, id)));
        Nemesis {
            agenda,
            open: Vec::new(),
        }
    }

    /// Takes a message.
    pub fn apply(&mut self, message: NemesisMessage) -> NemesisReply {
        let mut reply = NemesisReply::default();
        match message {
            NemesisMessage::HealAll => {
                self.agenda.clear();
                reply.changes = self.open.drain(..).map(|fault| (fault, false)).collect();
            }
            NemesisMessage::Turn(now) => {
                while let Some((_, fault, open)) = self.agenda.pop_if(|(at, ..)| *at <= now) {
                    if open {
                        self.open.push(fault);
                    } else {
                        self.open.retain(|other| *other != fault);
                    }
                    reply.changes.push((fault, open));
                }
                reply.next = self.agenda.last().map(|(at, ..)| *at);
            }
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stormglass_model::fault::{FaultKind, Place};

    #[test]
    fn windows_open_and_heal_in_order_and_at_the_end() {
        let fault = |from, to| Fault {
            name: String::new(),
            place: Place::Api,
            kind: FaultKind::Stall,
            from: Time(from),
            to,
        };
        let mut nemesis = Nemesis::new(&[fault(5, Some(Time(10))), fault(10, None)]);
        let mut turn = |at| nemesis.apply(NemesisMessage::Turn(Time(at)));
        let before = turn(0);
        assert_eq!((before.changes, before.next), (vec![], Some(Time(5))));
        assert_eq!(turn(5).changes, [(FaultId(0), true)]);
        assert_eq!(turn(10).changes, [(FaultId(0), false), (FaultId(1), true)]);
        assert_eq!(
            nemesis.apply(NemesisMessage::HealAll).changes,
            [(FaultId(1), false)]
        );
    }
}

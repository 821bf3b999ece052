//! What data the subject may hold. At most one upload ever succeeds, so what was once acknowledged or read never changes.

use super::{Invariant, Operation, Outcome, Violation};
use stormglass_model::history::Content;

/// The data of one subject.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    /// What was acknowledged or seen.
    known: Option<Content>,
    /// What uploads sent that may have succeeded without saying so.
    possible: Vec<Content>,
    uploads_acknowledged: u32,
}

impl Contents {
    pub(super) fn upload_acknowledged(&self) -> bool {
        self.uploads_acknowledged > 0
    }

    /// Judges the data of an answer. `sure` says that nothing but completed uploads can have brought data in.
    pub(super) fn check(
        &mut self,
        operation: Option<Operation>,
        outcome: Outcome,
        data: Option<Content>,
        sure: bool,
    ) -> Option<Violation> {
        match operation {
            Some(Operation::Upload | Operation::CreateEmpty) => self.sent(outcome, data),
            None if outcome == Outcome::Ok => self.seen(data?, sure),
            Some(operation) if operation.reads() && outcome == Outcome::Ok => {
                self.seen(data?, sure)
            }
            None | Some(_) => None,
        }
    }

    fn sent(&mut self, outcome: Outcome, data: Option<Content>) -> Option<Violation> {
        match (outcome, data) {
            (Outcome::Ok, None) => {
                let detail = "an upload was acknowledged before all of its data was sent";
                Some(Violation::new(Invariant::Acknowledged, detail))
            }
            (Outcome::Ok, Some(data)) => {
                self.uploads_acknowledged += 1;
                if self.uploads_acknowledged > 1 {
                    let detail = "two uploads into one subject were acknowledged";
                    return Some(Violation::new(Invariant::OneUpload, detail));
                }
                self.same(data)
            }
            (Outcome::Fail | Outcome::Unknown, Some(data)) => {
                self.possible.push(data);
                None
            }
            (Outcome::Refused, _) | (Outcome::Fail | Outcome::Unknown, None) => None,
        }
    }

    fn seen(&mut self, data: Content, sure: bool) -> Option<Violation> {
        if self.known.is_none() && sure && !self.possible.contains(&data) {
            let detail = format!("it holds {}, which nobody sent", describe(data));
            return Some(Violation::new(Invariant::Acknowledged, detail));
        }
        self.same(data)
    }

    fn same(&mut self, data: Content) -> Option<Violation> {
        let known = *self.known.get_or_insert(data);
        (known != data).then(|| {
            let detail = format!("it holds {}, not {}", describe(data), describe(known));
            Violation::new(Invariant::Acknowledged, detail)
        })
    }
}

fn describe(data: Content) -> String {
    format!("{} bytes with checksum {:016x}…", data.size, data.checksum)
}

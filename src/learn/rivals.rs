//! Operations on one image of which one began while the other was under way: how often rivals come so close that a race can go wrong.

use super::event::Event;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::{Span, Time};

/// How often each pair was seen: the operation that was under way, and the one that began meanwhile.
#[derive(Debug, Default)]
pub struct Rivals {
    pairs: BTreeMap<(Operation, Operation), u64>,
    first: Option<Time>,
    last: Time,
}

/// What only looks, and takes part in no race with its like.
const fn looks(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Show | Operation::Download | Operation::List
    )
}

/// When an operation began, at best knowledge: in the middle of what its date leaves open.
fn began(event: &Event) -> Time {
    event.at + Span(event.resolution.0 / 2)
}

impl Rivals {
    /// Takes the operations of one image.
    pub fn add(&mut self, events: &[Event]) {
        let mut events: Vec<&Event> = events.iter().collect();
        events.sort_by_key(|event| began(event));
        for (at, event) in events.iter().enumerate() {
            self.first = Some(self.first.map_or(event.at, |first| first.min(event.at)));
            self.last = self.last.max(event.end());
            let Some(took) = event.took else {
                continue;
            };
            let end = began(event) + took;
            let meanwhile = events[at + 1..].iter().take_while(|it| began(it) < end);
            for second in meanwhile.filter(|it| !(looks(event.operation) && looks(it.operation))) {
                let pair = (event.operation, second.operation);
                *self.pairs.entry(pair).or_default() += 1;
            }
        }
    }

    /// From the first operation to the end of the last, in days.
    pub fn days(&self) -> f64 {
        let over = self
            .first
            .map_or(Span::ZERO, |first| self.last.since(first));
        over.as_secs_f64() / 86_400.0
    }

    /// The file: a row a pair. Empty where nothing was seen.
    pub fn csv(&self) -> Option<String> {
        let days = self.days();
        if days <= 0.0 {
            return None;
        }
        let mut text = format!("{}\n", RIVALS_HEAD);
        for ((under_way, began), times) in &self.pairs {
            let _ = writeln!(text, "{under_way},{began},{times},{days:.6}");
        }
        Some(text)
    }
}

/// The name of the file, and its header.
pub const RIVALS: &str = "rivals.csv";
/// `days`: how long was watched, the same in every row.
pub const RIVALS_HEAD: &str = "under_way,began,times,days";

#[cfg(test)]
mod tests {
    use super::super::event::Teller;
    use super::super::request::Answer;
    use super::*;

    fn event(operation: Operation, at_ms: u64, took_ms: u64) -> Event {
        Event {
            at: Time(at_ms * 1_000_000),
            resolution: Span::ZERO,
            took: Some(Span::from_millis(took_ms)),
            operation,
            answer: Answer::Done,
            is_server_error: false,
            bytes: None,
            is_strange: false,
            told_by: Teller::Access,
        }
    }

    #[test]
    fn who_begins_while_another_is_at_work_is_a_rival() {
        use Operation::{Create, Delete, Download, Show, Upload};
        let mut rivals = Rivals::default();
        rivals.add(&[
            event(Create, 0, 100),
            event(Upload, 200, 1_000),
            event(Show, 300, 10),
            event(Delete, 1_100, 50),
            // After the end of the upload, and beside nothing but a look.
            event(Download, 1_300, 500),
            event(Show, 1_400, 10),
        ]);
        rivals.add(&[event(Upload, 5_000, 100), event(Delete, 86_400_000, 1)]);
        let text = rivals.csv().unwrap();
        assert_eq!(
            text,
            "under_way,began,times,days\nupload,delete,1,1.000000\nupload,show,1,1.000000\n"
        );
        assert_eq!(Rivals::default().csv(), None);
    }
}

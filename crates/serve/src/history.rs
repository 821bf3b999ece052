//! What clients asked and were answered, in the form in which the concurrent checker judges it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use stormglass_model::history::file::{Header, Writer};
use stormglass_model::history::{ClientEvent, Content, Ending, Observation, OpId, SubjectHistory};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::operations::OperationKind;
use stormglass_model::units::Time;

/// Events of one image that are kept, and of all images whose life is over. What is older goes, image by image.
const OF_ONE: usize = 10_000;
const OF_ENDED: usize = 200_000;

/// The histories of the images that are there, and of the last that were.
#[derive(Debug, Default)]
pub(crate) struct History {
    images: BTreeMap<u64, SubjectHistory>,
    ended: VecDeque<u64>,
    /// Events of those that have ended.
    kept: usize,
    /// Whether a fault is open.
    is_broken: bool,
}

impl History {
    pub fn invoked(
        &mut self,
        at: Time,
        subject: u64,
        op: OpId,
        operation: Operation,
        who: Who,
        brings: Option<Content>,
    ) {
        let observation = Observation::Invoked {
            op,
            operation,
            who,
            brings,
            spoiled: false,
        };
        self.note(at, subject, observation);
    }

    pub fn answered(&mut self, at: Time, subject: u64, op: OpId, ending: Ending) {
        self.note(at, subject, Observation::Answered { op, ending });
    }

    fn note(&mut self, at: Time, subject: u64, observation: Observation) {
        let history = self.images.entry(subject).or_insert_with(|| {
            // What was broken before it came is broken for it as well.
            let observation = Observation::Broken(true);
            let broken = self.is_broken.then_some(ClientEvent { at, observation });
            SubjectHistory {
                subject,
                events: broken.into_iter().collect(),
            }
        });
        if history.events.len() < OF_ONE {
            history.events.push(ClientEvent { at, observation });
        }
    }

    /// A fault opened or healed.
    pub fn broken(&mut self, at: Time, broken: bool) {
        self.is_broken = broken;
        let observation = Observation::Broken(broken);
        for history in self.images.values_mut() {
            history.events.push(ClientEvent { at, observation });
        }
    }

    /// Nothing more will be asked of it.
    pub fn ended(&mut self, subject: u64) {
        self.ended.push_back(subject);
        self.kept += self.images.get(&subject).map_or(0, |it| it.events.len());
        while self.kept > OF_ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            let gone = self.images.remove(&oldest);
            self.kept -= gone.map_or(0, |it| it.events.len());
        }
    }

    pub fn clear(&mut self) {
        *self = History::default();
    }

    pub fn subjects(&self) -> impl Iterator<Item = &SubjectHistory> {
        self.images.values()
    }

    /// All of it as a file that `stormglass check` reads.
    pub fn file(&self, header: &Header) -> io::Result<Vec<u8>> {
        let mut writer = Writer::new(Vec::new(), header)?;
        for history in self.images.values() {
            writer.write(1, history)?;
        }
        writer.finish()
    }
}

/// How an operation ended, by the status code of its answer, as a client takes it.
pub(crate) fn outcome(operation: Operation, status: u16) -> Outcome {
    match status {
        204 if operation.kind() == OperationKind::Download => Outcome::Refused,
        200..=299 => Outcome::Ok,
        408 | 502 | 504 => Outcome::Unknown,
        401 | 410 | 413 | 429 => Outcome::Fail,
        400 | 415 if operation.sends_data() => Outcome::Fail,
        400..=499 => Outcome::Refused,
        _ => Outcome::Fail,
    }
}

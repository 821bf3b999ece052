//! A history that Stormglass saved, as lives: it tells each operation by its own name, and of no image too little.

use super::event::{Event, Teller};
use super::lives::Lives;
use super::request::Answer;
use rustc_hash::FxHashMap;
use std::io::BufRead;
use stormglass_model::history::file::{ReadError, Reader};
use stormglass_model::history::{ClientEvent, Observation, OpId, SubjectHistory};
use stormglass_model::lifecycle::{Outcome, Who};
use stormglass_model::units::{Bytes, Span, Time};

/// Reads all of it. Of several runs each begins when the one before has ended. Gives the number of subjects.
pub fn read(input: impl BufRead, lives: &mut Lives) -> Result<u64, ReadError> {
    let mut subjects = 0;
    let (mut run_before, mut begins, mut ends) = (0, Span::ZERO, Span::ZERO);
    for read in Reader::new(input)? {
        let (run, history) = read?;
        if run != run_before {
            (run_before, begins) = (run, ends);
        }
        let last = history.events.last().map_or(Time::ZERO, |event| event.at);
        ends = ends.max(begins + last.since(Time::ZERO));
        lives.take_whole(&events(&history, begins));
        subjects += 1;
    }
    Ok(subjects)
}

/// The operations of a subject, in the order in which they were invoked.
fn events(history: &SubjectHistory, begins: Span) -> Vec<Event> {
    let happened = history.happened();
    let mut events: Vec<Event> = Vec::new();
    let mut places: FxHashMap<OpId, usize> = FxHashMap::default();
    for ClientEvent { at, observation } in happened.events.iter().copied() {
        match observation {
            Observation::Invoked {
                op,
                operation,
                who,
                brings,
                spoiled,
            } => {
                places.insert(op, events.len());
                events.push(Event {
                    at: at + begins,
                    resolution: Span(1),
                    took: None,
                    operation,
                    // What its client spoiled it meant to spoil.
                    answer: if spoiled {
                        Answer::Done
                    } else {
                        Answer::Failed
                    },
                    is_server_error: false,
                    bytes: brings.map(|content| Bytes(content.size)),
                    is_strange: who == Who::OtherProject,
                    told_by: Teller::Access,
                });
            }
            Observation::Answered { op, ending } => {
                let Some(event) = places.get(&op).and_then(|place| events.get_mut(*place)) else {
                    continue;
                };
                event.took = Some((at + begins).since(event.at));
                event.bytes = event
                    .bytes
                    .or(ending.content.map(|content| Bytes(content.size)));
                event.is_server_error = ending.http_status.is_some_and(|status| status >= 500);
                event.answer = match ending.outcome {
                    Outcome::Ok => Answer::Done,
                    Outcome::Refused => Answer::Refused,
                    Outcome::Fail | Outcome::Unknown | Outcome::Local => event.answer,
                };
            }
            Observation::Property { .. } | Observation::Broken(_) | Observation::Probed(_) => {}
        }
    }
    events
}

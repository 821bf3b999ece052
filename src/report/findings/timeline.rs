//! The history of a finding as operations with a beginning and an end: what both drawings are made of.

use crate::report::number::{counted, thousands};
use crate::sweep::Variant;
use stormglass_model::history::{ClientEvent, Ending, Observation, OpId, ProbeReading, Seen};
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::script::{Act, Point, Script, Second, Step};
use stormglass_model::units::Time;

/// An operation from when it was sent to when it was answered.
pub struct Bar {
    pub act: Act,
    pub from: Time,
    /// When it was answered; none: never.
    pub to: Option<Time>,
    /// How it ended; unknown until it did.
    pub outcome: Outcome,
    /// What its answer said: `204`, `200, active`.
    pub answer: String,
    /// What the script has happen here: `released at last-byte of upload`, `!reset at mid-body`.
    pub note: String,
    /// The bar that it was released at a point of.
    pub rival_of: Option<usize>,
    /// How often it was done in a row, with the same answer.
    pub times: u32,
    op: OpId,
}

/// An instant of the history.
#[derive(Clone, Copy)]
pub struct Moment {
    /// Since the beginning of the history.
    pub at: Time,
    pub what: What,
}

/// What happens at an instant; bars by their index.
#[derive(Clone, Copy)]
pub enum What {
    Began(usize),
    Ended(usize),
    /// The server was broken on purpose, or healed.
    Broken(bool),
    Probed(ProbeReading),
}

/// A history, in order of time.
#[derive(Default)]
pub struct Timeline {
    /// Its operations in the order in which they were sent.
    pub bars: Vec<Bar>,
    /// What happened; operations that were done many times over begin and end once.
    pub moments: Vec<Moment>,
    /// The moment that cannot be true.
    pub wrong: Option<usize>,
}

impl Timeline {
    pub fn of(variant: &Variant) -> Timeline {
        let mut events = variant.example.history.events.clone();
        events.sort_by_key(|event| event.at); // stable: equal times stay as they were told
        let mut timeline = Timeline::default();
        for event in &events {
            timeline.tell(event);
        }
        timeline.annotate(&variant.shortest().script);
        timeline.fold();
        let shows = |moment: &Moment| {
            moment.at >= variant.at && matches!(moment.what, What::Ended(_) | What::Probed(_))
        };
        timeline.wrong = timeline.moments.iter().position(shows);
        timeline
    }

    fn tell(&mut self, event: &ClientEvent) {
        let what = match event.observation {
            Observation::Invoked {
                op, operation, who, ..
            } => {
                self.bars.push(Bar {
                    act: Act { operation, who },
                    from: event.at,
                    to: None,
                    outcome: Outcome::Unknown,
                    answer: "never answered".to_owned(),
                    note: String::new(),
                    rival_of: None,
                    times: 1,
                    op,
                });
                What::Began(self.bars.len() - 1)
            }
            Observation::Answered { op, ending } => {
                let open = |bar: &Bar| bar.op == op && bar.to.is_none();
                let Some(index) = self.bars.iter().rposition(open) else {
                    return;
                };
                let bar = &mut self.bars[index];
                bar.to = Some(event.at);
                bar.outcome = ending.outcome;
                bar.answer = answer(&ending);
                What::Ended(index)
            }
            Observation::Property { .. } => return, // the requests show it
            Observation::Broken(broken) => What::Broken(broken),
            Observation::Probed(reading) => What::Probed(reading),
        };
        self.moments.push(Moment { at: event.at, what });
    }

    /// Notes what the script has happen at points. Looks that the sweep took by itself are in no script, and are passed over.
    fn annotate(&mut self, script: &Script) {
        let mut next = 0;
        for step in script.steps() {
            let find = |bars: &[Bar], act: &Act, but: Option<usize>| {
                (next..bars.len()).find(|&i| bars[i].act == *act && Some(i) != but)
            };
            let (one, other) = match step {
                Step::Run(_) | Step::Rivals { .. } => continue,
                Step::Act(action) => {
                    let act = action.act();
                    (act.and_then(|act| find(&self.bars, &act, None)), None)
                }
                Step::Race { first, at, second } => {
                    let one = find(&self.bars, first, None);
                    let other = match second {
                        Second::Rival(act) => find(&self.bars, act, one),
                        Second::Fault(_) | Second::Command(_) => None,
                    };
                    if let (Some(one), Some(other)) = (one, other) {
                        self.bars[other].note = released(*at, first.operation);
                        self.bars[other].rival_of = Some(one);
                    } else if let Some(one) = one {
                        self.bars[one].note = format!("{second} {}", place(*at));
                    }
                    (one, other)
                }
            };
            next = one.max(other).map_or(next, |last| last + 1);
        }
    }

    /// Joins looks (and whatever else is repeated) with those before them, if nothing happened between.
    fn fold(&mut self) {
        let mut kept: Vec<Moment> = Vec::with_capacity(self.moments.len());
        for moment in std::mem::take(&mut self.moments) {
            kept.push(moment);
            let [.., a, b, c, d] = &kept[..] else {
                continue;
            };
            let (What::Began(a), What::Ended(b), What::Began(c), What::Ended(d), at) =
                (a.what, b.what, c.what, d.what, d.at)
            else {
                continue;
            };
            let (one, other) = (&self.bars[a], &self.bars[c]);
            let same = a == b
                && c == d
                && one.act == other.act
                && one.outcome == other.outcome
                && one.answer == other.answer
                && other.note.is_empty();
            if same {
                let bar = &mut self.bars[a];
                bar.to = Some(at);
                bar.times += 1;
                kept.truncate(kept.len() - 2);
                if let Some(end) = kept.last_mut() {
                    end.at = at;
                }
            }
        }
        self.moments = kept;
    }
}

impl Bar {
    /// The answer, with how often it came if it came often.
    pub fn answers(&self) -> String {
        match self.times {
            1 => self.answer.clone(),
            n => format!("{}, {} times", self.answer, thousands(u64::from(n))),
        }
    }
}

/// Where a rival was released.
fn released(at: Point, first: Operation) -> String {
    match at {
        // Both orders occur: who is sent first is a matter of jitter.
        Point::Before => format!("released with {first}"),
        at => format!("released {} of {first}", place(at)),
    }
}

fn place(point: Point) -> String {
    match point {
        Point::Before | Point::FirstByte | Point::MidBody | Point::LastByte | Point::Answer => {
            format!("at {point}")
        }
        Point::After(bytes) => format!("after {}", counted(bytes.0, "byte")),
        Point::Enters(status) => format!("at {status}"),
    }
}

fn answer(ending: &Ending) -> String {
    let mut parts = vec![match (ending.http_status, ending.outcome) {
        (Some(Ending::NO_HTTP), _) => "no HTTP".to_owned(),
        (Some(status), _) => status.to_string(),
        (None, Outcome::Unknown) => "no answer".to_owned(),
        (None, outcome) => outcome.to_string(),
    }];
    match ending.seen {
        Some(Seen::Status(status)) => parts.push(status.to_string()),
        Some(Seen::Gone) => parts.push("gone".to_owned()),
        None => {}
    }
    if let Some(content) = ending.content {
        parts.push(counted(content.size, "byte"));
    }
    parts.join(", ")
}

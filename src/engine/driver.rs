//! The core of the driver: it starts stories as the load says and takes each through its steps.
//!
//! It is the client. It knows of a subject only what its operations answered, and sends the next step when
//! the one before has ended, whatever its outcome.

mod steps;
#[cfg(test)]
mod tests;

pub use steps::fraction_sent;

use crate::scenario::{Load, Model, Scenario};
use std::num::NonZeroU32;
use std::rc::Rc;
use stormglass_model::history::{Ending, Event, Gauges, SubjectId};
use stormglass_model::invocation::{Completion, Cursor, Invocation, Out};
use stormglass_model::lifecycle::Outcome;
use stormglass_model::load::{Merged, Pacer, Story};
use stormglass_model::random::{Seed, unit};
use stormglass_model::table::{Slots, Table};
use stormglass_model::units::{Span, Time};

/// What the driver puts into the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverWake {
    /// The next arrival is due.
    Arrival,
    /// A virtual user starts the next story.
    User,
    /// A story goes on.
    Step {
        /// The subject's slot.
        slot: u32,
        /// Where its story goes on.
        cursor: Cursor,
    },
}

/// Which part of the load a shard drives: every `of`-th subject, from the `index`-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its position, from zero.
    pub index: u32,
    /// How many shards there are.
    pub of: u32,
}

impl Share {
    /// A run that is not divided.
    pub const WHOLE: Share = Share { index: 0, of: 1 };

    /// This shard's part of so many units.
    pub fn part(self, units: NonZeroU32) -> u32 {
        units.get() / self.of + u32::from(self.index < units.get() % self.of)
    }
}

/// One subject's story under way.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    number: u64,
    story: u16,
    /// Branches of a race that have not ended.
    rivals: u8,
    /// Operations that have not ended.
    open: u8,
    /// It has no step left, or none is to start any more.
    ended: bool,
    /// The service holds nothing of it any more.
    gone: bool,
    /// The slot is taken.
    taken: bool,
    /// How often the step that failed last has been tried again.
    retries: u8,
}

const _: () = assert!(size_of::<Run>() <= 16);

/// Arrivals that start later than this count as late: the generator could not keep up.
const LATE: Span = Span::from_millis(10);

/// More stories that wait to begin are not counted.
const WAITING: u64 = 100_000;

/// Which random numbers of a subject are drawn for what.
mod draw {
    pub const STORY: u64 = 1 << 40;
    pub const SIZE: u64 = 2 << 40;
    pub const STEP: u64 = 3 << 40;
    pub const JITTER: u64 = 4 << 40;
    pub const THINK: u64 = 5 << 40;
    pub const CLOSE: u64 = 6 << 40;
    pub const RETRY: u64 = 7 << 40;
}

/// The place behind an action.
fn after(cursor: Cursor) -> Cursor {
    match cursor.branch {
        0 => Cursor::at(cursor.step + 1),
        _ => Cursor {
            action: cursor.action + 1,
            ..cursor
        },
    }
}

/// The driver of one shard.
#[derive(Debug)]
pub struct Driver {
    stories: Rc<[Story]>,
    /// Running totals of the weights, scaled to one.
    weights: Vec<f64>,
    seed: Seed,
    share: Share,
    load: Load,
    arrivals: Merged,
    /// No more arrivals will ever be due: the rate went down to zero.
    exhausted: bool,
    /// When the arrival that is in the calendar is due, and whose it is if stories have arrivals of their own.
    arrival: (Time, Option<u16>),
    /// The number that the next subject of this shard gets.
    next_number: u64,
    next_op: u64,
    runs: Table<Run>,
    pub(super) slots: Slots,
    stories_open: u64,
    ending: bool,
    /// Stories that were due when the load ended, and had not begun.
    unstarted: u64,
    /// What it counts: arrivals and operations in flight. All else in them is the target's.
    pub counts: Gauges,
    /// What it wants done; whoever runs it takes this out.
    pub orders: Orders,
}

/// What the driver wants done: commands out.
#[derive(Debug, Default)]
pub struct Orders {
    /// Send these to the target, in order.
    pub invoke: Vec<Invocation>,
    /// Wake the driver then, with this.
    pub later: Vec<(Time, DriverWake)>,
    /// Forget these subjects.
    pub forget: Vec<u32>,
}

impl Driver {
    /// A driver of its share of the scenario's load.
    pub fn new(scenario: &Scenario, seed: Seed, share: Share) -> Driver {
        let total: f64 = scenario.stories.iter().map(|story| story.weight).sum();
        let mut so_far = 0.0;
        let weights = scenario.stories.iter().map(|story| {
            so_far += story.weight / total;
            so_far
        });
        let arrivals = seed.named("arrivals");
        let pacers: Vec<Pacer> = match &scenario.load.model {
            Model::Open(all) => vec![Pacer::new(all, arrivals.rng())],
            Model::OpenByStory(each) => (scenario.stories.iter().zip(each))
                .map(|(story, own)| Pacer::new(own, arrivals.named(&story.name).rng()))
                .collect(),
            Model::Closed { .. } => Vec::new(),
        };
        Driver {
            weights: weights.collect(),
            stories: scenario.stories.clone().into(),
            seed: seed.named("subjects"),
            share,
            load: scenario.load.clone(),
            arrivals: Merged::new(pacers),
            exhausted: false,
            arrival: (Time::ZERO, None),
            next_number: u64::from(share.index),
            next_op: u64::from(share.index),
            runs: Table::default(),
            slots: Slots::default(),
            stories_open: 0,
            ending: false,
            unstarted: 0,
            counts: Gauges::default(),
            orders: Orders::default(),
        }
    }

    /// Numbers its operations from `op` on. To be called before the first.
    pub fn goes_on_from(&mut self, op: u64) {
        self.next_op += op;
    }

    /// The load begins.
    pub fn start(&mut self, now: Time) {
        match &self.load.model {
            Model::Open(_) | Model::OpenByStory(_) => self.schedule_arrival(),
            Model::Closed { users, .. } => {
                let mine = self.share.part(*users);
                let users = (0..mine).map(|_| (now, DriverWake::User));
                self.orders.later.extend(users);
            }
        }
    }

    /// The load is over: no step starts any more.
    pub fn end_load(&mut self, now: Time) {
        self.unstarted = self.waiting(now);
        self.ending = true;
    }

    /// Stories of this shard that are due and have neither begun nor been dropped, since the generator is behind: at most
    /// [`WAITING`]. Once the load has ended, those that were due by then.
    pub fn waiting(&self, now: Time) -> u64 {
        if self.ending {
            return self.unstarted;
        }
        let (mut due, mut number, mut waiting) = (self.arrival.0, self.next_number, 0);
        let end = self
            .load
            .duration
            .map_or(Time::MAX, |length| Time::ZERO + length);
        let is_due = |due: Time, number| {
            due <= now && due < end && self.load.subjects.is_none_or(|all| number < all)
        };
        let open = !matches!(self.load.model, Model::Closed { .. }) && !self.exhausted;
        if !open || !is_due(due, number) {
            return 0;
        }
        let mut arrivals = self.arrivals.clone();
        while waiting < WAITING && is_due(due, number) {
            waiting += 1;
            number += u64::from(self.share.of);
            let mine = (0..self.share.of).map(|_| arrivals.next_due()).last();
            due = mine.flatten().map_or(Time::MAX, |(due, _)| due);
        }
        waiting
    }

    /// Whether every story that was to start has started and ended. A load without a duration also ends
    /// when fewer arrive than it has room for.
    pub fn is_done(&self) -> bool {
        let last = !self.may_start() || self.exhausted && self.load.duration.is_none();
        self.stories_open == 0 && last && !self.ending
    }

    /// Goes on with what it put into the calendar.
    pub fn wake<W>(&mut self, now: Time, due: Time, wake: DriverWake, out: &mut Out<W>) {
        if self.ending {
            return;
        }
        match wake {
            DriverWake::Arrival => {
                self.arrive(now, out);
                self.schedule_arrival();
            }
            DriverWake::User => {
                if self.may_start() {
                    self.start_story(now, due, None, out);
                }
            }
            DriverWake::Step { slot, cursor } => self.advance(now, slot, cursor, due, out),
        }
    }

    /// An operation has ended: the story goes on from there.
    pub fn completed<W>(&mut self, now: Time, completion: Completion, out: &mut Out<W>) {
        let Invocation {
            subject,
            story,
            cursor,
            operation,
            ..
        } = completion.invocation;
        let Ending {
            outcome,
            content,
            seen,
            http_status,
        } = completion.ending;
        let event = Event::Completed {
            op: completion.invocation.op,
            operation,
            outcome,
            intended: completion.invocation.intended,
            sent: completion.invocation.sent,
            content,
            seen,
            http_status,
        };
        out.record(now, subject, story, event);
        self.counts.in_flight.sub(now, 1);
        let run = self.runs.at(subject.slot);
        run.open -= 1;
        if outcome == Outcome::Fail && self.tries_again(now, &completion.invocation) {
            return;
        }
        let run = self.runs.at(subject.slot);
        run.retries = 0;
        if operation.creates() && outcome != Outcome::Ok {
            // An unknown create may have happened; nobody can tell, so nothing more is asked of it.
            run.gone |= outcome != Outcome::Unknown;
            return self.end_story(now, subject.slot, out);
        }
        if run.ended {
            return self.forget_if_gone(now, subject.slot, out);
        }
        self.advance(now, subject.slot, after(cursor), now, out);
    }

    /// The service says that a subject is deleted.
    pub fn deleted<W>(&mut self, now: Time, slot: u32, out: &mut Out<W>) {
        self.runs.at(slot).gone = true;
        self.forget_if_gone(now, slot, out);
    }

    /// Fetches what the subject in `slot` will need.
    #[inline]
    pub fn fetch(&self, slot: u32) {
        std::hint::black_box(self.runs.get(slot).map(|run| run.story));
    }

    /// What it has counted so far; extremes count from here on.
    pub fn look(&mut self, now: Time) -> Gauges {
        let in_flight = self.counts.in_flight.look(now);
        Gauges {
            in_flight,
            ..self.counts.clone()
        }
    }

    /// The subjects that are not forgotten, by their slots.
    pub fn subjects(&self) -> impl Iterator<Item = SubjectId> {
        (0..self.slots.high_water()).filter_map(|slot| self.subject_in(slot))
    }

    /// The subject in `slot`, unless it is forgotten.
    fn subject_in(&self, slot: u32) -> Option<SubjectId> {
        let run = self.runs.get(slot).filter(|run| run.taken)?;
        Some(SubjectId {
            number: run.number,
            slot,
        })
    }

    /// Whether another story may start.
    fn may_start(&self) -> bool {
        !self.ending
            && self
                .load
                .subjects
                .is_none_or(|subjects| self.next_number < subjects)
    }

    /// The next arrival of this shard: of every `of` arrivals it takes one.
    fn schedule_arrival(&mut self) {
        if !self.may_start() {
            return;
        }
        let skip = if self.counts.arrivals + self.counts.dropped == 0 {
            self.share.index
        } else {
            self.share.of - 1
        };
        // Every shard knows the arrivals of all stories, so that together the shards keep their rates.
        match (0..=skip)
            .map(|_| self.arrivals.next_due())
            .last()
            .flatten()
        {
            Some((due, story)) => {
                let own = matches!(self.load.model, Model::OpenByStory(_));
                self.arrival = (due, own.then_some(story as u16));
                self.orders.later.push((due, DriverWake::Arrival));
            }
            None => self.exhausted = true,
        }
    }

    fn arrive<W>(&mut self, now: Time, out: &mut Out<W>) {
        let (due, story) = self.arrival;
        if now.since(due) > LATE {
            self.counts.late += 1;
        }
        if self
            .load
            .max_in_flight
            .is_some_and(|max| self.stories_open >= max.div_ceil(self.share.of.into()))
        {
            self.counts.dropped += 1;
            self.next_number += u64::from(self.share.of);
            return;
        }
        self.start_story(now, due, story, out);
    }

    /// Starts a story: the one that has arrived, or one that is chosen by weight.
    fn start_story<W>(&mut self, now: Time, due: Time, story: Option<u16>, out: &mut Out<W>) {
        let number = self.next_number;
        self.next_number += u64::from(self.share.of);
        self.counts.arrivals += 1;
        self.stories_open += 1;
        let story = story.unwrap_or_else(|| self.chosen(number));
        let slot = self.slots.take();
        *self.runs.at(slot) = Run {
            number,
            story,
            taken: true,
            ..Run::default()
        };
        self.advance(now, slot, Cursor::default(), due, out);
    }

    /// The story that a subject's random number chooses by weight.
    fn chosen(&self, number: u64) -> u16 {
        if self.weights.len() == 1 {
            return 0;
        }
        let chosen = unit(&mut self.seed.numbered(number).numbered(draw::STORY).rng());
        let story = self.weights.partition_point(|total| *total <= chosen);
        story.min(self.weights.len() - 1) as u16
    }
}

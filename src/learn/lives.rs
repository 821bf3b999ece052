//! From requests, one after the other, to the lives of images. What is kept of an image is folded when it was deleted.

use super::arrivals::Arrivals;
use super::event::{Event, Teller, merged};
use super::key::Key;
use super::life::Life;
use super::reading::Told;
use super::request::{Answer, Asked, Request};
use super::rivals::Rivals;
use super::stories::Stories;
use crate::statistics::Durations;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::{Span, Time};

/// What requests came to.
#[derive(Debug, Default)]
pub struct Lives {
    /// Lives that were seen from their create on.
    pub stories: Stories,
    /// When images were created.
    pub arrivals: Arrivals,
    /// How long operations took.
    pub durations: Durations<Operation>,
    /// How often operations on one image met.
    pub rivals: Rivals,
    /// What else there was.
    pub counts: Counts,
    open: FxHashMap<Key, Open>,
    next: u64,
    /// Creates whose image is not known yet, by client, in order of time.
    waiting: BTreeMap<Key, VecDeque<Waiting>>,
    /// Creates that notifications told of, whose lines are still to come.
    notified: VecDeque<(Time, Key)>,
    /// Images that were deleted, and when they are folded.
    leaving: VecDeque<(Time, Key)>,
    now: Time,
    /// When creates were last looked through for those that wait in vain.
    swept: Time,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests for lists.
    pub lists: u64,
    /// Requests for anything else.
    pub other: u64,
    /// Operations on images that were there before the logs begin, by [`Operation::index`].
    pub older: BTreeMap<Operation, u64>,
    /// Such images.
    pub older_images: u64,
    /// Requests that were refused or failed, and name an image that nothing else tells of.
    pub missed: u64,
    /// Creates that did not succeed.
    pub failed_creates: u64,
    /// Creates that found their image while no other create of the same client waited.
    pub paired: u64,
    /// Those that may be another's: several waited.
    pub paired_among: u64,
    /// Creates for which no image was found.
    pub orphans: u64,
    /// Operations beyond the first [`MOST`] of an image.
    pub beyond: u64,
    /// Images that were in memory together, at most.
    pub most_open: usize,
    /// The instant up to which anything is told.
    pub end: Time,
}

/// An image of which more may come.
#[derive(Debug)]
struct Open {
    /// Its place in the order of first requests: what is decided among images is decided by it.
    number: u64,
    /// What was seen of it; of one that is older than the logs, nothing is kept.
    events: Vec<Event>,
    state: State,
    project: Option<Key>,
}

/// Whether the create of an image is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not yet.
    Unknown,
    /// It is.
    Born,
    /// It was before the logs begin.
    Older,
}

/// A create that waits for its image.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    event: Event,
    wall: Time,
    project: Option<Key>,
}

/// Events of an image that are kept at most.
pub const MOST: usize = 4_096;
/// Reads of an image whose create is not known, before it is taken for an older one.
const READS: usize = 64;
/// How long a create waits for the first request on its image.
pub const WINDOW: Span = Span::from_secs(600);
/// How long after a delete lines of what began before it may still come.
const GRACE: Span = Span::from_secs(60);
/// How often that is looked for.
const SWEEP: Span = Span::from_secs(10);
/// How far two sources may differ.
const SLACK: Span = Span::from_secs(1);

impl Lives {
    /// Takes the next request.
    pub fn take(&mut self, told: &Told) {
        let request = &told.request;
        self.now = self.now.max(request.logged());
        self.counts.end = self.counts.end.max(request.end());
        self.settle();
        match request.asked {
            Asked::List => self.counts.lists += 1,
            Asked::Other => self.counts.other += 1,
            Asked::Create if request.answer != Answer::Done => self.counts.failed_creates += 1,
            Asked::Create => self.create(told),
            Asked::Prepare(key) => {
                let event = Event::of(request, Operation::Upload, Teller::Beginning);
                self.on(key, event, request);
            }
            Asked::Image(key, Operation::Create) => {
                self.born(
                    key,
                    Event::of(request, Operation::Create, Teller::Notification),
                    told.wall,
                    request.project,
                );
                self.notified.push_back((request.at, key));
            }
            Asked::Image(key, operation) => {
                let told_by = match request.is_notification {
                    true => Teller::Notification,
                    false => Teller::Access,
                };
                self.on(key, Event::of(request, operation, told_by), request);
            }
        }
        if !request.is_notification && request.answer == Answer::Done {
            self.took(request);
        }
    }

    /// How long a request took that was done.
    fn took(&mut self, request: &Request) {
        let operation = match request.asked {
            Asked::Create => Operation::Create,
            Asked::Image(_, operation) => operation,
            Asked::List => Operation::List,
            Asked::Prepare(_) | Asked::Other => return,
        };
        if let Some(took) = request.took {
            self.durations
                .add(operation, request.at, took, request.bytes);
        }
    }

    /// Takes a life of which nothing is missing, as a history has it.
    pub fn take_whole(&mut self, events: &[Event]) {
        let Some(first) = events.first() else {
            return;
        };
        for event in events {
            self.counts.end = self.counts.end.max(event.end());
            if let (Answer::Done, Some(took)) = (event.answer, event.took) {
                self.durations
                    .add(event.operation, event.at, took, event.bytes);
            }
        }
        if first.operation.creates() && first.answer == Answer::Done {
            self.arrivals.add(first.at, first.at, first.resolution);
            self.rivals.add(events);
            self.stories.add(Life::of(events));
        } else {
            self.counts.failed_creates += 1;
        }
    }

    /// Folds what is still open, once no more will come.
    pub fn finish(&mut self) {
        let mut open: Vec<(Key, Open)> = self.open.drain().collect();
        open.sort_by_key(|(_, open)| open.number);
        for (_, open) in open {
            self.fold(open);
        }
        self.counts.orphans += self
            .waiting
            .values()
            .map(|queue| queue.len() as u64)
            .sum::<u64>();
        self.waiting.clear();
        self.arrivals.sort();
        self.stories.end(self.counts.end);
    }

    /// A line of a create, which does not say of which image.
    fn create(&mut self, told: &Told) {
        let request = &told.request;
        let event = Event::of(request, Operation::Create, Teller::Access);
        let (from, to) = (request.at, request.logged() + SLACK);
        let same = self
            .notified
            .iter()
            .position(|(at, _)| *at + SLACK >= from && *at <= to);
        let key = same
            .and_then(|at| self.notified.remove(at))
            .map(|(_, key)| key);
        if let Some(open) = key.and_then(|key| self.open.get_mut(&key)) {
            // The notification comes just before the end, and dates it more finely.
            if let Some(create) = open
                .events
                .first_mut()
                .filter(|it| it.operation == Operation::Create)
            {
                create.took = request.took;
                create.at = Time(
                    create
                        .at
                        .0
                        .saturating_sub(request.took.unwrap_or(Span::ZERO).0),
                );
            }
            self.counts.paired += 1;
            return;
        }
        let waiting = Waiting {
            event,
            wall: told.wall,
            project: request.project,
        };
        self.waiting
            .entry(request.client)
            .or_default()
            .push_back(waiting);
    }

    fn born(&mut self, key: Key, event: Event, wall: Time, project: Option<Key>) {
        let open = self.opened(key);
        if open.state == State::Unknown {
            open.state = State::Born;
            open.project = project;
            open.events.push(event);
            self.arrivals.add(event.at, wall, event.resolution);
        }
    }

    fn opened(&mut self, key: Key) -> &mut Open {
        let number = self.next;
        self.next += 1;
        self.open.entry(key).or_insert_with(|| Open {
            number,
            events: Vec::new(),
            state: State::Unknown,
            project: None,
        })
    }

    /// An operation on an image.
    fn on(&mut self, key: Key, mut event: Event, request: &Request) {
        let is_known = self.open.contains_key(&key);
        // What failed may have been the first that was tried on a new image.
        let may_be_first = matches!(
            event.operation,
            Operation::Upload | Operation::Stage | Operation::Import
        );
        let is_told =
            event.answer == Answer::Done || event.answer == Answer::Failed && may_be_first;
        if !is_known && !is_told {
            self.counts.missed += 1;
            return;
        }
        let open = self.opened(key);
        event.is_strange =
            matches!((open.project, request.project), (Some(own), Some(other)) if own != other);
        match open.state {
            State::Older => {
                *self.counts.older.entry(event.operation).or_default() += 1;
            }
            _ if open.events.len() >= MOST => self.counts.beyond += 1,
            _ => open.events.push(event),
        }
        self.counts.most_open = self.counts.most_open.max(self.open.len());
        self.decide(key, &event, request.client);
        if event.operation == Operation::Delete && event.answer == Answer::Done {
            self.leaving.push_back((self.now + GRACE, key));
        }
    }

    /// Decides whether an image whose create is not known is one that was created just now, or an older one.
    fn decide(&mut self, key: Key, event: &Event, client: Key) {
        let Some(open) = self
            .open
            .get(&key)
            .filter(|open| open.state == State::Unknown)
        else {
            return;
        };
        let Some(first) = open
            .events
            .iter()
            .map(|event| (event.at, event.resolution))
            .min()
        else {
            return;
        };
        use Operation::{
            Delete, Download, Import, RegisterLocation, SetProperty, Share, Show, Stage, Upload,
        };
        let is_new = match (event.operation, event.answer) {
            // Data comes in once, after the create.
            (Upload | Stage | Import | RegisterLocation, Answer::Done) => Some(true),
            (Download, Answer::Done) => Some(false),
            // It may be either. Where a create of this client waits, it is that one's.
            (Delete | SetProperty | Share, Answer::Done) => Some(self.waits(client, first)),
            (Show, _) if open.events.len() >= READS => Some(false),
            _ => None,
        };
        let paired = match is_new {
            None => return,
            Some(true) => self.paired(client, first),
            Some(false) => None,
        };
        let Some(open) = self.open.get_mut(&key) else {
            return;
        };
        match paired {
            Some(Waiting {
                event,
                wall,
                project,
            }) => {
                open.state = State::Born;
                open.project = project;
                open.events.push(event);
                self.arrivals.add(event.at, wall, event.resolution);
            }
            None => {
                open.state = State::Older;
                self.counts.older_images += 1;
                for event in std::mem::take(&mut open.events) {
                    *self.counts.older.entry(event.operation).or_default() += 1;
                }
            }
        }
    }

    /// Whether a create of this client can be that of an image with such a first request.
    fn waits(&self, client: Key, first: (Time, Span)) -> bool {
        let queue = self.waiting.get(&client);
        queue
            .and_then(VecDeque::front)
            .is_some_and(|waiting| precedes(waiting, first))
    }

    /// The create that an image belongs to: of those that ended before its first request the oldest, of the same client if there is
    /// one.
    fn paired(&mut self, client: Key, first: (Time, Span)) -> Option<Waiting> {
        let own = self.waits(client, first).then_some(client);
        let others = || {
            let fronts = self
                .waiting
                .iter()
                .filter_map(|(client, queue)| Some((queue.front()?, *client)));
            let fitting = fronts.filter(|(waiting, _)| precedes(waiting, first));
            let oldest = fitting.min_by_key(|(waiting, _)| waiting.event.at);
            oldest.map(|(_, client)| client)
        };
        let queue = self.waiting.get_mut(&own.or_else(others)?)?;
        let rivals = queue
            .iter()
            .filter(|waiting| precedes(waiting, first))
            .take(2)
            .count();
        match rivals {
            1 => self.counts.paired += 1,
            _ => self.counts.paired_among += 1,
        }
        queue.pop_front()
    }

    /// Folds what was deleted long enough ago, and gives up creates that wait in vain.
    fn settle(&mut self) {
        while let Some((_, key)) = first_if(&mut self.leaving, |(due, _)| *due <= self.now) {
            if let Some(open) = self.open.remove(&key) {
                self.fold(open);
            }
        }
        let now = self.now;
        if now < self.swept + SWEEP {
            return;
        }
        self.swept = now;
        let is_gone = |at: Time| at + WINDOW < now;
        self.waiting.retain(|_, queue| {
            while first_if(queue, |waiting| is_gone(waiting.event.end())).is_some() {
                self.counts.orphans += 1;
            }
            !queue.is_empty()
        });
        while first_if(&mut self.notified, |(at, _)| is_gone(*at)).is_some() {}
    }

    fn fold(&mut self, open: Open) {
        match open.state {
            State::Born => {
                let events = merged(&open.events);
                self.rivals.add(&events);
                self.stories.add(Life::of(&events));
            }
            State::Older => {}
            State::Unknown => {
                self.counts.older_images += 1;
                for event in open.events {
                    *self.counts.older.entry(event.operation).or_default() += 1;
                }
            }
        }
    }
}

/// The first of a queue, if it is one of these.
fn first_if<T>(queue: &mut VecDeque<T>, is_one: impl Fn(&T) -> bool) -> Option<T> {
    match queue.front().is_some_and(is_one) {
        true => queue.pop_front(),
        false => None,
    }
}

/// Whether a create had ended before the first request on an image, as far as dates tell, and not too long before.
fn precedes(waiting: &Waiting, (at, resolution): (Time, Span)) -> bool {
    let created = waiting.event.end();
    created <= at + resolution + waiting.event.resolution && created + WINDOW >= at
}

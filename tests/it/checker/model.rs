//! A toy image service that writes the history a correct one would: clients, rivals, failures, delayed deletes,
//! a scrubber, tasks and slots that are used again, one small commit at a time in random order.
//!
//! Written from the specification alone. It knows neither the checker nor the edge table.

mod commits;

use std::collections::VecDeque;
use stormglass_model::checker::online::Rules;
use stormglass_model::history::{Audit, Content, Event, Gauges, OpId, Record, SubjectId};
use stormglass_model::lifecycle::{Operation, Outcome, Profile, SubjectStatus, TaskStatus};
use stormglass_model::load::StoryId;
use stormglass_model::random::{Rng, Seed, unit};
use stormglass_model::units::{Span, Time};

use Operation::*;
use Outcome::{Fail, Refused, Unknown};
use SubjectStatus::*;

/// What the model knows: the operations of the specification, those that create first.
pub const OPERATIONS: &[Operation] = Operation::ALL.split_at(15).0;

/// What a checker is fed, in order.
#[derive(Clone, Debug)]
pub enum Item {
    Record(Record),
    Gauges(Box<Gauges>),
}

#[derive(Clone, Debug)]
pub struct History {
    pub rules: Rules,
    pub items: Vec<Item>,
    pub audits: Vec<Audit>,
    pub end: Time,
}

/// What an operation, or the scrubber, still has to do: each is one commit.
#[derive(Clone, Copy, Debug)]
enum Todo {
    Create,
    TaskBegins,
    Begin,
    Write,
    Decide,
    FailureEdge,
    RemoveWritten,
    RemoveKept,
    Task(TaskStatus, TaskStatus),
    Act,
    Scrubbed,
    Done(Outcome, Option<Content>),
}

struct Process {
    image: usize,
    /// None for the scrubber.
    op: Option<(OpId, Operation, Time)>,
    written: u64,
    todo: VecDeque<Todo>,
}

struct Image {
    id: SubjectId,
    status: Option<SubjectStatus>,
    /// Bytes of its data, once they are its own and not an upload's.
    kept: u64,
    /// Bytes in the store, whoever wrote them.
    held: u64,
    content: Content,
    locations: u32,
    has_own_data: bool,
    deleted_at: Time,
    scrubbing: bool,
    created: bool,
    forgotten: bool,
}

struct World {
    dice: Rng,
    rules: Rules,
    delayed: bool,
    now: Time,
    images: Vec<Image>,
    free_slots: Vec<u32>,
    slots: u32,
    processes: Vec<Process>,
    ops: u64,
    items: Vec<Item>,
}

/// A legal history of about `steps` commits.
pub fn history(seed: u64, profile: Profile, delayed: bool, steps: usize) -> History {
    let mut world = World::new(seed, profile, delayed);
    for _ in 0..steps {
        world.now = Time(world.now.0 + world.below(4));
        world.step();
    }
    while !world.processes.is_empty() {
        world.now = Time(world.now.0 + world.below(4));
        world.advance();
    }
    world.gauges();
    let audits = world.images.iter().filter(|image| !image.forgotten);
    let audits = audits
        .map(|image| Audit {
            subject: image.id,
            status: image.status,
            content: image.readable().then_some(image.content),
            bytes: image.held,
        })
        .collect();
    History {
        rules: world.rules,
        items: world.items,
        audits,
        end: world.now,
    }
}

impl Image {
    fn readable(&self) -> bool {
        matches!(self.status, Some(Active | Deactivated))
    }
}

impl World {
    fn new(seed: u64, profile: Profile, delayed: bool) -> World {
        let mut dice = Seed(seed).rng();
        let scrub_time = Span((unit(&mut dice) * 3.0) as u64 * 20);
        World {
            dice,
            rules: Rules {
                profile,
                scrub_time,
                scrub_interval: Span::from_secs(300),
                scrub_read: Span::ZERO,
            },
            delayed,
            now: Time::ZERO,
            images: Vec::new(),
            free_slots: Vec::new(),
            slots: 0,
            processes: Vec::new(),
            ops: 0,
            items: Vec::new(),
        }
    }

    fn below(&mut self, n: u64) -> u64 {
        (unit(&mut self.dice) * n as f64) as u64
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn emit(&mut self, image: usize, event: Event) {
        self.items.push(Item::Record(Record::Subject {
            at: self.now,
            subject: self.images[image].id,
            story: StoryId(0),
            event,
        }));
    }

    fn step(&mut self) {
        match self.below(20) {
            0..2 => self.arrive(),
            2..6 => self.send(),
            6..18 => self.advance(),
            18 => self.scrub_or_forget(),
            _ => self.gauges(),
        }
    }

    fn arrive(&mut self) {
        let slot = self.free_slots.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.slots - 1
        });
        let number = self.images.len() as u64;
        self.images.push(Image {
            id: SubjectId { number, slot },
            status: None,
            kept: 0,
            held: 0,
            content: Content {
                size: number % 7,
                checksum: number ^ 0xabcd,
            },
            locations: 0,
            has_own_data: false,
            deleted_at: Time::ZERO,
            scrubbing: false,
            created: false,
            forgotten: false,
        });
        let operation =
            [Create, Create, Create, CreateWithLocation, CreateEmpty][self.below(5) as usize];
        let image = self.images.len() - 1;
        self.invoke(image, operation, &[Todo::Create]);
    }

    fn invoke(&mut self, image: usize, operation: Operation, todo: &[Todo]) {
        let op = self.invoked(image, operation, false);
        self.processes.push(Process {
            image,
            op: Some((op, operation, self.now)),
            written: 0,
            todo: todo.iter().copied().collect(),
        });
    }

    fn invoked(&mut self, image: usize, operation: Operation, must_be_refused: bool) -> OpId {
        let op = OpId(self.ops);
        self.ops += 1;
        let intended = self.now;
        self.emit(
            image,
            Event::Invoked {
                op,
                operation,
                must_be_refused,
                intended,
            },
        );
        op
    }

    fn completed(
        &mut self,
        image: usize,
        (op, operation, sent): (OpId, Operation, Time),
        outcome: Outcome,
        content: Option<Content>,
    ) {
        self.emit(
            image,
            Event::Completed {
                op,
                operation,
                outcome,
                intended: sent,
                sent,
                content,
                seen: None,
                http_status: None,
            },
        );
    }

    /// A client sends something to a subject that it knows, however unwise.
    fn send(&mut self) {
        let known: Vec<usize> = (0..self.images.len())
            .filter(|&i| self.images[i].created && !self.images[i].forgotten)
            .collect();
        if known.is_empty() {
            return;
        }
        let image = known[self.below(known.len() as u64) as usize];
        let operation = OPERATIONS[3 + self.below(OPERATIONS.len() as u64 - 3) as usize];
        // Uploads and what follows them are what most of the rules are about.
        let operation = if self.images[image].status == Some(Queued) && self.one_in(2) {
            Upload
        } else {
            operation
        };
        if self.one_in(4) && !self.allows(image, operation) {
            let op = self.invoked(image, operation, true);
            self.completed(image, (op, operation, self.now), Refused, None);
            return;
        }
        let todo = match operation {
            Import => Todo::TaskBegins,
            Upload | AbortUpload => Todo::Begin,
            _ => Todo::Act,
        };
        self.invoke(image, operation, &[todo]);
    }

    fn allows(&self, image: usize, operation: Operation) -> bool {
        let image = &self.images[image];
        match operation {
            Create | CreateWithLocation | CreateEmpty => false,
            AddLocation => matches!(image.status, Some(Queued | Active)),
            RemoveLocation => {
                let places = image.locations + u32::from(image.has_own_data);
                image.status == Some(Active) && image.locations > 0 && places > 1
            }
            Upload | AbortUpload | Import => image.status == Some(Queued),
            Download | Export | Clone | Deactivate => image.status == Some(Active),
            DownloadAsAdmin => image.readable(),
            Reactivate => image.status == Some(Deactivated),
            Delete => !matches!(image.status, None | Some(PendingDelete | Deleted)),
            _ => false, // none of OPERATIONS
        }
    }

    /// One process, drawn at random, does its next commit.
    fn advance(&mut self) {
        if self.processes.is_empty() {
            return;
        }
        let at = self.below(self.processes.len() as u64) as usize;
        let mut process = self.processes.swap_remove(at);
        if let Some(todo) = process.todo.pop_front() {
            self.commit(&mut process, todo);
        }
        if !process.todo.is_empty() {
            self.processes.push(process);
        }
    }

    /// The scrubber takes what is due; the engine forgets what is over.
    fn scrub_or_forget(&mut self) {
        let scrub_time = self.rules.scrub_time;
        for image in 0..self.images.len() {
            let it = &mut self.images[image];
            let due = it.deleted_at + scrub_time <= self.now;
            if it.status == Some(PendingDelete) && due && !it.scrubbing {
                it.scrubbing = true;
                self.processes.push(Process {
                    image,
                    op: None,
                    written: 0,
                    todo: VecDeque::from([Todo::RemoveKept, Todo::Scrubbed]),
                });
            }
        }
        for image in 0..self.images.len() {
            let open = self.processes.iter().any(|process| process.image == image);
            let it = &mut self.images[image];
            if matches!(it.status, None | Some(Deleted)) && !open && !it.forgotten {
                it.forgotten = true;
                self.free_slots.push(it.id.slot);
                self.emit(image, Event::Forgotten);
            }
        }
    }

    fn gauges(&mut self) {
        let mut gauges = Gauges {
            at: self.now,
            ..Gauges::default()
        };
        for image in &self.images {
            gauges.bytes_stored.add(Time::ZERO, image.held);
            if let Some(status) = image.status {
                gauges.subjects[status.index()].add(Time::ZERO, 1);
            }
        }
        self.items.push(Item::Gauges(Box::new(gauges)));
    }
}

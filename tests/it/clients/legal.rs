//! Histories that a correct server has made: at random, with clients that overlap and answers that are lost.

use super::server::{Subject, Work, World, content, steps};
use rand_xoshiro::rand_core::Rng as _;
use stormglass_model::checker::concurrent::Rules;
use stormglass_model::history::{
    ClientEvent, Ending, Held, Observation, OpId, PresentRow, ProbeReading, Row, SubjectHistory,
};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};
use stormglass_model::random::{Rng, Seed};
use stormglass_model::units::Time;

use Operation::*;
use SubjectStatus::*;

/// How a history is made.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    pub world: World,
    pub clients: usize,
    pub operations: u8,
    /// Of a hundred answers so many are lost.
    pub lost: u64,
    pub pace: Pace,
}

/// How crowded a history is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Every client sends its next operation as soon as it can, often in the very instant of an answer, and answers are slow: with two
    /// clients nine operations of ten are beside another.
    Crowded,
    /// As in use: a client thinks between an answer and the next operation, and time always passes. With two clients one operation of
    /// three is beside another, which is three times what a sweep's races make of theirs.
    Natural,
}

impl Recipe {
    pub fn rules(&self) -> Rules {
        match self.world.real() {
            true => Rules::glance(Some(self.world.delayed)),
            false => Rules::embedded(self.world.profile, self.world.delayed),
        }
    }
}

/// A client that waits for an answer.
struct Waiting {
    work: Work,
    lost: bool,
}

/// The server, its clients, and what these saw.
pub struct Making {
    recipe: Recipe,
    rng: Rng,
    subject: Subject,
    waiting: Vec<Waiting>,
    /// Nobody waits for these any more; they may go on or not.
    behind: Vec<Work>,
    now: u64,
    next: u8,
    history: SubjectHistory,
}

pub fn below(rng: &mut Rng, n: usize) -> usize {
    (rng.next_u64() % n as u64) as usize
}

const BOTH: [Operation; 15] = [
    Upload,
    Upload,
    Upload,
    Import,
    AbortUpload,
    Download,
    Download,
    Show,
    Show,
    Show,
    Deactivate,
    Reactivate,
    Delete,
    AddLocation,
    SetProperty,
];
const REAL: [Operation; 15] = [
    Stage,
    ImportStaged,
    ImportStaged,
    RegisterLocation,
    ReplaceLocation,
    Protect,
    Unprotect,
    UploadWrongSize,
    UploadTooLarge,
    RemoveLocation,
    UploadChunked,
    UploadChunked,
    ImportSlow,
    ImportCut,
    RegisterLocationWrongHash,
];

/// The history that the seed makes.
pub fn legal(recipe: Recipe, seed: Seed) -> SubjectHistory {
    let mut making = Making {
        recipe,
        rng: seed.rng(),
        subject: Subject::default(),
        waiting: Vec::new(),
        behind: Vec::new(),
        now: 0,
        next: 0,
        history: SubjectHistory::default(),
    };
    making.live();
    making.history
}

impl Making {
    fn live(&mut self) {
        let creates = [
            Create,
            Create,
            Create,
            Create,
            CreateEmpty,
            CreateWithLocation,
        ];
        let first = creates[below(&mut self.rng, creates.len())];
        self.send(first, Who::Member);
        while self.next < self.recipe.operations || !self.waiting.is_empty() {
            match self.recipe.pace {
                Pace::Crowded => self.crowd(),
                Pace::Natural => self.stroll(),
            }
        }
        self.rest();
    }

    fn crowd(&mut self) {
        self.now += [0, 1, 1, 5][below(&mut self.rng, 4)];
        match below(&mut self.rng, 8) {
            0..=1 => self.begin(),
            2..=5 => self.work(),
            6 => self.answer(),
            _ => self.background(),
        }
    }

    fn stroll(&mut self) {
        self.now += [1, 1, 2, 5][below(&mut self.rng, 4)];
        match below(&mut self.rng, 16) {
            0 => self.begin(),
            1..=7 => self.work(),
            8..=14 => self.answer(),
            _ => self.background(),
        }
    }

    fn tell(&mut self, observation: Observation) {
        self.history.events.push(ClientEvent {
            at: Time(self.now),
            observation,
        });
    }

    fn begin(&mut self) {
        if self.waiting.len() >= self.recipe.clients || self.next >= self.recipe.operations {
            return;
        }
        let real = self.recipe.world.real();
        let operation = match real && below(&mut self.rng, 4) == 0 {
            true => REAL[below(&mut self.rng, REAL.len())],
            false => BOTH[below(&mut self.rng, BOTH.len())],
        };
        let who = match below(&mut self.rng, 12) {
            0 if real => Who::OtherProject,
            1 if real => Who::Reader,
            2..=4 => Who::Admin,
            _ => Who::Member,
        };
        self.send(operation, who);
    }

    fn send(&mut self, operation: Operation, who: Who) {
        let id = self.next;
        self.next += 1;
        let data = (100 + u64::from(id % 3), 1);
        let lost = (below(&mut self.rng, 100) as u64) < self.recipe.lost;
        let sends = matches!(
            operation,
            Upload | UploadChunked | Stage | Import | ImportSlow
        );
        let brings = sends.then(|| content(data));
        self.tell(Observation::Invoked {
            op: OpId(u64::from(id)),
            operation,
            who,
            brings,
            spoiled: lost,
        });
        let work = Work::new(id, operation, who, data);
        self.waiting.push(Waiting { work, lost });
    }

    /// One commit of somebody's.
    fn work(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let index = below(&mut self.rng, self.waiting.len());
        let work = self.waiting[index].work;
        if let Some((subject, work)) = self.step(work) {
            self.subject = subject;
            self.waiting[index].work = work;
        }
    }

    fn step(&mut self, work: Work) -> Option<(Subject, Work)> {
        let steps = steps(&self.recipe.world, self.subject, work);
        (!steps.is_empty()).then(|| steps[below(&mut self.rng, steps.len())])
    }

    fn answer(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let index = below(&mut self.rng, self.waiting.len());
        let Waiting { work, lost } = self.waiting[index];
        if lost {
            self.waiting.swap_remove(index);
            self.behind.push(work);
            if below(&mut self.rng, 3) > 0 {
                self.tell(Observation::Answered {
                    op: OpId(u64::from(work.id)),
                    ending: Ending::UNKNOWN,
                });
            }
        } else if let Some(reply) = work.reply {
            self.waiting.swap_remove(index);
            self.behind.push(work);
            let sent = work.operation == Upload && reply.outcome == Outcome::Ok;
            self.tell(Observation::Answered {
                op: OpId(u64::from(work.id)),
                ending: Ending {
                    outcome: reply.outcome,
                    seen: reply.seen(),
                    content: reply.content().or(sent.then(|| content(work.data))),
                    http_status: self.recipe.world.real().then_some(reply.code),
                },
            });
        }
    }

    fn background(&mut self) {
        if let Some(scrubbed) = self
            .subject
            .scrubbed()
            .filter(|_| below(&mut self.rng, 4) == 0)
        {
            self.subject = scrubbed;
        }
        if !self.behind.is_empty() {
            let index = below(&mut self.rng, self.behind.len());
            if let Some((subject, work)) = self.step(self.behind[index]) {
                self.subject = subject;
                self.behind[index] = work;
            }
        }
    }

    /// What is accepted is done, what is lost may never be; then the probe reads.
    fn rest(&mut self) {
        for _ in 0..64 {
            self.background();
        }
        self.now += 10;
        if matches!(self.subject.status, Some(Saving | Importing)) {
            return; // only an unanswered one can have left it so, and that is a finding
        }
        if let Some(status) = self.subject.status {
            self.tell(Observation::Probed(reading(
                status,
                self.subject.data.map(content),
            )));
        }
    }
}

fn reading(
    status: SubjectStatus,
    content: Option<stormglass_model::history::Content>,
) -> ProbeReading {
    let keeps = status.keeps_data();
    let live = keeps && status != PendingDelete;
    ProbeReading {
        row: Some(Row::Present(PresentRow {
            status,
            deleted: matches!(status, PendingDelete | Deleted),
            content: content.filter(|_| keeps),
            locations: u32::from(live),
            in_store: live && content.is_some(),
        })),
        data: Some(Held {
            bytes: content.filter(|_| keeps).map(|content| content.size),
            staged: content
                .filter(|_| status == Uploading)
                .map(|content| content.size),
            ..Held::default()
        }),
        tasks_open: Some(0),
    }
}

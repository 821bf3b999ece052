//! Small cases explored exhaustively: whatever order a correct server works in, whatever answer is lost and wherever a client
//! leaves it, the history is accepted; with a planted defect at least one is not.

use super::server::{Defect, Reply, Subject, Work, World, content, steps};
use stateright::{Checker, Model, Property};
use stormglass_model::checker::concurrent::{Inconclusive, Rules, judge};
use stormglass_model::history::{ClientEvent, Ending, Observation, OpId, SubjectHistory};
use stormglass_model::lifecycle::{Operation, Outcome, Profile, Verdict, Who};
use stormglass_model::units::Time;

use Operation::*;

/// Rivals on one subject; each client sends its operations one after the other.
struct Rivals {
    world: World,
    clients: Vec<Vec<Operation>>,
    /// So many answers may be lost, each with what is left of its work or without.
    losses: u8,
}

/// What a client has learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Note {
    Sent(u8),
    /// None when it was lost.
    Came(u8, Option<Reply>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Now {
    subject: Subject,
    /// What each client waits for.
    waiting: Vec<Option<Work>>,
    sent: Vec<u8>,
    behind: Vec<Work>,
    notes: Vec<Note>,
    losses: u8,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Send(usize),
    /// The server takes one of its steps for a client, or for nobody any more.
    Step(usize, usize),
    Behind(usize, usize),
    Answer(usize),
    /// The answer is lost; the server goes on, or not.
    Lose(usize, bool),
    Scrub,
}

impl Rivals {
    /// All operations, numbered as they are sent: the clients' first ones, then their second ones.
    fn operation(&self, id: u8) -> Operation {
        let (client, nth) = (
            usize::from(id) % self.clients.len(),
            usize::from(id) / self.clients.len(),
        );
        self.clients[client][nth]
    }

    fn history(&self, now: &Now) -> SubjectHistory {
        let told = |note: &Note| match *note {
            Note::Sent(id) => {
                let operation = self.operation(id);
                Observation::Invoked {
                    op: OpId(u64::from(id)),
                    operation,
                    who: Who::Member,
                    brings: (operation == Upload).then(|| content(data(id))),
                    // No answer is owed, since some are lost.
                    spoiled: true,
                }
            }
            Note::Came(id, reply) => Observation::Answered {
                op: OpId(u64::from(id)),
                ending: Ending {
                    outcome: reply.map_or(Outcome::Unknown, |reply| reply.outcome),
                    seen: reply.and_then(|reply| reply.seen()),
                    content: reply.and_then(|reply| reply.content()),
                    http_status: reply.map(|reply| reply.code),
                },
            },
        };
        let event = |(at, note)| ClientEvent {
            at: Time(at as u64),
            observation: told(note),
        };
        SubjectHistory {
            subject: 0,
            events: now.notes.iter().enumerate().map(event).collect(),
        }
    }

    fn rules(&self) -> Rules {
        match self.world.real() {
            true => Rules::glance(Some(self.world.delayed)),
            false => Rules::embedded(self.world.profile, self.world.delayed),
        }
    }
}

fn data(id: u8) -> (u64, u64) {
    (100 + u64::from(id), 1)
}

impl Model for Rivals {
    type State = Now;
    type Action = Act;

    fn init_states(&self) -> Vec<Now> {
        vec![Now {
            subject: Subject::default(),
            waiting: vec![None; self.clients.len()],
            sent: vec![0; self.clients.len()],
            behind: Vec::new(),
            notes: Vec::new(),
            losses: self.losses,
        }]
    }

    fn actions(&self, now: &Now, acts: &mut Vec<Act>) {
        for (client, waiting) in now.waiting.iter().enumerate() {
            match waiting {
                // Everybody waits until the subject is there.
                None if usize::from(now.sent[client]) < self.clients[client].len()
                    && (client == 0 || now.subject.status.is_some()) =>
                {
                    acts.push(Act::Send(client));
                }
                None => {}
                Some(work) => {
                    let steps = steps(&self.world, now.subject, *work).len();
                    acts.extend((0..steps).map(|step| Act::Step(client, step)));
                    if work.reply.is_some() {
                        acts.push(Act::Answer(client));
                    }
                    if now.losses > 0 && now.sent[0] > 1 {
                        acts.extend([Act::Lose(client, true), Act::Lose(client, false)]);
                    }
                }
            }
        }
        for (index, work) in now.behind.iter().enumerate() {
            let steps = steps(&self.world, now.subject, *work).len();
            acts.extend((0..steps).map(|step| Act::Behind(index, step)));
        }
        if now.subject.scrubbed().is_some() {
            acts.push(Act::Scrub);
        }
    }

    fn next_state(&self, last: &Now, act: Act) -> Option<Now> {
        let mut now = last.clone();
        match act {
            Act::Send(client) => {
                let id = now.sent[client] * self.clients.len() as u8 + client as u8;
                now.sent[client] += 1;
                now.notes.push(Note::Sent(id));
                now.waiting[client] =
                    Some(Work::new(id, self.operation(id), Who::Member, data(id)));
            }
            Act::Step(client, step) => {
                let (subject, work) = steps(&self.world, now.subject, now.waiting[client]?)[step];
                now.subject = subject;
                now.waiting[client] = Some(work);
            }
            Act::Behind(index, step) => {
                let (subject, work) = steps(&self.world, now.subject, now.behind[index])[step];
                now.subject = subject;
                now.behind[index] = work;
            }
            Act::Answer(client) => {
                let work = now.waiting[client].take()?;
                now.notes.push(Note::Came(work.id, work.reply));
                if !work.over {
                    now.behind.push(work);
                }
            }
            Act::Lose(client, goes_on) => {
                let work = now.waiting[client].take()?;
                now.notes.push(Note::Came(work.id, None));
                now.losses -= 1;
                if goes_on && !work.over {
                    now.behind.push(work);
                }
            }
            Act::Scrub => now.subject = now.subject.scrubbed()?,
        }
        Some(now)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("accepted", |model: &Rivals, now: &Now| {
            let judgement = judge(&model.history(now), &model.rules());
            // The last look may show an upload that nobody knows to be over.
            let at_work = matches!(judgement.inconclusive, Some(Inconclusive::AtWork(_)));
            judgement.verdict == Verdict::Valid || at_work
        })]
    }
}

fn explore(
    profile: Profile,
    defect: Option<Defect>,
    losses: u8,
    clients: &[&[Operation]],
) -> (usize, bool) {
    let world = World {
        profile,
        delayed: clients.len() == 3,
        defect,
    };
    let model = Rivals {
        world,
        clients: clients.iter().map(|client| client.to_vec()).collect(),
        losses,
    };
    let checker = model.checker().threads(2).spawn_dfs().join();
    (
        checker.unique_state_count(),
        checker.discovery("accepted").is_none(),
    )
}

#[test]
fn every_order_of_a_correct_server_is_accepted() {
    let mut explored = 0;
    for profile in [Profile::V1, Profile::V2, Profile::Glance] {
        for (losses, clients) in [
            (1, &[&[Create, Upload, Show][..], &[Delete, Show][..]][..]),
            (1, &[&[Create, Upload, Download][..], &[Upload][..]][..]),
            (0, &[&[Create, Upload][..], &[Delete][..], &[Show][..]][..]),
            (
                1,
                &[&[Create, CreateEmpty, Deactivate][..], &[Show, Delete][..]][..],
            ),
        ] {
            let (states, accepted) = explore(profile, None, losses, clients);
            assert!(accepted, "{profile} {clients:?}");
            explored += states;
        }
    }
    assert!(explored > 10_000, "only {explored} states");
}

#[test]
fn a_planted_defect_is_found_among_them() {
    let found = |defect, clients: &[&[Operation]]| {
        let (_, accepted) = explore(Profile::V2, Some(defect), 0, clients);
        assert!(!accepted, "{defect:?}");
        let (_, accepted) = explore(Profile::V2, None, 0, clients);
        assert!(accepted, "{defect:?}");
    };
    found(Defect::UploadRevives, &[&[Create, Upload, Show], &[Delete]]);
    found(Defect::DeleteLost, &[&[Create, Delete], &[Show, Show]]);
    found(Defect::UploadsOverlap, &[&[Create, Upload], &[Upload]]);
}

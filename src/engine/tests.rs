//! Two engines, one core: whatever carries the messages, the same things happen.

use super::actor::Runtime;
use super::actor_table::{ActorTable, ControlActors};
use super::calendar::Calendar;
use super::driver::Share;
use super::judge::Rules;
use super::live::Live;
use super::nemesis::{Nemesis, NemesisMessage, NemesisReply};
use super::recorder::{Recorder, RecorderMessage, RecorderReply};
use super::storm::{Controls, Storm};
use super::virtual_time::Virtual;
use crate::metrics::RunResult;
use crate::scenario::{self, Scenario, Target};
use Operation::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use stormglass_model::checker::online;
use stormglass_model::config::ServiceConfig;
use stormglass_model::fault::{Fault, FaultId, FaultKind, Faults, Place};
use stormglass_model::history::{Content, Event, OpId, Record, SubjectId};
use stormglass_model::invocation::{Completion, Cursor, Invocation, Out};
use stormglass_model::lifecycle::{EDGES, Operation, Profile, SubjectStatus, TASK_EDGES, Who};
use stormglass_model::load::StoryId;
use stormglass_model::random::{Distribution, Seed};
use stormglass_model::script::ClientFault;
use stormglass_model::service::{Service, Wake};
use stormglass_model::target::Target as _;
use stormglass_model::units::{Span, Time};

/// When, in milliseconds, of which subject, what: every edge of v2 is taken, some of them in a race, and
/// much of it is refused.
const SCRIPT: [(u64, u32, Operation); 36] = [
    (0, 0, Create),
    (0, 1, Create),
    (1, 2, CreateWithLocation),
    (1, 3, CreateEmpty),
    (20, 0, Upload),
    (20, 0, Upload),
    (21, 1, Upload),
    (25, 1, Delete),
    (26, 2, AddLocation),
    (26, 2, RemoveLocation),
    (27, 2, RemoveLocation),
    (30, 3, Upload),
    (60, 0, Download),
    (61, 0, Deactivate),
    (80, 0, Download),
    (80, 0, DownloadAsAdmin),
    (81, 2, Deactivate),
    (100, 0, Reactivate),
    (101, 2, Delete),
    (120, 0, Export),
    (120, 0, Delete),
    (121, 0, Clone),
    (130, 4, Create),
    (131, 5, Create),
    (150, 4, Import),
    (150, 5, Import),
    (151, 5, Delete),
    (152, 3, Delete),
    (200, 6, Create),
    (220, 6, AddLocation),
    (230, 7, Create),
    (250, 7, AbortUpload),
    (300, 7, Upload),
    (500, 8, Create),
    (520, 8, Import),
    (700, 8, Delete),
];

/// What happens to a service in a script.
#[derive(Clone, Copy)]
enum Entry {
    Invoke(Invocation),
    Fault(FaultId, bool),
    Wake(Wake),
}

fn service_config() -> ServiceConfig {
    let mut config = ServiceConfig {
        delayed_delete: true,
        scrub_time: Span::from_millis(100),
        scrub_interval: Span::from_millis(30),
        ..ServiceConfig::default()
    };
    config.registry.commit = Distribution::constant(2_000_000);
    config.store.put = Distribution::constant(10_000_000);
    config.store.delete = Distribution::constant(3_000_000);
    config
}

fn script() -> Calendar<Entry> {
    let mut calendar = Calendar::default();
    // The store hangs for a while, and later fails the last import.
    for (ms, fault, open) in [
        (295, 0, true),
        (320, 0, false),
        (510, 1, true),
        (600, 1, false),
    ] {
        let entry = Entry::Fault(FaultId(fault), open);
        calendar.push(Time::ZERO + Span::from_millis(ms), entry);
    }
    for (number, (ms, subject, operation)) in (0..).zip(SCRIPT) {
        let at = Time::ZERO + Span::from_millis(ms);
        let uploads = matches!(operation, Upload | AbortUpload | Import);
        let entry = Entry::Invoke(Invocation {
            op: OpId(number),
            subject: SubjectId {
                number: subject.into(),
                slot: subject,
            },
            story: StoryId(0),
            cursor: Cursor::default(),
            operation,
            who: Who::Member,
            intended: at,
            sent: at,
            content: Content {
                size: u64::from(uploads) * 1_000,
                checksum: number,
            },
            client_fault: (operation == AbortUpload).then_some((ClientFault::Close, 0.5)),
        });
        calendar.push(at, entry);
    }
    calendar
}

/// Plays the script on a stage.
fn play<S: Runtime>() -> (Vec<Record>, Vec<Completion>) {
    let fault = |name: &str, kind| Fault {
        name: name.into(),
        place: Place::StorePut,
        kind,
        from: Time::ZERO,
        to: None,
    };
    let faults = [
        fault("hangs", FaultKind::Stall),
        fault("fails", FaultKind::Error { probability: 1.0 }),
    ];
    let config = service_config();
    let cast = ActorTable::<S>::new(Service::<ActorTable<S>>::scrubber_of(&config));
    let mut service = Service::new(config, Faults::new(&faults, Seed(1)), Seed(1), cast);
    let (mut calendar, mut out) = (script(), Out::default());
    service.start(Time::ZERO, &mut out);
    let end = Time::ZERO + Span::from_secs(2);
    loop {
        for (at, wake) in out.later.drain(..) {
            calendar.push(at, Entry::Wake(wake));
        }
        let Some((now, entry)) = calendar.pop_until(end, |_| ()) else {
            return (out.records, out.completed.into());
        };
        match entry {
            Entry::Invoke(invocation) => service.invoke(now, invocation, &mut out),
            Entry::Fault(fault, open) => service.fault(now, fault, open, &mut out),
            Entry::Wake(wake) => service.wake(now, wake, &mut out),
        }
    }
}

#[test]
fn a_script_leaves_the_same_history_on_both_stages() {
    let (records, completions) = play::<Virtual>();
    let (live_records, live_completions) = actix::System::new().block_on(async { play::<Live>() });
    assert_eq!(records, live_records);
    assert_eq!(completions, live_completions);
    assert_eq!(completions.len(), SCRIPT.len(), "everything is answered");

    let mut taken = (BTreeSet::new(), BTreeSet::new());
    for record in records {
        match record {
            Record::Subject {
                event: Event::Moved { from, to, .. },
                ..
            } => {
                taken.0.insert((from, to));
            }
            Record::Subject {
                event: Event::TaskMoved { from, to, .. },
                ..
            } => {
                taken.1.insert((from, to));
            }
            _ => {}
        }
    }
    for edge in EDGES.iter().filter(|edge| edge.allowed_by(Profile::V2)) {
        // Killed is of v1; an active subject is deleted at once only where deletes are not delayed.
        let elsewhere = edge.from == Some(SubjectStatus::Killed)
            || (edge.from, edge.to) == (Some(SubjectStatus::Active), SubjectStatus::Deleted);
        let seen = taken.0.contains(&(edge.from, edge.to));
        assert!(seen != elsewhere, "{edge:?}: taken {seen}");
    }
    for edge in TASK_EDGES
        .iter()
        .filter(|edge| edge.allowed_by(Profile::V2))
    {
        assert!(taken.1.contains(&(edge.from, edge.to)), "{edge:?}");
    }
}

/// A shipped scenario, and its service.
fn shipped(name: &str, overrides: &[&str]) -> (Scenario, ServiceConfig) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let scenario = scenario::read(&file, &overrides).unwrap();
    let Target::Embedded(config) = &scenario.target else {
        panic!("{name} is embedded");
    };
    let config = config.as_ref().clone();
    (scenario, config)
}

fn service<S: Runtime>(scenario: &Scenario, config: &ServiceConfig) -> Service<ActorTable<S>> {
    let cast = ActorTable::<S>::new(Service::<ActorTable<S>>::scrubber_of(config));
    let faults = Faults::new(&scenario.faults, scenario.seed);
    Service::new(config.clone(), faults, scenario.seed, cast)
}

const ALONE: Share = Share { index: 0, of: 1 };

/// A whole storm in virtual time, its actors on a stage.
fn storm<S: Runtime>() -> Box<RunResult> {
    let (scenario, config) = shipped("store-chaos", &["load.arrivals.rate=1/s"]);
    let rules = Rules::Embedded(online::Rules {
        profile: config.rules.profile(),
        scrub_time: config.scrub_time,
    });
    let recorder = Recorder::new(&scenario, 1, true, rules, Arc::default());
    let controls = ControlActors::<S>::new(recorder, Nemesis::new(&scenario.faults));
    let target = service::<S>(&scenario, &config);
    let mut storm = Storm::new(&scenario, scenario.seed, ALONE, false, target, controls);
    while !storm.is_over() {
        storm.run_virtual(1_000);
    }
    storm.finish().unwrap()
}

#[test]
fn a_storm_in_virtual_time_does_not_notice_that_its_actors_have_mailboxes() {
    let calls = storm::<Virtual>();
    let mail = actix::System::new().block_on(async { storm::<Live>() });
    assert!(calls.event_hash.is_some());
    assert_eq!(calls.event_hash, mail.event_hash);
    assert_eq!(calls.transition_total(), mail.transition_total());
    assert_eq!(calls.resources, mail.resources);
    assert!(
        mail.end.events > calls.end.events,
        "envelopes count as events"
    );
}

/// A controls that only looks at slots.
#[derive(Default)]
struct Witness {
    subjects: BTreeSet<u64>,
    highest_slot: u32,
}

impl Controls for &mut Witness {
    fn recorder(&mut self, message: RecorderMessage) -> RecorderReply {
        if let RecorderMessage::Records(records) = message {
            for record in records {
                if let Record::Subject { subject, .. } = record {
                    self.subjects.insert(subject.number);
                    self.highest_slot = self.highest_slot.max(subject.slot);
                }
            }
        }
        RecorderReply::default()
    }

    fn nemesis(&mut self, _: NemesisMessage) -> NemesisReply {
        NemesisReply::default()
    }
}

/// Memory is for those alive: ten at once here, whatever the number that ever lived.
#[test]
fn slots_of_the_dead_are_used_again() {
    let few = ["service.delayed_delete=false", "load.max_in_flight=10"];
    let (scenario, config) = shipped("thundering-herd", &few);
    let mut witness = Witness::default();
    let target = service::<Virtual>(&scenario, &config);
    let mut storm = Storm::new(&scenario, scenario.seed, ALONE, false, target, &mut witness);
    while !storm.is_over() {
        storm.run_virtual(1_000);
    }
    storm.finish();
    assert!(witness.subjects.len() > 5_000, "{}", witness.subjects.len());
    assert_eq!(witness.highest_slot, 9);
}

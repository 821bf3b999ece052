//! The embedded service while the data of a write is on its way.

use std::collections::BTreeMap;
use stormglass_model::config::{FailureRule, ServiceConfig};
use stormglass_model::fault::{Fault, FaultId, FaultKind, Faults, Place};
use stormglass_model::history::{Content, OpId, SubjectId};
use stormglass_model::invocation::{Completion, Cursor, Failure, Invocation, Out};
use stormglass_model::lifecycle::SubjectStatus::{self, *};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::load::StoryId;
use stormglass_model::random::{Distribution, Seed};
use stormglass_model::service::{Intake, Records, Service, Wake};
use stormglass_model::target::Target;
use stormglass_model::units::{Bytes, Span, Time};

const DATA: Content = Content {
    size: 10,
    checksum: 7,
};
const SUBJECT: SubjectId = SubjectId { number: 0, slot: 0 };

/// A service with one subject, which is queued, and a write that takes a second.
struct Bench {
    service: Service<Records>,
    out: Out<Wake>,
    now: Time,
    due: BTreeMap<Time, Wake>,
    ops: u64,
}

impl Bench {
    fn new(faults: &[Fault]) -> Bench {
        let mut config = ServiceConfig {
            rules: FailureRule::Glance,
            ..ServiceConfig::default()
        };
        config.store.put = Distribution::constant(Span::from_secs(1).0);
        config.store.capacity = Some(Bytes(15));
        let records = Records::new(&config);
        let service = Service::new(config, Faults::new(faults, Seed(1)), Seed(1), records);
        let mut bench = Bench {
            service,
            out: Out::default(),
            now: Time::ZERO,
            due: BTreeMap::new(),
            ops: 0,
        };
        bench.whole(Operation::Create);
        assert_eq!(
            bench.ended().map(|end| end.ending.outcome),
            Some(Outcome::Ok)
        );
        bench
    }

    fn invocation(&mut self, operation: Operation) -> Invocation {
        self.ops += 1;
        Invocation {
            op: OpId(self.ops),
            subject: SUBJECT,
            story: StoryId(0),
            cursor: Cursor::default(),
            operation,
            who: Who::Member,
            intended: self.now,
            sent: self.now,
            content: Content::default(),
            client_fault: None,
            rival_at: None,
        }
    }

    fn whole(&mut self, operation: Operation) {
        let invocation = self.invocation(operation);
        self.service.invoke(self.now, invocation, &mut self.out);
    }

    fn begin(&mut self, operation: Operation) -> Intake {
        let invocation = self.invocation(operation);
        self.service
            .invoke_in_parts(self.now, invocation, &mut self.out)
    }

    fn data(&mut self, intake: Intake, content: Option<Content>) {
        self.service
            .took_in(self.now, intake, content, &mut self.out);
    }

    fn until(&mut self, seconds: u64) {
        let to = Time::ZERO + Span::from_secs(seconds);
        loop {
            self.due.extend(self.out.later.drain(..));
            match self.due.first_entry().filter(|next| *next.key() <= to) {
                Some(next) => {
                    let (at, wake) = next.remove_entry();
                    self.now = at;
                    self.service.wake(at, wake, &mut self.out);
                }
                None => break,
            }
        }
        self.now = to;
    }

    fn ended(&mut self) -> Option<Completion> {
        self.out.completed.pop_front()
    }

    fn status(&mut self) -> Option<SubjectStatus> {
        self.service.audit(SUBJECT).and_then(|audit| audit.status)
    }
}

#[test]
fn a_write_lasts_until_its_time_is_over_and_its_data_has_come() {
    for (arrives, ends) in [(0, 1), (5, 5)] {
        let mut bench = Bench::new(&[]);
        let intake = bench.begin(Operation::Upload);
        bench.until(arrives);
        assert_eq!(bench.status(), Some(Saving));
        bench.data(intake, Some(DATA));
        bench.until(ends);
        let end = bench.ended().expect("it is over");
        assert_eq!(end.ending.outcome, Outcome::Ok);
        assert_eq!(end.ending.content, Some(DATA));
        assert_eq!(bench.status(), Some(Active));
        assert_eq!(bench.service.audit(SUBJECT).map(|it| it.bytes), Some(10));
        bench.until(20);
        assert!(bench.ended().is_none(), "and nothing more");
        // Told once more, or too late, it changes nothing.
        bench.data(intake, None);
        assert_eq!(bench.status(), Some(Active));
    }
}

#[test]
fn data_that_breaks_off_or_does_not_fit_queues_the_subject_again() {
    let large = Content { size: 16, ..DATA };
    for (content, why) in [(None, Failure::BrokenOff), (Some(large), Failure::Full)] {
        for (operation, busy, arrives) in [
            (Operation::Upload, Saving, 0),
            (Operation::Upload, Saving, 5),
            (Operation::Stage, Uploading, 5),
        ] {
            if (operation, why) == (Operation::Stage, Failure::Full) {
                continue; // the staging area is not the store
            }
            let mut bench = Bench::new(&[]);
            let intake = bench.begin(operation);
            bench.until(arrives);
            assert_eq!(bench.status(), Some(busy));
            bench.data(intake, content);
            bench.until(arrives + 2);
            let end = bench.ended().expect("it is over");
            assert_eq!(end.ending.outcome, Outcome::Fail);
            assert_eq!(end.failure, Some(why), "{operation} at {arrives}");
            assert_eq!(bench.status(), Some(Queued));
        }
    }
}

#[test]
fn a_delete_takes_the_subject_away_from_a_write() {
    let mut bench = Bench::new(&[]);
    let intake = bench.begin(Operation::Upload);
    bench.until(2);
    bench.whole(Operation::Delete);
    assert_eq!(
        bench.ended().map(|end| end.ending.outcome),
        Some(Outcome::Ok)
    );
    bench.data(intake, Some(DATA));
    bench.until(3);
    let end = bench.ended().expect("it is over");
    assert_eq!(end.failure, Some(Failure::Lost));
    assert_eq!(bench.status(), Some(Deleted));
    assert_eq!(bench.service.audit(SUBJECT).map(|it| it.bytes), Some(0));
}

/// A store in error ends the write at once; its data is still on its way, and is not waited for.
#[test]
fn a_write_that_fails_does_not_wait_for_its_data() {
    let fault = Fault {
        name: "store".to_owned(),
        place: Place::StorePut,
        kind: FaultKind::Error { probability: 1.0 },
        from: Time::ZERO,
        to: None,
    };
    let mut bench = Bench::new(&[fault]);
    bench
        .service
        .fault(bench.now, FaultId(0), true, &mut bench.out);
    let intake = bench.begin(Operation::Upload);
    let end = bench.ended().expect("it is over");
    assert_eq!(end.failure, Some(Failure::Error));
    bench.data(intake, Some(DATA));
    bench.until(5);
    assert_eq!(bench.status(), Some(Queued));
}

#[test]
fn an_import_waits_for_what_is_fetched() {
    let mut bench = Bench::new(&[]);
    let intake = bench.begin(Operation::Import);
    bench.until(3);
    assert_eq!(bench.status(), Some(Importing));
    assert!(bench.ended().is_none());
    bench.whole(Operation::Import);
    assert_eq!(
        bench.ended().map(|end| end.ending.outcome),
        Some(Outcome::Refused)
    );
    bench.data(intake, Some(DATA));
    bench.until(4);
    assert_eq!(
        bench.ended().map(|end| end.ending.outcome),
        Some(Outcome::Ok)
    );
    assert_eq!(bench.status(), Some(Active));
}

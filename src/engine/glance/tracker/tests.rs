//! Legal histories raise no alarm, exact ones are followed exactly, and false answers are found.

use super::*;
use SubjectStatus::*;
use proptest::prelude::*;
use stormglass_model::history::Content;

const DATA: Content = Content {
    size: 100,
    checksum: 7,
};

/// A correct server: it takes the steps of what it was sent, one at a time, in any order.
#[derive(Debug)]
struct Server {
    status: Option<SubjectStatus>,
    data: Option<Content>,
    delayed: bool,
    steps: Vec<Step>,
}

type Step = (Option<SubjectStatus>, SubjectStatus);

/// An operation inside the server.
#[derive(Debug)]
struct Work {
    ticket: Option<Ticket>,
    operation: Option<Operation>,
    saving: bool,
    data: Content,
    end: Option<Answer>,
}

fn answer(outcome: Outcome, observed: Option<Seen>, data: Option<Content>) -> Answer {
    Answer {
        observed,
        content: data,
        ..Answer::new(outcome)
    }
}

impl Server {
    fn new(delayed: bool) -> Server {
        Server {
            status: None,
            data: None,
            delayed,
            steps: Vec::new(),
        }
    }

    fn go(&mut self, to: SubjectStatus) {
        assert!(
            stormglass_model::lifecycle::subject_edge(
                stormglass_model::lifecycle::Profile::Glance,
                self.status,
                to
            )
            .is_some()
        );
        self.steps.push((self.status, to));
        self.status = Some(to);
    }

    fn seen(&self) -> Seen {
        match self.status {
            None | Some(Deleted | PendingDelete) => Seen::Gone,
            Some(status) => Seen::Status(status),
        }
    }

    /// Takes one step of `work`; `well` decides how an upload ends.
    fn step(&mut self, work: &mut Work, well: bool) {
        if work.end.is_some() {
            return;
        }
        let gone = (self.seen() == Seen::Gone).then_some(Seen::Gone);
        let refused = answer(Outcome::Refused, gone, None);
        let ok = answer(Outcome::Ok, None, None);
        let end = match (work.operation, self.status) {
            (None, _) => answer(
                Outcome::Ok,
                Some(self.seen()),
                self.data.filter(|_| gone.is_none()),
            ),
            (Some(Operation::Create), None) => {
                self.go(Queued);
                answer(Outcome::Ok, Some(Seen::Status(Queued)), None)
            }
            (Some(Operation::Create), Some(_)) => answer(Outcome::Refused, None, None),
            (Some(Operation::Upload | Operation::AbortUpload), Some(Queued)) if !work.saving => {
                self.go(Saving);
                work.saving = true;
                return;
            }
            (Some(operation @ (Operation::Upload | Operation::AbortUpload)), Some(Saving))
                if work.saving =>
            {
                if well && operation == Operation::Upload {
                    self.go(Active);
                    self.data = Some(work.data);
                    answer(Outcome::Ok, None, Some(work.data))
                } else {
                    self.go(Queued);
                    answer(Outcome::Fail, None, None)
                }
            }
            (Some(Operation::Upload | Operation::AbortUpload), _) if work.saving => {
                answer(Outcome::Fail, gone, Some(work.data))
            }
            (Some(Operation::AddLocation), Some(Queued)) => {
                self.go(Active);
                ok
            }
            (Some(Operation::AddLocation), Some(Active)) => ok,
            (Some(Operation::Deactivate), Some(Active)) => {
                self.go(Deactivated);
                ok
            }
            (Some(Operation::Reactivate), Some(Deactivated)) => {
                self.go(Active);
                ok
            }
            (Some(Operation::Deactivate), Some(Deactivated))
            | (Some(Operation::Reactivate), Some(Active)) => ok,
            (Some(Operation::Download | Operation::DownloadAsAdmin), Some(Active))
            | (Some(Operation::DownloadAsAdmin), Some(Deactivated)) => {
                answer(Outcome::Ok, None, self.data)
            }
            (Some(Operation::Delete), Some(status)) if gone.is_none() => {
                let to = if self.delayed && status == Active {
                    PendingDelete
                } else {
                    Deleted
                };
                self.go(to);
                ok
            }
            _ => refused,
        };
        work.end = Some(end);
    }

    fn scrub(&mut self) {
        if self.status == Some(PendingDelete) {
            self.go(Deleted);
        }
    }
}

const SENT: [Option<Operation>; 11] = [
    None,
    Some(Operation::Create),
    Some(Operation::Create),
    Some(Operation::Upload),
    Some(Operation::Upload),
    Some(Operation::AbortUpload),
    Some(Operation::Download),
    Some(Operation::DownloadAsAdmin),
    Some(Operation::Deactivate),
    Some(Operation::Reactivate),
    Some(Operation::Delete),
];

fn begin(tracker: &mut Tracker, operation: Option<Operation>, checksum: u64) -> Work {
    let ticket = match operation {
        None => tracker.showing(),
        Some(operation) => tracker.invoked(operation),
    };
    Work {
        ticket: Some(ticket),
        operation,
        saving: false,
        data: Content {
            size: 100,
            checksum,
        },
        end: None,
    }
}

/// Plays a storm of up to `at_once` rivals, and gives what the tracker found wrong with it.
fn play(script: &[(u8, u8, u8)], delayed: bool, known: bool, at_once: usize) -> Option<Violation> {
    let mut server = Server::new(delayed);
    let mut tracker = Tracker::new(known.then_some(delayed));
    let mut works: Vec<Work> = Vec::new();
    for (checksum, &(what, which, how)) in script.iter().enumerate() {
        let open = works.iter().filter(|work| work.ticket.is_some()).count();
        let index = which as usize % works.len().max(1);
        let findings = match what % 8 {
            0 | 1 if open < at_once => {
                let operation = SENT[which as usize % SENT.len()];
                works.push(begin(&mut tracker, operation, checksum as u64));
                continue;
            }
            7 if how % 4 == 0 => {
                server.scrub();
                continue;
            }
            2..=4 if !works.is_empty() => {
                server.step(&mut works[index], how % 3 != 0);
                continue;
            }
            5.. if !works.is_empty() => complete(&mut tracker, &mut works, index, how),
            _ => continue,
        };
        if let Some(violation) = findings.violation {
            return Some(violation);
        }
        assert!(
            tracker.may_be(server.seen()),
            "{:?} {:?}",
            tracker.may,
            server.status
        );
    }
    None
}

fn complete(tracker: &mut Tracker, works: &mut Vec<Work>, index: usize, how: u8) -> Findings {
    let work = &mut works[index];
    let Some(ticket) = work.ticket else {
        return Findings::default();
    };
    if work.operation == Some(Operation::AbortUpload) {
        // Its client is gone, whatever the server does; unless the answer was quicker.
        let early = work
            .end
            .clone()
            .filter(|end| end.outcome == Outcome::Refused && how.is_multiple_of(2));
        let answer = early.unwrap_or_else(|| answer(Outcome::Fail, None, None));
        work.ticket = None;
        return tracker.completed(ticket, &answer);
    }
    match (how % 8, work.end.clone()) {
        (0, _) => {
            // The answer is lost, and the work goes on.
            work.ticket = None;
            tracker.completed(ticket, &answer(Outcome::Unknown, None, Some(work.data)))
        }
        (1, _) if !work.saving => {
            // An error in place of the answer, and nothing more happens.
            let data = Some(work.data);
            works.swap_remove(index);
            tracker.completed(ticket, &answer(Outcome::Fail, None, data))
        }
        (_, Some(end)) => {
            works.swap_remove(index);
            tracker.completed(ticket, &end)
        }
        (_, None) => Findings::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_correct_server_raises_no_alarm(
        script in prop::collection::vec(any::<(u8, u8, u8)>(), 0..160),
        delayed: bool, known: bool, at_once in 1_usize..6,
    ) {
        prop_assert_eq!(play(&script, delayed, known, at_once), None);
    }

    #[test]
    fn one_client_alone_is_followed_exactly(
        script in prop::collection::vec((0..SENT.len(), any::<bool>()), 0..40), delayed: bool,
    ) {
        let mut server = Server::new(delayed);
        let mut tracker = Tracker::new(Some(delayed));
        let mut proven = Vec::new();
        for (checksum, &(which, well)) in script.iter().enumerate() {
            // A failed or aborted upload leaves it open where the subject is, so none here.
            let Some(operation) = SENT.get(which).copied().filter(|&sent| sent != Some(Operation::AbortUpload)) else { continue };
            let mut work = begin(&mut tracker, operation, checksum as u64);
            server.step(&mut work, true);
            server.step(&mut work, true);
            let end = work.end.take().unwrap();
            let findings = tracker.completed(work.ticket.unwrap(), &end);
            prop_assert_eq!(&findings.violation, &None);
            proven.extend(findings.transitions);
            prop_assert!(tracker.may_be(server.seen()));

            // Any other status than the true one is found out, by a copy that then is thrown away.
            let shown = [Queued, Saving, Active, Deactivated, Killed, Uploading, Importing].map(Seen::Status);
            for lie in shown.into_iter().chain([Seen::Gone]).filter(|&seen| seen != server.seen()) {
                let mut copy = tracker.clone();
                let ticket = copy.showing();
                let findings = copy.completed(ticket, &answer(Outcome::Ok, Some(lie), None));
                prop_assert!(findings.violation.is_some(), "{:?} shown as {:?}", server.status, lie);
            }
            if well { server.scrub(); }
        }
        server.steps.retain(|&step| step != (Some(PendingDelete), Deleted));
        prop_assert_eq!(proven, server.steps);
    }
}

/// A subject taken through `before`, each answered ok, and then, in turn, each of the answers beside what it must break.
fn check(before: &[Operation], ends: &[(Option<Operation>, Answer, Option<Invariant>)]) {
    for (last, end, expected) in ends {
        let mut tracker = Tracker::new(Some(true));
        for &operation in before {
            let ticket = tracker.invoked(operation);
            let content = (operation == Operation::Upload).then_some(DATA);
            let findings = tracker.completed(ticket, &answer(Outcome::Ok, None, content));
            assert_eq!(findings.violation, None, "{operation}");
        }
        let ticket = begin(&mut tracker, *last, 0).ticket.unwrap();
        let violation = tracker.completed(ticket, end).violation;
        let broken = violation.as_ref().map(|found| found.invariant);
        assert_eq!(
            broken, *expected,
            "{last:?} after {before:?}: {violation:?}"
        );
    }
}

fn ok(content: Option<Content>) -> Answer {
    answer(Outcome::Ok, None, content)
}

fn refused() -> Answer {
    answer(Outcome::Refused, None, None)
}

fn shown(status: SubjectStatus) -> Answer {
    answer(Outcome::Ok, Some(Seen::Status(status)), None)
}

fn lost() -> Answer {
    answer(Outcome::Ok, Some(Seen::Gone), None)
}

const OTHER: Content = Content {
    size: 99,
    checksum: 7,
};

#[test]
fn false_answers_about_a_deleted_subject() {
    use Operation::{Create, Delete, Download, Upload};
    let ends = [
        (None, lost(), None),
        (None, shown(Active), Some(Invariant::Acknowledged)),
        (None, shown(Killed), Some(Invariant::Acknowledged)),
        (Some(Download), ok(Some(DATA)), Some(Invariant::Access)),
        (Some(Upload), ok(Some(DATA)), Some(Invariant::Terminal)),
        (Some(Delete), ok(None), Some(Invariant::Terminal)),
    ];
    check(&[Create, Upload, Delete], &ends);
}

#[test]
fn false_answers_about_a_deactivated_subject() {
    use Operation::{Create, Deactivate, Download, DownloadAsAdmin, Upload};
    let ends = [
        (Some(Download), refused(), None),
        (Some(Download), ok(Some(DATA)), Some(Invariant::Access)),
        (Some(DownloadAsAdmin), ok(Some(DATA)), None),
        (
            Some(DownloadAsAdmin),
            refused(),
            Some(Invariant::Acknowledged),
        ),
        (Some(Upload), ok(Some(OTHER)), Some(Invariant::OneUpload)),
    ];
    check(&[Create, Upload, Deactivate], &ends);
}

#[test]
fn false_answers_about_an_active_subject() {
    use Operation::{Create, Download, Upload};
    let holds_other = Answer {
        content: Some(OTHER),
        ..shown(Active)
    };
    let ends = [
        (Some(Download), ok(Some(DATA)), None),
        (
            Some(Download),
            ok(Some(OTHER)),
            Some(Invariant::Acknowledged),
        ),
        (Some(Download), refused(), Some(Invariant::Acknowledged)),
        (Some(Upload), ok(Some(OTHER)), Some(Invariant::OneUpload)),
        (None, holds_other, Some(Invariant::Acknowledged)),
        (None, shown(Queued), Some(Invariant::Acknowledged)),
        (None, lost(), Some(Invariant::Conservation)),
    ];
    check(&[Create, Upload], &ends);
}

#[test]
fn false_answers_about_a_queued_subject() {
    use Operation::{AbortUpload, Create, CreateWithLocation, Deactivate, Download, Upload};
    let ends = [
        (Some(Upload), ok(None), Some(Invariant::Acknowledged)),
        (Some(AbortUpload), ok(None), Some(Invariant::Acknowledged)),
        (Some(Deactivate), ok(None), Some(Invariant::Edge)),
        (Some(Download), refused(), None),
        (Some(Download), ok(Some(DATA)), Some(Invariant::Access)),
        (None, shown(Killed), Some(Invariant::Edge)),
        (None, lost(), Some(Invariant::Conservation)),
    ];
    check(&[Create], &ends);
    let saving = (None, shown(Saving), Some(Invariant::LocationNeverSaving));
    check(&[CreateWithLocation], &[saving]);
}

#[test]
fn two_uploads_at_once_are_never_both_acknowledged() {
    let mut tracker = Tracker::new(None);
    let create = tracker.invoked(Operation::Create);
    tracker.completed(create, &answer(Outcome::Ok, None, None));
    let first = tracker.invoked(Operation::Upload);
    let second = tracker.invoked(Operation::Upload);
    assert_eq!(
        tracker
            .completed(first, &answer(Outcome::Ok, None, Some(DATA)))
            .violation,
        None
    );
    let findings = tracker.completed(second, &answer(Outcome::Ok, None, Some(DATA)));
    assert_eq!(
        findings.violation.map(|found| found.invariant),
        Some(Invariant::OneUpload)
    );
}

#[test]
fn a_deactivation_that_overtook_a_reactivation_is_no_alarm() {
    let mut tracker = Tracker::new(None);
    for operation in [Operation::Create, Operation::Upload] {
        let ticket = tracker.invoked(operation);
        tracker.completed(ticket, &answer(Outcome::Ok, None, Some(DATA)));
    }
    let deactivate = tracker.invoked(Operation::Deactivate);
    let reactivate = tracker.invoked(Operation::Reactivate);
    let ok = answer(Outcome::Ok, None, None);
    let first = tracker.completed(deactivate, &ok);
    assert_eq!(first.transitions, [(Some(Active), Deactivated)]);
    let second = tracker.completed(reactivate, &ok);
    assert_eq!(
        second,
        Findings::default(),
        "it may have come first and changed nothing"
    );
    for status in [Active, Deactivated] {
        assert!(tracker.may_be(Seen::Status(status)));
    }
}

#[test]
fn an_unanswered_delete_may_come_at_any_time() {
    let mut tracker = Tracker::new(Some(false));
    for operation in [Operation::Create, Operation::Upload] {
        let ticket = tracker.invoked(operation);
        tracker.completed(ticket, &answer(Outcome::Ok, None, Some(DATA)));
    }
    let ticket = tracker.invoked(Operation::Delete);
    tracker.completed(ticket, &Answer::new(Outcome::Unknown));
    for seen in [Seen::Status(Active), Seen::Gone] {
        let ticket = tracker.showing();
        let findings = tracker.completed(ticket, &answer(Outcome::Ok, Some(seen), None));
        assert_eq!(findings.violation, None);
        if seen == Seen::Gone {
            assert_eq!(findings.transitions, [(Some(Active), Deleted)]);
        }
    }
    assert!(!tracker.may_be(Seen::Status(Active)));
}

#[test]
fn saving_at_the_end_is_stuck() {
    let tracker = Tracker::new(None);
    assert!(tracker.stuck(Seen::Status(Saving)).is_some());
    assert!(tracker.stuck(Seen::Status(Queued)).is_none());
    assert!(tracker.stuck(Seen::Gone).is_none());
}

#[test]
fn staged_data_waits_and_is_not_stuck() {
    let mut tracker = Tracker::new(None);
    assert!(tracker.stuck(Seen::Status(Uploading)).is_some());
    for operation in [Operation::Create, Operation::Stage] {
        let ticket = tracker.invoked(operation);
        let findings = tracker.completed(ticket, &Answer::new(Outcome::Ok));
        assert_eq!(findings.violation, None);
    }
    assert!(tracker.stuck(Seen::Status(Uploading)).is_none());
}

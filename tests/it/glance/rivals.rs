//! Every pair of operations at the same time on one subject, judged by the tracker.

use super::{Place, Subject, local, place};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use stormglass::engine::glance::Tracker;
use stormglass_glance::Answer;
use stormglass_model::lifecycle::{Operation, Outcome};

const TRIES: u64 = 5;

/// What was found, and how often.
type Tally = BTreeMap<String, u32>;

/// Glance has defects here, so this finds and counts and does not fail; `tests/glance/run cargo test --test it rivals -- --ignored --nocapture`.
#[test]
#[ignore = "it shows the defects of the real server, and takes minutes"]
fn every_pair() {
    let Some(place) = place() else { return };
    let rivals = [
        Operation::Upload,
        Operation::AbortUpload,
        Operation::Download,
        Operation::DownloadAsAdmin,
        Operation::Deactivate,
        Operation::Reactivate,
        Operation::Delete,
    ];
    local(async {
        let mut number = 10_000;
        for before in [
            &[][..],
            &[Operation::Upload],
            &[Operation::Upload, Operation::Deactivate],
        ] {
            for (at, &first) in rivals.iter().enumerate() {
                for &second in &rivals[at..] {
                    let mut tally = Tally::new();
                    for _ in 0..TRIES {
                        number += 1;
                        race(&place, number, before, [first, second], &mut tally).await;
                    }
                    if !tally.is_empty() {
                        eprintln!("after {before:?}: {first} beside {second}: {tally:#?}");
                    }
                }
            }
        }
    });
}

async fn race(
    place: &Place,
    number: u64,
    before: &[Operation],
    both: [Operation; 2],
    tally: &mut Tally,
) {
    let mut subject = Subject::new(place, number);
    subject.check(Operation::Create, Outcome::Ok).await;
    for &operation in before {
        subject.check(operation, Outcome::Ok).await;
    }
    let tracker = Rc::new(RefCell::new(subject.tracker.clone()));
    let found = Rc::new(RefCell::new(Vec::new()));
    let open: Vec<_> = both
        .into_iter()
        .enumerate()
        .map(|(at, operation)| {
            let (tracker, found, client) = (tracker.clone(), found.clone(), subject.client.clone());
            let mut request = subject.asked(operation);
            request.content_seed += at as u64;
            tokio::task::spawn_local(async move {
                tokio::time::sleep(Duration::from_millis(number * 7 % 11 * at as u64)).await;
                let ticket = tracker.borrow_mut().invoked(operation);
                let answer = client.perform(&request).await;
                note(&found, &tracker, ticket, &answer);
                answer
            })
        })
        .collect();
    let mut ends = Vec::new();
    for one in open {
        let answer = one.await.unwrap();
        ends.push(format!("{} {:?}", answer.outcome, answer.http_status));
    }
    for _ in 0..2 {
        let ticket = tracker.borrow_mut().showing();
        let answer = subject.client.show(subject.request.id).await;
        note(&found, &tracker, ticket, &answer);
        let ticket = tracker.borrow_mut().invoked(Operation::DownloadAsAdmin);
        let answer = subject
            .client
            .perform(&subject.asked(Operation::DownloadAsAdmin))
            .await;
        note(&found, &tracker, ticket, &answer);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for violation in found.take() {
        *tally
            .entry(format!("{violation} after {ends:?}"))
            .or_default() += 1;
    }
    subject.client.cleanup().await;
}

fn note(
    found: &RefCell<Vec<String>>,
    tracker: &RefCell<Tracker>,
    ticket: stormglass::engine::glance::Ticket,
    answer: &Answer,
) {
    let findings = tracker.borrow_mut().completed(ticket, answer);
    if let Some(violation) = findings.violation {
        found
            .borrow_mut()
            .push(format!("{}: {}", violation.invariant, violation.detail));
    }
}

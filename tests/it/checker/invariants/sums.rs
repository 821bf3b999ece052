//! `conservation`, `progress`, and the judgement as a whole.

use super::*;
use stormglass_model::fault::FaultId;

#[test]
fn conservation_of_one_subject() {
    deleted().event(Event::Forgotten).keeps();
    // A delete during an upload leaves the upload's bytes behind.
    saving(Profile::V2)
        .sent(2, Delete)
        .moved(Saving, Deleted, 2)
        .done(2, Delete)
        .answered(1, Upload, Fail, None)
        .event(Event::Forgotten)
        .breaks(&[Invariant::Conservation]);
    // Data lost, with nothing open and with a read open.
    uploaded().removed(SIZE).breaks(&[Invariant::Conservation]);
    uploaded()
        .sent(2, Download)
        .removed(1)
        .answered(2, Download, Ok, Some(DATA))
        .breaks(&[Invariant::Conservation]);
    deleted().removed(1).breaks(&[Invariant::Conservation]);
    pending()
        .wait(SCRUB)
        .sent(3, Download)
        .moves(Some(PendingDelete), Deleted, None)
        .removed(SIZE)
        .answered(3, Download, Refused, None)
        .breaks(&[Invariant::Conservation]);
    uploaded().stored(77, 1).breaks(&[Invariant::Conservation]);
    uploaded()
        .event(Event::Forgotten)
        .breaks(&[Invariant::Conservation]);
}

/// An upload failed and has yet to remove what it wrote; `next` is what made the subject active meanwhile.
fn littered(next: impl FnOnce(Script) -> Script) -> Script {
    next(saving(Profile::V2).moved(Saving, Queued, 1))
        .sent(9, Delete)
        .moved(Active, PendingDelete, 9)
        .done(9, Delete)
        .wait(SCRUB)
}

fn with_location(script: Script) -> Script {
    script
        .sent(2, AddLocation)
        .moved(Queued, Active, 2)
        .done(2, AddLocation)
}

fn with_upload(script: Script) -> Script {
    script
        .sent(2, Upload)
        .moved(Queued, Saving, 2)
        .stored(2, SIZE)
        .moved(Saving, Active, 2)
        .answered(2, Upload, Ok, Some(DATA))
}

/// The scrubber owes what the pending delete kept, and not what an upload that is still open has yet to remove.
#[test]
fn conservation_of_a_scrub_beside_a_failed_upload() {
    let scrubbed = |script: Script| script.moves(Some(PendingDelete), Deleted, None);
    let failed = |script: Script| script.answered(1, Upload, Fail, None);
    let reading = |script: Script| script.sent(3, Download);
    let read = |script: Script| script.answered(3, Download, Refused, None);

    failed(scrubbed(littered(with_location)).removed(SIZE)).keeps();
    failed(scrubbed(littered(with_upload).removed(SIZE)).removed(SIZE)).keeps();
    // Nobody can say whose bytes went first; but the scrubber's must have.
    failed(scrubbed(littered(with_upload)).removed(SIZE).removed(SIZE))
        .breaks(&[Invariant::Conservation]);
    // What the upload left is gone before the delete, so that only the scrubber owes anything.
    let clean = littered(|script| with_upload(script).removed(SIZE));
    failed(scrubbed(clean).removed(SIZE)).breaks(&[Invariant::Conservation]);
    // Or later, but the upload has ended.
    let ended = failed(reading(littered(with_upload)).removed(SIZE));
    read(scrubbed(ended).removed(SIZE)).breaks(&[Invariant::Conservation]);
    // Nobody is left who could remove it.
    let ended = failed(reading(littered(with_location)));
    read(scrubbed(ended).removed(SIZE)).breaks(&[Invariant::Conservation]);
    failed(scrubbed(littered(with_location))).breaks(&[Invariant::Conservation]);
}

#[test]
fn conservation_of_locations() {
    located()
        .sent(1, AddLocation)
        .sent(2, RemoveLocation)
        .done(2, RemoveLocation)
        .done(1, AddLocation)
        .keeps();
    located()
        .sent(1, RemoveLocation)
        .done(1, RemoveLocation)
        .breaks(&[Invariant::Conservation]);
    located()
        .sent(1, AddLocation)
        .answered(1, AddLocation, Fail, None)
        .sent(2, RemoveLocation)
        .done(2, RemoveLocation)
        .breaks(&[Invariant::Conservation]);
}

#[test]
fn conservation_against_the_services_own_totals() {
    uploaded().gauges(&[(Active, 1)], SIZE).keeps();
    deleted()
        .event(Event::Forgotten)
        .gauges(&[(Deleted, 1)], 0)
        .keeps();
    let off = |script: Script| script.gauges(&[(Active, 1)], SIZE - 1);
    off(off(uploaded())).breaks(&[Invariant::Conservation]);
    uploaded()
        .gauges(&[(Queued, 1)], SIZE)
        .breaks(&[Invariant::Conservation, Invariant::Conservation]);
    uploaded()
        .gauges(&[(Active, 1)], SIZE)
        .audit(Some(Active), Some(DATA), SIZE)
        .keeps();
    uploaded()
        .audit(Some(Active), Some(DATA), 0)
        .breaks(&[Invariant::Conservation]);
    uploaded()
        .audit(Some(Active), Some(OTHER), SIZE)
        .breaks(&[Invariant::Acknowledged]);
    uploaded()
        .audit(Some(Deactivated), Some(DATA), SIZE)
        .breaks(&[Invariant::Edge]);
    uploaded()
        .audit(None, None, SIZE)
        .breaks(&[Invariant::Acknowledged]);
}

#[test]
fn progress() {
    pending().keeps();
    saving(Profile::V2)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .breaks(&[Invariant::Progress]);
    // What was stuck is found even if a delete frees it before the end.
    saving(Profile::V2)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .sent(2, Delete)
        .moved(Saving, Deleted, 2)
        .done(2, Delete)
        .breaks(&[Invariant::Progress]);
    saving(Profile::V2)
        .removed(SIZE)
        .answered(1, Upload, Unknown, None)
        .breaks(&[Invariant::Progress]);
    importing()
        .moved(Saving, Queued, 1)
        .removed(SIZE)
        .answered(1, Import, Fail, None)
        .breaks(&[Invariant::Progress]);
    importing()
        .moved(Saving, Queued, 1)
        .removed(SIZE)
        .answered(1, Import, Unknown, None)
        .breaks(&[Invariant::Progress]);
}

#[test]
fn operations_still_open_leave_the_verdict_unknown() {
    let judgement = saving(Profile::V2).judged();
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert_eq!(
        judgement.unknown_because.as_deref(),
        Some("1 operation was still open")
    );
    let judgement = saving(Profile::V2).sent(2, Delete).sent(3, Delete).judged();
    assert_eq!(
        judgement.unknown_because.as_deref(),
        Some("3 operations were still open")
    );
    let judgement = saving(Profile::V2).removed(SIZE + 1).judged();
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert_eq!(judgement.unknown_because, None);
}

#[test]
fn only_the_first_violations_are_kept_in_full() {
    let mut script = created(Profile::V2);
    for _ in 0..1_200 {
        script = script.moves(Some(Active), Queued, None);
    }
    assert_eq!(script.checker.violation_total(), 1_200);
    let judgement = script.judged();
    assert_eq!(judgement.violations.len(), 1_000);
    assert_eq!(judgement.counts[Invariant::Edge.index()], 1_200);
}

#[test]
fn a_violation_says_what_happened() {
    let judgement = saving(Profile::V2).moved(Queued, Active, 1).judged();
    let violation = &judgement.violations[0];
    assert_eq!((violation.from, violation.to), ("queued", "active"));
    assert_eq!(violation.operation, Some(Upload));
    assert_eq!(violation.subject, Some(5));
    insta::assert_snapshot!(
        violation.detail,
        @"subject 5 went from queued to active at 7ns, but it was saving since 5ns"
    );
}

#[test]
fn faults_are_not_judged() {
    let mut script = created(Profile::V2);
    script.checker.record(&Record::Fault {
        at: Time(9),
        fault: FaultId(0),
        open: true,
    });
    script.keeps();
}

//! `one-upload`, `acknowledged` and `access`.

use super::*;

#[test]
fn one_upload() {
    saving(Profile::V2)
        .sent(2, Upload)
        .answered(2, Upload, Refused, None)
        .moved(Saving, Active, 1)
        .answered(1, Upload, Ok, Some(DATA))
        .keeps();
    // Accepted into an active subject.
    uploaded()
        .sent(2, Upload)
        .removed(SIZE)
        .stored(2, SIZE)
        .answered(2, Upload, Ok, Some(OTHER))
        .breaks(&[Invariant::Conservation, Invariant::OneUpload]);
    uploaded()
        .sent(2, Upload)
        .answered(2, Upload, Ok, Some(OTHER))
        .breaks(&[Invariant::OneUpload]);
    // Refused, and yet it wrote.
    uploaded()
        .sent(2, Upload)
        .stored(2, SIZE)
        .removed(SIZE)
        .answered(2, Upload, Refused, None)
        .breaks(&[Invariant::OneUpload]);
    saving(Profile::V2)
        .moved(Saving, Active, 1)
        .answered(1, Upload, Refused, None)
        .breaks(&[Invariant::OneUpload]);
    // Written while another is in flight.
    saving(Profile::V2)
        .sent(2, Upload)
        .stored(2, SIZE)
        .removed(SIZE)
        .answered(2, Upload, Fail, None)
        .moved(Saving, Active, 1)
        .answered(1, Upload, Ok, Some(DATA))
        .breaks(&[Invariant::OneUpload]);
    uploaded()
        .invoked(2, Upload, true)
        .answered(2, Upload, Ok, Some(OTHER))
        .breaks(&[Invariant::OneUpload]);
}

/// Whatever the status: a refusal needs a reason.
#[test]
fn a_refusal_needs_a_status_that_forbids_it() {
    let refused = |script: Script, operation| {
        let asked = script.sent(9, operation);
        asked.answered(9, operation, Refused, None)
    };
    refused(uploaded(), Deactivate).breaks(&[Invariant::Acknowledged]);
    refused(created(Profile::V2), Upload).breaks(&[Invariant::Acknowledged]);
    refused(uploaded(), Download).breaks(&[Invariant::Acknowledged]);
    refused(deactivated(), DownloadAsAdmin).breaks(&[Invariant::Acknowledged]);
    refused(deactivated(), Download).keeps();
    refused(uploaded(), Upload).keeps();
    refused(uploaded(), RemoveLocation).keeps();
    // It was deactivated for a while.
    let asked = uploaded().sent(9, Download).sent(2, Deactivate);
    asked
        .moved(Active, Deactivated, 2)
        .done(2, Deactivate)
        .answered(9, Download, Refused, None)
        .keeps();
}

/// A look at the record that finds nothing says that there is nothing.
#[test]
fn what_a_look_does_not_find_is_gone() {
    let looked = |script: Script, seen| {
        script.sent(9, Show).event(Event::Completed {
            op: OpId(9),
            operation: Show,
            outcome: Ok,
            intended: Time::ZERO,
            sent: Time::ZERO,
            content: None,
            seen: Some(seen),
            http_status: None,
        })
    };
    looked(uploaded(), Seen::Gone).breaks(&[Invariant::Acknowledged]);
    looked(created(Profile::V2), Seen::Gone).breaks(&[Invariant::Acknowledged]);
    looked(uploaded(), Seen::Status(Queued)).breaks(&[Invariant::Acknowledged]);
    looked(uploaded(), Seen::Status(Active)).keeps();
    looked(deleted(), Seen::Gone).keeps();
}

#[test]
fn acknowledged_uploads_are_there() {
    let read = |script: Script, content| {
        script
            .sent(9, Download)
            .answered(9, Download, Ok, Some(content))
    };
    read(uploaded(), DATA).keeps();
    read(uploaded(), OTHER).breaks(&[Invariant::Acknowledged]);
    // Read between the activation and the answer.
    let early = read(saving(Profile::V2).moved(Saving, Active, 1), OTHER);
    early
        .answered(1, Upload, Ok, Some(DATA))
        .breaks(&[Invariant::Acknowledged]);
    saving(Profile::V2)
        .moved(Saving, Queued, 1)
        .removed(SIZE)
        .answered(1, Upload, Ok, Some(DATA))
        .breaks(&[Invariant::Acknowledged]);
    created(Profile::V2)
        .sent(1, Upload)
        .moved(Queued, Saving, 1)
        .stored(1, SIZE - 1)
        .moved(Saving, Active, 1)
        .answered(1, Upload, Ok, Some(DATA))
        .breaks(&[Invariant::Acknowledged]);
    saving(Profile::V2)
        .moved(Saving, Active, 1)
        .answered(1, Upload, Fail, None)
        .breaks(&[Invariant::Acknowledged]);
    uploaded()
        .done(1, Upload)
        .breaks(&[Invariant::Acknowledged]);
}

#[test]
fn acknowledged_creates_and_deletes_are_done() {
    let lost = Script::new(Profile::V2).sent(0, Create).done(0, Create);
    lost.gauges(&[], 0)
        .breaks(&[Invariant::Acknowledged, Invariant::Conservation]);
    Script::new(Profile::V2)
        .sent(0, Create)
        .answered(0, Create, Fail, None)
        .event(Event::Forgotten)
        .keeps();
    uploaded()
        .sent(2, Delete)
        .done(2, Delete)
        .sent(3, Download)
        .answered(3, Download, Ok, Some(DATA))
        .breaks(&[Invariant::Acknowledged]);
    pending()
        .sent(3, Reactivate)
        .moved(PendingDelete, Active, 3)
        .done(3, Reactivate)
        .breaks(&[Invariant::Edge, Invariant::Acknowledged]);
    pending()
        .sent(3, Download)
        .answered(3, Download, Ok, Some(DATA))
        .breaks(&[Invariant::Access, Invariant::Acknowledged]);
}

#[test]
fn access_needs_a_status_and_a_role() {
    let read = |script: Script, operation| {
        script
            .sent(9, operation)
            .answered(9, operation, Ok, Some(DATA))
    };
    for operation in [Download, Export, Clone] {
        read(uploaded(), operation).keeps();
        read(deactivated(), operation).breaks(&[Invariant::Access]);
    }
    read(deactivated(), DownloadAsAdmin).keeps();
    read(saving(Profile::V2), DownloadAsAdmin)
        .moved(Saving, Active, 1)
        .answered(1, Upload, Ok, Some(DATA))
        .breaks(&[Invariant::Access]);
    // Active for one instant while the read was open is enough.
    deactivated()
        .sent(3, Download)
        .sent(4, Reactivate)
        .moved(Deactivated, Active, 4)
        .sent(5, Deactivate)
        .moved(Active, Deactivated, 5)
        .done(5, Deactivate)
        .done(4, Reactivate)
        .answered(3, Download, Ok, Some(DATA))
        .keeps();
    uploaded()
        .invoked(2, Download, true)
        .answered(2, Download, Ok, Some(DATA))
        .breaks(&[Invariant::Access]);
    // The deactivation before it failed: the scenario's expectation no longer stands, the rule does.
    uploaded()
        .sent(2, Deactivate)
        .answered(2, Deactivate, Fail, None)
        .invoked(3, Download, true)
        .answered(3, Download, Ok, Some(DATA))
        .keeps();
}

//! Data that does not come as a plain upload: what may come of it, and what may not.

use super::written::{DATA, OTHER, created, reading, row, uploaded};
use stormglass_model::checker::concurrent::{Rules, Symptom};
use stormglass_model::history::{Observation, ProbeReading, Seen};
use stormglass_model::lifecycle::SubjectStatus::{Active, Importing, Queued, Saving};
use stormglass_model::lifecycle::{Operation, Outcome, Who};

const GLANCE: Rules = Rules::glance(Some(false));

#[test]
fn an_upload_in_chunks_is_an_upload() {
    let mut written = created();
    let upload = written.call(Operation::UploadChunked);
    written.shows(Saving).answer(upload, Outcome::Ok);
    written.clone().reads(DATA).shows(Active).holds(&GLANCE);
    written
        .clone()
        .reads(OTHER)
        .breaks(&GLANCE, &[Symptom::Corrupt]);
    written.done(Operation::UploadChunked);
    written.breaks(&GLANCE, &[Symptom::TwoUploads]);
}

#[test]
fn an_upload_in_chunks_is_not_acknowledged_before_its_end() {
    let mut written = created();
    let upload = written.call_with(Operation::UploadChunked, Who::Member, None, false);
    written.answer(upload, Outcome::Ok);
    written.breaks(&GLANCE, &[Symptom::Forbidden]);
}

#[test]
fn a_slow_source_brings_its_data_in_the_end() {
    let mut written = created();
    written.done(Operation::ImportSlow);
    written.shows(Queued).shows(Importing);
    written.clone().shows(Queued).holds(&GLANCE);
    written.shows(Active);
    written.clone().reads(DATA).holds(&GLANCE);
    written.reads(OTHER).breaks(&GLANCE, &[Symptom::Corrupt]);
}

#[test]
fn a_source_that_fails_brings_nothing() {
    use Operation::{ImportCut, ImportDead, ImportMissing, ImportTooLarge};
    for operation in [ImportMissing, ImportDead, ImportCut, ImportTooLarge] {
        let mut written = created();
        written.done(operation);
        written.shows(Importing);
        written
            .clone()
            .shows(Queued)
            .done(Operation::Upload)
            .shows(Active)
            .holds(&GLANCE);
        written
            .clone()
            .shows(Active)
            .breaks(&GLANCE, &[Symptom::WrongStatus]);
        let ended = ProbeReading {
            tasks_open: Some(0),
            ..ProbeReading::default()
        };
        written.tell(Observation::Probed(ended)).shows(Importing);
        written.breaks(&GLANCE, &[Symptom::StuckSubject]);
    }
}

#[test]
fn a_wrong_checksum_may_be_found_out_or_not() {
    for operation in [
        Operation::RegisterLocationChecked,
        Operation::RegisterLocationWrongHash,
    ] {
        let mut written = created();
        written.done(operation);
        written.shows(Importing);
        written.clone().shows(Active).holds(&GLANCE);
        written.shows(Queued).holds(&GLANCE);
        written.shows(Active);
        written.breaks(&GLANCE, &[Symptom::WrongStatus]);
    }
}

#[test]
fn the_older_call_makes_it_active_with_whatever_checksum_is_said() {
    for operation in [
        Operation::AddLocationChecked,
        Operation::AddLocationWrongHash,
    ] {
        let mut written = created();
        let add = written.call(operation);
        let mut refused = written.clone();
        written.answer(add, Outcome::Ok);
        let mut lied = written.clone();
        let look = lied.call(Operation::Show);
        let seen = Some(Seen::Status(Active));
        lied.reply(look, Outcome::Ok, seen, Some(OTHER), Some(200));
        lied.reads(DATA).holds(&GLANCE);
        written.shows(Queued).breaks(&GLANCE, &[Symptom::Undone]);
        refused.answer(add, Outcome::Refused);
        refused.clone().shows(Queued).holds(&GLANCE);
        refused
            .shows(Active)
            .breaks(&GLANCE, &[Symptom::WrongStatus]);
    }
}

#[test]
fn what_another_image_reads_is_still_there_when_that_is_deleted() {
    let mut written = uploaded();
    let copy = written.call(Operation::CopyLocation);
    let here = reading(row(Active, Some(DATA)), Some(DATA.size));
    let gone = reading(row(Active, Some(DATA)), None);
    for outcome in [Outcome::Ok, Outcome::Refused, Outcome::Unknown] {
        let mut copied = written.clone();
        copied.answer(copy, outcome);
        let mut kept = copied.clone();
        kept.shows(Active).reads(DATA).probe(here);
        let symptoms: Vec<_> = kept.judged(&GLANCE).violations;
        let silent = outcome == Outcome::Unknown;
        assert_eq!(symptoms.len(), usize::from(silent), "{symptoms:?}");
        copied.shows(Active).probe(gone);
        let hollow = copied.judged(&GLANCE).violations;
        let hollow = hollow.iter().any(|one| one.symptom == Symptom::Hollow);
        assert!(hollow, "{copied}");
    }
}

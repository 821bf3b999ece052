//! Why a violation is there, by histories as a real server tells them. The name of a cause depends on nothing but the history.

use super::sample::{DATA, Tale, status};
use stormglass::Trial;
use stormglass_model::checker::concurrent::{Rules, Severity};
use stormglass_model::history::{
    Ending, Held, Observation, OpId, PresentRow, ProbeReading, Row, Seen,
};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};

use Operation::*;
use Severity::{BytesLeaked, DataExposed, DataLost, Stuck, WrongAnswer};
use SubjectStatus::{Active, Deleted, Queued, Saving};

/// The causes that a history shows, with how bad each is, in order of time.
#[track_caller]
fn check(tale: Tale, expected: &[(&str, Severity)]) {
    let script = "create".parse().unwrap();
    let trial = Trial::judged(&script, tale.history(), &Rules::glance(Some(false)));
    let found = trial.violations.iter();
    let found: Vec<(String, Severity)> = found
        .map(|one| (one.cause.to_string(), one.severity))
        .collect();
    let found: Vec<(&str, Severity)> = found.iter().map(|(name, bad)| (&**name, *bad)).collect();
    assert_eq!(found, expected, "{:#?}", trial.violations);
}

/// A create that is answered, and from then on ten milliseconds an event.
#[derive(Clone, Default)]
struct Life {
    tale: Tale,
    now: f64,
    next: u64,
    /// Whether the row is marked as deleted.
    gone: bool,
}

impl Life {
    fn created() -> Life {
        let mut life = Life::default();
        life.done(Create);
        life
    }

    fn uploaded() -> Life {
        let mut life = Life::created();
        life.done(Upload);
        life
    }

    fn observed(&mut self, observation: Observation) -> &mut Life {
        self.now += 10.0;
        self.tale = std::mem::take(&mut self.tale).observed(self.now, observation);
        self
    }

    fn sent(&mut self, operation: Operation, who: Who) -> u64 {
        self.now += 10.0;
        let op = self.next;
        self.next += 1;
        self.tale = std::mem::take(&mut self.tale).sent(self.now, op, operation, who);
        op
    }

    fn answered(&mut self, op: u64, http: Option<u16>, seen: Option<SubjectStatus>) -> &mut Life {
        self.now += 10.0;
        let seen = match http {
            Some(404) => Some(Seen::Gone),
            _ => seen.and_then(status),
        };
        self.tale = std::mem::take(&mut self.tale).answered(self.now, op, http, seen);
        self
    }

    fn done(&mut self, operation: Operation) -> &mut Life {
        let op = self.sent(operation, Who::Member);
        self.answered(op, Some(204), None)
    }

    /// The data of the image was given out.
    fn read(&mut self, operation: Operation) -> &mut Life {
        let op = OpId(self.sent(operation, Who::Member));
        let ending = Ending {
            outcome: Outcome::Ok,
            seen: None,
            content: Some(DATA),
            http_status: Some(200),
        };
        self.observed(Observation::Answered { op, ending })
    }

    /// Two at once, the first of them answered last.
    fn rivals(&mut self, first: (Operation, u16), second: (Operation, u16)) -> &mut Life {
        let one = self.sent(first.0, Who::Member);
        let other = self.sent(second.0, Who::Member);
        self.answered(other, Some(second.1), None)
            .answered(one, Some(first.1), None)
    }

    fn shows(&mut self, status: SubjectStatus) -> &mut Life {
        let op = self.sent(Show, Who::Member);
        self.answered(op, Some(200), Some(status))
    }

    fn probed(&mut self, status: SubjectStatus, data: bool, staged: bool) -> &mut Life {
        let held = Some(DATA.size);
        self.observed(Observation::Probed(ProbeReading {
            row: Some(Row::Present(PresentRow {
                status,
                deleted: status == Deleted || self.gone,
                content: None,
                locations: 0,
                in_store: false,
            })),
            data: Some(Held {
                bytes: held.filter(|_| data),
                staged: held.filter(|_| staged),
                ..Held::default()
            }),
            tasks_open: Some(0),
        }))
    }

    /// The image is deleted, and these bytes are in its store, and some in another.
    fn left(&mut self, bytes: Option<u64>) -> &mut Life {
        self.observed(Observation::Probed(ProbeReading {
            row: Some(Row::Absent),
            data: Some(Held {
                bytes,
                stray: Some(DATA.size),
                ..Held::default()
            }),
            tasks_open: Some(0),
        }))
    }

    fn tale(&mut self) -> Tale {
        std::mem::take(&mut self.tale)
    }
}

#[test]
fn a_save_overwrites_what_another_has_changed() {
    let update = |first, second| {
        let mut life = Life::uploaded();
        life.rivals(first, second).shows(Active);
        life.tale()
    };
    let undone = [("stale-write: update", DataExposed)];
    // Whichever came first, and whichever update it was.
    check(update((Deactivate, 204), (SetProperty, 200)), &undone);
    check(update((SetProperty, 200), (Deactivate, 204)), &undone);
    check(update((AddLocation, 200), (Deactivate, 204)), &undone);

    let mut life = Life::created();
    let upload = life.sent(Upload, Who::Member);
    life.done(AddLocation).answered(upload, Some(410), None);
    let restored = [("stale-write: upload", WrongAnswer)];
    check(life.shows(Queued).tale(), &restored);

    let mut life = Life::created();
    life.rivals((Upload, 204), (SetProperty, 200)).shows(Saving);
    let stuck = [("stale-write: update", WrongAnswer)];
    check(life.tale(), &stuck);
}

/// A reader cannot read more than before, so it is no exposure; and what was staged is left since nothing says so any more.
#[test]
fn a_refused_upload_takes_a_staged_image_back_to_queued() {
    let mut life = Life::created();
    life.done(Stage);
    let upload = life.sent(Upload, Who::Reader);
    life.answered(upload, Some(403), None).shows(Queued);
    life.probed(Queued, false, true);
    check(
        life.tale(),
        &[
            ("stale-write: upload", WrongAnswer),
            ("stale-write: upload", BytesLeaked),
        ],
    );
}

/// A registration that fails late takes back to queued what an upload has made active since.
#[test]
fn data_whose_status_was_overwritten_is_not_left_by_its_upload() {
    let mut life = Life::created();
    let register = life.sent(RegisterLocationWrongHash, Who::Member);
    life.answered(register, Some(202), None).done(Upload);
    let told = [("stale-write: import", BytesLeaked)];
    check(life.probed(Queued, true, false).tale(), &told);
}

/// Answered or not: the image is deleted, and its data is there.
#[test]
fn a_delete_whose_answer_nobody_has_leaves_what_it_leaves() {
    let mut life = Life::uploaded();
    life.done(Deactivate);
    let delete = life.sent(Delete, Who::Member);
    life.answered(delete, None, None)
        .probed(Deleted, true, false);
    check(
        life.tale(),
        &[
            ("bad-answer: delete", WrongAnswer),
            ("no-clean-up: delete", BytesLeaked),
        ],
    );
}

/// The record no longer says where the data is when the delete comes.
#[test]
fn a_delete_after_an_overwritten_upload_leaves_nothing_itself() {
    let mut life = Life::created();
    let register = life.sent(RegisterLocationChecked, Who::Member);
    life.answered(register, Some(202), None)
        .done(Upload)
        .done(Delete);
    let told = [("stale-write: import", BytesLeaked)];
    check(life.probed(Deleted, true, false).tale(), &told);
}

/// Sharing updates the visibility first, and that is what puts the older record back.
#[test]
fn a_property_lost_beside_a_share_was_overwritten_by_an_update() {
    let mut life = Life::uploaded();
    let share = life.sent(Share, Who::Member);
    let update = life.sent(SetProperty, Who::Member);
    let op = OpId(update);
    life.observed(Observation::Property { op, value: Some(7) });
    life.answered(update, Some(200), Some(Active));
    life.answered(share, Some(200), None);
    let show = life.sent(Show, Who::Member);
    let op = OpId(show);
    life.observed(Observation::Property { op, value: None });
    life.answered(show, Some(200), Some(Active));
    check(life.tale(), &[("stale-write: update", WrongAnswer)]);
}

/// The place of the data is in the record before the image is active, and its data is given out.
#[test]
fn data_of_a_queued_image_is_no_ones_to_read() {
    let mut life = Life::created();
    let register = life.sent(RegisterLocation, Who::Member);
    life.answered(register, Some(202), None);
    life.read(Download).shows(Queued);
    check(life.tale(), &[("wrong-access: download", WrongAnswer)]);
}

/// It found the image, was overtaken by a delete, wrote all the same, and then said that the image is not there.
#[test]
fn an_update_that_ends_in_404_has_written_over_a_delete() {
    let mut life = Life::created();
    let delete = life.sent(Delete, Who::Member);
    let update = life.sent(SetProperty, Who::Member);
    life.answered(delete, Some(204), None);
    life.answered(update, Some(404), None);
    life.gone = true;
    let told = [("stale-write: update", WrongAnswer)];
    check(life.probed(Queued, false, false).tale(), &told);
}

#[test]
fn what_is_left_is_left_by_whom() {
    let mut life = Life::uploaded();
    life.done(Deactivate)
        .done(Delete)
        .probed(Deleted, true, false);
    check(life.tale(), &[("no-clean-up: delete", BytesLeaked)]);
    for rivals in [
        [(Upload, 204), (Delete, 204)],
        [(Delete, 204), (Upload, 204)],
    ] {
        let mut life = Life::created();
        life.rivals(rivals[0], rivals[1])
            .probed(Deleted, true, false);
        check(life.tale(), &[("no-clean-up: upload", BytesLeaked)]);
    }
    let mut life = Life::created();
    let upload = life.sent(Upload, Who::Member);
    life.answered(upload, Some(400), None);
    check(
        life.probed(Queued, true, false).tale(),
        &[("no-clean-up: failed upload", BytesLeaked)],
    );
}

/// What a probe reads of an active image, of which a store that its row names lacks the data, or one that it does not has some.
fn in_stores(lacking: bool, stray: bool) -> Observation {
    Observation::Probed(ProbeReading {
        row: Some(Row::Present(PresentRow {
            status: Active,
            deleted: false,
            content: Some(DATA),
            locations: 2,
            in_store: true,
        })),
        data: Some(Held {
            bytes: Some(DATA.size),
            stray: Some(DATA.size).filter(|_| stray),
            lacking,
            ..Held::default()
        }),
        tasks_open: Some(0),
    })
}

#[test]
fn what_is_wrong_in_one_of_several_stores_is_done_by_whom() {
    for (rival, cause) in [
        (SetProperty, "stale-write: update"),
        (DeleteFromDefaultStore, "stale-write: delete-from-store"),
    ] {
        let mut life = Life::uploaded();
        life.rivals((DeleteFromStore, 204), (rival, 204));
        life.observed(in_stores(true, false));
        check(life.tale(), &[(cause, WrongAnswer)]);
    }
    let mut life = Life::uploaded();
    life.done(CopyImage).done(DeleteFromStore);
    life.observed(in_stores(true, false));
    check(life.tale(), &[("stale-write: copy-image", WrongAnswer)]);

    let mut life = Life::uploaded();
    life.done(CopyImage).observed(in_stores(false, true));
    check(life.tale(), &[("no-clean-up: copy-image", BytesLeaked)]);

    let mut life = Life::uploaded();
    life.rivals((CopyImage, 202), (SetProperty, 200));
    life.observed(in_stores(false, true));
    check(life.tale(), &[("stale-write: update", BytesLeaked)]);

    // What a delete leaves in every store, it leaves.
    let mut life = Life::uploaded();
    life.done(CopyImage).done(Deactivate).done(Delete);
    let mut both = life.clone();
    check(
        both.left(Some(DATA.size)).tale(),
        &[("no-clean-up: delete", BytesLeaked)],
    );
    check(
        life.left(None).tale(),
        &[("no-clean-up: copy-image", BytesLeaked)],
    );
}

#[test]
fn a_save_undoes_a_deactivation_whichever_it_is() {
    for (operation, cause) in [
        (DeleteFromStore, "stale-write: delete-from-store"),
        (CopyImage, "stale-write: copy-image"),
    ] {
        let mut life = Life::uploaded();
        life.rivals((operation, 202), (Deactivate, 204));
        check(life.shows(Active).tale(), &[(cause, DataExposed)]);
    }
}

#[test]
fn a_delete_that_breaks_off_destroys_data() {
    let mut life = Life::uploaded();
    life.done(CopyImage);
    life.rivals((Delete, 500), (DeleteFromStore, 403));
    life.shows(Active);
    let read = life.sent(Download, Who::Member);
    life.answered(read, Some(403), None);
    check(
        life.tale(),
        &[
            ("server-error: delete", WrongAnswer),
            ("wrong-effect: failed delete", WrongAnswer),
        ],
    );
}

#[test]
fn an_error_is_that_of_the_request_it_answers() {
    let mut life = Life::uploaded();
    life.rivals((Deactivate, 204), (Reactivate, 500));
    check(life.tale(), &[("server-error: deactivate", WrongAnswer)]);
    let mut life = Life::uploaded();
    let delete = life.sent(Delete, Who::Member);
    life.answered(delete, Some(409), None);
    check(life.tale(), &[("wrong-refusal: delete", WrongAnswer)]);
}

#[test]
fn what_the_server_broke_off_is_not_taken_up() {
    let mut life = Life::created();
    let upload = life.sent(Upload, Who::Member);
    life.observed(Observation::Broken(true));
    life.answered(upload, None, None);
    life.observed(Observation::Broken(false));
    life.shows(Saving).probed(Saving, false, false);
    check(life.tale(), &[("no-recovery: upload", Stuck)]);
}

#[test]
fn an_accept_brings_back_what_an_unshare_has_taken() {
    let mut life = Life::uploaded();
    life.done(Share);
    let unshare = life.sent(Unshare, Who::Member);
    let accept = life.sent(Accept, Who::OtherProject);
    life.answered(unshare, Some(204), None)
        .answered(accept, Some(200), None);
    let show = life.sent(Show, Who::OtherProject);
    life.answered(show, Some(200), Some(Active)).shows(Active);
    check(life.tale(), &[("stale-write: share", DataExposed)]);
}

/// Whatever else was sent meanwhile.
#[test]
fn the_delete_of_another_image_takes_the_data_along() {
    for beside in [None, Some(SetProperty)] {
        let mut life = Life::uploaded();
        let copy = life.sent(CopyLocation, Who::Member);
        if let Some(beside) = beside {
            life.done(beside);
        }
        life.answered(copy, Some(200), None).shows(Active);
        life.observed(Observation::Probed(ProbeReading {
            row: Some(Row::Present(PresentRow {
                status: Active,
                deleted: false,
                content: Some(DATA),
                locations: 1,
                in_store: true,
            })),
            data: Some(Held::default()),
            tasks_open: Some(0),
        }));
        check(life.tale(), &[("wrong-effect: delete", DataLost)]);
    }
}

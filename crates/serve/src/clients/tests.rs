//! Each rule accepts a client that behaves and finds one that does not.

use super::*;

const DEMO: &str = "demo";

/// A client's calls, one a second unless it is said otherwise.
struct Calls {
    checker: ClientChecker,
    number: u64,
    now: Time,
}

fn image(number: u128) -> ImageId {
    ImageId::random(number)
}

fn client(user: &str) -> Client {
    Client {
        user: user.to_owned(),
        project: "demo".to_owned(),
    }
}

impl Calls {
    fn new() -> Calls {
        Calls {
            checker: ClientChecker::new(Span::from_millis(500)),
            number: 0,
            now: Time(1_000_000_000),
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now = self.now + Span::from_millis(ms);
    }

    fn call(&mut self, user: &str, doing: Doing, on: Option<ImageId>, answered: Answered) {
        self.call_that(user, doing, on, answered, |_, _| {});
    }

    fn call_that(
        &mut self,
        user: &str,
        doing: Doing,
        on: Option<ImageId>,
        answered: Answered,
        does: impl FnOnce(&mut ClientChecker, u64),
    ) {
        self.wait(1_000);
        self.number += 1;
        let asked = Asked::new(client(user), doing, on, self.now);
        self.checker.asked(self.number, asked);
        does(&mut self.checker, self.number);
        self.wait(10);
        self.checker.answered(self.number, self.now, answered);
    }

    fn create(&mut self, user: &str, made: ImageId, answered: Answered) {
        self.call_that(user, Doing::Create, None, answered, |checker, number| {
            checker.says(number, 7);
            checker.made(number, made);
        });
    }

    fn list(&mut self, user: &str, shows: &[ImageId]) {
        self.call_that(user, Doing::LookAtAll, None, status(200), |it, number| {
            it.listed(number, shows.to_vec());
        });
    }

    /// The mistakes, if these images are left with data, and those without.
    fn found(&self, with: &[ImageId], without: &[ImageId]) -> Vec<Misuse> {
        let left = |image: &ImageId, has_data| Left {
            image: *image,
            has_data,
            busy: false,
        };
        let with = with.iter().map(|it| left(it, true));
        let left = with.chain(without.iter().map(|it| left(it, false)));
        let report = self.checker.report(left, self.now);
        assert_eq!(report.total() as usize, report.findings.len());
        report.findings.into_iter().map(|it| it.misuse).collect()
    }
}

fn status(status: u16) -> Answered {
    Answered {
        status: Some(status),
        ..Answered::default()
    }
}

const LOST: Answered = Answered {
    status: None,
    retry_after: None,
    under_way: false,
};

#[test]
fn a_create_is_sent_again_only_after_a_look() {
    let mut blind = Calls::new();
    blind.create(DEMO, image(1), LOST);
    blind.create(DEMO, image(2), status(201));
    assert_eq!(
        blind.found(&[image(1), image(2)], &[]),
        [Misuse::BlindRetry, Misuse::LeakedImage]
    );
    let mut looks = Calls::new();
    looks.create(DEMO, image(1), LOST);
    looks.list(DEMO, &[]);
    looks.create(DEMO, image(2), status(201));
    looks.call(DEMO, Doing::Delete, Some(image(1)), status(204));
    assert_eq!(looks.found(&[image(2)], &[]), []);
    // Somebody else's is none of a second sending, nor is one that says something else.
    let mut others = Calls::new();
    others.create(DEMO, image(1), LOST);
    others.create("alt", image(2), status(201));
    others.call_that(DEMO, Doing::Create, None, status(201), |checker, number| {
        checker.says(number, 8);
    });
    others.call(DEMO, Doing::Delete, Some(image(1)), status(204));
    assert_eq!(others.found(&[image(2)], &[]), []);
}

#[test]
fn an_upload_is_sent_again_only_after_a_look() {
    for (look, found) in [(false, vec![Misuse::BlindRetry]), (true, vec![])] {
        for unknown in [LOST, status(504)] {
            let mut calls = Calls::new();
            calls.create(DEMO, image(1), status(201));
            calls.call(DEMO, Doing::Upload, Some(image(1)), unknown);
            if look {
                calls.call(DEMO, Doing::Look, Some(image(1)), status(200));
            }
            calls.call(DEMO, Doing::Upload, Some(image(1)), status(204));
            assert_eq!(calls.found(&[image(1)], &[]), found);
        }
    }
    // What does no more the second time may be sent again.
    let mut calls = Calls::new();
    calls.create(DEMO, image(1), status(201));
    for doing in [Doing::Look, Doing::Download, Doing::Change, Doing::Delete] {
        calls.call(DEMO, doing, Some(image(1)), LOST);
        calls.call(DEMO, doing, Some(image(1)), status(200));
    }
    assert_eq!(calls.found(&[], &[]), []);
}

#[test]
fn who_is_refused_looks_why() {
    for (code, look, found) in [
        (409, false, vec![Misuse::IgnoredRefusal]),
        (410, false, vec![Misuse::IgnoredRefusal]),
        (409, true, vec![]),
        (403, false, vec![]),
    ] {
        let mut calls = Calls::new();
        calls.create(DEMO, image(1), status(201));
        calls.call(DEMO, Doing::Upload, Some(image(1)), status(code));
        if look {
            calls.call(DEMO, Doing::Look, Some(image(1)), status(200));
        }
        calls.call(DEMO, Doing::Upload, Some(image(1)), status(204));
        assert_eq!(calls.found(&[image(1)], &[]), found, "{code} {look}");
    }
}

#[test]
fn who_is_told_to_wait_waits() {
    let busy = Answered {
        status: Some(503),
        retry_after: Some(Span::from_secs(3)),
        under_way: false,
    };
    for (wait, found) in [(0, vec![Misuse::TooFast]), (2_100, vec![])] {
        let mut calls = Calls::new();
        calls.call(DEMO, Doing::Download, Some(image(1)), busy);
        calls.wait(wait);
        calls.call(DEMO, Doing::Download, Some(image(1)), status(200));
        assert_eq!(calls.found(&[], &[]), found);
    }
}

#[test]
fn what_is_on_its_way_is_not_looked_at_all_the_time() {
    let under_way = Answered {
        under_way: true,
        ..status(200)
    };
    let looks = |between: u64, answered: Answered| {
        let mut calls = Calls::new();
        for number in 0..10 {
            let asked = Asked::new(client(DEMO), Doing::Look, Some(image(1)), calls.now);
            calls.checker.asked(number, asked);
            calls.checker.answered(number, calls.now, answered);
            calls.wait(between);
        }
        calls.found(&[], &[])
    };
    assert_eq!(looks(100, under_way), [Misuse::TooFast]);
    assert_eq!(looks(500, under_way), []);
    // What is at rest may be looked at as often as one likes.
    assert_eq!(looks(100, status(200)), []);
}

#[test]
fn data_goes_into_own_images() {
    for (user, code, found) in [
        ("alt", 204, vec![Misuse::ForeignUpload]),
        ("alt", 403, vec![]),
        (DEMO, 204, vec![]),
    ] {
        let mut calls = Calls::new();
        calls.create(DEMO, image(1), status(201));
        calls.call(user, Doing::Upload, Some(image(1)), status(code));
        assert_eq!(calls.found(&[image(1)], &[]), found, "{user} {code}");
    }
}

#[test]
fn an_image_that_nobody_will_use_is_deleted() {
    // Without data.
    let mut calls = Calls::new();
    calls.create(DEMO, image(1), status(201));
    calls.call(DEMO, Doing::Upload, Some(image(1)), status(500));
    assert_eq!(calls.found(&[], &[image(1)]), [Misuse::LeakedImage]);
    calls.call(DEMO, Doing::Delete, Some(image(1)), status(204));
    assert_eq!(calls.found(&[], &[]), []);
    // With data of which its creator does not know.
    let mut calls = Calls::new();
    calls.create(DEMO, image(1), status(201));
    calls.call(DEMO, Doing::Upload, Some(image(1)), LOST);
    // A list of others shows it nothing.
    calls.list(DEMO, &[image(2)]);
    assert_eq!(calls.found(&[image(1)], &[]), [Misuse::LeakedImage]);
    calls.list(DEMO, &[image(1)]);
    assert_eq!(calls.found(&[image(1)], &[]), []);
    calls.call(DEMO, Doing::Upload, Some(image(1)), LOST);
    calls.call(DEMO, Doing::Look, Some(image(1)), status(200));
    assert_eq!(calls.found(&[image(1)], &[]), []);
    // Whose creator is still waiting, and one that was there from the beginning.
    let busy = Left {
        image: image(1),
        has_data: false,
        busy: true,
    };
    let stock = Left {
        image: image(9),
        busy: false,
        ..busy
    };
    let report = calls.checker.report([busy, stock].into_iter(), calls.now);
    assert_eq!(report.total(), 0);
}

#[test]
fn data_that_came_wrong_is_not_used() {
    for (again, md5, found) in [
        (false, "bad", vec![Misuse::WrongDataUsed]),
        (true, "bad", vec![]),
        (false, "good", vec![]),
    ] {
        let mut calls = Calls::new();
        calls.call(DEMO, Doing::Download, Some(image(1)), status(200));
        calls
            .checker
            .delivered_wrong(client(DEMO), image(1), "bad".to_owned(), "cut off");
        if again {
            calls.call(DEMO, Doing::Download, Some(image(1)), status(200));
        }
        calls.create(DEMO, image(2), status(201));
        calls.call_that(
            DEMO,
            Doing::Upload,
            Some(image(2)),
            status(204),
            |it, number| {
                it.brought(number, md5);
            },
        );
        assert_eq!(calls.found(&[image(2)], &[]), found);
    }
}

#[test]
fn what_goes_on_for_ever_takes_no_more_memory_for_ever() {
    let mut calls = Calls::new();
    for number in 0..3_000 {
        calls.create(DEMO, image(number), LOST);
        calls.call(DEMO, Doing::Upload, Some(image(number)), LOST);
        calls
            .checker
            .delivered_wrong(client(DEMO), image(number), number.to_string(), "cut off");
    }
    let report = calls.checker.report(std::iter::empty(), calls.now);
    assert_eq!(report.total(), 2_999, "each create but the first");
    assert_eq!(report.findings.len(), KEPT);
    assert!(calls.checker.wrong.len() <= WRONG);
}

//! What happens at a point of an operation: a rival, a fault of its client, or a command.

use super::jitter;
use super::session::Session;
use crate::history::{Seen, Told};
use crate::lifecycle::{Operation, SubjectStatus};
use crate::script::{Act, Point, Second};
use crate::target::glance::Watch;
use crate::units::Span;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;

/// How far apart rivals may be sent: about as long as an operation without data takes.
const APART: Span = Span::from_millis(15);
/// How long data is held back at a point, so that the rival comes to pass inside the operation.
const HELD: Span = Span::from_millis(40);
/// The same for a command, which has a process to start.
const HELD_FOR_COMMAND: Span = Span::from_millis(300);
/// How long an operation may go on before the command beside it is taken back.
const BROKEN: Duration = Duration::from_millis(1_000);
/// How long a server may take to come back.
const BACK: Duration = Duration::from_secs(60);
/// How long a status is waited for.
const ENTERS: Duration = Duration::from_secs(3);

impl Session {
    pub(super) async fn race(self: &Rc<Self>, first: Act, at: Point, second: &Second) {
        match second {
            Second::Rival(rival) => self.rivals(first, at, *rival).await,
            Second::Fault(fault) => {
                let watch = Watch::new(at, Span::ZERO, Some(*fault));
                self.spoil(first, &watch).await;
            }
            Second::Command(name) => self.broken(first, at, name).await,
        }
    }

    async fn rivals(self: &Rc<Self>, first: Act, at: Point, rival: Act) {
        let (apart, held, early) = {
            let rng = &mut *self.rng.borrow_mut();
            // Half of the time both are sent at the point itself.
            let apart = match crate::random::unit(rng) < 0.5 {
                true => Duration::ZERO,
                false => jitter(rng, APART),
            };
            let held = Span(jitter(rng, HELD).as_nanos() as u64);
            (apart, held, crate::random::unit(rng) < 0.5)
        };
        let watch = Watch::new(at, held, None);
        let session = Rc::clone(self);
        let watched = Rc::clone(&watch);
        let first_too = at == Point::Before && early;
        let one = spawn_local(async move {
            if first_too {
                tokio::time::sleep(apart).await;
            }
            session.act(first, Some(&watched)).await
        });
        match at {
            Point::Before if early => {}
            Point::Enters(status) => self.enters(status, &one).await,
            Point::Before
            | Point::FirstByte
            | Point::MidBody
            | Point::LastByte
            | Point::Answer
            | Point::After(_) => {
                watch.passed().await;
                tokio::time::sleep(apart).await;
            }
        }
        self.act(rival, None).await;
        let _ = one.await; // its answer is in the history
    }

    /// Looks until the subject is seen in the status, or the operation that should bring it there has ended.
    async fn enters<T>(&self, status: SubjectStatus, one: &tokio::task::JoinHandle<T>) {
        let began = self.ground.clock.now();
        loop {
            let ended = one.is_finished();
            let answer = self.act(Act::usual(Operation::Show), None).await;
            let waited = Duration::from_nanos(self.ground.clock.now().since(began).0);
            // What goes on after its answer may still get there.
            let hopeless = ended && answer.observed.is_some_and(|seen| at_rest(seen, status));
            if answer.observed == Some(Seen::Status(status)) || hopeless || waited > ENTERS {
                return;
            }
        }
    }

    /// An operation, and a command in the middle of it. It is taken back once the operation has ended, or does not end.
    async fn broken(self: &Rc<Self>, first: Act, at: Point, name: &str) {
        if at == Point::Before {
            self.break_it(name).await;
        }
        let watch = Watch::new(at, HELD_FOR_COMMAND, None);
        let session = Rc::clone(self);
        let watched = Rc::clone(&watch);
        let mut one = spawn_local(async move { session.act(first, Some(&watched)).await });
        if at != Point::Before {
            watch.passed().await;
            self.break_it(name).await;
        }
        let _ = tokio::time::timeout(BROKEN, &mut one).await;
        self.heal(name).await;
        if !one.is_finished() {
            let _ = one.await;
        }
    }

    /// A command alone: done, and taken back if it can be.
    pub(super) async fn command(&self, name: &str) {
        self.break_it(name).await;
        self.heal(name).await;
    }

    async fn break_it(&self, name: &str) {
        self.tell(Told::Broken(true));
        let done = self.ground.commands.run(name, Some(self.image())).await;
        if let Err(error) = done {
            self.note(name, error.to_string());
        }
    }

    async fn heal(&self, name: &str) {
        if let Err(error) = self.ground.commands.undo(name).await {
            self.note(name, error.to_string());
        }
        self.comes_back().await;
        self.tell(Told::Broken(false));
    }

    /// Waits until the server answers again, several times in a row: each of its processes may have to find out for itself.
    async fn comes_back(&self) {
        let began = self.ground.clock.now();
        let mut good = 0;
        while good < 5 {
            let answer = self.ground.client.show(self.image()).await;
            good = if answer.observed.is_some() {
                good + 1
            } else {
                0
            };
            if Duration::from_nanos(self.ground.clock.now().since(began).0) > BACK {
                self.lost.set(true);
                return;
            }
            if good == 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Whether a subject seen like this will not get into `status` by itself.
fn at_rest(seen: Seen, status: SubjectStatus) -> bool {
    match seen {
        Seen::Gone => true,
        Seen::Status(SubjectStatus::Active | SubjectStatus::Deactivated) => true,
        Seen::Status(SubjectStatus::Queued) => status == SubjectStatus::Saving,
        Seen::Status(_) => false,
    }
}

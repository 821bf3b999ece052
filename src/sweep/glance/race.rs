//! What happens at a point of an operation: a rival, a fault of its client, or a command.

use super::session::Session;
use crate::engine::enters;
use std::rc::Rc;
use std::time::Duration;
use stormglass_glance::Watch;
use stormglass_model::history::Observation;
use stormglass_model::lifecycle::Operation;
use stormglass_model::script::{Act, Point, Second};
use stormglass_model::units::{Span, Time};
use tokio::task::{JoinHandle, spawn_local};

/// How long data is held back at a point for a command, which has a process to start.
const HELD_FOR_COMMAND: Span = Span::from_millis(300);
/// How long an operation may go on before the command beside it is taken back.
const BROKEN: Duration = Duration::from_millis(1_000);
/// How long a server may take to come back.
const BACK: Duration = Duration::from_secs(60);

impl Session {
    pub(super) async fn race(self: &Rc<Self>, first: Act, at: Point, second: &Second) {
        match second {
            Second::Rival(rival) => self.rivals(first, at, *rival).await,
            Second::Fault(fault) => {
                let name = format!("!{fault}");
                if let Some(reason) = self.shared.client.unable(first.who, *fault) {
                    let step = format!("[{first} {at} {name}]");
                    return self.note(&name, format!("{step} was not done: {reason}"));
                }
                let watch = Watch::new(at, Span::ZERO, Some(*fault));
                self.perform(first, Some(&watch), true).await;
                if let Some(why) = watch.unrevoked() {
                    self.note(&name, format!("{first}: {why}"));
                }
            }
            Second::Command(name) => self.broken(first, at, name).await,
        }
    }

    async fn rivals(self: &Rc<Self>, first: Act, at: Point, rival: Act) {
        let spacing = {
            let rng = &mut *self.rng.borrow_mut();
            let timing = self.shared.timing.borrow();
            timing.spacing(first, at, rival, rng)
        };
        let clock = self.shared.clock;
        let watch = Watch::new(at, spacing.held, None);
        let one = self.begin(first, &watch, spacing.first);
        if let Point::Enters(status) = at {
            let look = async || self.act(Act::usual(Operation::Show)).await;
            let wait = enters(status, async || one.is_finished(), look);
            self.shared.progress.interruption().hurry(wait).await;
        } else {
            watch.passed().await;
        }
        let passed = clock.now();
        self.pause(Duration::from_nanos(spacing.rival.0)).await;
        let sent = clock.now();
        self.act(rival).await;
        let rivals = clock.now().since(sent);
        // Its answer is in the history.
        let Ok((began, ended)) = one.await else {
            return;
        };
        let from = if at == Point::Before { began } else { passed };
        let took = ended.0.saturating_sub(from.0 + spacing.held.0);
        let mut timing = self.shared.timing.borrow_mut();
        timing.saw(first, at, Span(took));
        timing.saw(rival, Point::Before, rivals);
    }

    /// Begins an operation after a while; gives when it was begun and when it ended.
    fn begin(
        self: &Rc<Self>,
        act: Act,
        watch: &Rc<Watch>,
        after: Span,
    ) -> JoinHandle<(Time, Time)> {
        let (session, watch) = (Rc::clone(self), Rc::clone(watch));
        spawn_local(async move {
            session.pause(Duration::from_nanos(after.0)).await;
            let began = session.shared.clock.now();
            session.perform(act, Some(&watch), false).await;
            (began, session.shared.clock.now())
        })
    }

    /// An operation, and a command in the middle of it. It is taken back once the operation has ended, or does not end.
    async fn broken(self: &Rc<Self>, first: Act, at: Point, name: &str) {
        if at == Point::Before {
            self.break_it(name).await;
        }
        let watch = Watch::new(at, HELD_FOR_COMMAND, None);
        let mut one = self.begin(first, &watch, Span::ZERO);
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
        self.tell(Observation::Broken(true));
        self.damaged
            .set(self.damaged.get() || self.shared.commands.damages_data(name));
        let done = self.shared.commands.run(name, Some(self.image)).await;
        if let Err(error) = done {
            self.shared.client.hears_of(&error);
            self.note(name, error.to_string());
        }
    }

    async fn heal(&self, name: &str) {
        if let Err(error) = self.shared.commands.undo(name).await {
            self.shared.client.hears_of(&error);
            self.note(name, error.to_string());
            self.lose(format!("what the command `{name}` did is not undone"));
        }
        self.comes_back().await;
        if self.shared.lost.get().is_none() {
            self.tell(Observation::Broken(false));
        }
    }

    /// The first reason counts.
    fn lose(&self, why: String) {
        let _ = self.shared.lost.set(why);
    }

    /// Waits until the server answers again, several times in a row: each of its processes may have to find out for itself.
    async fn comes_back(&self) {
        let began = self.shared.clock.now();
        let mut good = 0;
        while good < 5 {
            let answer = self.shared.client.show(self.image).await;
            good = answer.observed.map_or(0, |_| good + 1);
            if self.shared.progress.is_interrupted() {
                return;
            }
            if self.since(began) > BACK {
                let url = self.shared.target.url.as_deref();
                return self.lose(format!("{} did not come back", url.unwrap_or("the server")));
            }
            if good == 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

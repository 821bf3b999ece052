//! The core that both engines run: driver, target, calendar and controls, wired together.
//!
//! An engine only says what time it is. Everything due by then is done here, in the order of the calendar,
//! and the history goes to the recorder in batches.

use super::actor::Runtime;
use super::actor_table::{ActorTable, Single};
use super::calendar::Calendar;
use super::driver::{Driver, DriverWake, Share};
use super::lengths;
use super::nemesis::{Nemesis, NemesisMessage};
use super::progress::Progress;
use super::recorder::{Recorder, RecorderMessage, seed_of};
use super::run_checker::RunChecker;
use crate::metrics::RunResult;
use crate::scenario::{Clock, Scenario};
use std::rc::Rc;
use std::sync::Arc;
use stormglass_model::config::ServiceConfig;
use stormglass_model::fault::Faults;
use stormglass_model::history::{Gauges, Record};
use stormglass_model::invocation::Out;
use stormglass_model::random::Seed;
use stormglass_model::service::Service;
use stormglass_model::target::Target;
use stormglass_model::units::{Span, Time};

/// What waits in the calendar.
#[derive(Clone, Copy, Debug)]
enum StormWake<W> {
    Driver(DriverWake),
    Target(W),
    Nemesis,
    Interval,
    Phase,
    Window,
    LoadEnd,
    SettleEnd,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunState {
    Load,
    Settle,
    Closing,
    Over,
}

/// Records of a batch: small enough to stay in the nearest cache, large enough to pay for the message.
const BATCH: usize = 256;

/// Audits of one message to the recorder: memory does not grow with the number of subjects.
const AUDITS: usize = 4_096;

/// In real time so many entries are executed before what ended is heard: few enough that what they touched
/// is still in cache.
const ROUND: usize = 64;

/// What so many completions need is fetched at once, so that their waits for memory overlap.
const GROUP: usize = 16;

/// How long open operations may take to end once the user wants the run to stop.
const HASTE: Span = Span::from_secs(1);

/// One run, or one shard of a live run.
pub struct Storm<T: Target, S: Runtime> {
    pub(super) driver: Driver,
    target: T,
    recorder: Single<S, Recorder>,
    nemesis: Single<S, Nemesis>,
    calendar: Calendar<StormWake<T::Wake>>,
    out: Out<T::Wake>,
    now: Time,
    state: RunState,
    /// How long settle lasts, and how long it may last while anything is open.
    settle: (Span, Span),
    /// When the load ended.
    load_end: Time,
    interval: Span,
    events: u64,
    /// Whether somebody may ask how it stands.
    tallied: bool,
    /// How often it has heard that somebody wants to see how it stands.
    heard: u64,
    interrupted: bool,
    /// Whether virtual time has come to its end.
    overran: bool,
    /// Whether a run may end before its settle time has passed, once everything is at rest.
    eager: bool,
}

/// What the target's own chance comes from: in real time every shard has its own.
pub fn target_seed(scenario: &Scenario, run: u32, share: Share) -> Seed {
    let seed = seed_of(scenario, run);
    match scenario.clock {
        Clock::Virtual => seed,
        Clock::Real => seed.named("shard").numbered(u64::from(share.index)),
    }
}

impl<S: Runtime> Storm<Service<ActorTable<S>>, S> {
    /// Replication `run` (from one) on the embedded service, or one shard of it with that shard's share of the service.
    pub fn embedded(
        scenario: &Scenario,
        run: u32,
        share: Share,
        config: ServiceConfig,
        progress: &Arc<Progress>,
    ) -> Self {
        let checker = RunChecker::embedded(&config);
        let seed = target_seed(scenario, run, share);
        let actors = ActorTable::new(Service::<ActorTable<S>>::scrubber_of(&config));
        let service = Service::new(config, Faults::new(&scenario.faults, seed), seed, actors);
        Storm::new(scenario, run, share, service, checker, progress)
    }
}

impl<T: Target, S: Runtime> Storm<T, S> {
    /// Replication `run` (from one), or one shard of it, that has not begun.
    pub fn new(
        scenario: &Scenario,
        run: u32,
        share: Share,
        target: T,
        checker: RunChecker,
        progress: &Arc<Progress>,
    ) -> Self {
        let recorder = Recorder::new(scenario, run, share, checker, Arc::clone(progress));
        let mut storm = Storm {
            driver: Driver::new(scenario, seed_of(scenario, run), share),
            target,
            recorder: Single::new(recorder),
            nemesis: Single::new(Nemesis::new(&scenario.faults)),
            calendar: Calendar::default(),
            out: Out::default(),
            now: Time::ZERO,
            state: RunState::Load,
            settle: lengths::settle(scenario),
            load_end: Time::MAX,
            interval: lengths::interval(scenario),
            events: 0,
            tallied: progress.is_tallied(),
            heard: 0,
            interrupted: false,
            overran: false,
            eager: scenario.clock == Clock::Real,
        };
        storm.begin(scenario);
        storm
    }

    fn begin(&mut self, scenario: &Scenario) {
        // Entered first, so that at equal times phases end and faults open before anything else happens.
        for phase in scenario.phases.iter().skip(1) {
            self.calendar.push(phase.from, StormWake::Phase);
        }
        if let Some(duration) = scenario.load.duration {
            self.calendar
                .push(Time::ZERO + duration, StormWake::LoadEnd);
        }
        self.calendar.push(Time::ZERO, StormWake::Nemesis);
        self.calendar
            .push(Time::ZERO + self.interval, StormWake::Interval);
        if scenario.aborts() || scenario.ends_when_lost {
            self.end_windows();
        }
        self.target.start(Time::ZERO, &mut self.out);
        self.driver.start(Time::ZERO);
        self.carry_out();
    }

    /// Virtual time: executes at most `budget` entries of the calendar, each at its own time.
    pub fn run_virtual(&mut self, budget: usize) {
        for _ in 0..budget {
            if self.state == RunState::Over {
                return;
            }
            let Some((due, wake)) = self.next(Time::MAX) else {
                return;
            };
            // Sums of times end there: nobody can say when this was to be.
            if due == Time::MAX {
                self.overran = true;
                self.end_load();
                self.state = RunState::Over;
                return;
            }
            self.now = due;
            self.events += 1;
            self.dispatch(due, wake);
            self.carry_out();
            while let Some(completion) = self.out.completed.pop_front() {
                self.driver.completed(self.now, completion, &mut self.out);
                self.carry_out();
            }
            self.end_when_done();
        }
    }

    /// Real time: does what is due, and hears what has ended, at most about `budget` times. Completions
    /// are heard in the order in which they came, a round of them between two looks at the calendar, so
    /// that stories take turns.
    pub fn run_real(&mut self, budget: usize, wall: impl Fn() -> Time) {
        let mut left = budget as isize;
        while left > 0 && self.state != RunState::Over {
            let before = left;
            let until = wall();
            self.now = until;
            self.target.take_arrivals(until, &mut self.out);
            self.carry_out();
            for _ in 0..ROUND {
                let Some((due, wake)) = self.next(until) else {
                    break;
                };
                self.now = wall();
                self.dispatch(due, wake);
                self.carry_out();
                left -= 1;
            }
            for heard in 0..self.out.completed.len() {
                if heard % GROUP == 0 {
                    for completion in self.out.completed.iter().take(GROUP) {
                        let slot = completion.invocation.subject.slot;
                        self.driver.fetch(slot);
                        self.target.fetch(slot);
                    }
                }
                let Some(completion) = self.out.completed.pop_front() else {
                    break;
                };
                self.driver.completed(self.now, completion, &mut self.out);
                // Read once an operation, between hearing of one and sending the next: what lies
                // between two readings is in somebody's latency.
                self.now = wall();
                self.carry_out();
                left -= 1;
            }
            self.end_when_done();
            if left == before {
                return;
            }
        }
    }

    /// Shows how things stand to whoever has asked since the last time. The results do not depend on it.
    pub fn show(&mut self, progress: &Progress) {
        if progress.is_asked(&mut self.heard) {
            self.glimpse();
        }
    }

    fn glimpse(&mut self) {
        let gauges = Box::new(self.look());
        let waiting = self.driver.waiting(self.now);
        let message = RecorderMessage::Glimpse { gauges, waiting };
        self.recorder.ask(message);
    }

    /// What the target rings when something arrives from outside the calendar.
    pub fn on_arrival(&mut self, bell: Rc<dyn Fn()>) {
        self.target.on_arrival(bell);
    }

    /// Whether completions wait to be heard.
    pub fn has_mail(&self) -> bool {
        !self.out.completed.is_empty()
    }

    /// When the next entry is due.
    pub fn next_due(&self) -> Option<Time> {
        self.calendar.next_due()
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.state == RunState::Over
    }

    /// The user wants it to stop: the load ends now.
    pub fn interrupt(&mut self) {
        if std::mem::replace(&mut self.interrupted, true) {
            return;
        }
        let (length, most) = self.settle;
        self.settle = (length.min(HASTE), most.min(HASTE));
        if self.state == RunState::Settle {
            let soon = self.now + self.settle.0;
            self.calendar.push(soon, StormWake::SettleEnd);
        }
        self.end_load();
        self.carry_out();
    }

    /// Ends the run where it stands and gives its result.
    pub fn finish(&mut self) -> Option<Box<RunResult>> {
        if self.state == RunState::Load {
            self.end_load();
        }
        self.state = RunState::Over;
        if self.tallied {
            self.glimpse();
        }
        self.gauges();
        let (subjects, target) = (self.driver.subjects(), &mut self.target);
        let mut audits = subjects
            .filter_map(|subject| target.audit(subject))
            .peekable();
        while audits.peek().is_some() {
            let some = audits.by_ref().take(AUDITS).collect();
            self.recorder.ask(RecorderMessage::Audits(some));
        }
        let message = RecorderMessage::Finish {
            interrupted: self.interrupted,
            overran: self.overran,
        };
        self.recorder.ask(message).result
    }

    /// The next entry due by `until`. What the entries after it will need is fetched meanwhile: with millions
    /// of subjects most of the time would go into waiting for memory, one place after the other.
    #[inline]
    fn next(&mut self, until: Time) -> Option<(Time, StormWake<T::Wake>)> {
        let (driver, target) = (&self.driver, &mut self.target);
        self.calendar.pop_until(until, |wake| {
            if let StormWake::Driver(DriverWake::Step { slot, .. }) = wake {
                driver.fetch(*slot);
                target.fetch(*slot);
            }
        })
    }

    fn dispatch(&mut self, due: Time, wake: StormWake<T::Wake>) {
        match wake {
            StormWake::Driver(wake) => {
                self.driver.wake(self.now, due, wake, &mut self.out);
            }
            StormWake::Target(wake) => self.target.wake(self.now, wake, &mut self.out),
            StormWake::Nemesis => self.turn_faults(NemesisMessage::Turn(self.now)),
            StormWake::Interval => {
                self.gauges();
                self.calendar.push(due + self.interval, StormWake::Interval);
            }
            StormWake::Phase => self.gauges(),
            StormWake::Window => self.end_windows(),
            StormWake::LoadEnd => self.end_load(),
            StormWake::SettleEnd => self.settled(),
        }
    }

    /// Carries out what driver and target ordered, until neither orders more. Completions wait their turn.
    #[inline]
    fn carry_out(&mut self) {
        loop {
            for (at, wake) in self.out.later.drain(..) {
                self.calendar.push(at, StormWake::Target(wake));
            }
            for (at, wake) in self.driver.orders.later.drain(..) {
                self.calendar.push(at, StormWake::Driver(wake));
            }
            let mut deleted = std::mem::take(&mut self.out.deleted);
            for slot in deleted.drain(..) {
                self.driver.deleted(self.now, slot, &mut self.out);
            }
            self.out.deleted = deleted;
            if !self.out.passed.is_empty() {
                for (subject, cursor) in std::mem::take(&mut self.out.passed) {
                    self.driver.passed(self.now, subject, cursor, &mut self.out);
                }
            }
            for slot in self.driver.orders.forget.drain(..) {
                self.target.forget(self.now, slot);
            }
            if self.out.records.len() >= BATCH {
                self.flush();
            }
            if self.driver.orders.invoke.is_empty() {
                return;
            }
            self.invoke();
        }
    }

    /// Sends what the driver wants sent.
    #[inline]
    fn invoke(&mut self) {
        let mut invocations = std::mem::take(&mut self.driver.orders.invoke);
        for mut invocation in invocations.drain(..) {
            // An abort brings its own.
            if invocation.client_fault.is_none() {
                invocation.client_fault = self.target.client_fault(invocation.operation);
            }
            self.target.invoke(self.now, invocation, &mut self.out);
        }
        self.driver.orders.invoke = invocations;
    }

    /// Sends the history so far to the recorder.
    fn flush(&mut self) {
        let records = std::mem::take(&mut self.out.records);
        self.out.records = self.recorder.ask(RecorderMessage::Records(records)).buffer;
        if !self.out.notes.is_empty() {
            let notes = std::mem::take(&mut self.out.notes);
            self.recorder.ask(RecorderMessage::Notes(notes));
        }
    }

    /// Faults open and heal as the nemesis says.
    fn turn_faults(&mut self, message: NemesisMessage) {
        let reply = self.nemesis.ask(message);
        for (fault, open) in reply.changes {
            if open || !self.target.heals_later(fault) {
                let at = self.now;
                self.out.records.push(Record::Fault { at, fault, open });
            }
            self.target.fault(self.now, fault, open, &mut self.out);
        }
        if let Some(next) = reply.next {
            self.calendar.push(next, StormWake::Nemesis);
        }
    }

    /// Settle is over: the target takes away what the run made.
    fn close(&mut self) {
        if self.state == RunState::Settle {
            self.state = RunState::Closing;
            self.target.close(self.now, self.interrupted, &mut self.out);
        }
    }

    /// The time for settle is over, unless something is open that may have longer.
    fn settled(&mut self) {
        let (length, most) = self.settle;
        let next = self.now + length;
        let may_last = length > Span::ZERO && next.since(self.load_end) <= most;
        if may_last && !self.is_at_rest() {
            self.calendar.push(next, StormWake::SettleEnd);
        } else {
            self.close();
        }
    }

    fn is_at_rest(&mut self) -> bool {
        self.driver.counts.in_flight.now() == 0 && self.target.is_at_rest(self.now)
    }

    /// How things stand. The recorder knows of everything until now; extremes count from here on.
    fn look(&mut self) -> Gauges {
        self.flush();
        let mut gauges = Gauges {
            at: self.now,
            events: self.events,
            ..self.driver.look(self.now)
        };
        self.target.gauges(self.now, &mut gauges);
        gauges
    }

    /// Shows the recorder how things stand.
    fn gauges(&mut self) {
        let message = RecorderMessage::Gauges(Box::new(self.look()));
        if self.recorder.ask(message).folded {
            self.interval = self.interval + self.interval;
        }
    }

    /// Windows of thresholds end, and the load with the first that fails.
    fn end_windows(&mut self) {
        if self.state != RunState::Load {
            return;
        }
        self.flush();
        let reply = self.recorder.ask(RecorderMessage::Windows(self.now));
        if reply.lost && !self.eager {
            // Nobody wants to know what else there is.
            self.settle = (HASTE, HASTE);
        }
        if reply.ends_load || reply.lost {
            self.end_load();
        } else if let Some(next) = reply.next_window {
            self.calendar.push(next, StormWake::Window);
        }
    }

    /// The load is over: faults are healed, no step starts, and everything may come to rest.
    fn end_load(&mut self) {
        if self.state != RunState::Load {
            return;
        }
        self.state = RunState::Settle;
        self.load_end = self.now;
        self.driver.end_load(self.now);
        self.flush();
        self.recorder.ask(RecorderMessage::LoadEnded(self.now));
        self.gauges();
        self.turn_faults(NemesisMessage::HealAll);
        self.calendar
            .push(self.now + self.settle.0, StormWake::SettleEnd);
    }

    fn end_when_done(&mut self) {
        match self.state {
            RunState::Load if self.driver.is_done() => {
                self.end_load();
                self.carry_out();
            }
            RunState::Settle if self.eager => {
                if self.is_at_rest() {
                    self.close();
                }
            }
            RunState::Closing if self.target.is_closed() => self.state = RunState::Over,
            RunState::Load | RunState::Settle | RunState::Closing | RunState::Over => {}
        }
    }
}

//! Thresholds that must hold in every window of a run, judged while it runs.
//!
//! Of each threshold two windows are kept at most, the current one and the one before, and the worst that ended. So memory does
//! not grow with the number of windows.

use super::judge::{is_error, value};
use super::latency::Latency;
use super::result::{TransitionKey, WorstWindow};
use super::threshold::{Aggregate, Comparison, Threshold, ThresholdSubject, Windows};
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::load::StoryId;
use stormglass_model::units::{Span, Time};

/// What was measured in one window.
#[derive(Clone, Default)]
struct Window {
    index: u64,
    latency: Latency,
    errors: u64,
}

impl Window {
    fn empty(index: u64) -> Window {
        Window {
            index,
            ..Window::default()
        }
    }
}

/// Measures one threshold, window by window, in one run.
pub(crate) struct WindowMeter {
    position: usize,
    run: u32,
    threshold: Threshold,
    windows: Windows,
    /// Whether what was due in each phase is judged.
    judged: Vec<bool>,
    /// Where the stretch begins that is judged, and where it ends, as far as that is known.
    from: Time,
    to: Time,
    /// The last window; what ends after the stretch belongs to it.
    last: u64,
    before: Option<Window>,
    current: Window,
    worst: Option<WorstWindow>,
}

impl WindowMeter {
    /// A meter of the threshold at this position, if it has windows. `phases` are the names of all phases with their
    /// beginnings, settle's excepted, which is the end of the load as far as it is known.
    pub(crate) fn new(
        (position, threshold): (usize, &Threshold),
        run: u32,
        phases: &[(&str, Time)],
    ) -> Option<WindowMeter> {
        let windows = threshold.windows?;
        let judged = |name: &str| match &threshold.phase {
            Some(phase) => phase == name,
            None => name != "warm_up",
        };
        let judged: Vec<bool> = phases.iter().map(|(name, _)| judged(name)).collect();
        let first = judged.iter().position(|judged| *judged)?;
        let after = match threshold.phase {
            Some(_) => first + 1,
            None => phases.len() - 1,
        };
        let from = phases[first].1;
        let to = phases.get(after).map_or(Time::MAX, |(_, from)| *from);
        let mut meter = WindowMeter {
            position,
            run,
            threshold: threshold.clone(),
            windows,
            judged,
            from,
            to,
            last: u64::MAX,
            before: None,
            current: Window::default(),
            worst: None,
        };
        meter.last = meter.last_of(to);
        Some(meter)
    }

    /// The last window of a stretch that ends then: a last part of less than half a window belongs to the one before.
    fn last_of(&self, to: Time) -> u64 {
        if to == Time::MAX {
            return u64::MAX;
        }
        let (length, window) = (to.since(self.from).0, self.windows.length.0);
        let more = u64::from(length % window >= window.div_ceil(2));
        (length / window + more).saturating_sub(1)
    }

    /// An operation ended at `at`, so long after it was due in this phase.
    pub(crate) fn completed(
        &mut self,
        (operation, outcome): (Operation, Outcome),
        (phase, story): (usize, StoryId),
        at: Time,
        response: Span,
    ) {
        let mine = self.threshold.subject == ThresholdSubject::Operation(operation);
        if mine && outcome != Outcome::Local && self.judges(phase, story) {
            let window = self.window(at);
            window.latency.record(response);
            window.errors += u64::from(is_error(outcome));
        }
    }

    /// A transition was taken at `at`, so long after it was due in this phase.
    pub(crate) fn moved(
        &mut self,
        key: TransitionKey,
        (phase, story): (usize, StoryId),
        at: Time,
        latency: Span,
    ) {
        let mine = self.threshold.subject == ThresholdSubject::Transition(key);
        if mine && self.judges(phase, story) {
            self.window(at).latency.record(latency);
        }
    }

    fn judges(&self, phase: usize, story: StoryId) -> bool {
        let mine = self.threshold.story.is_none_or(|mine| mine == story);
        mine && self.judged[phase] && !self.has_ended_load()
    }

    fn has_ended_load(&self) -> bool {
        self.worst.is_some_and(|worst| worst.ended_load)
    }

    /// The window of an instant; the current one, for what is dated into an earlier one.
    fn window(&mut self, at: Time) -> &mut Window {
        self.advance(at);
        &mut self.current
    }

    /// Ends the windows before the one of this instant.
    fn advance(&mut self, at: Time) {
        let index = (at.since(self.from).0 / self.windows.length.0).min(self.last);
        if index <= self.current.index {
            return;
        }
        if let Some(before) = self.before.take() {
            self.judge(&before);
        }
        let ended = std::mem::replace(&mut self.current, Window::empty(index));
        if ended.index + 1 == index {
            self.before = Some(ended);
            return;
        }
        self.judge(&ended);
        if ended.index + 2 < index {
            // Nothing happened in any window between: one stands for them all.
            self.judge(&Window::empty(ended.index + 1));
        }
        self.before = Some(Window::empty(index - 1));
    }

    /// Whether a window that has ended by `now` ends the load.
    pub(crate) fn ends_load(&mut self, now: Time) -> bool {
        if !self.windows.abort_on_fail || now <= self.from || self.has_ended_load() {
            return self.has_ended_load();
        }
        self.advance(now);
        // It is judged once more if it has to take in a last part.
        if let Some(before) = self.before.clone() {
            self.judge(&before);
        }
        let failed = |worst: &&mut WorstWindow| !self.threshold.holds(worst.value);
        if let Some(worst) = self.worst.as_mut().filter(failed) {
            worst.ended_load = true;
        }
        self.has_ended_load()
    }

    /// When the next window ends after which the load may have to end.
    pub(crate) fn next_end(&self, now: Time) -> Option<Time> {
        let begun = now.since(self.from).0 / self.windows.length.0;
        let next = self.from + Span(self.windows.length.0.saturating_mul(begun + 1));
        (self.windows.abort_on_fail && begun < self.last).then_some(next)
    }

    /// The load has ended: what ends later belongs to the last window.
    pub(crate) fn load_ended(&mut self, at: Time) {
        if self.to <= at || self.has_ended_load() {
            return;
        }
        if at > self.from {
            self.advance(Time(at.0 - 1));
        }
        self.to = at.max(self.from);
        self.last = self.last_of(self.to);
        if self.current.index > self.last {
            let part = std::mem::replace(&mut self.current, Window::empty(self.last));
            if let Some(before) = self.before.take() {
                self.current = before;
            }
            self.current.latency.add(&part.latency);
            self.current.errors += part.errors;
        }
    }

    /// The worst window, once the run is over; none where nothing could be judged.
    pub(crate) fn finish(mut self) -> Option<WorstWindow> {
        if !self.has_ended_load() && self.to > self.from && self.to < Time::MAX {
            self.advance(self.to);
            let (before, current) = (self.before.take(), std::mem::take(&mut self.current));
            before.iter().for_each(|before| self.judge(before));
            self.judge(&current);
        }
        self.worst
    }

    fn judge(&mut self, window: &Window) {
        let begin = |index: u64| self.from + Span(self.windows.length.0.saturating_mul(index));
        let from = begin(window.index);
        let to = match window.index == self.last {
            true => self.to,
            false => begin(window.index + 1),
        };
        let count = window.latency.count();
        let value = match self.threshold.aggregate {
            Aggregate::Count => count as f64,
            Aggregate::Rate => count as f64 / to.since(from).as_secs_f64(),
            _ if count == 0 => return,
            aggregate => match value(aggregate, &window.latency, window.errors) {
                Some(value) => value,
                None => return,
            },
        };
        let is_worse = |worst: WorstWindow| self.threshold.comparison.is_worse(value, worst.value);
        if self.worst.is_none_or(is_worse) {
            self.worst = Some(WorstWindow {
                threshold: self.position,
                run: self.run,
                from,
                to,
                value,
                ended_load: false,
            });
        }
    }
}

impl Comparison {
    /// Whether `value` is farther from what is demanded than `other`.
    pub(crate) fn is_worse(self, value: f64, other: f64) -> bool {
        match self {
            Comparison::Less | Comparison::LessOrEqual => value > other,
            Comparison::Greater | Comparison::GreaterOrEqual => value < other,
        }
    }
}

//! What the runs of a storm have counted so far, for whoever watches while they go on.
//!
//! All of it only grows, but for [`Figures`], some of which say how things stand now.

use super::latency::{Latency, coarse_top};
use super::result::TransitionKey;
use stormglass_model::config::Resource;
use stormglass_model::history::Gauges;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};
use stormglass_model::units::Span;

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;

/// The upper bounds of the classes into which response times are sorted, in nanoseconds. Each belongs to its class.
pub(crate) const BOUNDS: [u64; 21] = [
    MILLI / 10,
    MILLI / 4,
    MILLI / 2,
    MILLI,
    5 * MILLI / 2,
    5 * MILLI,
    10 * MILLI,
    25 * MILLI,
    50 * MILLI,
    100 * MILLI,
    250 * MILLI,
    500 * MILLI,
    SECOND,
    5 * SECOND / 2,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    3_600 * SECOND,
];

/// The class of the least value that has so many binary digits: a look into a table in place of a search.
const CLASS_OF_DIGITS: [u8; 65] = {
    let mut classes = [0; 65];
    let mut digits = 1;
    while digits < classes.len() {
        let least = 1 << (digits - 1);
        let mut class = 0;
        while class < BOUNDS.len() && BOUNDS[class] < least {
            class += 1;
        }
        classes[digits] = class as u8;
        digits += 1;
    }
    classes
};

/// Response times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Responses {
    /// How many there are in each class, exactly, and last how many above all bounds.
    pub classes: [u64; BOUNDS.len() + 1],
    pub sum_ns: u128,
    pub spread: Spread,
}

impl Responses {
    /// Counts one in its class. What else there is of it is added later.
    #[inline]
    pub(crate) fn classify(&mut self, span: Span) {
        let mut class = usize::from(CLASS_OF_DIGITS[(u64::BITS - span.0.leading_zeros()) as usize]);
        while class < BOUNDS.len() && BOUNDS[class] < span.0 {
            class += 1;
        }
        self.classes[class] += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.classes.iter().sum()
    }

    fn take_in(&mut self, more: &mut Responses) {
        let classes = self.classes.iter_mut().zip(&mut more.classes);
        classes.for_each(|(sum, more)| *sum += std::mem::take(more));
        self.sum_ns += std::mem::take(&mut more.sum_ns);
        for (at, more) in more.spread.0.iter_mut().enumerate() {
            if *more > 0 {
                *self.spread.at(at) += std::mem::take(more);
            }
        }
    }
}

/// How times spread: quantiles within 1.6 % or 16 ns, as in the intervals of a timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spread(Vec<u64>);

impl Spread {
    pub(crate) fn add(&mut self, latency: &Latency) {
        for (at, count) in latency.coarse() {
            *self.at(at) += count;
        }
    }

    fn at(&mut self, at: usize) -> &mut u64 {
        if at >= self.0.len() {
            self.0.resize((at | 63) + 1, 0);
        }
        &mut self.0[at]
    }

    /// Adds what there is more in `now` than in `before`.
    pub(crate) fn add_since(&mut self, now: &Spread, before: &Spread) {
        let before = before.0.iter().copied().chain(std::iter::repeat(0));
        for (at, (now, before)) in now.0.iter().zip(before).enumerate() {
            if *now > before {
                *self.at(at) += now - before;
            }
        }
    }

    /// The value at a quantile; none where there are no values.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<Span> {
        let count: u64 = self.0.iter().sum();
        let mut left = ((quantile * count as f64).ceil() as u64).max(1);
        let found = self.0.iter().position(|count| {
            let found = *count >= left;
            left = left.saturating_sub(*count);
            found
        });
        found.map(|at| Span(coarse_top(at)))
    }

    /// The greatest value of each band that holds any, with how many it holds.
    pub(crate) fn bands(&self) -> impl Iterator<Item = (Span, u64)> {
        let all = self.0.iter().copied().enumerate();
        all.filter(|(_, count)| *count > 0)
            .map(|(at, count)| (Span(coarse_top(at)), count))
    }
}

/// What was counted of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OperationTally {
    /// How often it was sent.
    pub begun: u64,
    /// From when it was due to its answer, by [`Outcome::index`].
    pub responses: [Responses; Outcome::COUNT],
}

impl OperationTally {
    fn take_in(&mut self, more: &mut OperationTally) {
        self.begun += std::mem::take(&mut more.begun);
        let responses = self.responses.iter_mut().zip(&mut more.responses);
        responses.for_each(|(sum, more)| sum.take_in(more));
    }

    /// How the response times spread that there are more of than in `before`, whatever the outcomes.
    pub(crate) fn spread_since(&self, before: &OperationTally) -> Spread {
        let mut spread = Spread::default();
        for (now, before) in self.responses.iter().zip(&before.responses) {
            spread.add_since(&now.spread, &before.spread);
        }
        spread
    }
}

/// A queue of the embedded service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueFigures {
    pub waiting: u64,
    pub busy: u64,
    pub units: u64,
}

/// Single figures, over all runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Nanoseconds covered; the shards of a run share theirs.
    pub time_ns: u64,
    /// Stories that were to begin by now.
    pub due: u64,
    /// Stories that have begun.
    pub started: u64,
    /// Of those that have begun or were dropped: more than ten milliseconds after they were due.
    pub late: u64,
    /// Stories that were due and will not begin, since too many others were open.
    pub dropped: u64,
    pub violations: u64,
    /// Operations that are open.
    pub in_flight: u64,
    pub faults_open: u64,
    /// By [`SubjectStatus::index`]; deleted ones stay counted.
    pub subjects: [u64; SubjectStatus::COUNT],
    /// Bytes in the store, by the status of their subjects.
    pub bytes: [u64; SubjectStatus::COUNT],
    /// By [`Resource::index`].
    pub queues: [QueueFigures; Resource::COUNT],
}

impl Figures {
    /// What gauges say of them.
    pub(crate) fn of(gauges: &Gauges) -> Figures {
        let queues = gauges.resources.each_ref().map(|gauge| QueueFigures {
            waiting: gauge.queue.now(),
            busy: gauge.busy.now(),
            units: gauge.units,
        });
        Figures {
            time_ns: gauges.at.0,
            started: gauges.arrivals,
            late: gauges.late,
            dropped: gauges.dropped,
            in_flight: gauges.in_flight.now(),
            subjects: gauges.by_status(),
            bytes: gauges.bytes.map(|level| level.now()),
            queues,
            ..Figures::default()
        }
    }

    /// What is left of them when a run has ended: what it has counted, and nothing that stands.
    pub(crate) fn ended(self) -> Figures {
        Figures {
            in_flight: 0,
            faults_open: 0,
            subjects: [0; SubjectStatus::COUNT],
            bytes: [0; SubjectStatus::COUNT],
            queues: Default::default(),
            ..self
        }
    }

    fn each(&mut self) -> impl Iterator<Item = &mut u64> {
        let counts = [
            &mut self.time_ns,
            &mut self.due,
            &mut self.started,
            &mut self.late,
            &mut self.dropped,
            &mut self.violations,
            &mut self.in_flight,
            &mut self.faults_open,
        ];
        let queues = self.queues.iter_mut();
        let queues =
            queues.flat_map(|queue| [&mut queue.waiting, &mut queue.busy, &mut queue.units]);
        let levels = self.subjects.iter_mut().chain(&mut self.bytes);
        counts.into_iter().chain(levels).chain(queues)
    }
}

/// All of it, summed over runs and shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub figures: Figures,
    /// By [`Operation::index`].
    pub operations: Vec<OperationTally>,
    /// By [`TransitionKey::index`].
    pub transitions: Vec<u64>,
    /// Runs that have ended; shards are no runs.
    pub runs_ended: u64,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            figures: Figures::default(),
            operations: vec![OperationTally::default(); Operation::COUNT],
            transitions: vec![0; TransitionKey::COUNT],
            runs_ended: 0,
        }
    }
}

impl Tally {
    /// Adds what a run or a shard has counted since it was asked last, and leaves it nothing. Its figures were `told` then, and
    /// are `now`.
    pub(crate) fn take_in(&mut self, more: &mut Tally, told: &mut Figures, now: Figures) {
        let operations = self.operations.iter_mut().zip(&mut more.operations);
        operations.for_each(|(sum, more)| sum.take_in(more));
        let transitions = self.transitions.iter_mut().zip(&mut more.transitions);
        transitions.for_each(|(sum, more)| *sum += std::mem::take(more));
        self.runs_ended += std::mem::take(&mut more.runs_ended);
        let mut next = now.clone();
        for ((sum, now), told) in self.figures.each().zip(next.each()).zip(told.each()) {
            // Less than before is added as well: the sum wraps around.
            *sum = sum.wrapping_add(now.wrapping_sub(*told));
        }
        *told = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::Rng as _;
    use stormglass_model::random::Seed;

    #[test]
    fn a_value_is_in_the_first_class_whose_bound_is_not_below_it() {
        let mut rng = Seed(1).rng();
        let some = (0..100_000).map(|_| rng.next_u64() >> (rng.next_u64() % 64));
        let edges = BOUNDS
            .iter()
            .flat_map(|bound| [bound - 1, *bound, bound + 1]);
        for value in some.chain(edges).chain([0, u64::MAX]) {
            let mut responses = Responses::default();
            responses.classify(Span(value));
            let class = BOUNDS.iter().position(|bound| value <= *bound);
            let class = class.unwrap_or(BOUNDS.len());
            assert_eq!(responses.classes[class], 1, "{value}");
        }
    }

    #[test]
    fn quantiles_of_an_interval_are_those_of_what_came_in_it() {
        let latency = |spans: &[Span]| {
            let mut latency = Latency::default();
            spans.iter().for_each(|span| latency.record(*span));
            latency
        };
        let mut tally = OperationTally::default();
        let none = tally.clone();
        let spans: Vec<Span> = (1..=1_000).map(Span::from_millis).collect();
        tally.responses[0].spread.add(&latency(&spans));
        let before = tally.clone();
        let late = latency(&[Span::from_secs(60)]);
        tally.responses[1].spread.add(&late);
        let near = |found: Option<Span>, exact: u64| {
            let share = found.unwrap().0 as f64 / (exact * MILLI) as f64;
            assert!((1.0..1.017).contains(&share), "{share} of {exact}");
        };
        near(before.spread_since(&none).quantile(0.5), 500);
        near(before.spread_since(&none).quantile(0.99), 990);
        near(tally.spread_since(&before).quantile(0.5), 60_000);
        assert_eq!(before.spread_since(&before).quantile(0.5), None);
    }

    #[test]
    fn what_stands_goes_when_its_run_ends_and_what_was_counted_stays() {
        let (mut sum, mut fresh) = (Tally::default(), Tally::default());
        let mut told = Figures::default();
        let mut now = Figures {
            started: 5,
            in_flight: 3,
            ..Figures::default()
        };
        fresh.transitions[7] = 2;
        sum.take_in(&mut fresh, &mut told, now.clone());
        assert_eq!((sum.figures.in_flight, sum.transitions[7]), (3, 2));
        now.in_flight = 1;
        sum.take_in(&mut fresh, &mut told, now.clone());
        assert_eq!(
            (sum.figures.in_flight, sum.transitions[7]),
            (1, 2),
            "told once"
        );
        sum.take_in(&mut fresh, &mut told, now.ended());
        assert_eq!((sum.figures.in_flight, sum.figures.started), (0, 5));
    }
}

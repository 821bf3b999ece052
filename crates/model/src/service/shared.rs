//! A resource that all who use it have together: the bandwidth of a link, or the processors of a host.
//!
//! Unless they take turns, nobody waits for it in order. Everybody goes on at once, and the more there are, the slower each is: processor
//! sharing. Who weighs more has a larger part of it: discriminatory processor sharing. Those who use it may be divided into groups, each of
//! which has a limit of its own, as the threads of one process share a lock.
//!
//! All of a group have the same speed at any moment, for their weight. So the group counts how much one of weight one has been served since
//! it was last empty, and whoever joins leaves when that count has risen by what it asks for, divided by its weight: a join and an end take
//! logarithmic time, however many there are, and nothing is approximated by steps of time.

use crate::config::{Weight, Work};
use crate::history::ResourceGauge;
use crate::units::{Span, Time};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

/// Who uses a shared resource, and how far each has come.
#[derive(Clone, Debug)]
pub(crate) struct Shared<T> {
    groups: Vec<Group<T>>,
    /// What all groups would have if there were enough.
    wanted: u64,
    /// Up to when everybody has been served.
    served_until: Time,
    /// When it is to be woken, if it is.
    wake: Option<Time>,
    joined: u64,
    gauge: ResourceGauge,
}

/// What a group may have of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Units at most.
    pub(crate) most: u64,
    /// By which share of its speed each further user slows the group; at least zero.
    pub(crate) contention: f64,
    /// What each of a group loses to hand over to the next, where there are several, beside its own weight.
    pub(crate) handover: Weight,
    /// Where only one of a group goes on at a time: for so long, before the next has its turn. None: all at once.
    pub(crate) turn: Option<Span>,
}

impl Limit {
    /// As much as there is.
    pub(crate) const NONE: Limit = Limit {
        most: u64::MAX,
        contention: 0.0,
        handover: Weight::NONE,
        turn: None,
    };

    /// What a group may have of which so many go on, each of whom has `each` at full speed.
    fn of(self, going: u64, each: u64) -> u64 {
        going.saturating_mul(each).min(self.most)
    }

    /// The share of what a group has that its users, so many and of this weight together, do not lose to each other.
    fn useful(self, users: u64, weight: Weight) -> f64 {
        let others = users.saturating_sub(1) as f64;
        let handed_over = match users {
            0 | 1 => 0.0,
            _ => users as f64 * self.handover.of_one() / weight.of_one(),
        };
        1.0 / (1.0 + self.contention * others) / (1.0 + handed_over)
    }
}

/// Those who share one limit.
#[derive(Clone, Debug)]
struct Group<T> {
    limit: Limit,
    users: BinaryHeap<User<T>>,
    /// Those whose turn it is not, in the order in which they will have it.
    waiting: VecDeque<User<T>>,
    /// How long one of weight one has been served at full speed, had it been there since the group was last empty; in nanoseconds.
    served_ns: f64,
    wanted: u64,
    /// What all who go on weigh together.
    weight: Weight,
    /// The share of what it has that is not lost.
    useful: f64,
}

/// One who uses it.
#[derive(Clone, Debug)]
struct User<T> {
    /// It ends, or its turn does, when its group has been served for so long.
    until_ns: f64,
    /// How much is left for it after that.
    left_ns: f64,
    weight: Weight,
    /// In which order they came.
    number: u64,
    work: Work,
    since: Time,
    /// How long it would take at full speed.
    alone: Span,
    value: T,
}

/// The end that comes first is the greatest: that is what a heap gives first.
impl<T> Ord for User<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_end = other.until_ns.total_cmp(&self.until_ns);
        by_end.then(other.number.cmp(&self.number))
    }
}

impl<T> PartialOrd for User<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for User<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for User<T> {}

impl<T> Group<T> {
    fn of(limit: Limit) -> Group<T> {
        Group {
            limit,
            users: BinaryHeap::new(),
            waiting: VecDeque::new(),
            served_ns: 0.0,
            wanted: 0,
            weight: Weight::NONE,
            useful: 1.0,
        }
    }

    /// Those who wait go on: all of them, or the first if nobody else has a turn.
    fn go_on(&mut self) {
        let turn = self.limit.turn;
        while turn.is_none() || self.users.is_empty() {
            let Some(mut user) = self.waiting.pop_front() else {
                return;
            };
            let now = turn.map_or(user.left_ns, |turn| user.left_ns.min(turn.0 as f64));
            user.until_ns = self.served_ns + now / user.weight.of_one();
            user.left_ns -= now;
            self.weight = self.weight.and(user.weight);
            self.users.push(user);
        }
    }

    /// The first of those who go on has come to its end, or its turn has.
    fn leave(&mut self) -> Option<User<T>> {
        let user = self.users.pop()?;
        self.weight = self.weight.without(user.weight);
        Some(user)
    }
}

/// Sums of fractions miss the end of a use by less than this.
const TOLERANCE_NS: f64 = 1e-3;

impl<T> Shared<T> {
    /// A resource of so many units, of which one user has `each` at full speed, shared by so many groups of this limit.
    pub(crate) fn new(units: u64, each: u64, groups: usize, limit: Limit) -> Shared<T> {
        Shared {
            groups: (0..groups).map(|_| Group::of(limit)).collect(),
            wanted: 0,
            served_until: Time::ZERO,
            wake: None,
            joined: 0,
            gauge: ResourceGauge {
                units,
                each: each.min(units),
                ..ResourceGauge::default()
            },
        }
    }

    /// The same with one more group, which has no limit.
    pub(crate) fn with_a_free_group(mut self) -> Shared<T> {
        self.groups.push(Group::of(Limit::NONE));
        self
    }

    /// One more of usual weight uses it, which at full speed would take so long.
    pub(crate) fn join(&mut self, now: Time, group: usize, work: Work, alone: Span, value: T) {
        self.join_as(now, group, work, alone, Weight::ONE, value);
    }

    /// The same of any weight. Weights differ only where a group has no more at once than one of its users does alone.
    pub(crate) fn join_as(
        &mut self,
        now: Time,
        group: usize,
        work: Work,
        alone: Span,
        weight: Weight,
        value: T,
    ) {
        self.serve(now);
        self.gauge.arrivals += 1;
        self.gauge.grants += 1;
        self.joined += 1;
        let number = self.joined;
        self.groups[group].waiting.push_back(User {
            until_ns: 0.0,
            left_ns: alone.0 as f64,
            weight,
            number,
            work,
            since: now,
            alone,
            value,
        });
        self.groups[group].go_on();
        self.count(now);
    }

    /// The next whose use has ended by now, if there is one.
    pub(crate) fn next_done(&mut self, now: Time) -> Option<T> {
        self.wake = self.wake.filter(|wake| *wake > now);
        let (end, user) = loop {
            let (end, index) = self.next_end().filter(|(end, _)| *end <= now)?;
            self.serve(end);
            let group = &mut self.groups[index];
            let user = group.leave()?;
            if user.left_ns <= 0.0 {
                group.go_on();
                break (end, user);
            }
            group.waiting.push_back(user);
            group.go_on();
        };
        let took = end.since(user.since).0.saturating_sub(user.alone.0);
        let done = &mut self.gauge.work[user.work.index()];
        done.hold_ns += u128::from(user.alone.0);
        done.wait_ns += u128::from(took);
        self.gauge.releases += 1;
        self.count(end);
        Some(user.value)
    }

    /// When it is to be woken, unless it will be by then anyway.
    pub(crate) fn next_wake(&mut self) -> Option<Time> {
        let (end, _) = self.next_end()?;
        if self.wake.is_some_and(|wake| wake <= end) {
            return None;
        }
        self.wake = Some(end);
        Some(end)
    }

    /// The state now, with integrals up to now; extremes count from here on. An end that is due and that nobody has asked for yet is
    /// counted when it is.
    pub(crate) fn gauge(&mut self, now: Time) -> ResourceGauge {
        let until = self.next_end().map_or(now, |(end, _)| end.min(now));
        ResourceGauge {
            queue: self.gauge.queue.look(until),
            busy: self.gauge.busy.look(until),
            ..self.gauge
        }
    }

    /// How fast one of weight one is in a group, as a share of full speed.
    fn speed(&self, group: &Group<T>) -> f64 {
        let full = group.weight.of_one() * self.gauge.each as f64;
        let given = self.wanted.min(self.gauge.units) as f64 / self.wanted as f64;
        group.wanted as f64 / full * given * group.useful
    }

    /// Who ends next, and when, if nobody else comes.
    fn next_end(&self) -> Option<(Time, usize)> {
        let ends = self.groups.iter().enumerate().filter_map(|(index, group)| {
            let left = group.users.peek()?.until_ns - group.served_ns;
            let takes = match left > TOLERANCE_NS {
                true => (left / self.speed(group)).ceil() as u64,
                false => 0,
            };
            Some((self.served_until + Span(takes), index))
        });
        ends.min()
    }

    /// Everybody has been served up to `at`.
    fn serve(&mut self, at: Time) {
        let passed = at.since(self.served_until).0 as f64;
        for index in 0..self.groups.len() {
            let group = &self.groups[index];
            if !group.users.is_empty() {
                let speed = self.speed(group);
                self.groups[index].served_ns += passed * speed;
            }
        }
        self.served_until = self.served_until.max(at);
    }

    /// Somebody has come or gone: counts what there is of whom.
    fn count(&mut self, at: Time) {
        let (mut all, mut wanted) = (0, 0_u64);
        for group in &mut self.groups {
            let going = group.users.len() as u64;
            let users = going + group.waiting.len() as u64;
            group.wanted = group.limit.of(going, self.gauge.each);
            group.useful = group.limit.useful(users, group.weight);
            if users == 0 {
                group.served_ns = 0.0;
            }
            all += users;
            wanted = wanted.saturating_add(group.wanted);
        }
        self.wanted = wanted;
        let busy = wanted.min(self.gauge.units);
        self.gauge.busy.set(at, busy);
        self.gauge
            .queue
            .set(at, all - (busy / self.gauge.each).min(all));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who ends when, if they come at these times and ask for so much.
    fn ends(mut shared: Shared<usize>, users: &[(u64, usize, u64)]) -> Vec<(u64, usize)> {
        let mut ends = Vec::new();
        let mut coming = users.iter().enumerate().peekable();
        let mut wakes = std::collections::BTreeSet::new();
        loop {
            let comes = coming.peek().map(|(_, (at, ..))| Time(*at));
            let Some(now) = comes.into_iter().chain(wakes.first().copied()).min() else {
                return ends;
            };
            wakes.remove(&now);
            while let Some(user) = shared.next_done(now) {
                ends.push((now.0, user));
            }
            while let Some((user, &(_, group, alone))) =
                coming.next_if(|(_, (at, ..))| Time(*at) == now)
            {
                shared.join(now, group, Work::Request, Span(alone), user);
            }
            wakes.extend(shared.next_wake());
        }
    }

    #[test]
    fn two_at_once_are_half_as_fast() {
        // The second comes when half of the first is done: what is left of it takes twice as long, and so on.
        let shared = Shared::new(1, 1, 1, Limit::NONE);
        let users = [(0, 0, 100), (50, 0, 100)];
        assert_eq!(ends(shared, &users), [(150, 0), (200, 1)]);
    }

    #[test]
    fn none_is_faster_than_its_own_limit() {
        // Of ten units each may have four: two are at full speed, four have two and a half each.
        let shared = Shared::new(10, 4, 1, Limit::NONE);
        let two = [(0, 0, 100), (0, 0, 100)];
        assert_eq!(ends(shared.clone(), &two), [(100, 0), (100, 1)]);
        let four = [(0, 0, 100), (0, 0, 100), (0, 0, 100), (0, 0, 100)];
        let ended = ends(shared, &four);
        assert_eq!(ended, [(160, 0), (160, 1), (160, 2), (160, 3)]);
    }

    #[test]
    fn a_group_has_no_more_than_its_limit() {
        // Two processors; a process whose lock lets one thread run at a time.
        let shared = Shared::new(
            2000,
            1000,
            2,
            Limit {
                most: 1000,
                ..Limit::NONE
            },
        );
        let users = [(0, 0, 100), (0, 0, 100), (0, 1, 100)];
        assert_eq!(ends(shared, &users), [(100, 2), (200, 0), (200, 1)]);
    }

    #[test]
    fn a_group_loses_what_its_users_take_from_each_other() {
        // Two at once have half each, of which a third is lost.
        let limit = Limit {
            most: 1,
            contention: 0.5,
            ..Limit::NONE
        };
        let shared = Shared::new(1, 1, 1, limit);
        assert_eq!(
            ends(shared, &[(0, 0, 100), (0, 0, 100)]),
            [(300, 0), (300, 1)]
        );
    }

    #[test]
    fn who_weighs_more_has_a_larger_part() {
        let mut shared = Shared::new(
            1,
            1,
            1,
            Limit {
                most: 1,
                ..Limit::NONE
            },
        );
        let three = Weight::new(3.0).expect("is above zero");
        shared.join(Time(0), 0, Work::Request, Span(100), 'a');
        shared.join_as(Time(0), 0, Work::Request, Span(150), three, 'b');
        // Of the first 100, a has a quarter. Then c comes, and of the next 125 each of a and c has a fifth: b has all of its 150.
        shared.join(Time(100), 0, Work::Request, Span(50), 'c');
        let mut ends = Vec::new();
        while let Some(at) = shared.next_wake() {
            while let Some(who) = shared.next_done(at) {
                ends.push((at.0, who));
            }
        }
        // Each of the two has half: c has 25 to go and a 50.
        assert_eq!(ends, [(225, 'b'), (275, 'c'), (300, 'a')]);
    }

    #[test]
    fn who_weighs_little_loses_most_by_handing_over() {
        let weight = |it| Weight::new(it).expect("is within bounds");
        let limit = Limit {
            handover: Weight::ONE,
            ..Limit::NONE
        };
        let mut shared = Shared::new(1, 1, 1, limit);
        shared.join_as(Time(0), 0, Work::Request, Span(100), weight(0.5), 'a');
        shared.join_as(Time(0), 0, Work::Request, Span(150), weight(1.5), 'b');
        // Of four parts a has a half and b one and a half, and each loses one: b is done after 400, when a has 50.
        let first = shared.next_wake();
        let ended = first.and_then(|at| shared.next_done(at));
        assert_eq!((first, ended), (Some(Time(400)), Some('b')));
        // Who is alone hands nothing over.
        assert_eq!(shared.next_wake(), Some(Time(450)));
    }

    #[test]
    fn those_who_take_turns_go_on_one_at_a_time() {
        let in_turns = |turn| {
            let limit = Limit {
                turn: Some(Span(turn)),
                ..Limit::NONE
            };
            Shared::new(1, 1, 1, limit)
        };
        let users = [(0, 0, 25), (0, 0, 10), (5, 0, 15)];
        // The first has ten, the second ten, the third ten, the first ten, the third five, the first five.
        assert_eq!(ends(in_turns(10), &users), [(20, 1), (45, 2), (50, 0)]);
        // A long turn: in the order in which they came.
        assert_eq!(ends(in_turns(1_000), &users), [(25, 0), (35, 1), (50, 2)]);
        // A short one: all at once, but for the last.
        assert_eq!(ends(in_turns(1), &users), [(27, 1), (43, 2), (50, 0)]);
    }

    #[test]
    fn processes_that_take_turns_do_so_each_by_itself() {
        let limit = Limit {
            most: 1000,
            turn: Some(Span(15)),
            ..Limit::NONE
        };
        // One and a half processors for two processes: each runs at three quarters of full speed while both have work.
        let shared = Shared::new(1500, 1000, 2, limit);
        let users = [(0, 0, 30), (0, 0, 30), (0, 1, 30)];
        assert_eq!(ends(shared, &users), [(40, 2), (55, 0), (70, 1)]);
    }

    #[test]
    fn a_free_group_knows_no_lock() {
        let limit = Limit {
            most: 1000,
            ..Limit::NONE
        };
        let shared = Shared::new(2000, 1000, 1, limit).with_a_free_group();
        // One of the process and one without a lock have a processor each; a second of the process waits for the lock.
        let users = [(0, 0, 100), (0, 1, 150), (50, 0, 100)];
        assert_eq!(ends(shared, &users), [(150, 0), (150, 1), (200, 2)]);
    }

    #[test]
    fn the_gauge_counts_who_is_slowed() {
        let mut shared = Shared::new(1, 1, 1, Limit::NONE);
        shared.join(Time(0), 0, Work::Request, Span(100), 'a');
        shared.join(Time(50), 0, Work::Request, Span(100), 'b');
        let gauge = shared.gauge(Time(60));
        assert_eq!((gauge.busy.now(), gauge.queue.now()), (1, 1));
        assert_eq!(shared.next_done(Time(150)), Some('a'));
        assert_eq!(shared.next_done(Time(200)), Some('b'));
        let gauge = shared.gauge(Time(300));
        let sums = (gauge.hold_ns(), gauge.wait_ns());
        assert_eq!(sums, (200, 100), "a was slowed for 50, and so was b");
        assert_eq!((gauge.busy.area(), gauge.queue.area()), (200, 100));
        assert_eq!((gauge.arrivals, gauge.grants, gauge.releases), (2, 2, 2));
    }
}

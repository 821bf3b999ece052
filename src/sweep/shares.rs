//! Who has the next turn: weighted round robin by time spent.

use stormglass_model::units::Span;

/// What each has spent, against its weight.
#[derive(Debug)]
pub(super) struct Shares<K>(Vec<Share<K>>);

#[derive(Debug)]
struct Share<K> {
    key: K,
    /// Above zero.
    weight: u32,
    spent: Span,
}

impl<K: Copy + PartialEq> Shares<K> {
    /// Nothing is spent yet. Each weight is above zero.
    pub(super) fn new(weights: impl IntoIterator<Item = (K, u32)>) -> Shares<K> {
        let share = |(key, weight)| Share {
            key,
            weight,
            spent: Span::ZERO,
        };
        Shares(weights.into_iter().map(share).collect())
    }

    /// Of those that have something to do, the one that has had the least for its weight; the first of equals.
    pub(super) fn next(&self, has_work: impl Fn(K) -> bool) -> Option<K> {
        let waiting = self.0.iter().filter(|share| has_work(share.key));
        let had = |share: &&Share<K>| share.spent.0 / u64::from(share.weight.max(1));
        waiting.min_by_key(had).map(|share| share.key)
    }

    /// It has had a turn of this length.
    pub(super) fn spend(&mut self, key: K, length: Span) {
        for share in self.0.iter_mut().filter(|share| share.key == key) {
            share.spent += length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each has had after so many seconds, where a turn takes as long as `takes` says and everybody always has work.
    fn had(weights: &[(char, u32)], takes: impl Fn(char) -> u64, seconds: u64) -> Vec<u64> {
        let mut shares = Shares::new(weights.iter().copied());
        let mut clock = 0;
        while clock < seconds {
            let next = shares.next(|_| true).unwrap();
            shares.spend(next, Span::from_secs(takes(next)));
            clock += takes(next);
        }
        shares
            .0
            .iter()
            .map(|share| share.spent.0 / 1_000_000_000)
            .collect()
    }

    #[test]
    fn time_is_shared_by_weight_however_long_a_turn_takes() {
        let long = |key| if key == 'c' { 30 } else { 2 };
        let had = had(&[('a', 2), ('b', 5), ('c', 3)], long, 3_000);
        for (had, part) in had.into_iter().zip([600, 1_500, 900]) {
            assert!(u64::abs_diff(had, part) <= 30, "{had} of {part}");
        }
    }

    #[test]
    fn everybody_has_a_turn_before_anybody_has_a_third() {
        let had = had(&[('a', 1), ('b', 1), ('c', 1)], |_| 10, 30);
        assert_eq!(had, [10, 10, 10]);
    }

    #[test]
    fn who_has_nothing_to_do_is_passed_over() {
        let mut shares = Shares::new([('a', 1), ('b', 1)]);
        shares.spend('b', Span::from_secs(9));
        assert_eq!(shares.next(|_| true), Some('a'));
        assert_eq!(shares.next(|key| key == 'b'), Some('b'));
        assert_eq!(shares.next(|_| false), None);
    }

    #[test]
    fn where_time_does_not_count_they_come_one_after_the_other() {
        let mut shares = Shares::new([('a', 1), ('b', 7)]);
        shares.spend('a', Span::ZERO);
        assert_eq!(shares.next(|_| true), Some('a'));
    }
}

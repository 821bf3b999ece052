//! A latency histogram with exact count, sum and extremes, which takes the memory of what it holds.

use super::packed::Packed;
use hdrhistogram::Histogram;
use stormglass_model::units::Span;

/// Latencies in nanoseconds: quantiles within 0.1 %, the rest exact.
#[derive(Clone, Debug)]
pub struct Latency {
    counts: Counts,
    count: u64,
    sum_ns: u128,
    min_ns: u64,
    max_ns: u64,
}

/// How many values fell into which bucket. The buckets are those of an HdrHistogram of three digits.
#[derive(Clone, Debug)]
enum Counts {
    /// Of what is still measured.
    Open {
        /// The buckets of the latest values, as they came: most rows of a run have no others.
        latest: Vec<u16>,
        /// By bucket, how many values came before those.
        before: Vec<u64>,
    },
    /// Of an interval or a run that has ended.
    Packed(Packed),
}

/// So many values take less memory one by one. They are counted at once, too: one count does not wait for the memory of the one before.
const FEW: usize = 4_096;
/// Values below 2¹¹ have buckets of their own; above, each power of two has 2¹⁰.
const DIGITS: u32 = 11;

/// So many bits of a bucket are left out while an interval of a timeline is under way: of each power of two 64 are left.
const COARSE: u32 = 4;
/// And in a band: four are left.
const BAND: u32 = 8;

/// The bucket that holds a value, in the order of values.
#[inline]
const fn bucket(value: u64) -> usize {
    let shift = u64::BITS - (value | ((1 << DIGITS) - 1)).leading_zeros() - DIGITS;
    ((shift as usize) << (DIGITS - 1)) + (value >> shift) as usize
}

/// The greatest value of a bucket.
const fn top(bucket: u16) -> u64 {
    let shift = (bucket >> (DIGITS - 1)).saturating_sub(1);
    let digits = bucket as u64 - ((shift as u64) << (DIGITS - 1));
    (digits << shift) | ((1 << shift) - 1)
}

impl Default for Latency {
    fn default() -> Self {
        Latency {
            counts: Counts::default(),
            count: 0,
            sum_ns: 0,
            min_ns: u64::MAX,
            max_ns: 0,
        }
    }
}

/// The greatest value of a coarse bucket.
pub(super) const fn coarse_top(at: usize) -> u64 {
    // In virtual time much takes no time at all, and is to stay so.
    if at == 0 {
        return 0;
    }
    top((at << COARSE | ((1 << COARSE) - 1)) as u16)
}

/// Whether they hold the same, however they keep it.
impl PartialEq for Latency {
    fn eq(&self, other: &Latency) -> bool {
        let exact = |it: &Latency| (it.count, it.sum_ns, it.min_ns, it.max_ns);
        exact(self) == exact(other) && self.counts.steps() == other.counts.steps()
    }
}

impl Latency {
    /// Counts one value.
    #[inline]
    pub fn record(&mut self, span: Span) {
        let bucket = bucket(span.0);
        match &mut self.counts {
            Counts::Open { latest, .. } if latest.len() < FEW => latest.push(bucket as u16),
            counts => counts.add(bucket as u16, 1),
        }
        self.count += 1;
        self.sum_ns += u128::from(span.0);
        self.min_ns = self.min_ns.min(span.0);
        self.max_ns = self.max_ns.max(span.0);
    }

    /// Adds the values of another. What is packed stays so.
    pub(crate) fn add(&mut self, other: &Latency) {
        match &self.counts {
            Counts::Packed(packed) => {
                let both = summed([packed.steps(), other.counts.steps()].concat());
                self.counts = Counts::Packed(Packed::new(&both));
            }
            Counts::Open { .. } => {
                for (bucket, count) in other.counts.steps() {
                    self.counts.add(bucket, count);
                }
            }
        }
        self.count += other.count;
        self.sum_ns += other.sum_ns;
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// Makes these take as little memory as they can: no more values are expected. One that is like the one before it costs
    /// nothing.
    pub(crate) fn pack(mut latencies: Vec<&mut Latency>) {
        let taken = |it: &mut &mut Latency| std::mem::take(&mut it.counts).steps();
        let packed = Packed::all(latencies.iter_mut().map(taken));
        for (latency, packed) in latencies.into_iter().zip(packed) {
            latency.counts = Counts::Packed(packed);
        }
    }

    /// How many values there are between neighbouring bounds: each with its lower and its upper bound, four to each power of two.
    pub(crate) fn bands(&self) -> Vec<(Span, Span, u64)> {
        let mut bands: Vec<(u16, u64)> = Vec::new();
        for (bucket, count) in self.counts.steps() {
            match bands.last_mut() {
                Some((band, sum)) if *band == bucket >> BAND => *sum += count,
                _ => bands.push((bucket >> BAND, count)),
            }
        }
        let bounds = |(band, count): (u16, u64)| {
            let first = band << BAND;
            let below = first.checked_sub(1).map_or(0, |before| top(before) + 1);
            let above = top(first | ((1 << BAND) - 1)).saturating_add(1);
            (Span(below), Span(above), count)
        };
        bands.into_iter().map(bounds).collect()
    }

    /// The sum of all values, in nanoseconds.
    pub(crate) fn sum_ns(&self) -> u128 {
        self.sum_ns
    }

    /// The coarse buckets that hold any value, with their counts; some of them twice.
    pub(super) fn coarse(&self) -> impl Iterator<Item = (usize, u64)> {
        let steps = self.counts.steps().into_iter();
        steps.map(|(bucket, count)| (usize::from(bucket >> COARSE), count))
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least value; zero when there is none.
    pub fn min(&self) -> Span {
        Span(if self.count() == 0 { 0 } else { self.min_ns })
    }

    /// The greatest value; zero when there is none.
    pub fn max(&self) -> Span {
        Span(self.max_ns)
    }

    /// The mean in nanoseconds; zero when there is no value.
    pub(crate) fn mean_ns(&self) -> f64 {
        self.sum_ns as f64 / self.count().max(1) as f64
    }

    /// The value at a quantile between 0 and 1, never beyond the extremes; zero when there is none.
    pub fn quantile(&self, quantile: f64) -> Span {
        if quantile <= 0.0 {
            return self.min();
        }
        let mut left = ((quantile.min(1.0) * self.count as f64).ceil() as u64).max(1);
        let steps = self.counts.steps();
        let step = steps.iter().find(|(_, count)| {
            let found = *count >= left;
            left = left.saturating_sub(*count);
            found
        });
        Span(step.map_or(0, |(bucket, _)| top(*bucket))).clamp(self.min(), self.max())
    }

    /// How many values are certainly above one: those in the buckets above its own.
    pub(crate) fn over(&self, span: Span) -> u64 {
        let steps = self.counts.steps().into_iter();
        let above = steps.skip_while(|(own, _)| usize::from(*own) <= bucket(span.0));
        above.map(|(_, count)| count).sum()
    }

    /// As a histogram of nanoseconds, for export.
    pub(crate) fn histogram(&self) -> Histogram<u64> {
        let mut histogram = empty_histogram();
        for (bucket, count) in self.counts.steps() {
            // A histogram of automatic range refuses nothing that a span can hold.
            let _ = histogram.record_n(top(bucket), count);
        }
        histogram
    }
}

/// A histogram with the same buckets.
#[expect(
    clippy::expect_used,
    reason = "three digits is within the one to five allowed"
)]
pub(crate) fn empty_histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits")
}

/// The latencies of an interval of a timeline that is under way: quantiles within 1.6 % or 16 ns, the rest exact. It takes so little
/// memory that what is in use of it stays in the processor's cache.
#[derive(Clone, Debug)]
pub(crate) struct IntervalLatency {
    counts: Vec<u64>,
    sum_ns: u128,
    min_ns: u64,
    max_ns: u64,
}

impl Default for IntervalLatency {
    fn default() -> Self {
        IntervalLatency {
            counts: Vec::new(),
            sum_ns: 0,
            min_ns: u64::MAX,
            max_ns: 0,
        }
    }
}

impl IntervalLatency {
    /// Counts one value.
    #[inline]
    pub(crate) fn record(&mut self, span: Span) {
        let at = bucket(span.0) >> COARSE;
        if at >= self.counts.len() {
            self.counts.resize((at | 63) + 1, 0);
        }
        self.counts[at] += 1;
        self.sum_ns += u128::from(span.0);
        self.min_ns = self.min_ns.min(span.0);
        self.max_ns = self.max_ns.max(span.0);
    }

    /// What the interval came to, if anything; the next begins.
    pub(crate) fn take(&mut self) -> Option<Latency> {
        if self.min_ns > self.max_ns {
            return None;
        }
        let counts = (0_u16..).zip(&mut self.counts);
        let steps = counts.filter(|(_, count)| **count > 0).map(|(at, count)| {
            // In virtual time much takes no time at all, and is to stay so.
            let bucket = if at == 0 {
                0
            } else {
                at << COARSE | ((1 << COARSE) - 1)
            };
            (bucket, std::mem::take(count))
        });
        let steps: Vec<(u16, u64)> = steps.collect();
        let latency = Latency {
            counts: Counts::Packed(Packed::new(&steps)),
            count: steps.iter().map(|(_, count)| count).sum(),
            sum_ns: self.sum_ns,
            min_ns: self.min_ns,
            max_ns: self.max_ns,
        };
        *self = IntervalLatency {
            counts: std::mem::take(&mut self.counts),
            ..IntervalLatency::default()
        };
        Some(latency)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Counts::Open {
            latest: Vec::new(),
            before: Vec::new(),
        }
    }
}

impl Counts {
    fn add(&mut self, bucket: u16, count: u64) {
        match self {
            Counts::Open { latest, before } => {
                if count <= (FEW - latest.len()) as u64 {
                    latest.extend(std::iter::repeat_n(bucket, count as usize));
                    return;
                }
                latest.drain(..).for_each(|it| raise(before, it, 1));
                raise(before, bucket, count);
            }
            Counts::Packed(packed) => {
                let (latest, mut before) = (Vec::new(), Vec::new());
                let steps = packed.steps().into_iter().chain([(bucket, count)]);
                steps.for_each(|(bucket, count)| raise(&mut before, bucket, count));
                *self = Counts::Open { latest, before };
            }
        }
    }

    /// The buckets that hold any value, in order, with their counts.
    fn steps(&self) -> Vec<(u16, u64)> {
        match self {
            Counts::Open { latest, before } => {
                let mut sorted = latest.clone();
                sorted.sort_unstable();
                let alike = sorted.chunk_by(|a, b| a == b);
                let latest = alike.map(|alike| (alike[0], alike.len() as u64));
                let before = (0..).zip(before.iter().copied());
                let before = before.filter(|(_, count)| *count > 0);
                summed(before.chain(latest).collect())
            }
            Counts::Packed(packed) => packed.steps(),
        }
    }
}

/// Adds to the count of a bucket.
#[inline]
fn raise(counts: &mut Vec<u64>, bucket: u16, by: u64) {
    let at = usize::from(bucket);
    if at >= counts.len() {
        // To the next power of two, so that a drift upwards does not copy it at each step.
        counts.resize((at | ((1 << (DIGITS - 1)) - 1)) + 1, 0);
    }
    counts[at] += by;
}

/// In order, each bucket once.
fn summed(mut steps: Vec<(u16, u64)>) -> Vec<(u16, u64)> {
    steps.sort_unstable();
    steps.dedup_by(|(bucket, count), (before, sum)| {
        let same = bucket == before;
        *sum += if same { *count } else { 0 };
        same
    });
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::Rng as _;
    use stormglass_model::random::Seed;

    /// An HdrHistogram is in doubt about the top of its last bucket, since there is no next one.
    const LAST: u64 = u64::MAX - 1;

    /// Values of all lengths, and the edges of buckets.
    fn values(seed: u64, count: usize) -> Vec<u64> {
        let mut rng = Seed(seed).rng();
        let some = (0..count).map(|_| rng.next_u64() >> (rng.next_u64() % 64));
        some.chain([0, 1, 2_047, 2_048, 2_049, u64::MAX]).collect()
    }

    #[test]
    fn buckets_are_those_of_an_hdr_histogram() {
        let mut histogram = empty_histogram();
        histogram.record(u64::MAX).unwrap();
        for value in values(1, 100_000) {
            let top = top(bucket(value) as u16).min(LAST);
            let expected = histogram.highest_equivalent(value).min(LAST);
            assert_eq!(top, expected, "{value}");
        }
    }

    #[test]
    fn quantiles_are_those_of_an_hdr_histogram_however_it_is_kept() {
        for count in [0, 3, FEW - 6, FEW, 5 * FEW] {
            let (mut latency, mut histogram) = (Latency::default(), empty_histogram());
            let mut interval = IntervalLatency::default();
            for value in values(count as u64, count) {
                interval.record(Span(value));
                latency.record(Span(value));
                histogram.record(value).unwrap();
            }
            let mut whole = latency.clone();
            Latency::pack(vec![&mut latency]);
            let mut sum = Latency::default();
            sum.add(&latency);
            assert_eq!(latency.histogram(), histogram);
            let mut twice = latency.clone();
            twice.add(&whole);
            let doubled: Vec<_> = whole
                .counts
                .steps()
                .iter()
                .map(|(at, n)| (*at, 2 * n))
                .collect();
            assert_eq!(twice.counts.steps(), doubled, "packed, and added to");
            for quantile in (0..=1_000).map(|n| f64::from(n) / 1e3) {
                let expected = Span(histogram.value_at_quantile(quantile));
                let expected = expected.clamp(whole.min(), whole.max()).min(Span(LAST));
                for kept in [&whole, &latency, &sum] {
                    let found = kept.quantile(quantile).min(Span(LAST));
                    assert_eq!(found, expected, "{quantile} of {count}");
                }
            }
            let near = |coarse: u64, exact: u64| {
                let most = (exact as f64 * (1.0 + 1.0 / 64.0)).max(exact as f64 + 16.0);
                exact <= coarse.saturating_add(16) && coarse as f64 <= most
            };
            let coarse = interval.take().unwrap();
            assert!(interval.take().is_none(), "the next has nothing yet");
            assert_eq!((coarse.min(), coarse.max()), (whole.min(), whole.max()));
            assert_eq!(
                (coarse.count(), coarse.sum_ns),
                (whole.count(), whole.sum_ns)
            );
            for quantile in (1..=1_000).map(|n| f64::from(n) / 1e3) {
                let [coarse, exact] = [&coarse, &whole].map(|it| it.quantile(quantile).0);
                assert!(
                    near(coarse, exact),
                    "{quantile} of {count}: {coarse} for {exact}"
                );
            }
            let bands = coarse.bands();
            assert_eq!(bands.iter().map(|band| band.2).sum::<u64>(), whole.count());
            assert!(bands.iter().all(|(from, to, _)| from < to));
            assert!(bands.windows(2).all(|pair| pair[0].1 <= pair[1].0));
            whole.record(Span(7));
            latency.record(Span(7));
            assert_eq!(latency.histogram(), whole.histogram(), "unpacked again");
        }
    }
}

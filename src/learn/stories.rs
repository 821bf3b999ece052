//! Lives that are alike, as stories: what was done in which order, how often, with which waits, and to which sizes.

use super::arrivals::Arrivals;
use super::life::{Gap, Life, Step, Way};
use crate::statistics::Reservoir;
use std::collections::BTreeMap;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::{Span, Time};

/// All lives that were seen from their create on.
#[derive(Debug)]
pub struct Stories {
    variants: BTreeMap<Vec<Step>, Variant>,
    /// Lives that had not ended.
    open: Vec<Life>,
    /// The longest wait between two operations of a life that had.
    longest_wait: Span,
    /// What became of those.
    pub ended: Ended,
    /// Lives.
    pub lives: u64,
    /// Lives beyond the variants that are kept.
    pub crowded: u64,
    /// What failed, and what became of it.
    pub failures: BTreeMap<Operation, Failures>,
    /// Operations that began before the one before had ended.
    pub overlaps: u64,
    /// Operations for another project than the image's.
    pub strange: u64,
    /// Sizes of all images together.
    pub sizes: Reservoir<f64>,
}

/// Operations of a kind that did not succeed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// How many of these by an error of the server.
    pub server: u64,
    /// How many were tried again.
    pub again: u64,
}

/// Lives of one sequence of steps.
#[derive(Debug)]
pub struct Variant {
    /// How long each was seen.
    lengths: Vec<Span>,
    /// Those that are still there, as far as one can tell.
    pub kept: u64,
    /// The waits before each step.
    pub waits: Vec<Waits>,
    /// The waits within steps that were done several times.
    pub within: Vec<Waits>,
    /// How often each step was done, all lives together.
    pub times: Vec<u64>,
    /// The sizes of the data.
    pub sizes: Reservoir<f64>,
}

/// Waits of one place in a story.
#[derive(Clone, Debug)]
pub struct Waits {
    /// In nanoseconds.
    pub values: Reservoir<f64>,
    /// The coarsest date among them.
    pub coarse: Span,
}

/// A story, and how often it comes.
#[derive(Debug)]
pub struct Story<'a> {
    /// Its steps.
    pub steps: &'a [Step],
    /// What is known of it.
    pub variant: &'a Variant,
    /// How many lives.
    pub lives: u64,
    /// The share of all lives, counting those that the end of the logs cut off.
    pub share: f64,
}

/// What became of lives that had not ended when the logs did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ended {
    /// Lives that the end cut off: how they go on is not known.
    pub cut: u64,
    /// Lives that were silent for longer than any that was deleted: they stay.
    pub kept: u64,
    /// Whether no life ended before the logs did, so that the stories end where the logs do.
    pub none_ended: bool,
}

/// What lives come to.
#[derive(Debug, Default)]
pub struct Told<'a> {
    /// Stories that are not rare, the most frequent first.
    pub stories: Vec<Story<'a>>,
    /// Sequences that are rare, and lives of them.
    pub rare: (usize, u64),
}

/// Samples of one place of a story that are kept.
const KEPT: usize = 10_000;
/// Sequences that are kept apart at most.
const VARIANTS: usize = 20_000;
/// Lives that must have ended before one that is silent is taken for one that stays.
const ENDED: u64 = 10;

impl Default for Stories {
    fn default() -> Stories {
        Stories {
            variants: BTreeMap::new(),
            open: Vec::new(),
            longest_wait: Span::ZERO,
            ended: Ended::default(),
            lives: 0,
            crowded: 0,
            failures: BTreeMap::new(),
            overlaps: 0,
            strange: 0,
            sizes: Reservoir::of(KEPT),
        }
    }
}

impl Stories {
    /// Takes a life.
    pub fn add(&mut self, life: Life) {
        self.lives += 1;
        self.overlaps += life.overlaps;
        self.strange += life.strange;
        for (event, again) in &life.failures {
            let failures = self.failures.entry(event.operation).or_default();
            failures.count += 1;
            failures.server += u64::from(event.is_server_error);
            failures.again += u64::from(*again);
        }
        if let Some(size) = life.size {
            self.sizes.add(size.0 as f64);
        }
        match life.is_deleted {
            false => self.open.push(life),
            true => {
                let gaps = life
                    .waits
                    .iter()
                    .flatten()
                    .chain(life.within.iter().map(|(_, gap)| gap));
                let longest = gaps.map(|gap| gap.ns).fold(0.0, f64::max);
                self.longest_wait = self.longest_wait.max(Span(longest as u64));
                self.add_to_variant(&life, life.length(), false);
            }
        }
    }

    fn add_to_variant(&mut self, life: &Life, length: Span, is_kept: bool) {
        if !self.variants.contains_key(&life.steps) && self.variants.len() >= VARIANTS {
            self.crowded += 1;
            return;
        }
        let steps = life.steps.len();
        let variant = self
            .variants
            .entry(life.steps.clone())
            .or_insert_with(|| Variant::of(steps));
        variant.lengths.push(length);
        variant.kept += u64::from(is_kept);
        for (waits, gap) in variant.waits.iter_mut().zip(&life.waits) {
            waits.add(*gap);
        }
        for (step, gap) in &life.within {
            if let Some(waits) = variant.within.get_mut(*step) {
                waits.add(Some(*gap));
            }
        }
        for (sum, times) in variant.times.iter_mut().zip(&life.times) {
            *sum += u64::from(*times);
        }
        if let Some(size) = life.size {
            variant.sizes.add(size.0 as f64);
        }
    }

    /// Decides what becomes of lives that had not ended when the logs did, at `end`.
    pub fn end(&mut self, end: Time) {
        let ended: u64 = self
            .variants
            .values()
            .map(|it| it.lengths.len() as u64)
            .sum();
        let none_ended = ended == 0;
        let silence = self.longest_wait;
        self.ended.none_ended = none_ended;
        for life in std::mem::take(&mut self.open) {
            let is_silent = ended >= ENDED && end.since(life.last) > silence;
            if none_ended || is_silent {
                let seen_after = if none_ended { Span::ZERO } else { silence };
                self.add_to_variant(&life, life.length() + seen_after, true);
                self.ended.kept += 1;
            } else {
                self.ended.cut += 1;
            }
        }
    }

    /// What they come to, of logs that end at `end`. Sequences of a smaller share than `rare` are left out and counted.
    ///
    /// A life that lasts for long is seldom seen whole: only where it began early enough. So each that was seen whole stands for as
    /// many as began at any time, by the share of creates early enough to be seen whole (D. G. Horvitz, D. J. Thompson, "A
    /// generalization of sampling without replacement from a finite universe", Journal of the American Statistical Association 47,
    /// 1952).
    pub fn told(&self, arrivals: &Arrivals, end: Time, rare: f64) -> Told<'_> {
        let none_ended = self.ended.none_ended;
        let weigh = |length: &Span| {
            let latest = Time(end.0.saturating_sub(length.0));
            match none_ended {
                true => 1.0,
                false => 1.0 / arrivals.share_until(latest).max(1e-3),
            }
        };
        let weights = self
            .variants
            .values()
            .map(|it| it.lengths.iter().map(weigh).sum::<f64>());
        let weights: Vec<f64> = weights.collect();
        let all: f64 = weights.iter().sum();
        let mut told = Told::default();
        for ((steps, variant), weight) in self.variants.iter().zip(weights) {
            let (lives, share) = (variant.lengths.len() as u64, weight / all);
            if share < rare {
                told.rare.0 += 1;
                told.rare.1 += lives;
                continue;
            }
            told.stories.push(Story {
                steps,
                variant,
                lives,
                share,
            });
        }
        told.stories.sort_by(|a, b| {
            b.share
                .total_cmp(&a.share)
                .then_with(|| a.steps.cmp(b.steps))
        });
        told
    }
}

impl Variant {
    fn of(steps: usize) -> Variant {
        let waits = || (0..steps).map(|_| Waits::default()).collect();
        Variant {
            lengths: Vec::new(),
            kept: 0,
            waits: waits(),
            within: waits(),
            times: vec![0; steps],
            sizes: Reservoir::of(KEPT),
        }
    }
}

impl Default for Waits {
    fn default() -> Waits {
        Waits {
            values: Reservoir::of(KEPT),
            coarse: Span::ZERO,
        }
    }
}

impl Waits {
    fn add(&mut self, gap: Option<Gap>) {
        if let Some(gap) = gap {
            self.values.add(gap.ns);
            self.coarse = self.coarse.max(gap.resolution);
        }
    }
}

impl Story<'_> {
    /// How often the step at this place is done, in the mean, rounded.
    pub fn times(&self, at: usize) -> u64 {
        let sum = self.variant.times.get(at).copied().unwrap_or(1);
        ((sum as f64 / self.lives.max(1) as f64).round() as u64).max(1)
    }

    /// What it is called: its operations.
    pub fn name(&self) -> String {
        let word = |(at, (operation, way)): (usize, &Step)| match way {
            Way::Once => operation.name().to_owned(),
            Way::Several => format!("{} {operation}s", self.times(at)),
            Way::Refused => format!("no {operation}"),
        };
        let words: Vec<String> = self.steps.iter().enumerate().map(word).collect();
        words.join(", ")
    }
}

#[cfg(test)]
#[path = "stories_tests.rs"]
mod tests;

//! Where the key takes any number: the value at which a demand would just be met.

use super::{Found, Holds, MORE, Measure, Search, Stop};
use crate::statistics::{CONFIDENCE, Estimate};

/// How often the ends of the last bracket are moved, or given more replications, at most.
const TURNS: u32 = 64;

impl<M: Measure> Search<'_, M> {
    /// Replications at two values that enclose it until the interval is as narrow as it must be.
    pub(super) fn between(
        &mut self,
        mut holds: f64,
        mut fails: f64,
    ) -> Result<Found, Stop<M::Error>> {
        let demands = self.demands;
        let mut replications = 2 * MORE;
        for _ in 0..TURNS {
            self.until_whole(holds, replications)?;
            self.until_whole(fails, replications)?;
            let Some((estimate, demand)) = self.crossing(holds, fails) else {
                // Nothing happened at one of the ends, or there is more noise than slope.
                let middle = self.range.middle(holds.min(fails), holds.max(fails));
                match middle
                    .map(|middle| Ok((middle, self.look(middle)?)))
                    .transpose()?
                {
                    Some((middle, Holds::Yes)) => holds = middle,
                    Some((middle, Holds::No | Holds::Void)) => fails = middle,
                    None => break,
                }
                continue;
            };
            let (low, high) = (holds.min(fails), holds.max(fails));
            if !(low..=high).contains(&estimate.mean) {
                let shift = estimate.mean - 0.5 * (low + high);
                let shifted = |value: f64| {
                    let value = (value + shift).clamp(self.range.from, self.range.to);
                    self.range.rounded(value)
                };
                let ends = (shifted(holds), shifted(fails));
                if ends != (holds, fails) && ends.0 != ends.1 {
                    (holds, fails) = ends;
                    continue;
                }
            }
            let exact = estimate.reach <= self.budget.within * estimate.mean.abs();
            if exact || self.replications(holds) >= self.budget.most {
                return Ok(Found {
                    value: estimate.mean,
                    low: estimate.low(),
                    high: estimate.high(),
                    below: holds < fails,
                    demand,
                });
            }
            replications = self.replications(holds) + MORE;
        }
        // No line can be laid through it, so that the answer is as wide as what encloses it.
        Ok(Found {
            value: holds,
            low: holds.min(fails),
            high: holds.max(fails),
            below: holds < fails,
            demand: self.point(fails).deciding(demands),
        })
    }

    /// Where the first demand gives way between two values, and which: each replication has a crossing of its own.
    fn crossing(&mut self, holds: f64, fails: f64) -> Option<(Estimate, usize)> {
        let demands = self.demands;
        let (here, there) = (self.point(holds).clone(), self.point(fails).clone());
        let towards = (fails - holds).signum();
        let crossings = demands.iter().enumerate().filter_map(|(at, demand)| {
            let (here, there) = (here.margins(at, demand), there.margins(at, demand));
            let (mean_here, mean_there) = (
                Estimate::of(&here, CONFIDENCE)?,
                Estimate::of(&there, CONFIDENCE)?,
            );
            let slope = (mean_there.mean - mean_here.mean) / (fails - holds);
            if !slope.is_finite() || slope * towards <= 0.0 {
                return None;
            }
            let middle = 0.5 * (holds + fails);
            let pairs = here.iter().zip(&there);
            let own: Vec<f64> = pairs
                .map(|(here, there)| middle - 0.5 * (here + there) / slope)
                .collect();
            Some((Estimate::of(&own, CONFIDENCE)?, at))
        });
        crossings.min_by(|(a, _), (b, _)| (a.mean * towards).total_cmp(&(b.mean * towards)))
    }
}

//! What a search came to.

use super::quantity::Range;
use super::search::{Answer, Point};
use super::storms::{Beside, SearchError};
use super::usl;
use crate::metrics::Threshold;
use crate::statistics::{CONFIDENCE, Estimate};

/// What a search came to, for reports.
#[derive(Debug)]
pub struct SearchResult {
    /// What was varied.
    pub range: Range,
    /// What was demanded.
    pub demands: Vec<Threshold>,
    /// The values that were looked at, in order, each with what was measured besides.
    pub points: Vec<(Point, Beside)>,
    /// The answer.
    pub answer: Answer,
    /// Whether values were looked at only to see how throughput scales.
    pub asks_for_scaling: bool,
    /// Why it ended early, unless the user wanted it to.
    pub failure: Option<SearchError>,
    /// How long it took in seconds.
    pub wall_s: f64,
    /// Processor time in seconds.
    pub cpu_s: f64,
}

impl SearchResult {
    /// The value nearest to the answer on the side that holds, with what was measured besides: how the resources are used there.
    pub fn at_the_edge(&self) -> Option<&(Point, Beside)> {
        let Answer::Found(found) = &self.answer else {
            return None;
        };
        let on_its_side = |value: f64| match found.below {
            true => value <= found.value,
            false => value >= found.value,
        };
        let holds = (self.points.iter())
            .filter(|(point, _)| point.holds != Some(false) && on_its_side(point.value));
        holds.min_by(|a, b| {
            let away = |it: &(Point, Beside)| (it.0.value - found.value).abs();
            away(a).total_cmp(&away(b))
        })
    }

    /// How throughput goes with concurrency, over all values at which no work was left over.
    pub fn scalability(&self) -> Result<usl::Law, usl::Unlawful> {
        usl::Law::fit(&self.observations())
    }

    /// The values that say how throughput goes with concurrency: those that were run to their ends, and left no work over.
    pub fn observations(&self) -> Vec<usl::Observation> {
        let is_whole = |point: &Point| {
            let mut samples = point.samples.iter();
            samples.all(|it| !it.void && !it.overloaded && !it.lost)
        };
        let mean = |values: &[f64]| Estimate::of(values, CONFIDENCE).map(|it| it.mean);
        let whole = self.points.iter().filter(|(point, _)| is_whole(point));
        let observation = |(_, beside): &(Point, Beside)| {
            Some(usl::Observation {
                concurrency: mean(&beside.in_flight)?,
                throughput: mean(&beside.completions_per_s)?,
            })
        };
        whole.filter_map(observation).collect()
    }
}

impl Point {
    /// Whether the generator could not offer the load in a replication.
    pub fn is_void(&self) -> bool {
        self.samples.iter().any(|sample| sample.void)
    }

    /// Whether work was left over at the end of a replication.
    pub fn is_overloaded(&self) -> bool {
        self.samples.iter().any(|sample| sample.overloaded)
    }

    /// Whether a replication ended early, since a demand could not hold any more.
    pub fn is_lost(&self) -> bool {
        self.samples.iter().any(|sample| sample.lost)
    }

    /// A demand's figure over the replications; none where nothing of the kind happened in one of them.
    pub fn figure(&self, demand: usize) -> Option<Estimate> {
        let figures: Option<Vec<f64>> = (self.samples.iter())
            .map(|sample| sample.figures[demand])
            .collect();
        Estimate::of(&figures?, CONFIDENCE)
    }
}

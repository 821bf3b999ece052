//! What a search came to.

use super::quantity::Range;
use super::search::{Answer, Point};
use super::storms::{Beside, SearchError};
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
    /// Why it ended early, unless the user wanted it to.
    pub failure: Option<SearchError>,
    /// How long it took in seconds.
    pub wall_s: f64,
    /// Processor time in seconds.
    pub cpu_s: f64,
}

impl SearchResult {
    /// The value nearest to the answer at which the demands hold, with what was measured besides: how the resources are used there.
    pub fn at_the_edge(&self) -> Option<&(Point, Beside)> {
        let Answer::Found(found) = &self.answer else {
            return None;
        };
        let holds = (self.points.iter()).filter(|(point, _)| point.holds == Some(true));
        holds.min_by(|a, b| {
            let away = |it: &(Point, Beside)| (it.0.value - found.value).abs();
            away(a).total_cmp(&away(b))
        })
    }

    /// The demand that decides at a point: the one of which least is left there.
    pub fn deciding(&self, point: &Point) -> usize {
        let mean = |at: usize| {
            let margins = point.margins(at, &self.demands[at]);
            Estimate::of(&margins, CONFIDENCE).map_or(f64::INFINITY, |it| it.mean)
        };
        let all = 0..self.demands.len();
        all.max_by(|a, b| mean(*a).total_cmp(&mean(*b)))
            .unwrap_or(0)
    }
}

impl Point {
    /// Whether work was left over at the end of a replication.
    pub fn is_overloaded(&self) -> bool {
        self.samples.iter().any(|sample| sample.overloaded)
    }

    /// A demand's figure over the replications; none where nothing of the kind happened in one of them.
    pub fn figure(&self, demand: usize) -> Option<Estimate> {
        let figures: Option<Vec<f64>> = (self.samples.iter())
            .map(|sample| sample.figures[demand])
            .collect();
        Estimate::of(&figures?, CONFIDENCE)
    }
}

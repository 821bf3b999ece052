//! What came of the question which set-up to buy.

use super::search::Point;
use super::setups::Setup;
use super::storms::{Beside, SearchError};
use crate::metrics::Threshold;

/// The set-ups that were looked at, and the cheapest of those that are enough.
#[derive(Debug)]
pub struct Advice {
    /// What was demanded.
    pub demands: Vec<Threshold>,
    /// What costs are in; none: nothing of a set-up has a price, and they are in the order of how many processes they have.
    pub currency: Option<String>,
    /// In the order of what they cost.
    pub tried: Vec<Tried>,
    /// How many there are; those that were not looked at cost more.
    pub asked: usize,
    /// Whether the user ended it.
    pub interrupted: bool,
    /// Why it ended early, unless the user wanted it to.
    pub failure: Option<SearchError>,
    /// How long it took in seconds.
    pub wall_s: f64,
    /// Processor time in seconds.
    pub cpu_s: f64,
}

/// A set-up that was looked at.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Which.
    pub setup: Setup,
    /// What it costs in a month.
    pub cost: Option<f64>,
    /// What was forecast, and whether that is enough.
    pub point: Point,
    /// What was forecast besides.
    pub beside: Beside,
    /// What was measured with it on the real server.
    pub measured: Option<Measured>,
}

/// What was measured of a set-up.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The figures, and whether they are enough.
    pub point: Point,
    /// What was measured besides.
    pub beside: Beside,
}

impl Advice {
    /// The set-ups that are enough, the cheapest first.
    pub fn enough(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|it| it.point.holds == Some(true))
    }

    /// The one to take: the cheapest that is enough. Where some were measured on the real server, it is one that is enough there as
    /// well: what it refutes of the model it may refute of the others too.
    pub fn advised(&self) -> Option<&Tried> {
        let was_measured = self.tried.iter().any(|it| it.measured.is_some());
        let stands = |it: &&Tried| match &it.measured {
            Some(measured) => measured.point.holds == Some(true),
            None => !was_measured,
        };
        self.enough().find(stands)
    }
}

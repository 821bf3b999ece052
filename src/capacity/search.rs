//! The search for the highest load that holds, or for the lowest resource that is enough.
//!
//! A figure that a demand is about is measured at a value of the key by independent replications, and those of every value have the
//! same seeds. What is compared with the bound is the *margin*: the logarithm of figure ÷ bound where the figure is a time, else their
//! difference; negative where the demand holds. The search looks at both ends, which tells whether more is better, and halves the
//! range until its ends are near each other. Where the key takes any number, the figure is then taken to be linear between the ends:
//! each replication has a value of its own at which its margin would be zero, and these give the value and its interval. Where the key
//! takes whole numbers, replications are added at both ends until each is told apart from the bound.

mod crossing;
mod enclose;

use super::quantity::{self, Range};
use crate::metrics::{Comparison, Threshold, Unit};
use crate::statistics::Estimate;
use std::collections::BTreeMap;
use std::ops;

/// What one replication at one value came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What each demand's figure was; none where nothing of the kind happened.
    pub figures: Vec<Option<f64>>,
    /// Whether the generator could not offer the load, so that the figures are no answer.
    pub void: bool,
    /// Whether work was left over when the run ended, so that no demand holds, whatever the figures of what ended are.
    pub overloaded: bool,
    /// Whether it ended early, since a demand could not hold any more: how far its figures would have gone, nobody knows.
    pub lost: bool,
}

/// A value of the key, with what was measured there.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The value of the key.
    pub value: f64,
    /// One a replication, with seeds one apart.
    pub samples: Vec<Sample>,
    /// Whether the demands hold there, where that is sure.
    pub holds: Option<bool>,
}

/// How much may be spent, and how exact the answer must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Replications at a value at most.
    pub most: u32,
    /// How far the interval may reach to either side, as a share of the value.
    pub within: f64,
    /// How many values, spread over the range, are looked at beside those that the answer needs.
    pub spread: u32,
}

/// What the search came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The demands hold up to a value, or from one on.
    Found(Found),
    /// They hold at both ends.
    Everywhere,
    /// They hold at neither.
    Nowhere,
    /// The generator could not offer more than it did at the first of these values, where they hold; at the second it could not.
    NotOffered(f64, f64),
    /// It was ended early: they hold at the first of these values, and not at the second.
    Unfinished(Option<(f64, f64)>),
}

/// The value that was looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The highest that holds where more is worse, else the lowest.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether the demands hold below it, as they do of a load; else above it, as they do of a resource.
    pub below: bool,
    /// The position of the demand that gives way first.
    pub demand: usize,
}

/// Why nothing more is measured.
pub enum Stop<E> {
    /// The user wants to stop.
    Interrupted,
    /// Nothing can be said any more.
    Failed(E),
}

/// What runs the scenario.
pub trait Measure {
    /// What may go wrong.
    type Error;

    /// Runs the replications of these numbers, from zero, with the key at `value`: to the end if they must be `whole`, else each
    /// until a demand is lost.
    fn measure(
        &mut self,
        value: f64,
        replications: ops::Range<u32>,
        whole: bool,
    ) -> Result<Vec<Sample>, Stop<Self::Error>>;

    /// What a short run at a value asks of each resource, as a share of its units, always of as many resources; none where runs
    /// are not short or that is not known.
    fn sketch(&mut self, _value: f64) -> Result<Vec<f64>, Stop<Self::Error>> {
        Ok(Vec::new())
    }

    /// The same of the runs that were measured at a value.
    fn asked(&self, _value: f64) -> Vec<f64> {
        Vec::new()
    }

    /// Hears that something was decided about a point.
    fn decided(&mut self, point: &Point);
}

/// A search under way.
struct Search<'a, M> {
    range: &'a Range,
    demands: &'a [Threshold],
    budget: Budget,
    measure: &'a mut M,
    points: Vec<Point>,
    /// What was said of a point last: after how many replications, and what they decide.
    said: BTreeMap<usize, (usize, Option<bool>)>,
}

/// Searches `range` for where the demands cease to hold. Gives all that was looked at as well, by value, also where it was ended early.
pub fn search<M: Measure>(
    range: &Range,
    demands: &[Threshold],
    budget: Budget,
    measure: &mut M,
) -> (Vec<Point>, Result<Answer, M::Error>) {
    let mut search = Search {
        range,
        demands,
        budget,
        measure,
        points: Vec::new(),
        said: BTreeMap::new(),
    };
    let answer = match search.run() {
        Ok(answer) => match search.spread() {
            // What was found is not lost with what was to be seen beside it.
            Ok(()) | Err(Stop::Interrupted) => Ok(answer),
            Err(Stop::Failed(error)) => Err(error),
        },
        Err(Stop::Interrupted) => Ok(Answer::Unfinished(search.bracket())),
        Err(Stop::Failed(error)) => Err(error),
    };
    // One that was about to be measured says nothing.
    search.points.retain(|point| !point.samples.is_empty());
    search.settle();
    search.points.sort_by(|a, b| a.value.total_cmp(&b.value));
    (search.points, answer)
}

/// Decides whether the demands hold at one value, after as many replications as that takes, or as there may be.
pub fn decide<M: Measure>(
    value: f64,
    demands: &[Threshold],
    budget: Budget,
    measure: &mut M,
) -> Result<Point, Stop<M::Error>> {
    let range = Range {
        key: String::new(),
        from: value,
        to: value,
        unit: quantity::Unit::Whole,
    };
    let mut search = Search {
        range: &range,
        demands,
        budget,
        measure,
        points: Vec::new(),
        said: BTreeMap::new(),
    };
    search.closely(value)?;
    search.settle();
    let point = search.points.pop();
    Ok(point.unwrap_or(Point {
        value,
        samples: Vec::new(),
        holds: None,
    }))
}

/// How sure a decision about one point is, of which there are several.
const SURE: f64 = 0.99;

impl<M: Measure> Search<'_, M> {
    fn run(&mut self) -> Result<Answer, Stop<M::Error>> {
        let (mut holds, mut fails) = match self.enclose()? {
            Ok(enclosed) => enclosed,
            Err(answer) => return Ok(answer),
        };
        let near = 2.0 * self.budget.within;
        while (holds - fails).abs() > near * holds.min(fails) || self.is_whole() {
            let (low, high) = (holds.min(fails), holds.max(fails));
            let Some(middle) = self.range.middle(low, high) else {
                break;
            };
            match self.look(middle)? {
                Holds::Yes => holds = middle,
                Holds::No | Holds::Void => fails = middle,
            }
        }
        if self.point(fails).samples.iter().any(|sample| sample.void) {
            return Ok(Answer::NotOffered(holds, fails));
        }
        let found = match self.is_whole() {
            true => self.between_wholes(holds, fails)?,
            false => self.between(holds, fails)?,
        };
        Ok(Answer::Found(found))
    }

    /// What was decided early is decided by all that was measured since.
    fn settle(&mut self) {
        for at in 0..self.points.len() {
            let holds = self.sure(self.points[at].value);
            self.points[at].holds = holds;
        }
    }

    /// Looks at values spread over the whole range, to the ends of their runs.
    fn spread(&mut self) -> Result<(), Stop<M::Error>> {
        for value in self.range.spread(self.budget.spread) {
            self.until_whole(value, FIRST)?;
            self.look(value)?;
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.range.unit == quantity::Unit::Whole
    }

    /// On which side of the value the search goes on. A few replications decide where that is plain, and their mean where it is not:
    /// what is near the bound is looked at more closely at the end.
    fn look(&mut self, value: f64) -> Result<Holds, Stop<M::Error>> {
        self.until(value, FIRST)?;
        let mut holds = self.holds(value, SURE);
        if holds.is_none() {
            self.until(value, 2 * FIRST)?;
            holds = self.holds(value, SURE);
        }
        self.decide(value);
        Ok(holds.unwrap_or_else(|| self.on_average(value)))
    }

    /// Writes down what is sure about a value, and says so unless that was said.
    fn decide(&mut self, value: f64) {
        let holds = self.sure(value);
        let at = self.index(value);
        let point = &mut self.points[at];
        point.holds = holds;
        let now = (point.samples.len(), holds);
        if self.said.insert(at, now) != Some(now) {
            self.measure.decided(point);
        }
    }

    /// Whether the demands hold at a value; none where nobody can be sure.
    fn sure(&mut self, value: f64) -> Option<bool> {
        match self.holds(value, SURE)? {
            Holds::Yes => Some(true),
            Holds::No => Some(false),
            Holds::Void => None,
        }
    }

    /// Measures until there are so many replications, or as many as there may be.
    fn until(&mut self, value: f64, replications: u32) -> Result<(), Stop<M::Error>> {
        let at = self.index(value);
        let done = self.points[at].samples.len() as u32;
        let wanted = replications.min(self.budget.most.max(FIRST));
        if done < wanted {
            let samples = self.measure.measure(value, done..wanted, false)?;
            self.points[at].samples.extend(samples);
        }
        Ok(())
    }

    /// The same, of runs that are whole: how far a figure is from its bound counts.
    fn until_whole(&mut self, value: f64, replications: u32) -> Result<(), Stop<M::Error>> {
        let at = self.index(value);
        if self.points[at].samples.iter().any(|sample| sample.lost) {
            self.points[at].samples.clear();
        }
        let done = self.points[at].samples.len() as u32;
        let wanted = replications.min(self.budget.most.max(FIRST));
        if done < wanted {
            let samples = self.measure.measure(value, done..wanted, true)?;
            self.points[at].samples.extend(samples);
        }
        Ok(())
    }

    fn index(&mut self, value: f64) -> usize {
        let found = self.points.iter().position(|point| point.value == value);
        found.unwrap_or_else(|| {
            self.points.push(Point {
                value,
                samples: Vec::new(),
                holds: None,
            });
            self.points.len() - 1
        })
    }

    fn point(&mut self, value: f64) -> &Point {
        let at = self.index(value);
        &self.points[at]
    }

    /// Whether the demands hold at a value, where that is sure.
    fn holds(&mut self, value: f64, confidence: f64) -> Option<Holds> {
        let demands = self.demands;
        let point = self.point(value);
        if point.samples.iter().any(|sample| sample.void) {
            return Some(Holds::Void);
        }
        let margins = demands.iter().enumerate().map(|(at, demand)| {
            let margins = point.margins(at, demand);
            match margins.iter().any(|margin| margin.is_infinite()) {
                // Nothing of the kind happened, or not all of it, which no demand allows.
                true => Some(false),
                false => {
                    let estimate = Estimate::of(&margins, confidence)?;
                    (estimate.low() > 0.0 || estimate.high() < 0.0).then(|| estimate.high() < 0.0)
                }
            }
        });
        let margins: Vec<Option<bool>> = margins.collect();
        match () {
            () if margins.contains(&Some(false)) => Some(Holds::No),
            () if margins.iter().all(|holds| *holds == Some(true)) => Some(Holds::Yes),
            () => None,
        }
    }

    fn on_average(&mut self, value: f64) -> Holds {
        let demands = self.demands;
        let point = self.point(value);
        let mut means = demands.iter().enumerate().map(|(at, demand)| {
            Estimate::of(&point.margins(at, demand), SURE).map_or(f64::INFINITY, |it| it.mean)
        });
        match means.all(|mean| mean < 0.0) {
            true => Holds::Yes,
            false => Holds::No,
        }
    }

    /// Where the key takes whole numbers: the value nearest to those that fail of which the demands hold. Its interval reaches from
    /// the first that is not sure to fail to the first that is sure to hold.
    fn between_wholes(&mut self, holds: f64, fails: f64) -> Result<Found, Stop<M::Error>> {
        let (demands, better) = (self.demands, (holds - fails).signum());
        let mut sure = holds;
        while self.is_in(sure + better) && self.closely(sure)? != Some(Holds::Yes) {
            sure += better;
        }
        while self.is_in(sure - better) && self.closely(sure - better)? == Some(Holds::Yes) {
            sure -= better;
        }
        let mut open = sure;
        while self.is_in(open - better) && self.closely(open - better)?.is_none() {
            open -= better;
        }
        let mut value = open;
        while value != sure && self.on_average(value) != Holds::Yes {
            value += better;
        }
        Ok(Found {
            value,
            low: open.min(sure),
            high: open.max(sure),
            below: better < 0.0,
            demand: self.point(value).deciding(demands),
        })
    }

    fn is_in(&self, value: f64) -> bool {
        (self.range.from..=self.range.to).contains(&value)
    }

    /// Whether the demands hold at a value, after as many replications as that takes, or as there may be.
    fn closely(&mut self, value: f64) -> Result<Option<Holds>, Stop<M::Error>> {
        self.until(value, FIRST)?;
        loop {
            let (holds, done) = (self.holds(value, SURE), self.replications(value));
            if holds.is_some() || done >= self.budget.most {
                self.decide(value);
                return Ok(holds);
            }
            self.until(value, done + MORE)?;
        }
    }

    fn replications(&mut self, value: f64) -> u32 {
        self.point(value).samples.len() as u32
    }

    /// What was found so far: the nearest values that hold and do not.
    fn bracket(&self) -> Option<(f64, f64)> {
        let of = |holds: bool| {
            let points = self.points.iter().filter(move |it| it.holds == Some(holds));
            points.map(|point| point.value)
        };
        let pairs = of(true).flat_map(|holds| of(false).map(move |fails| (holds, fails)));
        pairs.min_by(|a, b| (a.0 - a.1).abs().total_cmp(&(b.0 - b.1).abs()))
    }
}

/// Replications that a value is given at first.
const FIRST: u32 = 2;
/// Replications that are added where these do not decide; the same on any machine, so that the answer is too.
const MORE: u32 = 4;

/// What a few replications say of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    /// The generator could not offer the load.
    Void,
}

impl Point {
    /// By how much each replication misses a demand; negative where it holds, infinite where nothing of the kind happened, work was left over,
    /// or it ended early.
    pub fn margins(&self, demand: usize, threshold: &Threshold) -> Vec<f64> {
        let samples = self.samples.iter();
        samples
            .map(|sample| match sample.figures[demand] {
                Some(figure) if !sample.overloaded && !sample.lost => margin(figure, threshold),
                Some(_) | None => f64::INFINITY,
            })
            .collect()
    }

    /// The demand that decides: the one that is missed by most, or of which least is left, as a share of its bound.
    pub fn deciding(&self, demands: &[Threshold]) -> usize {
        let over = |at: usize| match self.figure(at) {
            Some(figure) if !self.is_overloaded() && !self.is_lost() => {
                over_bound(figure.mean, &demands[at])
            }
            Some(_) | None => f64::INFINITY,
        };
        let all = 0..demands.len();
        all.max_by(|a, b| over(*a).total_cmp(&over(*b)))
            .unwrap_or(0)
    }
}

/// By how much a figure misses its bound, in a measure that figures of all units share: the logarithm of one by the other.
fn over_bound(figure: f64, threshold: &Threshold) -> f64 {
    let ratio = figure.max(0.0).ln() - threshold.bound.max(0.0).ln();
    let over = match threshold.comparison {
        Comparison::Less | Comparison::LessOrEqual => ratio,
        Comparison::Greater | Comparison::GreaterOrEqual => -ratio,
    };
    // Nothing where nothing may be: it is met, and cannot be met better.
    if over.is_nan() {
        f64::NEG_INFINITY
    } else {
        over
    }
}

fn margin(figure: f64, threshold: &Threshold) -> f64 {
    let bound = threshold.bound;
    let over = match threshold.unit() {
        // Below a nanosecond nothing is measured.
        Unit::Nanoseconds if bound > 0.0 => (figure.max(1.0) / bound).ln(),
        Unit::Nanoseconds | Unit::Count | Unit::Share | Unit::PerSecond | Unit::Bytes => {
            figure - bound
        }
    };
    match threshold.comparison {
        // What equals the bound is on neither side of a line; a hair decides.
        Comparison::Less => over + f64::EPSILON,
        Comparison::LessOrEqual => over - f64::EPSILON,
        Comparison::Greater => -over + f64::EPSILON,
        Comparison::GreaterOrEqual => -over - f64::EPSILON,
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;

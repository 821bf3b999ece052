//! How long operations took, and how much else was going on: what a model of the service can be fitted to.

use super::request::{Asked, Request};
use crate::statistics::Reservoir;
use std::collections::BTreeMap;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::{Bytes, Span, Time};

/// One operation that was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How long it took.
    pub took: Span,
    /// What it moved, if that is told.
    pub bytes: Option<Bytes>,
    /// How many other requests were open beside it, on average.
    pub beside: f64,
}

/// Operations that were done.
#[derive(Debug, Default)]
pub struct Durations {
    samples: BTreeMap<Operation, Reservoir<(Time, Span, Option<Bytes>)>>,
    /// The second in which the first began.
    first: Option<u64>,
    /// The seconds that requests were open, all together, in each second since.
    busy: Vec<f32>,
}

/// Samples of an operation that are kept.
const KEPT: usize = 10_000;
/// Seconds of which it is kept how busy they were: a year.
const SECONDS: usize = 366 * 86_400;
const SECOND: u64 = 1_000_000_000;

impl Durations {
    /// Takes a request that was done.
    pub fn take(&mut self, request: &Request) {
        let operation = match request.asked {
            Asked::Create => Operation::Create,
            Asked::Image(_, operation) => operation,
            Asked::List => Operation::List,
            Asked::Prepare(_) | Asked::Other => return,
        };
        self.add(operation, request.at, request.took, request.bytes);
    }

    /// Takes an operation that was done.
    pub fn add(
        &mut self,
        operation: Operation,
        at: Time,
        took: Option<Span>,
        bytes: Option<Bytes>,
    ) {
        let Some(took) = took else {
            return;
        };
        let kept = self
            .samples
            .entry(operation)
            .or_insert_with(|| Reservoir::of(KEPT));
        kept.add((at, took, bytes));
        let first = *self.first.get_or_insert(at.0 / SECOND);
        for (second, part) in seconds(at, took) {
            let Some(place) = second
                .checked_sub(first)
                .and_then(|it| usize::try_from(it).ok())
            else {
                continue;
            };
            if place >= SECONDS {
                return;
            }
            if place >= self.busy.len() {
                self.busy.resize(place + 1, 0.0);
            }
            self.busy[place] += part as f32;
        }
    }

    /// All operations of which there are samples.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        self.samples.keys().copied()
    }

    /// How often an operation was done with its length told.
    pub fn count(&self, operation: Operation) -> u64 {
        self.samples.get(&operation).map_or(0, Reservoir::count)
    }

    /// The samples of an operation.
    pub fn samples(&self, operation: Operation) -> Vec<Sample> {
        let kept = self
            .samples
            .get(&operation)
            .map_or(&[][..], Reservoir::values);
        let sample = |&(at, took, bytes): &(Time, Span, Option<Bytes>)| Sample {
            took,
            bytes,
            beside: self.beside(at, took),
        };
        kept.iter().map(sample).collect()
    }

    /// How many others were open, on average over the seconds that it touches.
    fn beside(&self, at: Time, took: Span) -> f64 {
        let first = self.first.unwrap_or(0);
        let (mut own, mut all, mut count) = (0.0, 0.0, 0.0);
        for (second, part) in seconds(at, took) {
            let place = second
                .checked_sub(first)
                .and_then(|it| usize::try_from(it).ok());
            let busy = place
                .and_then(|place| self.busy.get(place))
                .copied()
                .unwrap_or(0.0);
            own += part;
            all += f64::from(busy);
            count += 1.0;
        }
        f64::max(all - own, 0.0) / f64::max(count, 1.0)
    }
}

/// The seconds that a length of time touches, each with the part of it that is covered. No more than a day of them.
fn seconds(at: Time, took: Span) -> impl Iterator<Item = (u64, f64)> {
    let end = at + took;
    let (first, last) = (at.0 / SECOND, end.0 / SECOND);
    (first..=last.min(first + 86_400)).map(move |second| {
        let (from, to) = (
            at.0.max(second * SECOND),
            end.0.min((second + 1).saturating_mul(SECOND)),
        );
        (second, to.saturating_sub(from) as f64 / SECOND as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_beside_an_operation_is_what_others_took_in_its_seconds() {
        let mut durations = Durations::default();
        let ms = Span::from_millis;
        let at = |ms: u64| Time(ms * 1_000_000);
        durations.add(Operation::Create, at(10_100), Some(ms(100)), None);
        durations.add(
            Operation::Upload,
            at(10_500),
            Some(ms(1_000)),
            Some(Bytes(7)),
        );
        durations.add(Operation::Show, at(99_000), Some(ms(5)), None);
        durations.add(Operation::Show, at(99_000), None, None);
        let create = durations.samples(Operation::Create)[0];
        assert!((create.beside - 0.5).abs() < 1e-6, "{create:?}");
        let upload = durations.samples(Operation::Upload)[0];
        assert!((upload.beside - 0.05).abs() < 1e-6, "{upload:?}");
        assert_eq!(durations.samples(Operation::Show)[0].beside, 0.0);
        assert_eq!(durations.count(Operation::Show), 1);
    }
}

//! Which of several set-ups of a service is the cheapest that is enough.

use super::search::{Budget, Measure, Point, Stop, decide};
use super::storage::MONTH_H;
use crate::metrics::Threshold;
use crate::scenario::Prices;
use std::fmt;
use std::num::NonZeroU32;

/// How much of everything a service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setup {
    /// Processes.
    pub processes: NonZeroU32,
    /// Threads of each, and so requests at once.
    pub threads: NonZeroU32,
    /// Connections to the database, of all processes together.
    pub connections: NonZeroU32,
    /// Slots of the store, of all processes together.
    pub slots: NonZeroU32,
}

/// How many there may be of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Processes.
    pub processes: Vec<NonZeroU32>,
    /// Threads of each.
    pub threads: Vec<NonZeroU32>,
    /// Connections; none: one a thread.
    pub connections: Vec<NonZeroU32>,
    /// Slots.
    pub slots: Vec<NonZeroU32>,
}

impl Setup {
    /// Requests that it takes at once.
    pub fn workers(self) -> NonZeroU32 {
        self.processes.saturating_mul(self.threads)
    }

    /// What sets a scenario to it.
    pub fn settings(self) -> Vec<String> {
        vec![
            format!("service.processes={}", self.processes),
            format!("service.workers={}", self.workers()),
            format!("service.registry.connections={}", self.connections),
            format!("service.store.slots={}", self.slots),
        ]
    }

    /// What it costs in a month.
    pub fn cost(self, prices: &Prices) -> f64 {
        let hour = f64::from(self.workers().get()) * prices.worker_hour
            + f64::from(self.processes.get()) * prices.process_hour
            + f64::from(self.connections.get()) * prices.connection_hour;
        hour * MONTH_H + f64::from(self.slots.get()) * prices.slot_month
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |count: NonZeroU32, noun: &str| match count.get() {
            1 => format!("1 {noun}"),
            _ => format!("{count} {noun}s"),
        };
        write!(
            f,
            "{} × {}, {}, {}",
            self.processes,
            some(self.threads, "thread"),
            some(self.connections, "connection"),
            some(self.slots, "slot")
        )
    }
}

impl Choices {
    /// Every set-up, the cheapest first. Without a price for any of it, fewer processes are cheaper, then fewer slots, then fewer
    /// connections, then fewer threads.
    pub fn setups(&self, prices: Option<&Prices>) -> Vec<Setup> {
        let mut all = Vec::new();
        for &processes in &self.processes {
            for &threads in &self.threads {
                let usual = [processes.saturating_mul(threads)];
                let connections = match self.connections.as_slice() {
                    [] => &usual[..],
                    some => some,
                };
                for &connections in connections {
                    for &slots in &self.slots {
                        all.push(Setup {
                            processes,
                            threads,
                            connections,
                            slots,
                        });
                    }
                }
            }
        }
        let fewer = |it: &Setup| (it.processes, it.slots, it.connections, it.threads);
        all.sort_by_key(fewer);
        all.dedup();
        if let Some(prices) = prices {
            // What costs the same stays in that order.
            all.sort_by(|a, b| a.cost(prices).total_cmp(&b.cost(prices)));
        }
        all
    }
}

/// Decides set-ups, which are in the order of what they cost, until so many of them hold; gives what was decided. `measure` takes the
/// position of a set-up for the value.
pub fn cheapest<M: Measure>(
    setups: &[Setup],
    wanted: usize,
    demands: &[Threshold],
    budget: Budget,
    measure: &mut M,
) -> (Vec<Point>, Result<(), Stop<M::Error>>) {
    let (mut points, mut hold) = (Vec::new(), 0);
    for at in 0..setups.len() {
        match decide(at as f64, demands, budget, measure) {
            Ok(point) => {
                hold += usize::from(point.holds == Some(true));
                points.push(point);
            }
            Err(stop) => return (points, Err(stop)),
        }
        if hold == wanted {
            break;
        }
    }
    (points, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[u32]) -> Vec<NonZeroU32> {
        let numbers = numbers.iter().copied();
        numbers.filter_map(NonZeroU32::new).collect()
    }

    fn choices() -> Choices {
        Choices {
            processes: numbers(&[2, 1]),
            threads: numbers(&[4, 8]),
            connections: Vec::new(),
            slots: numbers(&[16]),
        }
    }

    fn shown(setups: &[Setup]) -> Vec<(u32, u32, u32)> {
        let setups = setups.iter();
        setups
            .map(|it| (it.processes.get(), it.threads.get(), it.connections.get()))
            .collect()
    }

    #[test]
    fn set_ups_come_in_the_order_of_what_they_cost() {
        let all = choices().setups(None);
        assert_eq!(shown(&all), [(1, 4, 4), (1, 8, 8), (2, 4, 8), (2, 8, 16)]);
        // Where workers are dear and processes cost nothing, two of four cost what one of eight does.
        let prices = Prices {
            currency: "EUR".to_owned(),
            tib_month: 0.0,
            slot_month: 1.0,
            worker_hour: 0.0,
            process_hour: 0.0,
            connection_hour: 0.5,
        };
        let all = choices().setups(Some(&prices));
        assert_eq!(shown(&all), [(1, 4, 4), (1, 8, 8), (2, 4, 8), (2, 8, 16)]);
        assert_eq!(all[0].cost(&prices), 4.0 * 0.5 * 730.0 + 16.0);
        let dear = Prices {
            process_hour: 0.0,
            worker_hour: 1.0,
            connection_hour: 0.0,
            ..prices
        };
        let two = Choices {
            processes: numbers(&[1, 2]),
            threads: numbers(&[16, 4]),
            ..choices()
        };
        assert_eq!(
            shown(&two.setups(Some(&dear))),
            [(1, 4, 4), (2, 4, 8), (1, 16, 16), (2, 16, 32)]
        );
    }
}

//! A schedule: what is done, and which calls of the operating system go wrong.

use std::fmt;
use std::str::FromStr;
use stormglass_model::random::{Rng, Seed, unit};

/// Calls among which faults are drawn: about as many as a run makes.
const CALLS: u64 = 120;
/// Faults of a schedule, at most.
const FAULTS: u64 = 6;

/// All that a run in the simulated environment depends on. It is written as its seed and its faults: `17 3.40 9.2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub seed: u64,
    pub faults: Vec<Fault>,
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which call, counted from 0.
    pub call: u64,
    /// How, if a call of its kind can go wrong in that way.
    pub how: u8,
}

impl Schedule {
    /// The one of this seed.
    pub fn of(seed: u64) -> Schedule {
        let rng = &mut Seed(seed).named("faults").rng();
        let count = up_to(rng, FAULTS);
        let mut faults: Vec<Fault> = (0..count)
            .map(|_| Fault {
                call: up_to(rng, CALLS - 1),
                how: up_to(rng, 255) as u8,
            })
            .collect();
        faults.sort_by_key(|fault| fault.call);
        Schedule { seed, faults }
    }

    /// The same with the fewest faults, none of which can be left out for it to go wrong still.
    pub fn shrunk(mut self, goes_wrong: impl Fn(&Schedule) -> bool) -> Schedule {
        let mut at = 0;
        while at < self.faults.len() {
            let mut fewer = self.clone();
            fewer.faults.remove(at);
            match goes_wrong(&fewer) {
                true => (self, at) = (fewer, 0),
                false => at += 1,
            }
        }
        self
    }
}

/// A number from 0 to `most`.
pub fn up_to(rng: &mut Rng, most: u64) -> u64 {
    (unit(rng) * (most + 1) as f64) as u64
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seed)?;
        for Fault { call, how } in &self.faults {
            write!(f, " {call}.{how}")?;
        }
        match self.faults[..] {
            [] => write!(f, " -"),
            _ => Ok(()),
        }
    }
}

/// Of a seed alone, its own faults; of a seed and a dash, none.
impl FromStr for Schedule {
    type Err = Box<dyn std::error::Error>;

    fn from_str(text: &str) -> Result<Schedule, Self::Err> {
        let mut words = text.split_whitespace();
        let seed = words.next().ok_or("no seed")?.parse()?;
        let faults: Vec<&str> = words.collect();
        if faults.is_empty() {
            return Ok(Schedule::of(seed));
        }
        let mut schedule = Schedule {
            seed,
            faults: Vec::new(),
        };
        for fault in faults.iter().filter(|fault| **fault != "-") {
            let (call, how) = fault.split_once('.').ok_or("a fault is CALL.HOW")?;
            schedule.faults.push(Fault {
                call: call.parse()?,
                how: how.parse()?,
            });
        }
        Ok(schedule)
    }
}

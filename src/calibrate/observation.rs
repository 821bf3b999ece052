//! What is measured of a storm.

use super::error::CalibrationError;
use super::plan::Storm;
use crate::metrics::{Latency, RunResult, Stretch};
use crate::statistics::{CONFIDENCE, Estimate};
use stormglass_model::lifecycle::{Operation, Outcome};

/// A storm, and what was measured of it without its warm-up.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Which storm.
    pub storm: Storm,
    /// Of all rounds together.
    pub whole: Measured,
    /// Of each round.
    pub rounds: Vec<Measured>,
}

/// What an earlier calibration measured of a storm.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// What the storm is called.
    pub storm: String,
    /// Of all rounds together.
    pub whole: Measured,
    /// Of each round; nothing where there was only one.
    pub rounds: Vec<Measured>,
}

/// How fast a service was.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Lives in a second; none where it is not known how many began at such a level of load.
    pub lives_per_s: Option<f64>,
    /// Each operation that was done.
    pub operations: Vec<Times>,
}

/// How long an operation took.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Which one.
    pub operation: Operation,
    /// How often it was done.
    pub count: u64,
    /// The median, in seconds.
    pub p50_s: f64,
    /// The 99th percentile, in seconds.
    pub p99_s: f64,
}

/// One figure of those that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Lives in a second.
    Throughput,
    /// The median of an operation.
    P50(Operation),
    /// The 99th percentile of an operation.
    P99(Operation),
}

/// How often an operation must have been done at least.
const FEWEST: u64 = 10;

impl Observation {
    /// A storm as it was measured before.
    pub(super) fn again(
        storm: &Storm,
        earlier: &[Earlier],
    ) -> Result<Observation, CalibrationError> {
        let found = earlier.iter().find(|it| it.storm == storm.name);
        let found = found.ok_or_else(|| CalibrationError::NotMeasured(storm.name.clone()))?;
        Ok(Observation {
            storm: storm.clone(),
            whole: found.whole.clone(),
            rounds: found.rounds.clone(),
        })
    }

    /// A storm of which these rounds were run.
    pub(super) fn of(storm: &Storm, rounds: &[&Round]) -> Observation {
        let whole = rounds.iter().fold(Round::default(), |mut whole, round| {
            whole.add(round);
            whole
        });
        Observation {
            storm: storm.clone(),
            whole: whole.measured(),
            rounds: rounds.iter().map(|it| it.measured()).collect(),
        }
    }

    /// How long an operation took.
    pub fn times(&self, operation: Operation) -> Option<&Times> {
        self.whole.times(operation)
    }

    /// How far to either side of a figure the truth may lie, as a share of it, by what differs from round to round: the reach of its 95 %
    /// interval. None of a single round.
    pub fn reach(&self, figure: Figure) -> Option<f64> {
        let logarithms = self.rounds.iter().map(|it| it.figure(figure).map(f64::ln));
        let logarithms: Vec<f64> = logarithms.collect::<Option<_>>()?;
        let estimate = Estimate::of(&logarithms, CONFIDENCE)?;
        Some(estimate.reach.exp_m1()).filter(|it| it.is_finite())
    }
}

impl Measured {
    fn times(&self, operation: Operation) -> Option<&Times> {
        self.operations.iter().find(|it| it.operation == operation)
    }

    /// The value of a figure, in lives a second or in seconds.
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::Throughput => self.lives_per_s,
            Figure::P50(operation) => self.times(operation).map(|it| it.p50_s),
            Figure::P99(operation) => self.times(operation).map(|it| it.p99_s),
        }
    }

    /// Every figure that there is.
    pub fn figures(&self) -> Vec<Figure> {
        let of_operations = self.operations.iter().map(|it| it.operation);
        let of_operations = of_operations.flat_map(|it| [Figure::P50(it), Figure::P99(it)]);
        let throughput = self.lives_per_s.map(|_| Figure::Throughput);
        throughput.into_iter().chain(of_operations).collect()
    }
}

/// What one round of a storm has measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    length_s: f64,
    lives: f64,
    operations: Vec<(Operation, Latency)>,
}

impl Round {
    /// Of a run without its warm-up.
    pub(super) fn of(storm: &Storm, run: &RunResult) -> Result<Round, CalibrationError> {
        let under_load = |phase: usize| run.stretch(phase) == Stretch::Load;
        let mut round = Round::default();
        for row in run.load_rows() {
            round.length_s += row.end.at.since(row.before.at).as_secs_f64();
            round.lives += (row.end.arrivals - row.before.arrivals) as f64;
        }
        // Users who never pause have as many lives as fit into their time. How many begin in some seconds depends on how far users
        // happen to be in their lives when these begin and end.
        if let Some(life_s) = life_s(storm, run) {
            round.lives = f64::from(storm.users) * round.length_s / life_s;
        }
        let (mut all, mut not_done) = (0, 0);
        for row in run.operations.iter().filter(|row| under_load(row.phase)) {
            all += row.service.count();
            match row.outcome {
                Outcome::Ok => round.add_latency(row.operation, &row.service),
                _ => not_done += row.service.count(),
            }
        }
        match not_done * 100 > all {
            true => Err(CalibrationError::Failing(storm.name.clone(), not_done, all)),
            false => Ok(round),
        }
    }

    /// That so many rounds like this one have enough of each operation.
    pub(super) fn suffices(&self, storm: &Storm, rounds: u32) -> Result<(), CalibrationError> {
        let counts = self.operations.iter().map(|(_, it)| it.count());
        let fewest = counts.min().unwrap_or(0) * u64::from(rounds);
        match fewest < FEWEST {
            true => Err(CalibrationError::TooShort(storm.name.clone(), fewest)),
            false => Ok(()),
        }
    }

    fn add(&mut self, other: &Round) {
        self.length_s += other.length_s;
        self.lives += other.lives;
        for (operation, latency) in &other.operations {
            self.add_latency(*operation, latency);
        }
    }

    fn add_latency(&mut self, operation: Operation, latency: &Latency) {
        match self.operations.iter_mut().find(|(it, _)| *it == operation) {
            Some((_, own)) => own.add(latency),
            None => self.operations.push((operation, latency.clone())),
        }
    }

    fn measured(&self) -> Measured {
        let times = self.operations.iter().map(|(operation, latency)| Times {
            operation: *operation,
            count: latency.count(),
            p50_s: latency.quantile(0.5).as_secs_f64(),
            p99_s: latency.quantile(0.99).as_secs_f64(),
        });
        Measured {
            lives_per_s: Some(self.lives / self.length_s),
            operations: times.collect(),
        }
    }
}

/// How long a life lasts in the mean, in seconds: what its operations take that were asked for under load. None where its steps are not
/// one operation after the other, or one of them was never done.
fn life_s(storm: &Storm, run: &RunResult) -> Option<f64> {
    let mean_s = |story: usize, operation: Operation| {
        let (mut sum_ns, mut count) = (0, 0);
        for row in &run.operations {
            let is_of = row.operation == operation && usize::from(row.story.0) == story;
            if is_of && run.stretch(row.phase) == Stretch::Load {
                sum_ns += row.response.sum_ns();
                count += row.response.count();
            }
        }
        (count > 0).then(|| sum_ns as f64 / count as f64 / 1e9)
    };
    let lives = storm.lives()?.into_iter().enumerate();
    let lives = lives.map(|(story, (share, operations))| {
        let times = operations.into_iter().map(|it| mean_s(story, it));
        Some(share * times.sum::<Option<f64>>()?)
    });
    lives.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::parameters::Given;
    use crate::engine::RunOptions;
    use stormglass_model::units::Span;

    fn round(length_s: f64, lives: u64, times_ms: &[u64]) -> Round {
        let mut latency = Latency::default();
        for ms in times_ms {
            latency.record(Span::from_millis(*ms));
        }
        Round {
            length_s,
            lives: lives as f64,
            operations: vec![(Operation::Create, latency)],
        }
    }

    fn observed(rounds: &[Round]) -> Observation {
        let storm = Storm::for_tests("a storm");
        Observation::of(&storm, &rounds.iter().collect::<Vec<_>>())
    }

    #[test]
    fn rounds_are_counted_together() {
        let slow = round(2.0, 10, &[30; 10]);
        let fast = round(1.0, 35, &[10; 35]);
        let observed = observed(&[slow, fast]);
        assert_eq!(observed.whole.lives_per_s, Some(15.0));
        let times = observed.times(Operation::Create).expect("was done");
        assert_eq!(times.count, 45);
        // Ten of 45 are slow: the median is fast, the 99th percentile is not.
        let near = |value: f64, expected: f64| (value / expected - 1.0).abs() < 0.01;
        assert!(
            near(times.p50_s, 0.010) && near(times.p99_s, 0.030),
            "{times:?}"
        );
        let each: Vec<Option<f64>> = observed.rounds.iter().map(|it| it.lives_per_s).collect();
        assert_eq!(each, [Some(5.0), Some(35.0)]);
    }

    /// A storm of the scenario's story at a service whose commits take 30 ms, of which it sees 1.7 seconds.
    fn lives_per_s(steps: &str) -> f64 {
        use crate::calibrate::plan::{Plan, storms};
        let text = format!(
            "schema = 1\nname = \"x\"\n[service.registry]\ncommit = \"30ms\"\n[load]\nusers = 1\nduration = \"1s\"\n\
             [[story]]\nname = \"x\"\nsteps = [{steps}]\n"
        );
        let scenario = crate::scenario::parse("x", &text, std::path::Path::new(""), &[]);
        let scenario = scenario.expect("is a scenario");
        let one = std::num::NonZeroU32::MIN;
        let plan = Plan {
            users: 2,
            length: Span::from_millis(100),
            rounds: one,
            given: Given {
                processes: one,
                threads: one,
                connections: one,
                slots: one,
            },
        };
        let storms = storms(&scenario, &plan);
        let own = storms.iter().find(|it| it.name.starts_with("the scenario"));
        let own = own.expect("is one of the storms");
        let result = own.run(&scenario, 0, &RunOptions::default());
        let round = Round::of(own, &result.expect("runs").runs[0]);
        let measured = round.expect("is valid").measured();
        measured.lives_per_s.expect("lives were begun")
    }

    #[test]
    fn lives_do_not_depend_on_where_a_round_ends() {
        // Of two users each has a life in 60 ms; in 1.7 s begin 28 or 29 of each.
        let lives = lives_per_s("\"create\", \"delete\"");
        assert!((lives - 2.0 / 0.060).abs() < 1e-9, "{lives}");
        // Lives of which steps go on side by side are counted as they begin: that is near it, and no more.
        let raced = lives_per_s("\"create\", { race = [\"show\", \"show\"] }, \"delete\"");
        let off = (raced - 2.0 / 0.060).abs();
        assert!((0.01..1.5).contains(&off), "{raced}");
    }

    #[test]
    fn what_differs_between_rounds_says_how_well_a_figure_is_known() {
        let one = observed(&[round(1.0, 20, &[10])]);
        assert_eq!(one.reach(Figure::Throughput), None);
        let alike = observed(&[round(1.0, 20, &[10]), round(1.0, 20, &[10])]);
        assert_eq!(alike.reach(Figure::Throughput), Some(0.0));
        // The logarithms are 1 apart from each other: 4.303 standard errors of 1 / √3.
        let e = std::f64::consts::E;
        let lives = [1e6 / e, 1e6, 1e6 * e].map(|it| round(1.0, it as u64, &[10]));
        let reach = observed(&lives)
            .reach(Figure::Throughput)
            .expect("three rounds");
        let expected = (4.303 / 3.0_f64.sqrt()).exp_m1();
        assert!((reach / expected - 1.0).abs() < 0.01, "{reach} {expected}");
        // What a round has not measured has no interval.
        assert_eq!(observed(&lives).reach(Figure::P50(Operation::Show)), None);
    }

    #[test]
    fn few_of_an_operation_in_all_rounds_are_too_few() {
        let storm = Storm::for_tests("a storm");
        let three = round(1.0, 3, &[10, 10, 10]);
        assert!(three.suffices(&storm, 4).is_ok());
        let short = three.suffices(&storm, 3);
        assert!(
            matches!(short, Err(CalibrationError::TooShort(_, 9))),
            "{short:?}"
        );
    }
}

//! When stories arrive: the tables `arrivals`, and the ramps of a load.

use super::listed::{self, List};
use super::reader::{Fields, Input, Read};
use super::value::lasting;
use stormglass_model::load::{ArrivalRate, Arrivals, Ramp, RampShape, Spacing};
use stormglass_model::units::{Rate, Span, Time};

/// What can say when stories arrive, of which a table has one.
const SOURCES: [&str; 4] = ["rate", "cycle", "counts", "file"];

/// Reads a table `arrivals`, and the ramps that change its rate.
pub(super) fn read(input: Input, ramp: Option<Input>, duration: Option<Span>) -> Option<Arrivals> {
    input.table("arrivals = { rate = \"5/s\" }", |t| {
        let source = source(t);
        let spacing = t.with("spacing", |it| {
            it.one_of("spacing", Spacing::ALL, Spacing::name)
        });
        let spacing = spacing.unwrap_or(Spacing::Poisson);
        if let (Some(ramp), Some(source)) = (ramp, source.filter(|&source| source != "rate")) {
            let message = format!("`ramp` changes a `rate`, and these arrivals have a `{source}`");
            ramp.wrong(message, "leave out `ramp`, or write a `rate`");
        }
        let rate = match source {
            Some("cycle") => t.with("cycle", cycle)?,
            Some("counts") => counts(t)?,
            Some("file") => return times(t),
            _ => ramped(t, ramp, duration)?,
        };
        Some(Arrivals::Paced { rate, spacing })
    })
}

/// The key that says when stories arrive. Keys that do not go with it are mistakes.
fn source(t: &mut Fields) -> Option<&'static str> {
    let given: Vec<&'static str> = (SOURCES.into_iter())
        .filter(|source| t.input(source).is_some())
        .collect();
    if let [first, second, ..] = given[..] {
        let message = format!("`{first}` and `{second}` both say when stories arrive");
        t.wrong_key(second, message, "keep one of them");
    }
    let source = given.first().copied();
    if t.input("period").is_some() && source != Some("counts") {
        let help = "write `counts` beside it, or leave it out";
        t.wrong_key("period", "`period` goes with `counts` alone", help);
    }
    if source == Some("file") && t.has("spacing") {
        let message = "the times of a file need no `spacing`";
        t.wrong_key("spacing", message, "leave it out");
    }
    source
}

fn ramped(t: &mut Fields, ramp: Option<Input>, duration: Option<Span>) -> Option<ArrivalRate> {
    let from = t.need::<Rate>("rate", "\"5/s\"");
    let ramps = ramp.map_or(Some(Vec::new()), |ramp| ramps(ramp, from, duration));
    let (from, ramps) = from.zip(ramps)?;
    let rate = ArrivalRate::Ramps { from, ramps };
    if !arrives(&rate) {
        let help = "write a rate above zero, or a `ramp` that lifts it";
        t.wrong("rate", "at a rate of zero nothing ever arrives", help);
        return None;
    }
    Some(rate)
}

/// Whether anything ever arrives at such a rate.
fn arrives(rate: &ArrivalRate) -> bool {
    let spacing = Spacing::Even;
    let rate = rate.clone();
    Arrivals::Paced { rate, spacing }.ever() > 0.0
}

fn ramps(input: Input, from: Option<Rate>, duration: Option<Span>) -> Option<Vec<Ramp>> {
    let example = "{ for = \"10m\", to = \"4/s\" }";
    let ramps = input.all("a list of ramps", &format!("[{example}]"), |item| {
        item.table(example, |t| {
            let (length, to) = (t.need("for", "\"10m\""), t.need("to", "\"4/s\""));
            let shape = t.with("shape", |it| {
                it.one_of("shape", RampShape::ALL, RampShape::name)
            });
            let ramp = Ramp {
                length: length?,
                to: to?,
                shape: shape.unwrap_or(RampShape::Linear),
            };
            Some((ramp, item))
        })
    })?;
    let mut last = from;
    for (ramp, item) in &ramps {
        let zero = ramp.to.0 == 0.0 || last.is_some_and(|last| last.0 == 0.0);
        if ramp.shape == RampShape::Exponential && zero {
            let help = "begin and end it above zero, or leave out `shape`";
            item.wrong(
                "an exponential ramp never leaves zero nor comes to it",
                help,
            );
        }
        last = Some(ramp.to);
    }
    let ramps: Vec<Ramp> = ramps.into_iter().map(|(ramp, _)| ramp).collect();
    let total = (ramps.iter()).fold(Span::ZERO, |total, ramp| total + ramp.length);
    if let Some(duration) = duration.filter(|&duration| total > duration) {
        let message = format!("the ramps last {total}, longer than the load, {duration}");
        input.wrong(message, "ramps must end inside the duration");
    }
    Some(ramps)
}

const CYCLE: &str =
    "{ every = \"1d\", rates = [[\"0h\", \"1/s\"], [\"8h\", \"4/s\"], [\"20h\", \"1/s\"]] }";
const KNOT: &str = "[\"8h\", \"4/s\"]";

fn cycle(input: Input) -> Option<ArrivalRate> {
    input.table(&format!("cycle = {CYCLE}"), |t| {
        let every = t.need_with("every", "\"1d\"", lasting);
        let rates = t.need_with("rates", &format!("[{KNOT}]"), |rates| {
            rates.all("a list of times and rates", &format!("[{KNOT}]"), knot)
        });
        let (every, rates) = every.zip(rates)?;
        if rates.is_empty() {
            t.wrong(
                "rates",
                "a cycle has at least one rate",
                format!("write for example `[{KNOT}]`"),
            );
            return None;
        }
        let mut before = Span::ZERO;
        for &(at, _, item) in &rates {
            if at < before {
                let message =
                    format!("this rate, at {at}, comes before the one above it, at {before}");
                let help =
                    "write rates in the order of their times; two at the same time make a jump";
                item.wrong(message, help);
            }
            if at > every {
                let message =
                    format!("this rate, at {at}, comes after the cycle has ended, at {every}");
                item.wrong(message, "count times from the beginning of the cycle");
            }
            before = at;
        }
        let sound = rates.windows(2).all(|pair| pair[0].0 <= pair[1].0) && before <= every;
        let knots = rates.iter().map(|&(at, rate, _)| (at, rate)).collect();
        let rate = ArrivalRate::Cycle { every, knots };
        if sound && !arrives(&rate) {
            let help = "write at least one rate above zero";
            t.wrong("rates", "in such a cycle nothing ever arrives", help);
        }
        sound.then_some(rate)
    })
}

/// A time within the cycle, and the rate then.
fn knot(item: Input) -> Option<(Span, Rate, Input)> {
    let parts: Vec<Input> = item.list("a time and a rate", KNOT)?.collect();
    let [at, rate] = parts[..] else {
        let message = format!(
            "expected a time and a rate, and this list has {}",
            parts.len()
        );
        return item.refuse(message, format!("write for example `{KNOT}`"));
    };
    let (at, rate) = (Span::read(at), Rate::read(rate));
    Some((at?, rate?, item))
}

/// Periods of a list of counts at most.
const PERIODS: usize = 1_000_000;

fn counts(t: &mut Fields) -> Option<ArrivalRate> {
    let period = t.need_with("period", "\"1h\"", lasting);
    let counts = t.with("counts", |input| {
        let most = 1e12 * period.unwrap_or(Span(1)).as_secs_f64();
        listed::read(
            input,
            &List {
                header: &["count", "counts", "arrivals", "n"],
                most: PERIODS,
                help: "write the number of arrivals of one period in each line: `120`",
            },
            |text| match text.parse::<f64>() {
                Ok(count) if (0.0..most).contains(&count) => Ok(count),
                Ok(_) => Err(format!("`{text}` arrivals in a period are out of range")),
                Err(_) => Err(format!("`{text}` is not a number of arrivals")),
            },
        )
    });
    let (period, counts) = period.zip(counts)?;
    let counts = counts.into();
    let rate = ArrivalRate::Counts { period, counts };
    if !arrives(&rate) {
        let help = "name a file with at least one number above zero";
        t.wrong("counts", "by these counts nothing ever arrives", help);
        return None;
    }
    Some(rate)
}

fn times(t: &mut Fields) -> Option<Arrivals> {
    let times = t.with("file", |input| {
        let mut before = Span::ZERO;
        listed::read(
            input,
            &List {
                header: &["time", "times", "arrival", "arrivals", "at", "due"],
                most: usize::MAX,
                help: "write the time of one arrival since the load began in each line, in order: `1.5s`",
            },
            |text| {
                let at = Span::parse(text).map_err(|error| error.to_string())?;
                if at < before {
                    return Err(format!("the arrival at {text} comes after one at {}", before.exact()));
                }
                before = at;
                Ok(Time(at.0))
            },
        )
    })?;
    if times.is_empty() {
        let help = "name a file with at least one time";
        t.wrong("file", "by this file nothing ever arrives", help);
        return None;
    }
    Some(Arrivals::Listed(times.into()))
}

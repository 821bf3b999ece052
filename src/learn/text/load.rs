//! The load of a scenario: when stories arrive.

use super::written::{Beside, number};
use crate::learn::arrivals::{Arrivals, Cycle, Rate};
use crate::learn::line::stamp::written as date;
use crate::report::number::counted;
use std::fmt::Write as _;
use stormglass_model::units::{Bytes, Span};

/// Arrivals as they were, and how many times faster.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    /// One: at their own times.
    pub speed: f64,
}

/// Below this index of dispersion, by all that can be told, arrivals come evenly.
const EVEN: f64 = 0.5;
/// Seconds of a load at most: a scenario holds no more.
const LONGEST_S: u64 = 9_000_000_000;
/// How large a file of a scenario may be.
const LARGEST: Bytes = Bytes(16 << 20);

/// The table, and its files. Fails where there are too many arrivals for a list of them.
pub fn table(
    files: &mut Vec<Beside>,
    arrivals: &Arrivals,
    rate: &Rate,
    replay: Option<Replay>,
) -> Result<String, String> {
    let from = match arrivals.begin() {
        Some(begin) if begin.0 > 1_000_000_000_000_000 => format!(" from {} UTC", date(begin)),
        _ => String::new(),
    };
    let mut text = format!(
        "[load]\n# {} within {}{from}.\n",
        counted(rate.count, "create"),
        rate.over
    );
    let (length, arrivals) = match replay {
        Some(Replay { speed }) => {
            files.push(times(arrivals, speed)?);
            let line = format!(
                "arrivals = {{ file = \"arrivals.csv\" }}  # each at its own time{}\n",
                faster(speed)
            );
            (Span::from_secs_f64(rate.over.as_secs_f64() / speed), line)
        }
        None => (rate.over, bursts(files, rate) + &paced(rate)),
    };
    let duration = match &rate.cycle {
        Some(cycle) if replay.is_none() => {
            let turns = (length.as_secs_f64() / cycle.every.as_secs_f64())
                .round()
                .max(1.0);
            Span::from_secs((cycle.every.as_secs_f64() * turns) as u64)
        }
        _ => Span::from_secs((length.as_secs_f64().ceil() as u64).clamp(1, LONGEST_S)),
    };
    let _ = writeln!(text, "duration = \"{}\"", duration.exact());
    Ok(text + &arrivals)
}

/// Arrivals at a rate.
fn paced(rate: &Rate) -> String {
    let is_even = rate.dispersion.is_some_and(|it| it.high < EVEN);
    let spacing = if is_even { "even" } else { "poisson" };
    if let Some(cycle) = &rate.cycle {
        return cycled(cycle, spacing);
    }
    let per_second = rate
        .per_second
        .unwrap_or_else(|| rate.count as f64 / rate.over.as_secs_f64().max(1.0));
    // Counts that vary more than independent arrivals tell the rate less well.
    let spread = rate.dispersion.map_or(1.0, |it| it.index).sqrt();
    let error = match rate.count {
        0 | 1 => "one arrival says no rate: an assumption".to_owned(),
        count => format!(
            "± {:.1} % by {}",
            196.0 * spread / (count as f64 - 1.0).sqrt(),
            counted(count, "arrival")
        ),
    };
    format!(
        "arrivals = {{ rate = \"{}/s\", spacing = \"{spacing}\" }}  # {error}\n",
        number(per_second)
    )
}

/// Arrivals by the hour.
fn cycled(cycle: &Cycle, spacing: &str) -> String {
    let (every, begins) = match cycle.hours.len() {
        24 => ("1d", "at midnight"),
        _ => ("7d", "on Monday at midnight"),
    };
    let mut text = format!(
        "# The load begins {begins} in UTC. That hours differ is no chance, p = {:.0e}.\n[load.arrivals]\nspacing = \"{spacing}\"\n\
         cycle = {{ every = \"{every}\", rates = [\n",
        cycle.likely.max(1e-99)
    );
    for (hour, rate) in cycle.hours.iter().enumerate() {
        let rate = number(*rate);
        let _ = writeln!(
            text,
            "    [\"{hour}h\", \"{rate}/s\"], [\"{}h\", \"{rate}/s\"],",
            hour + 1
        );
    }
    text + "] }\n"
}

/// What is said of how evenly arrivals come.
fn bursts(files: &mut Vec<Beside>, rate: &Rate) -> String {
    let Some(spread) = rate.dispersion else {
        return "# Too few arrivals to tell whether they come in bursts.\n".to_owned();
    };
    let told = format!(
        "the index of dispersion of {} of {} is {} ({} to {})",
        counted(rate.counts.len() as u64, "interval"),
        rate.interval,
        number(spread.index),
        number(spread.low),
        number(spread.high)
    );
    if spread.low <= 1.0 {
        let which = if spread.high < 1.0 {
            "more evenly than"
        } else {
            "like"
        };
        return format!("# They come {which} independent ones: {told}, of independent ones 1.\n");
    }
    let mut text = format!("# {}\ncount\n", told);
    rate.counts.iter().for_each(|count| {
        let _ = writeln!(text, "{count}");
    });
    files.push(Beside {
        name: "counts.csv".to_owned(),
        text,
    });
    format!(
        "# They come in bursts: {told}, of independent ones 1.\n# As they were counted: arrivals = {{ counts = \"counts.csv\", period = \"{}\" }}\n",
        rate.interval.exact()
    )
}

/// Each arrival since the first one.
fn times(arrivals: &Arrivals, speed: f64) -> Result<Beside, String> {
    let mut text = String::from("time\n");
    for since in arrivals.since_first() {
        let _ = writeln!(text, "{:.6}s", since.as_secs_f64() / speed);
        if text.len() as u64 > LARGEST.0 {
            return Err(format!(
                "these are more arrivals than a scenario's list holds ({LARGEST}): leave out --replay, or name fewer files"
            ));
        }
    }
    Ok(Beside {
        name: "arrivals.csv".to_owned(),
        text,
    })
}

fn faster(speed: f64) -> String {
    match speed == 1.0 {
        true => String::new(),
        false => format!(", {} times as fast", number(speed)),
    }
}

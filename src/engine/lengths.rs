//! How long settle and an interval of the timeline are, also where the scenario does not say so.

use crate::scenario::{Clock, Scenario};
use stormglass_model::units::Span;

/// How long settle lasts where the scenario does not say so; it goes on for as long again while anything is open.
pub const SETTLE: Span = Span::from_secs(120);

/// How long settle may last at most where the scenario does not say so. Virtual time costs nothing; nobody waits for a server
/// that does not answer.
const SETTLE_MOST_VIRTUAL: Span = Span::from_secs(86_400);
const SETTLE_MOST_REAL: Span = Span::from_secs(600);

/// Timeline rows that a load of known length is divided into.
const ROWS: u64 = 500;

/// How long settle lasts, and how long it may last while anything is open.
pub(super) fn settle(scenario: &Scenario) -> (Span, Span) {
    let most = match scenario.clock {
        Clock::Virtual => (scenario.load.duration)
            .map_or(SETTLE_MOST_VIRTUAL, |load| load.max(SETTLE_MOST_VIRTUAL)),
        Clock::Real => SETTLE_MOST_REAL,
    };
    scenario
        .settle
        .map_or((SETTLE, most), |length| (length, length))
}

/// The timeline's interval: a five-hundredth of the load, rounded to a length that a person would choose.
pub(super) fn interval(scenario: &Scenario) -> Span {
    const SECOND: u64 = Span::from_secs(1).0;
    const QUARTER: u64 = 900 * SECOND;
    if let Some(interval) = scenario.interval {
        return interval.max(Span(1));
    }
    let Some(duration) = scenario.load.duration else {
        return Span::from_millis(100);
    };
    let wanted = duration.0 / ROWS;
    let short = (3..9).flat_map(|power| [1, 2, 5].map(|step| step * 10_u64.pow(power)));
    let long = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600].map(|seconds| seconds * SECOND);
    let chosen = short.chain(long).find(|step| *step >= wanted);
    Span(chosen.unwrap_or_else(|| wanted.div_ceil(QUARTER) * QUARTER))
}

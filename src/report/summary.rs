//! The summary: what a person wants to know first, on one screen whatever the scenario.

use super::number::{compact, counted, percent, rate, thousands};
use super::origin::Origin;
use super::terminal::{HEIGHT, Paint, clipped, closing};
use super::totals::{self, Totals, TransitionTotal, unknown_because};
use crate::metrics::{Aggregate, StormResult, ThresholdResult};
use crate::scenario::Clock;
use std::fmt::Write as _;
use stormglass_model::checker::Violation;
use stormglass_model::lifecycle::{Invariant, Outcome, Verdict};
use stormglass_model::operations::{Body, OperationKind};
use stormglass_model::units::{Bytes, Span};

/// What a summary is made of, top down; sections share the lines that are left.
struct Section {
    /// Lines that are always shown.
    head: Vec<String>,
    /// Lines of which the first are shown, and then how many more there are.
    rows: Vec<String>,
    /// What a row is, in the plural.
    what: &'static str,
}

impl Section {
    /// Lines that are always shown, and no others.
    fn of(head: Vec<String>) -> Section {
        Section {
            head,
            rows: Vec::new(),
            what: "",
        }
    }

    /// Rows below lines that are shown if there are any.
    fn listed<const N: usize>(head: [String; N], rows: Vec<String>, what: &'static str) -> Section {
        let head = match rows.is_empty() {
            true => Vec::new(),
            false => head.into(),
        };
        Section { head, rows, what }
    }
}

/// The summary, with the path of the results if they have one, in colour or plain.
pub fn summary(
    origin: &Origin,
    result: &StormResult,
    results: Option<&str>,
    colour: bool,
) -> String {
    let paint = Paint { colour };
    let totals = Totals::of(result);
    let sections = [
        headline(origin, result, &totals, paint),
        notes(result, paint),
        figures(result, &totals),
        violations(result, &totals, paint),
        thresholds(result, paint),
        transitions(result),
        operations(result),
        service(result, &totals, paint),
        Section::of(closing(repeat(origin, result), results.map(str::to_owned))),
    ];
    compose(&sections)
}

/// Gives every section its head, and the rows one line each in turn until the screen is full.
fn compose(sections: &[Section]) -> String {
    let fixed: usize = sections.iter().map(|section| section.head.len()).sum();
    let wanted: Vec<usize> = sections.iter().map(|section| section.rows.len()).collect();
    let given = share(HEIGHT.saturating_sub(fixed), &wanted);
    let mut text = String::new();
    for (Section { head, rows, what }, lines) in sections.iter().zip(given) {
        // The last line of those that are not enough says so.
        let whole = match lines < rows.len() {
            true => lines.saturating_sub(1),
            false => lines,
        };
        for line in head.iter().chain(&rows[..whole]) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        if lines > whole {
            let more = thousands((rows.len() - whole) as u64);
            let _ = writeln!(text, "  … and {more} more {what}");
        }
    }
    text
}

/// Shares `lines` among those that want some, one each in turn.
fn share(mut lines: usize, wanted: &[usize]) -> Vec<usize> {
    let mut given = vec![0; wanted.len()];
    while lines > 0 && given != wanted {
        for (given, wanted) in given.iter_mut().zip(wanted) {
            if *given < *wanted && lines > 0 {
                *given += 1;
                lines -= 1;
            }
        }
    }
    given
}

fn headline(origin: &Origin, result: &StormResult, totals: &Totals, paint: Paint) -> Section {
    let verdict = paint.verdict(result.verdict);
    let service = match origin.target_url.as_deref() {
        Some(url) => format!("{} at {url}", origin.target),
        None => format!("embedded service, {} rules", origin.profile),
    };
    let time = match origin.clock {
        Clock::Virtual => "virtual",
        Clock::Real => "real time",
    };
    let mut head = vec![clipped(&format!(
        "{verdict}  {} · seed {} · {service} · {} {time}",
        origin.scenario, origin.seed, totals.length,
    ))];
    let mut note = |text: &str| head.push(clipped(&paint.doubtful(&format!("  {text}"))));
    if let Some(because) = unknown_because(&result.runs) {
        note(&format!("unknown because {because}"));
    }
    if result.interrupted() {
        note("interrupted: what follows was measured until then");
    }
    if result.generator_bottleneck {
        note("the generator was the bottleneck: these are its limits, not the service's");
    }
    Section::of(head)
}

/// What the target had to say beside its answers.
fn notes(result: &StormResult, paint: Paint) -> Section {
    let notes = result.runs.iter().flat_map(|run| &run.notes);
    let rows = notes.map(|note| clipped(&paint.doubtful(&format!("  {note}"))));
    Section::listed([], rows.collect(), "notes")
}

fn figures(result: &StormResult, totals: &Totals) -> Section {
    let per = |count: u64, seconds: f64| match count > 0 && seconds > 0.0 {
        true => format!(" ({}/s)", compact(count as f64 / seconds)),
        false => String::new(),
    };
    // In real time these are the lifecycles a second that the target makes; in virtual time, only those asked for.
    let live = result.runs.iter().all(|run| run.event_hash.is_none());
    let length_s = match live {
        true => totals.length.as_secs_f64(),
        false => 0.0,
    };
    let mut flow = format!(
        "  {} subjects{} · {} transitions{} · {} events",
        thousands(totals.subjects),
        per(totals.subjects, length_s),
        thousands(totals.transitions),
        per(totals.transitions, result.wall_s),
        compact(totals.events as f64),
    );
    if result.runs.len() > 1 {
        let _ = write!(flow, " · {} runs", result.runs.len());
    }
    let mut cost = format!(
        "  wall {} · cpu {}{} · memory {}",
        Span::from_secs_f64(result.wall_s),
        Span::from_secs_f64(result.cpu_s),
        per(totals.events, result.cpu_s).replace("/s", " events/s"),
        Bytes(result.peak_rss_bytes),
    );
    if let Some(in_flight) = totals.in_flight_mean {
        let _ = write!(cost, " · mean {} in flight", compact(in_flight));
    }
    Section::of(vec![clipped(&flow), clipped(&cost)])
}

fn transitions(result: &StormResult) -> Section {
    let mut totals = totals::transitions(&result.runs);
    // Where there is no room for all, the most frequent are those that count.
    totals.sort_by_key(|total| (std::cmp::Reverse(total.latency.count()), total.key));
    let title = match totals::warms_up(&result.runs) {
        true => "transition after warm-up",
        false => "transition",
    };
    let columns = ["count", "rate", "p50", "p99", "p99.9", "max"].map(str::to_owned);
    let rows = totals.iter().map(transition).collect();
    let head = [String::new(), columned(title, &columns)];
    Section::listed(head, rows, "transitions")
}

fn transition(total: &TransitionTotal) -> String {
    let (from, to) = total.key.names();
    let from = if from.is_empty() { "(none)" } else { from };
    let kind = if total.key.is_task() { "task " } else { "" };
    let latency = &total.latency;
    let cells = [
        thousands(latency.count()),
        total.per_second.map_or_else(|| "–".to_owned(), rate),
        length(latency.quantile(0.50)),
        length(latency.quantile(0.99)),
        length(latency.quantile(0.999)),
        length(latency.max()),
    ];
    columned(&format!("{kind}{from} → {to}"), &cells)
}

fn columned(name: &str, [first, rest @ ..]: &[String; 6]) -> String {
    let rest: String = rest.iter().map(|cell| format!("{cell:>8}")).collect();
    format!("  {name:<26}{first:>12}{rest}")
}

/// No time at all needs no unit: in virtual time much takes none.
fn length(length: Span) -> String {
    match length {
        Span::ZERO => "0".to_owned(),
        length => length.to_string(),
    }
}

/// Operations that ended in an error, the worst first. An upload that was to be aborted has not failed.
fn operations(result: &StormResult) -> Section {
    let mut failing: Vec<_> = totals::outcomes(&result.runs)
        .into_iter()
        .map(|(operation, by_outcome)| {
            let failed = match operation.kind() {
                OperationKind::Upload(Body::Aborted) => 0,
                _ => by_outcome[Outcome::Fail.index()],
            };
            let errors = failed + by_outcome[Outcome::Unknown.index()];
            (errors, operation, by_outcome)
        })
        .filter(|&(errors, ..)| errors > 0)
        .collect();
    failing.sort_by_key(|&(errors, operation, _)| (std::cmp::Reverse(errors), operation));
    let rows = failing.into_iter().map(|(errors, operation, by_outcome)| {
        let all: u64 = by_outcome.iter().sum();
        clipped(&format!(
            "  {operation}: {} errors of {} ({}): {} failed, {} unknown",
            thousands(errors),
            thousands(all),
            percent(errors as f64 / all as f64),
            thousands(by_outcome[Outcome::Fail.index()]),
            thousands(by_outcome[Outcome::Unknown.index()]),
        ))
    });
    Section::listed([String::new()], rows.collect(), "operations with errors")
}

/// What to buy more or less of, and what could not be offered: the busiest queue unless all were idle, and
/// the most bytes.
fn service(result: &StormResult, totals: &Totals, paint: Paint) -> Section {
    let mut head = Vec::new();
    let busiest = totals::bottleneck(&result.runs).filter(|busiest| busiest.utilisation >= 0.005);
    if let Some(busiest) = busiest {
        head.push(clipped(&format!(
            "  busiest: {}, {} used in {}; {}",
            busiest.resource,
            percent(busiest.utilisation),
            busiest.phase,
            waiting(&busiest),
        )));
    }
    if let Some(peak) = totals.peak {
        let awaiting = match peak.bytes_pending_delete {
            0 => String::new(),
            bytes => format!(", {} of it deleted and not yet scrubbed", Bytes(bytes)),
        };
        let stored = Bytes(peak.bytes_stored);
        head.push(format!("  stored: {stored} at most{awaiting}"));
    }
    if totals.dropped + totals.late > 0 {
        head.push(clipped(&paint.doubtful(&format!(
            "  of {} arrivals {} were dropped, {} started more than 10ms late",
            thousands(totals.arrivals + totals.dropped),
            thousands(totals.dropped),
            thousands(totals.late),
        ))));
    }
    Section::of(head)
}

fn waiting(busiest: &totals::Bottleneck) -> String {
    if busiest.mean_wait_ns < 1_000.0 {
        return "hardly a wait for it".to_owned();
    }
    format!(
        "mean wait {}, queue {}",
        Span(busiest.mean_wait_ns.round() as u64),
        compact(busiest.mean_queue),
    )
}

/// The failed ones first: they are what is left when there is no room.
fn thresholds(result: &StormResult, paint: Paint) -> Section {
    let (met, failed): (Vec<_>, Vec<_>) = result.thresholds.iter().partition(|judged| judged.met);
    let line = |judged: &&ThresholdResult| {
        let mark = match judged.met {
            true => paint.good("✓"),
            false => paint.bad("✗"),
        };
        let measured = match judged.value {
            None => "never happened".to_owned(),
            Some(value) => match judged.threshold.aggregate {
                Aggregate::Count => thousands(value.round() as u64),
                Aggregate::ErrorRate => percent(value),
                Aggregate::Percentile(_) | Aggregate::Mean | Aggregate::Min | Aggregate::Max => {
                    length(Span(value.round() as u64))
                }
            },
        };
        let threshold = &judged.threshold;
        clipped(&format!(
            "  {mark} {} {}: {measured}",
            threshold.key, threshold.expression
        ))
    };
    let rows: Vec<String> = failed.iter().chain(&met).map(line).collect();
    // What was cut short had no chance to meet them all.
    let so_far = if result.interrupted() { " so far" } else { "" };
    let title = match (failed.len(), rows.len()) {
        (0, 1) => format!("  the threshold is met{so_far}"),
        (0, all) => format!("  all {all} thresholds met{so_far}"),
        (_, 1) => paint.bad(&format!("  the threshold is not met{so_far}")),
        (n, all) => paint.bad(&format!("  {n} of {all} thresholds not met{so_far}")),
    };
    Section::listed([String::new(), title], rows, "thresholds")
}

/// Each broken invariant with how often, and the first violation of it that was kept.
fn violations(result: &StormResult, totals: &Totals, paint: Paint) -> Section {
    let broken = (Invariant::ALL.iter().zip(totals.violations)).filter(|&(_, count)| count > 0);
    let rows = broken.map(|(&invariant, count)| {
        let mut kept = totals::rows(&result.runs, |run| &run.violations);
        let first = kept.find(|(_, violation)| violation.invariant == invariant);
        clipped(&format!(
            "  {} ×{}{}",
            paint.bad(invariant.name()),
            thousands(count),
            first.map_or_else(String::new, |(_, violation)| described(violation)),
        ))
    });
    let total = counted(totals.violation_total(), "violation");
    let title = format!("  {total}, the first of each invariant:");
    Section::listed([String::new(), title], rows.collect(), "invariants")
}

fn described(violation: &Violation) -> String {
    let Violation {
        at,
        subject,
        detail,
        ..
    } = violation;
    match subject {
        Some(number) => format!(" at {at}, subject {number}: {detail}"),
        None => format!(" at {at}: {detail}"),
    }
}

/// The command to see a violation again; none where nothing is wrong.
fn repeat(origin: &Origin, result: &StormResult) -> Option<String> {
    let invalid = |verdict| verdict == Verdict::Invalid;
    let culprit = result.runs.iter().find(|run| invalid(run.verdict));
    invalid(result.verdict)
        .then(|| culprit.map_or_else(|| origin.repeat(), |run| origin.repeat_run(run.seed)))
}

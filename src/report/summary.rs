//! The summary: what a person wants to know first, on one screen whatever the scenario.

use super::averages;
use super::headline::{self, listed};
use super::intervals;
use super::number::{amount, compact, counted, percent, rate, thousands};
use super::origin::Origin;
use super::storage;
use super::terminal::{HEIGHT, Paint, clipped, closing, wrapped};
use super::totals::{self, Totals, TransitionTotal};
use crate::capacity::storage::{Storage, Trend};
use crate::capacity::{self, Averages, Growth, Usage};
use crate::metrics::{
    Conclusion, Latency, StormResult, ThresholdResult, ThresholdSubject, Unit, WorstWindow,
};
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
        notes(origin, result, paint),
        figures(result, &totals),
        violations(result, &totals, paint),
        thresholds(result, paint),
        transitions(result),
        operations(result),
        tenants(result),
        service(origin, result, &totals, paint),
        spread(origin, result),
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
    let service = match origin.target_url.as_deref() {
        Some(url) => format!("{} at {url}", origin.target),
        None => format!("embedded service, {} rules", origin.profile),
    };
    let time = match origin.clock {
        Clock::Virtual => "virtual",
        Clock::Real => "real time",
    };
    let what = format!(
        "  {} · seed {} · {service} · {} {time}",
        origin.scenario, origin.seed, totals.length,
    );
    let mut head = wrapped(&headline::marked(result, paint));
    head.push(clipped(&what));
    Section::of(head)
}

/// What to know before one believes the figures, and what the target had to say beside its answers.
fn notes(origin: &Origin, result: &StormResult, paint: Paint) -> Section {
    let notes = result.runs.iter().flat_map(|run| &run.notes);
    let hidden = origin.closed.then(|| hidden_wait(result)).flatten();
    let local = local_failure(result);
    let warm_up = capacity::too_short(&result.runs).map(|it| averages::warm_up(&it));
    let notes = origin
        .cautions
        .iter()
        .chain(&warm_up)
        .chain(&local)
        .chain(notes)
        .chain(&hidden);
    let rows = notes.flat_map(|note| wrapped(&paint.doubtful(&format!("  {note}"))));
    Section::listed([], rows.collect(), "notes")
}

/// What failed on this machine, as far as the headline does not say so.
fn local_failure(result: &StormResult) -> Option<String> {
    let failure = result.first_local_failure()?;
    let local = Totals::of(result).operations[Outcome::Local.index()];
    let never_left = format!("{} never left this machine", counted(local, "operation"));
    Some(match (result.conclusion(), local) {
        (Conclusion::LocalFailure, 0) => return None,
        (Conclusion::LocalFailure, _) => format!("{never_left}; the server is not blamed for them"),
        (_, 0) => format!("this machine failed: {failure}"),
        (_, _) => format!("{never_left}: {failure}"),
    })
}

/// Users who wait for their answers send nothing meanwhile, so a closed load measures a stall once for each user.
fn hidden_wait(result: &StormResult) -> Option<String> {
    let slow = totals::responses(&result.runs)
        .into_iter()
        .filter(|(_, response)| {
            response.max() >= Span::from_secs(1)
                && response.max().0 / 10 >= response.quantile(0.99).0
        });
    let (operation, response) = slow.max_by_key(|(_, response)| response.max())?;
    Some(format!(
        "while a user waited {} for {operation} (p99 {}), it sent nothing: under an open load more would have waited",
        response.max(),
        response.quantile(0.99),
    ))
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
    let cost = format!(
        "  wall {} · cpu {}{} · memory {}",
        Span::from_secs_f64(result.wall_s),
        Span::from_secs_f64(result.cpu_s),
        per(totals.events, result.cpu_s).replace("/s", " events/s"),
        Bytes(result.peak_rss_bytes),
    );
    let mut head = vec![clipped(&flow), clipped(&cost)];
    head.extend(averages::line(&Averages::of(&result.runs)).map(|line| clipped(&line)));
    Section::of(head)
}

fn transitions(result: &StormResult) -> Section {
    let mut totals = totals::transitions(&result.runs);
    // Where there is no room for all, the most frequent are those that count.
    totals.sort_by_key(|total| (std::cmp::Reverse(total.latency.count()), total.key));
    let title = match totals::warms_up(&result.runs) {
        true => "transition after warm-up",
        false => "transition",
    };
    let columns = match result.runs.len() {
        1 => ["count", "rate", "p50", "p99", "p99.9", "max"],
        _ => ["count", "rate", "p50", "±", "p99", "±"],
    };
    let columns = columns.map(str::to_owned);
    let rows = totals.iter().map(transition).collect();
    let head = [String::new(), columned(title, &columns)];
    Section::listed(head, rows, "transitions")
}

fn transition(total: &TransitionTotal) -> String {
    let (from, to) = total.key.names();
    let from = if from.is_empty() { "(none)" } else { from };
    let kind = if total.key.is_task() { "task " } else { "" };
    let latency = &total.latency;
    // One run has a tail; of several it matters more how far they differ.
    let times = match total.by_run.as_slice() {
        [_] => [0.50, 0.99, 0.999, 1.0].map(|at| length(latency.quantile(at))),
        by_run => {
            let [[p50, p50_reach], [p99, p99_reach]] = [0.50, 0.99].map(|at| over_runs(by_run, at));
            [p50, p50_reach, p99, p99_reach]
        }
    };
    let [first, second, third, last] = times;
    let per_second = total.per_second.map_or_else(|| "–".to_owned(), rate);
    let cells = [
        thousands(latency.count()),
        per_second,
        first,
        second,
        third,
        last,
    ];
    columned(&format!("{kind}{from} → {to}"), &cells)
}

/// The mean of a quantile over runs, and how far its interval reaches to either side.
fn over_runs(by_run: &[Latency], at: f64) -> [String; 2] {
    match intervals::of_quantile(by_run, at) {
        None => ["–".to_owned(), "–".to_owned()],
        Some(estimate) => {
            let reach = match estimate.mean > 0.0 {
                true => percent(estimate.reach / estimate.mean),
                false => "–".to_owned(),
            };
            [quantity(estimate.mean, Unit::Nanoseconds), reach]
        }
    }
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
        let local = by_outcome[Outcome::Local.index()];
        let all = by_outcome.iter().sum::<u64>() - local;
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

/// What the operations of each tenant came to.
fn tenants(result: &StormResult) -> Section {
    let rows = totals::tenants(result).into_iter().map(|(name, total)| {
        let [p50, p99] = [0.50, 0.99].map(|at| length(total.response.quantile(at)));
        let share = total.errors as f64 / total.operations.max(1) as f64;
        clipped(&format!(
            "  tenant {name}: {}, {} errors ({}); p50 {p50}, p99 {p99}",
            counted(total.operations, "operation"),
            thousands(total.errors),
            percent(share),
        ))
    });
    Section::listed([String::new()], rows.collect(), "tenants")
}

/// What to buy more or less of, and what could not be offered: the resource that is short first, unless all were idle, the most
/// bytes, and what had no end.
fn service(origin: &Origin, result: &StormResult, totals: &Totals, paint: Paint) -> Section {
    let mut head = Vec::new();
    let usage = capacity::bottleneck(&result.runs).filter(|usage| usage.utilisation >= 0.005);
    if let Some(usage) = usage {
        head.push(clipped(&match usage.is_short() {
            true => paint.doubtful(&short(&usage)),
            false => busiest(&usage),
        }));
    }
    if let Some(bytes) = totals.bytes_stored_max {
        let awaiting = match totals.bytes_pending_delete_max {
            0 => String::new(),
            bytes => format!("; deleted and not yet scrubbed: {} at most", Bytes(bytes)),
        };
        head.push(format!("  stored: {} at most{awaiting}", Bytes(bytes)));
    }
    let stored = Storage::of(&result.runs, &origin.plan);
    for (line, warns) in (stored.iter()).flat_map(|it| storage::lines(it, &origin.plan)) {
        head.push(clipped(&match warns {
            true => paint.doubtful(&line),
            false => line,
        }));
    }
    let mut growing = capacity::growing(&result.runs);
    // What is stored says so itself.
    let grows = |storage: &Storage| matches!(storage.trend, Trend::Grows { .. });
    growing.retain(|growth| !(growth.is_bytes && stored.as_ref().is_some_and(grows)));
    if let [first @ .., last] = growing.iter().map(growth).collect::<Vec<_>>().as_slice() {
        let what = match first {
            [] => last.clone(),
            [one] => format!("{one} and {last}"),
            [first, ..] => format!("{first} and {} other levels", growing.len() - 1),
        };
        head.push(clipped(&paint.doubtful(&format!(
            "  still growing when the load ended: {what}"
        ))));
    }
    if totals.dropped + totals.late > 0 {
        head.push(clipped(&paint.doubtful(&format!(
            "  of {} arrivals {} were dropped, {} came more than 10ms late",
            thousands(totals.arrivals + totals.dropped),
            thousands(totals.dropped),
            thousands(totals.late),
        ))));
    }
    Section::of(head)
}

fn busiest(usage: &Usage) -> String {
    format!(
        "  busiest: {}, {} of {} used in {}; {}",
        usage.resource,
        percent(usage.utilisation),
        amount(usage.resource, usage.units),
        usage.phase,
        waits(usage),
    )
}

fn short(usage: &Usage) -> String {
    let names: Vec<&str> = usage.waiting.iter().map(|work| work.name()).collect();
    let who = match names.is_empty() {
        true => String::new(),
        false => format!(" of {}", listed(&names)),
    };
    format!(
        "  short: {}, at least {} needed; {}{who}",
        usage.resource,
        needed(usage),
        waits(usage),
    )
}

/// The least that would be enough; of units that come one by one, exactly.
fn needed(usage: &Usage) -> String {
    match usage.resource.is_shared() {
        true => amount(usage.resource, usage.load),
        false => thousands(usage.needed()),
    }
}

fn waits(usage: &Usage) -> String {
    if usage.mean_wait_ns < 1_000.0 {
        return "hardly a wait for it".to_owned();
    }
    format!(
        "mean wait {}, queue {}",
        Span(usage.mean_wait_ns.round() as u64),
        compact(usage.mean_queue),
    )
}

fn growth(growth: &Growth) -> String {
    let a_day = growth.per_second * 86_400.0;
    let pace = match growth.is_bytes {
        true => format!("{}/d", Bytes(a_day.round() as u64)),
        false => rate(growth.per_second),
    };
    format!("{} by {pace}", growth.level)
}

/// The failed ones first: they are what is left when there is no room.
fn thresholds(result: &StormResult, paint: Paint) -> Section {
    let (met, failed): (Vec<_>, Vec<_>) = result.thresholds.iter().partition(|judged| judged.met);
    let measured = measured(result);
    let line = |judged: &&ThresholdResult| {
        let in_warm_up = !measured && judged.threshold.phase.is_none();
        let mark = match judged.met {
            true => paint.good("✓"),
            false if judged.value.is_none() && in_warm_up => paint.doubtful("?"),
            false => paint.bad("✗"),
        };
        let demanded = headline::demanded(&judged.threshold);
        let found = found_in(result, judged, measured);
        clipped(&format!("  {mark} {demanded}: {found}"))
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

/// What a threshold found: its figure, or why there is none.
pub(super) fn found(result: &StormResult, judged: &ThresholdResult) -> String {
    found_in(result, judged, measured(result))
}

/// The same, where it is known whether any run came beyond its warm-up.
fn found_in(result: &StormResult, judged: &ThresholdResult, measured: bool) -> String {
    let threshold = &judged.threshold;
    let value = match judged.value {
        None if !measured && threshold.phase.is_none() => "still in warm-up".to_owned(),
        None if matches!(threshold.subject, ThresholdSubject::Recovery(_)) => {
            "not recovered by the end".to_owned()
        }
        None => "never happened".to_owned(),
        Some(value) => quantity(value, threshold.unit()),
    };
    let window = judged.window.map(|worst| window(result, worst));
    value + &window.unwrap_or_default()
}

/// Where a threshold was worst.
fn window(result: &StormResult, worst: WorstWindow) -> String {
    let run = match result.runs.len() {
        1 => String::new(),
        _ => format!(" of run {}", worst.run),
    };
    let ended = if worst.ended_load {
        ", where the load ended"
    } else {
        ""
    };
    format!(
        " from {} to {}{run}{ended}",
        Span(worst.from.0).exact(),
        Span(worst.to.0).exact()
    )
}

/// What was measured, in its unit.
pub(super) fn quantity(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => length(Span(value.round() as u64)),
        Unit::Count if value.fract() == 0.0 => thousands(value as u64),
        Unit::Count => compact(value),
        Unit::Share => percent(value),
        Unit::PerSecond => rate(value),
        Unit::Bytes => Bytes(value.round() as u64).to_string(),
    }
}

/// Whether any run came beyond its warm-up, which thresholds leave out.
fn measured(result: &StormResult) -> bool {
    let runs = result.runs.iter();
    runs.flat_map(|run| run.phase_rows().into_iter().map(move |row| (run, row)))
        .any(|(run, row)| !run.is_warm_up(row.phase))
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

/// What the figures of one seed are worth, or how far several differ.
fn spread(origin: &Origin, result: &StormResult) -> Section {
    let batches = averages::has_batches(&Averages::of(&result.runs));
    let within = batches.then_some("±: the 95 % interval of batch means");
    let seeds = "one seed; --replications 10 shows how far seeds differ";
    let seeds = (origin.clock == Clock::Virtual).then_some(seeds);
    let hint = match result.runs.len() {
        1 => [seeds, within]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; "),
        runs => format!("±: how far the 95 % interval reaches over the {runs} runs"),
    };
    let lines = (!hint.is_empty()).then(|| clipped(&format!("  {hint}")));
    Section::of(lines.into_iter().collect())
}

/// The command to see a violation again; none where nothing is wrong.
fn repeat(origin: &Origin, result: &StormResult) -> Option<String> {
    let invalid = |verdict| verdict == Verdict::Invalid;
    let culprit = result.runs.iter().find(|run| invalid(run.verdict));
    invalid(result.verdict)
        .then(|| culprit.map_or_else(|| origin.repeat(), |run| origin.repeat_run(run.seed)))
}

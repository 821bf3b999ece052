//! The sections of a run's page: the verdict and the figures that a decision needs first.

use super::chart::Chart;
use super::charts::Charts;
use super::contents::{
    Contents, Judged, OperationFigures, OperationLine, Replication, Stretch, WARM_UP,
};
use super::layout::{self, Head, figure, place, table};
use super::lifecycle::{self, Traffic};
use crate::capacity::{self, Quantity};
use crate::report::number::{amount, compact, percent, rate, thousands, units};
use crate::statistics::{CONFIDENCE, Estimate};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};
use stormglass_model::config::Resource;
use stormglass_model::units::{Bytes, Span};

/// Rows of violations that are shown; `violations.csv` has the rest.
const VIOLATIONS: usize = 100;

/// The whole body, with what a comparison with another run says if there is any.
pub fn run(contents: &Contents, charts: &Charts, comparison: Markup) -> Markup {
    let traffic = lifecycle::traffic(contents);
    let parts = [
        ("figures", "Figures", figures(contents)),
        ("comparison", "Compared with the baseline", comparison),
        ("violations", "Violations", violations(contents)),
        ("load", "Load", figures_of(&charts.load)),
        (
            "latency",
            "Latency",
            html! { (heat_map(contents)) (figures_of(&charts.latency)) (operations(contents)) },
        ),
        ("lifecycle", "Lifecycle", edges(contents, &traffic)),
        (
            "subjects",
            "Subjects and bytes",
            figures_of(&charts.subjects),
        ),
        (
            "resources",
            "Resources",
            html! { (figures_of(&charts.resources)) (resources(contents)) },
        ),
        ("origin", "Where this comes from", origin(contents)),
    ];
    let head = layout::head(&head(contents), &contents.run.notes);
    layout::body(&head, &contents.run.version, &parts)
}

pub fn figures_of(charts: &[Chart]) -> Markup {
    html! { @for chart in charts { (figure(chart)) } }
}

/// The place of the heat map, where there is one.
fn heat_map(contents: &Contents) -> Markup {
    let caption = "All operations that completed, by when they did and how long they took from when they were due: the more, the stronger the colour. \
                   The strongest has the most of its column. Lines are the upper bounds of the bands in which quantiles lie.";
    html! { @if !contents.heat.is_empty() { (place("heat", "Response times of all operations", caption)) } }
}

/// What page and picture begin with.
pub fn head(contents: &Contents) -> Head {
    let run = &contents.run;
    let failed = !run.thresholds_met;
    let sentence = run.sentence.clone().unwrap_or_else(|| run.verdict.clone());
    let (tone, mark) = match run.verdict.as_str() {
        "invalid" => ("bad", "✗"),
        "valid" if failed => ("bad", "✗"),
        "valid" if sentence.starts_with("valid:") => ("good", "✓"),
        "valid" => ("doubtful", "!"),
        _ => ("doubtful", "?"),
    };
    let service = match &run.target_url {
        Some(url) => format!("{} at {url}", run.target),
        None => format!("embedded service, {} rules", run.profile),
    };
    let covered = run
        .runs
        .first()
        .and_then(|run| run.phases.last())
        .map_or(0.0, |last| last.to);
    let time = if run.clock == "virtual" {
        "virtual time"
    } else {
        "real time"
    };
    let count = match run.runs.len() {
        0 | 1 => String::new(),
        runs => format!(" · {runs} runs"),
    };
    let covered = Span::from_secs_f64(covered);
    let what = format!("seed {} · {service} · {covered} of {time}{count}", run.seed);
    Head {
        name: run.scenario.clone(),
        tone: (tone, mark),
        sentence,
        what,
    }
}

/// Thresholds, and what was measured, with the intervals that replications give.
fn figures(contents: &Contents) -> Markup {
    let run = &contents.run;
    let several = run.runs.len() > 1;
    let interval = format!("{:.0} % interval", CONFIDENCE * 100.0);
    // With one run there is no interval, and no column for it.
    let head = |names: [&'static str; 2]| -> Vec<String> {
        let columns = names
            .into_iter()
            .flat_map(|name| [name.to_owned(), interval.clone()]);
        columns
            .filter(|name| several || *name != interval)
            .collect()
    };
    let flow = [vec!["figure".to_owned()], head(["value", ""])].concat();
    let flow: Vec<&str> = flow
        .iter()
        .map(String::as_str)
        .take(if several { 3 } else { 2 })
        .collect();
    let times = [
        vec!["operation".to_owned()],
        head(["median", "99th percentile"]),
    ]
    .concat();
    let times: Vec<&str> = times.iter().map(String::as_str).collect();
    html! {
        @if !run.thresholds.is_empty() { (thresholds(contents)) }
        (table("What was measured under load, without warm-up and settle", &flow, flows(contents).into_iter()))
        (table("Response times, from when an operation was due, without warm-up", &times, responses(contents).into_iter()))
        @if several { p.hint { "Means over " (run.runs.len()) " runs, and where the truth lies 19 times of 20 (Student)." } }
        @if run.runs.len() < 2 {
            p.hint { "One run does not tell how far another would differ. " code { "--replications 10" } " gives each figure an interval." }
        }
        @if let Some((short, resource)) = run.bottleneck.as_ref().and_then(|it| Some((it, Resource::from_name(&it.resource)?))) {
            p.hint {
                "Busiest: " (short.resource) ", " (percent(short.utilisation)) " used in " (short.phase) ", a load of " (amount(resource, short.load))
                " for " (units(resource, short.units)) @if short.is_short { ", which was not enough" } "."
            }
        }
    }
}

/// Each threshold with what was measured, and how far that would differ where there are several runs.
fn thresholds(contents: &Contents) -> Markup {
    let run = &contents.run;
    let several = run.thresholds.iter().any(|it| it.interval.is_some());
    let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "–".to_owned());
    let rows = run.thresholds.iter().map(|judged| {
        let met = if judged.met { "✓ met" } else { "✗ not met" };
        let one = |value: f64| quantity(value, &judged.unit);
        let mut row = vec![
            demand(judged),
            met.to_owned(),
            or_dash(judged.value.map(one)),
        ];
        if several {
            let interval = judged.interval.as_ref();
            row.push(or_dash(interval.map(|it| one(it.mean))));
            row.push(or_dash(interval.map(|it| {
                format!("{} – {}", one(it.low.max(0.0)), one(it.high))
            })));
        }
        row
    });
    let interval = format!("{:.0} % interval", CONFIDENCE * 100.0);
    let head = ["threshold", "", "measured", "mean of the runs", &interval];
    let columns = if several { 5 } else { 3 };
    table("Thresholds", &head[..columns], rows)
}

fn demand(judged: &Judged) -> String {
    let mut text = format!("{} {}", judged.of, judged.demand);
    for part in [&judged.phase, &judged.story].into_iter().flatten() {
        if !text.contains(part.as_str()) {
            text += &format!(" ({part})");
        }
    }
    text
}

/// A value in the unit that `run.json` names.
pub fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "ns" => Span(value.round() as u64).to_string(),
        "share" => percent(value),
        "per_s" => rate(value),
        "bytes" => Bytes(value.round() as u64).to_string(),
        "bytes_per_s" => {
            let unit = capacity::Unit::Bandwidth;
            Quantity { value, unit }.to_string()
        }
        _ if value.fract() == 0.0 => thousands(value as u64),
        _ => compact(value),
    }
}

/// A mean over the runs, and from where to where the truth lies if there are several.
fn estimated(
    contents: &Contents,
    unit: &str,
    of: impl Fn(&Replication) -> Option<f64>,
) -> Option<Vec<String>> {
    let values: Vec<f64> = contents.run.runs.iter().filter_map(of).collect();
    let estimate = Estimate::of(&values, CONFIDENCE)?;
    let mut cells = vec![quantity(estimate.mean, unit)];
    if contents.run.runs.len() > 1 {
        cells.push(match estimate.reach.is_finite() {
            true => format!(
                "{} – {}",
                quantity(estimate.low().max(0.0), unit),
                quantity(estimate.high(), unit)
            ),
            false => "–".to_owned(),
        });
    }
    Some(cells)
}

/// How many operations there were under load, and how many went wrong.
fn flows(contents: &Contents) -> Vec<Vec<String>> {
    let count = |run: &Replication, takes: &dyn Fn(&OperationLine) -> bool| -> f64 {
        let phases: BTreeSet<&str> = run.load().map(|phase| phase.name.as_str()).collect();
        let lines = contents
            .operations
            .iter()
            .filter(|line| line.run == run.run);
        let lines = lines.filter(|line| phases.contains(line.phase.as_str()) && takes(line));
        lines.map(|line| line.count).sum::<u64>() as f64
    };
    let throughput = |run: &Replication| {
        let seconds: f64 = run.load().map(|phase| phase.to - phase.from).sum();
        Some(count(run, &|_| true) / seconds).filter(|value| value.is_finite())
    };
    let errors = |run: &Replication| {
        let wrong = count(run, &|line| {
            matches!(line.outcome.as_str(), "fail" | "unknown")
        });
        let all = count(run, &|line| line.outcome != "local");
        Some(wrong / all).filter(|share| share.is_finite())
    };
    let rows = [
        ("operations", estimated(contents, "per_s", throughput)),
        (
            "operations that failed or whose end is unknown",
            estimated(contents, "share", errors),
        ),
    ];
    let named =
        |(name, cells): (&str, Option<Vec<String>>)| Some([vec![name.to_owned()], cells?].concat());
    rows.into_iter().filter_map(named).collect()
}

/// The median and the 99th percentile of each operation.
fn responses(contents: &Contents) -> Vec<Vec<String>> {
    let runs = &contents.run.runs;
    let operations: BTreeSet<&str> = (runs.iter().flat_map(|run| &run.operations))
        .map(|figures| figures.operation.as_str())
        .collect();
    let row = |operation: &str| {
        let of = |figure: fn(&OperationFigures) -> f64| {
            estimated(contents, "ns", |run| {
                let figures = run
                    .operations
                    .iter()
                    .find(|figures| figures.operation == operation);
                figures.map(|figures| figure(figures) * 1e3)
            })
        };
        Some(
            [
                vec![operation.to_owned()],
                of(|it| it.p50_us)?,
                of(|it| it.p99_us)?,
            ]
            .concat(),
        )
    };
    operations.into_iter().filter_map(row).collect()
}

fn violations(contents: &Contents) -> Markup {
    if contents.run.violations == 0 {
        return html! {};
    }
    let shown = contents.violations.iter().take(VIOLATIONS);
    let rows = shown.map(|violation| {
        let subject = violation
            .subject
            .map_or_else(|| "–".to_owned(), |number| number.to_string());
        let at = Span::from_secs_f64(violation.t_s.max(0.0)).to_string();
        vec![
            violation.invariant.clone(),
            violation.run.to_string(),
            at,
            subject,
            violation.detail.clone(),
        ]
    });
    let caption = format!(
        "{} violations of invariants",
        thousands(contents.run.violations)
    );
    html! {
        (table(&caption, &["invariant", "run", "at", "subject", "what was seen"], rows))
        @if contents.run.violations > VIOLATIONS as u64 { p.hint { "violations.csv has more of them." } }
    }
}

/// Every operation and how it ended, with what its answers took.
fn operations(contents: &Contents) -> Markup {
    let mut counts: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for line in contents
        .operations
        .iter()
        .filter(|line| line.phase != WARM_UP)
    {
        *counts
            .entry(&line.operation)
            .or_default()
            .entry(&line.outcome)
            .or_default() += line.count;
    }
    let rows = counts.iter().map(|(operation, outcomes)| {
        let of = |outcome: &str| outcomes.get(outcome).copied().unwrap_or(0);
        let response = contents.latencies.get(&format!("{operation}:response"));
        let quantile = |q| {
            response.map_or_else(
                || "–".to_owned(),
                |it| Span(it.value_at_quantile(q)).to_string(),
            )
        };
        let mut row = vec![(*operation).to_owned(), thousands(outcomes.values().sum())];
        row.extend(["ok", "refused", "fail", "unknown"].map(|outcome| thousands(of(outcome))));
        row.extend([0.5, 0.9, 0.99, 0.999, 1.0].map(quantile));
        row
    });
    let head = [
        "operation",
        "count",
        "ok",
        "refused",
        "failed",
        "unknown",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "most",
    ];
    table(
        "Operations by outcome, and their response times, without warm-up",
        &head,
        rows,
    )
}

fn edges(contents: &Contents, traffic: &BTreeMap<&str, Traffic>) -> Markup {
    let rows = traffic.iter().map(|(tag, traffic)| {
        let (from, to) = tag.split_once("->").unwrap_or(("", tag));
        let from = if from.is_empty() { "(none)" } else { from };
        vec![
            format!("{from} → {to}"),
            thousands(traffic.count),
            rate(traffic.per_second),
            traffic.p50.to_string(),
            traffic.p99.to_string(),
            traffic.most.to_string(),
        ]
    });
    html! {
        p { "How often each edge was taken without warm-up, how often a second under load, and the 99th percentile of its latency. \
             The more often, the thicker; what nothing took is faint." }
        div.scroll tabindex="0" role="region" aria-label="The lifecycle" { (lifecycle::picture(contents, traffic)) }
        details { summary { "Table: transitions" }
            (table("Transitions without warm-up", &["transition", "count", "rate under load", "p50", "p99", "most"], rows)) }
    }
}

fn resources(contents: &Contents) -> Markup {
    let time = |us: Option<f64>| {
        us.map_or_else(
            || "–".to_owned(),
            |us| Span((us * 1e3).round().max(0.0) as u64).to_string(),
        )
    };
    let several = contents.run.runs.len() > 1;
    let rows = contents.resources.iter().map(|line| {
        let name = match several {
            true => format!("{} in {}, run {}", line.resource, line.phase, line.run),
            false => format!("{} in {}", line.resource, line.phase),
        };
        vec![
            name,
            thousands(line.arrivals),
            time(line.mean_wait_us),
            time(line.mean_hold_us),
            line.mean_queue.map_or_else(|| "–".to_owned(), compact),
            line.utilisation.map_or_else(|| "–".to_owned(), percent),
        ]
    });
    if contents.resources.is_empty() {
        return html! {};
    }
    let head = [
        "resource",
        "arrivals",
        "mean wait",
        "mean hold",
        "mean queue",
        "utilisation",
    ];
    html! { details { summary { "Table: waits for resources" } (table("Resources by phase", &head, rows)) } }
}

fn origin(contents: &Contents) -> Markup {
    let run = &contents.run;
    let fault_rows = run.runs.first().map_or(&[][..], |run| &run.faults).iter();
    let phase_rows = run.runs.first().map_or(&[][..], |run| &run.phases).iter();
    let row = |what: &'static str| {
        move |stretch: &Stretch| {
            let at = |seconds: f64| Span::from_secs_f64(seconds.max(0.0)).to_string();
            vec![
                stretch.name.clone(),
                what.to_owned(),
                at(stretch.from),
                at(stretch.to),
            ]
        }
    };
    let rows = phase_rows
        .map(row("phase"))
        .chain(fault_rows.map(row("fault")));
    html! {
        (table("Phases and faults of the first run", &["name", "what", "from", "to"], rows))
        dl {
            dt { "To repeat it" } dd { code { (run.repeat) } }
            dt { "Scenario, SHA-256" } dd { code { (run.scenario_sha256) } }
            @if let Some(hash) = &run.event_hash { dt { "Event hash" } dd { code { (hash) } } }
            // What repeats exactly does so on any machine.
            @if run.clock != "virtual" { dt { "Machine" } dd { (run.host.cores) " cores, " (run.host.os) ", " (run.host.arch) } }
            dt { "Subjects and transitions" } dd { (thousands(run.subjects)) " and " (thousands(run.transitions)) }
        }
    }
}

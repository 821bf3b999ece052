//! What `stormglass advise` came to: `advice.json`, `setups.csv` and the summary.

use super::csv::table;
use super::json::{Ordered, pretty};
use super::number::{counted, percent, thousands};
use super::origin::Origin;
use super::search::{demand, figure_of, held, measured};
use super::terminal::{Paint, clipped, closing, wrapped};
use crate::capacity::{Advice, Measured, Point, Setup, Tried};
use crate::metrics::Threshold;
use crate::statistics::CONFIDENCE;
use serde_json::{Value, json};
use std::io;
use stormglass_model::units::Span;

/// Set-ups that the summary shows.
const ROWS: usize = 12;

/// Every file, in the order of their worth.
pub fn advice_files(
    origin: &Origin,
    advice: &Advice,
) -> impl Iterator<Item = (&'static str, io::Result<Vec<u8>>)> {
    [
        ("advice.json", Ok(advice_json(origin, advice))),
        ("setups.csv", setups_csv(advice)),
    ]
    .into_iter()
}

/// The document. Costs are a month's, in `currency`; null where nothing has a price.
pub fn advice_json(origin: &Origin, advice: &Advice) -> Vec<u8> {
    let demands: Vec<String> = advice.demands.iter().map(demand).collect();
    let setups: Vec<Value> = advice.tried.iter().map(|it| one(advice, it)).collect();
    let advised = advice.advised().map(|it| {
        let setup = it.setup;
        json!({
            "processes": setup.processes,
            "threads": setup.threads,
            "connections": setup.connections,
            "slots": setup.slots,
        })
    });
    pretty(&Ordered([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("scenario", json!(origin.scenario)),
        ("scenario_sha256", json!(origin.scenario_sha256)),
        ("seed", json!(origin.seed)),
        ("repeat", json!(origin.repeat())),
        ("host", json!(origin.host)),
        ("demands", json!(demands)),
        ("confidence", json!(CONFIDENCE)),
        ("currency", json!(advice.currency)),
        ("sentence", json!(advice_sentence(advice))),
        ("advised", json!(advised)),
        ("asked", json!(advice.asked)),
        ("setups", json!(setups)),
        ("wall_s", json!(advice.wall_s)),
        ("cpu_s", json!(advice.cpu_s)),
    ]))
}

fn one(advice: &Advice, tried: &Tried) -> Value {
    let setup = tried.setup;
    let on_server = tried.measured.as_ref();
    let on_server = on_server.map(|it| measured(&advice.demands, &it.point, &it.beside));
    json!({
        "processes": setup.processes,
        "threads": setup.threads,
        "connections": setup.connections,
        "slots": setup.slots,
        "cost_month": tried.cost,
        "forecast": measured(&advice.demands, &tried.point, &tried.beside),
        "measured": on_server,
    })
}

/// A row a set-up, with the figure of the demand that decides.
fn setups_csv(advice: &Advice) -> io::Result<Vec<u8>> {
    let header = "processes,threads,connections,slots,cost_month,holds,runs,demand,figure,bound,completions_per_s,bottleneck,utilisation,\
         measured_holds,measured_figure,measured_completions_per_s";
    let number = |value: Option<f64>| {
        let value = value.filter(|value| value.is_finite());
        value.map_or_else(String::new, |value| value.to_string())
    };
    let mean = |values: &[f64]| match values.is_empty() {
        true => None,
        false => Some(values.iter().sum::<f64>() / values.len() as f64),
    };
    let rows = advice.tried.iter().map(|tried| {
        let (setup, point) = (tried.setup, &tried.point);
        let at = point.deciding(&advice.demands);
        let busiest = tried.beside.resources.first();
        let on_server = tried.measured.as_ref();
        vec![
            setup.processes.to_string(),
            setup.threads.to_string(),
            setup.connections.to_string(),
            setup.slots.to_string(),
            number(tried.cost),
            held(point.holds).to_owned(),
            point.samples.len().to_string(),
            demand(&advice.demands[at]),
            number(point.figure(at).map(|it| it.mean)),
            advice.demands[at].bound.to_string(),
            number(mean(&tried.beside.completions_per_s)),
            busiest.map_or_else(String::new, |it| it.resource.name().to_owned()),
            number(busiest.map(|it| it.utilisation)),
            on_server.map_or_else(String::new, |it| held(it.point.holds).to_owned()),
            number(
                on_server
                    .and_then(|it| it.point.figure(at))
                    .map(|it| it.mean),
            ),
            number(on_server.and_then(|it| mean(&it.beside.completions_per_s))),
        ]
    });
    table(header, rows)
}

/// The advice in one sentence.
pub fn advice_sentence(advice: &Advice) -> String {
    if let Some(failure) = &advice.failure {
        return format!("the advice ended: {failure}");
    }
    let looked = counted(advice.tried.len() as u64, "set-up");
    let interrupted = match advice.interrupted {
        true => ", interrupted",
        false => "",
    };
    let measured = advice.tried.iter().filter_map(|it| it.measured.as_ref());
    let measured: Vec<Option<bool>> = measured.map(|it| it.point.holds).collect();
    let Some(best) = advice.advised() else {
        let refuted = measured.iter().filter(|it| **it == Some(false)).count() as u64;
        let unsure = measured.len() as u64 - refuted;
        if refuted + unsure > 0 {
            return format!(
                "the real server does not confirm what was forecast: {} refuted, {unsure} it does not tell{interrupted}",
                counted(refuted, "set-up")
            );
        }
        let unsure = advice.tried.iter().filter(|it| it.point.holds.is_none());
        let unsure = match unsure.count() {
            0 => String::new(),
            some => format!(
                "; {} too near the bound to tell",
                counted(some as u64, "set-up")
            ),
        };
        return format!("of {looked} none is surely enough{unsure}{interrupted}");
    };
    let cost = best.cost.zip(advice.currency.as_ref());
    let cost = cost.map_or_else(String::new, |(cost, currency)| {
        format!(", {} {currency} a month", thousands(cost.round() as u64))
    });
    let on_server = match best.measured {
        Some(_) => "; the real server confirms it",
        None => "",
    };
    format!(
        "take {}{cost}: the cheapest of {looked} that is enough{on_server}{interrupted}",
        best.setup
    )
}

/// What was decided about a set-up, in one line, while it goes on.
pub fn setup_point(demands: &[Threshold], setup: Setup, point: &Point) -> String {
    let figures = demands.iter().enumerate().map(|(at, threshold)| {
        format!("{} {}", demand(threshold), figure_of(point, at, threshold))
    });
    let figures: Vec<String> = figures.collect();
    let runs = counted(point.samples.len() as u64, "run");
    let holds = match point.holds {
        Some(true) => "is enough",
        Some(false) => "is not enough",
        None if point.is_void() => "could not be offered this load",
        None => "is too near the bound to tell",
    };
    format!("{setup}: {holds} ({}; {runs})", figures.join(", "))
}

/// What was found, on one screen.
pub fn advice_summary(origin: &Origin, advice: &Advice, results: &str, colour: bool) -> String {
    let paint = Paint { colour };
    let sentence = advice_sentence(advice);
    let marked = match (&advice.failure, advice.advised()) {
        (Some(_), _) | (None, None) => paint.bad(&format!("✗ {sentence}")),
        (None, Some(_)) => paint.good(&format!("✓ {sentence}")),
    };
    let mut lines = wrapped(&marked);
    let runs: usize = advice.tried.iter().map(|it| it.point.samples.len()).sum();
    lines.push(clipped(&format!(
        "  {} · seed {} · {} of {} of {} in {}",
        origin.scenario,
        origin.seed,
        counted(runs as u64, "run"),
        advice.tried.len(),
        counted(advice.asked as u64, "set-up"),
        Span::from_secs_f64(advice.wall_s),
    )));
    let cost = advice.currency.as_ref();
    let cost = cost.map_or_else(String::new, |currency| {
        format!("  {:>10}", format!("{currency}/month"))
    });
    lines.push(String::new());
    lines.push(clipped(&format!(
        "  {:>5}  {:>7}  {:>5}  {:>7}{cost}  {:<7}  {:>16}  busiest",
        "procs", "threads", "conns", "slots", "holds", "figure"
    )));
    // What is enough, and what would just not have been.
    let shown = advice.tried.len().saturating_sub(ROWS);
    for tried in &advice.tried[shown..] {
        lines.push(row(advice, tried, None));
        if let Some(measured) = &tried.measured {
            lines.push(row(advice, tried, Some(measured)));
        }
    }
    if shown > 0 {
        lines.push(format!(
            "  {} that cost less in setups.csv",
            counted(shown as u64, "set-up")
        ));
    }
    lines.extend(closing(None, Some(results.to_owned())));
    lines.join("\n") + "\n"
}

/// A set-up: what was forecast of it, or what was measured.
fn row(advice: &Advice, tried: &Tried, on_server: Option<&Measured>) -> String {
    let setup = tried.setup;
    let (point, beside) = match on_server {
        Some(it) => (&it.point, &it.beside),
        None => (&tried.point, &tried.beside),
    };
    let at = tried.point.deciding(&advice.demands);
    let figure = figure_of(point, at, &advice.demands[at]);
    let holds = held(point.holds);
    let busiest = beside.resources.first().map_or_else(String::new, |it| {
        format!("{} {}", it.resource, percent(it.utilisation))
    });
    let cost = tried.cost.map_or_else(String::new, |cost| {
        format!("  {:>10}", thousands(cost.round() as u64))
    });
    let line = match on_server {
        Some(_) => format!(
            "  {:>30}{:>width$}  {holds:<7}  {figure:>16}",
            "measured",
            "",
            width = cost.chars().count()
        ),
        None => format!(
            "  {:>5}  {:>7}  {:>5}  {:>7}{cost}  {holds:<7}  {figure:>16}  {busiest}",
            setup.processes, setup.threads, setup.connections, setup.slots
        ),
    };
    clipped(&line)
}

//! What a calibration came to: the scenario with its `[service]`, `calibration.json` and the summary.

use super::json::{Ordered, pretty};
use super::number::{compact, percent};
use super::terminal::{Paint, clipped, wrapped};
use crate::calibrate::{Calibration, Error, Figure, HeldOut, LIMIT, Observation, Parameter};
use serde_json::{Value, json};
use stormglass_model::config::CpuConfig;
use stormglass_model::random::{Distribution, Shape};
use stormglass_model::units::{Bytes, Span};

/// A parameter whose standard error is beyond this share of it is not told by the storms.
const UNTOLD: f64 = 0.5;

/// The document: what was measured, what was fitted, and how far it is off elsewhere.
pub fn calibration_json(name: &str, calibration: &Calibration) -> Vec<u8> {
    let parameters = calibration.fitted.values.iter().map(|(parameter, value, error)| {
        let finite = Some(*error).filter(|it| it.is_finite());
        json!({ "key": parameter.key(), "value": value, "relative_error": finite, "told": is_told(*error) })
    });
    let parameters: Vec<Value> = parameters.collect();
    let measured: Vec<Value> = calibration.measured.iter().map(observed).collect();
    let trials = calibration.trials.iter().map(|trial| {
        let figures: Vec<Value> = trial.errors().iter().map(figure).collect();
        json!({ "storm": trial.measured.storm.name, "users": trial.measured.storm.users, "holds": trial.holds(), "figures": figures, "measured": observed(&trial.measured) })
    });
    let trials: Vec<Value> = trials.collect();
    pretty(&Ordered([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("scenario", json!(name)),
        ("calibrated", json!(calibration.holds())),
        ("limit", json!(LIMIT)),
        ("trials", json!(trials)),
        ("parameters", json!(parameters)),
        ("measured", json!(measured)),
    ]))
}

fn observed(observation: &Observation) -> Value {
    let operations = observation.operations.iter().map(|it| {
        json!({ "operation": it.operation.name(), "count": it.count, "p50_s": it.p50_s, "p99_s": it.p99_s })
    });
    let operations: Vec<Value> = operations.collect();
    json!({
        "storm": observation.storm.name,
        "users": observation.storm.users,
        "lives_per_s": observation.lives_per_s,
        "operations": operations,
    })
}

fn figure(error: &Error) -> Value {
    json!({
        "figure": figure_name(error.figure),
        "measured": error.measured,
        "forecast": error.forecast,
        "off": error.share(),
    })
}

fn figure_name(figure: Figure) -> String {
    match figure {
        Figure::Throughput => "lives_per_s".to_owned(),
        Figure::P50(operation) => format!("{operation} p(50)"),
        Figure::P99(operation) => format!("{operation} p(99)"),
    }
}

fn is_told(error: f64) -> bool {
    error <= UNTOLD
}

/// The source with the fitted service in the place of its target, opened by what the fit is worth.
pub fn calibrated_scenario(source: &str, calibration: &Calibration) -> String {
    let mut written = String::new();
    for line in head(calibration) {
        written += &format!("# {line}\n");
    }
    written + &in_place(source, &service_toml(calibration))
}

/// The source with these tables of a service before its first table, without its own and without a target and its clock.
fn in_place(source: &str, service: &str) -> String {
    let (mut written, mut skipped, mut placed) = (String::new(), false, false);
    for line in source.lines() {
        let header = line.trim_start();
        if header.starts_with('[') {
            let name = header.trim_start_matches('[').trim_start();
            let is_of = |table: &str| {
                name.strip_prefix(table)
                    .is_some_and(|rest| rest.starts_with(['.', ']', ' ']))
            };
            skipped = is_of("target") || is_of("service");
            if !placed {
                written += service;
                placed = true;
            }
        }
        let is_clock = header.starts_with("clock") && !placed;
        if !skipped && !is_clock {
            written += line;
            written.push('\n');
        }
    }
    written
}

fn head(calibration: &Calibration) -> Vec<String> {
    let mut head = vec![sentence(calibration)];
    for trial in &calibration.trials {
        let storm = &trial.measured.storm.name;
        let errors = trial
            .errors()
            .into_iter()
            .map(|error| format!("{} {}", figure_name(error.figure), signed(error.share())));
        let errors: Vec<String> = errors.collect();
        head.push(format!("{storm}: {}", errors.join(", ")));
    }
    head.into_iter().flat_map(|line| wrapped(&line)).collect()
}

/// What the calibration is worth, in one sentence.
pub fn calibration_sentence(calibration: &Calibration) -> String {
    sentence(calibration)
}

fn sentence(calibration: &Calibration) -> String {
    let off = |is_of: fn(Figure) -> bool| {
        let errors = calibration.trials.iter().flat_map(HeldOut::errors);
        let of_kind = errors.filter(|it| is_of(it.figure));
        of_kind.map(|it| it.share().abs()).fold(0.0, f64::max)
    };
    let throughput = off(|it| it == Figure::Throughput);
    let p50 = off(|it| matches!(it, Figure::P50(_)));
    let p99 = off(|it| matches!(it, Figure::P99(_)));
    let (verdict, but) = match calibration.holds() {
        true => ("calibrated", String::new()),
        false => (
            "not calibrated",
            format!("; more than {} is too much", percent(LIMIT)),
        ),
    };
    format!(
        "{verdict}: on {} storms that the fit did not use, it is off by at most {} in throughput, {} in medians and {} in 99th percentiles{but}",
        calibration.trials.len(),
        percent(throughput),
        percent(p50),
        percent(p99),
    )
}

fn signed(share: f64) -> String {
    let sign = if share < 0.0 { "−" } else { "+" };
    format!("{sign}{}", percent(share.abs()))
}

/// The tables of the service that was fitted.
fn service_toml(calibration: &Calibration) -> String {
    let service = calibration.service();
    let given = calibration.fitted.given;
    let known = |parameter| known(calibration, parameter);
    let mut lines = vec![
        "[service]".to_owned(),
        format!(
            "workers = {}  # given: {} × {} threads",
            service.workers, given.processes, given.threads
        ),
        format!("processes = {}  # given", service.processes),
        String::new(),
    ];
    if let Some(cpu) = &service.cpu {
        lines.extend(cpu_toml(calibration, cpu));
    }
    lines.push("[service.registry]".to_owned());
    lines.push(format!("connections = {}  # given", given.connections));
    let commit = drawn(&service.registry.commit);
    lines.push(format!("commit = {commit}{}", known(Parameter::Commit)));
    if let Some(read) = &service.registry.read {
        lines.push(format!("read = {}{}", drawn(read), known(Parameter::Read)));
    }
    lines.push(String::new());
    lines.push("[service.store]".to_owned());
    lines.push(format!("slots = {}  # given", given.slots));
    let store = &service.store;
    if let Some(bandwidth) = store.bandwidth {
        let known = known(Parameter::Byte);
        lines.push(format!("bandwidth = \"{}/s\"{known}", rounded(bandwidth)));
    }
    for (key, time, parameter) in [
        ("put", &store.put, Parameter::Put),
        ("get", &store.get, Parameter::Get),
        ("delete", &store.delete, Parameter::Remove),
    ] {
        lines.push(format!("{key} = {}{}", drawn(time), known(parameter)));
    }
    lines.join("\n") + "\n\n"
}

/// `[service.cpu]`, and an empty line.
fn cpu_toml(calibration: &Calibration, cpu: &CpuConfig) -> Vec<String> {
    let known = |parameter| known(calibration, parameter);
    let cores = cpu.thousandths.get() as f64 / 1000.0;
    let mut lines = vec![
        "[service.cpu]".to_owned(),
        format!("cores = {cores}{}", known(Parameter::Cores)),
        "lock = 1".to_owned(),
        format!(
            "contention = {:.4}{}",
            cpu.contention,
            known(Parameter::Contention)
        ),
    ];
    lines.push(format!("request = {}", drawn(&cpu.request)));
    lines.extend(cpu.by_operation.iter().map(|(operation, time)| {
        let known = known(Parameter::Cpu(*operation));
        format!("operations.{operation} = {}{known}", drawn(time))
    }));
    lines.extend(cpu.bandwidth.map(|bandwidth| {
        let known = known(Parameter::CpuOfByte);
        format!("bandwidth = \"{}/s\"{known}", rounded(bandwidth))
    }));
    lines.push(String::new());
    lines
}

/// How well the storms tell a parameter, as a comment; nothing of what was given.
fn known(calibration: &Calibration, parameter: Parameter) -> String {
    let values = &calibration.fitted.values;
    let found = values.iter().find(|it| it.0 == parameter);
    found.map_or_else(String::new, |(_, _, error)| match *error {
        0.0 => String::new(),
        error if is_told(error) => format!("  # ± {}", percent(NORMAL * error)),
        _ => "  # not told by the storms".to_owned(),
    })
}

/// So many standard errors reach as far as a 95 % interval.
const NORMAL: f64 = 1.96;

/// A distribution as a scenario writes it, to the microsecond.
fn drawn(distribution: &Distribution<Span>) -> String {
    let micros = |ns: f64| Span((ns / 1e3).round() as u64 * 1000).exact();
    match distribution.shape() {
        Shape::Lognormal { median, p99 } => format!(
            "{{ lognormal = {{ median = \"{}\", p99 = \"{}\" }} }}",
            micros(*median),
            micros(*p99)
        ),
        _ => format!("\"{}\"", micros(distribution.mean())),
    }
}

/// Bytes to the MiB, or to the KiB where they are fewer.
fn rounded(Bytes(bytes): Bytes) -> String {
    let unit = if bytes >= 64 << 20 { 1 << 20 } else { 1 << 10 };
    Bytes((bytes / unit).max(1) * unit).exact()
}

/// The summary, which fits a screen.
pub fn calibration_summary(
    name: &str,
    calibration: &Calibration,
    results: &str,
    colour: bool,
) -> String {
    let paint = Paint { colour };
    let sentence = sentence(calibration);
    let mut lines: Vec<String> = wrapped(&sentence);
    if let Some(first) = lines.first_mut() {
        *first = match calibration.holds() {
            true => paint.good(&format!("✓ {first}")),
            false => paint.bad(&format!("✗ {first}")),
        };
    }
    lines.push(format!(
        "  {name} · {} storms measured",
        calibration.measured.len() + calibration.trials.len()
    ));
    for trial in &calibration.trials {
        lines.push(String::new());
        lines.push(format!(
            "  {:<40} {:>10} {:>10} {:>8}",
            trial.measured.storm.name, "measured", "forecast", "off"
        ));
        for error in trial.errors() {
            let shown = |value: f64| match error.figure {
                Figure::Throughput => format!("{}/s", compact(value)),
                Figure::P50(_) | Figure::P99(_) => Span::from_secs_f64(value).to_string(),
            };
            let line = format!(
                "    {:<38} {:>10} {:>10} {:>8}",
                figure_name(error.figure),
                shown(error.measured),
                shown(error.forecast),
                signed(error.share()),
            );
            lines.push(match error.share().abs() <= LIMIT {
                true => line,
                false => paint.bad(&line),
            });
        }
    }
    lines.push(String::new());
    lines.extend(
        untold(calibration)
            .iter()
            .flat_map(|line| wrapped(&format!("  {line}"))),
    );
    lines.push(format!("  results: {results} (scenario.toml is the twin)"));
    lines.iter().map(|line| clipped(line) + "\n").collect()
}

/// What the storms do not tell, and what would.
fn untold(calibration: &Calibration) -> Vec<String> {
    let untold = calibration.fitted.values.iter().filter(|it| !is_told(it.2));
    let mut lines: Vec<String> = untold
        .map(|(parameter, ..)| {
            let what = match parameter {
                Parameter::Contention => "more users would (--users)",
                Parameter::Cores => "more users than processes would (--users)",
                Parameter::CpuOfByte | Parameter::Byte => {
                    "larger data would (the scenario's sizes)"
                }
                Parameter::Cpu(_)
                | Parameter::Commit
                | Parameter::Read
                | Parameter::Put
                | Parameter::Get
                | Parameter::Remove => "longer storms would (--for)",
            };
            format!("these storms do not tell {}: {what}", parameter.key())
        })
        .collect();
    lines.push("threads, connections and slots were given: no storm tells them, unless they are what is short".to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is put in place of a source's target, and where.
    #[test]
    fn a_source_gets_the_service_in_place_of_its_target() {
        let source = "schema = 1\nname = \"x\"\nclock = \"real\"\n\n[target.glance]\nurl = \"http://127.0.0.1:1\"\n\
                      [target.glance.probe]\nstore = \"/images\"\n[load] # the load\nusers = 2\n[[story]]\nname = \"target\"\n";
        assert_eq!(
            in_place(source, "[service]\nworkers = 1\n\n"),
            "schema = 1\nname = \"x\"\n\n[service]\nworkers = 1\n\n[load] # the load\nusers = 2\n[[story]]\nname = \"target\"\n"
        );
        let without = "schema = 1\n[load]\nusers = 1\n[service]\nworkers = 9\n[service.store]\nslots = 1\n[servicing]\n";
        assert_eq!(
            in_place(without, "[service]\n"),
            "schema = 1\n[service]\n[load]\nusers = 1\n[servicing]\n"
        );
    }
}

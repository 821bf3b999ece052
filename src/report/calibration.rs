//! What a calibration came to: the scenario with its `[service]`, `calibration.json` and the summary.

use super::json::{Ordered, pretty};
use super::number::{compact, counted, percent};
use super::terminal::{Paint, clipped, wrapped};
use crate::calibrate::{
    Basis, Calibration, Error, Figure, HeldOut, LIMIT, Measured, Observation, Parameter, Stopped,
};
use serde_json::{Map, Value, json};
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
    let fitted_to = calibration.measured.iter().zip(&calibration.modelled);
    let measured = fitted_to.map(|(seen, modelled)| {
        let mut observed = observed(seen);
        observed["model"] = Value::Object(self::measured(&modelled.whole));
        observed
    });
    let measured: Vec<Value> = measured.collect();
    let trials = calibration.trials.iter().map(|trial| {
        let figures: Vec<Value> = trial.errors().iter().map(figure).collect();
        json!({ "storm": trial.measured.storm.name, "users": trial.measured.storm.users, "holds": trial.holds(), "figures": figures, "measured": observed(&trial.measured), "model": self::measured(&trial.forecast.whole) })
    });
    let trials: Vec<Value> = trials.collect();
    let basis = match calibration.basis {
        Basis::Storms => "storms",
        Basis::Logs => "logs",
    };
    pretty(&Ordered([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("scenario", json!(name)),
        ("calibrated", json!(calibration.holds())),
        ("limit", json!(LIMIT)),
        ("basis", json!(basis)),
        (
            "stopped",
            json!(calibration.stopped.as_ref().map(ToString::to_string)),
        ),
        ("trials", json!(trials)),
        ("parameters", json!(parameters)),
        ("measured", json!(measured)),
    ]))
}

/// The document of a calibration that came to nothing: what was measured, and why it ended.
pub fn stopped_json(name: &str, stopped: &Stopped) -> Vec<u8> {
    let measured: Vec<Value> = stopped.measured.iter().map(observed).collect();
    pretty(&Ordered([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("scenario", json!(name)),
        ("calibrated", json!(false)),
        ("stopped", json!(stopped.why.to_string())),
        ("measured", json!(measured)),
    ]))
}

fn observed(observation: &Observation) -> Value {
    let mut observed = json!({
        "storm": observation.storm.name,
        "users": observation.storm.users,
    });
    if let Value::Object(fields) = &mut observed {
        fields.extend(measured(&observation.whole));
        let rounds = observation.rounds.iter().map(measured).map(Value::Object);
        fields.insert("rounds".to_owned(), rounds.collect());
    }
    observed
}

fn measured(measured: &Measured) -> Map<String, Value> {
    let operations = measured.operations.iter().map(|it| {
        json!({ "operation": it.operation.name(), "count": it.count, "p50_s": it.p50_s, "p99_s": it.p99_s })
    });
    let lives = ("lives_per_s".to_owned(), json!(measured.lives_per_s));
    let operations = ("operations".to_owned(), operations.collect());
    [lives, operations].into_iter().collect()
}

fn figure(error: &Error) -> Value {
    json!({
        "figure": figure_name(error.figure),
        "measured": error.measured,
        "reach": error.reach,
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
    let throughput = match calibration.basis {
        Basis::Storms => {
            let throughput = off(|it| it == Figure::Throughput);
            format!("{} in throughput, ", percent(throughput))
        }
        // The load is what the logs say.
        Basis::Logs => String::new(),
    };
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
        "{verdict}: on {} {} that the fit did not use, it is off by at most {throughput}{} in medians and {} in 99th percentiles{but}",
        calibration.trials.len(),
        of_what(calibration),
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
        format!("balance = \"{}\"", service.balance),
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
    for (key, bandwidth, parameter) in [
        ("bandwidth", store.bandwidth, Parameter::ByteOfPut),
        ("get_bandwidth", store.get_bandwidth, Parameter::ByteOfGet),
    ] {
        lines.extend(of_bytes(key, bandwidth, &known(parameter)));
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
    ];
    lines.push(format!("request = {}", drawn(&cpu.request)));
    lines.extend(cpu.by_operation.iter().map(|(operation, time)| {
        let known = known(Parameter::Cpu(*operation));
        format!("operations.{operation} = {}{known}", drawn(time))
    }));
    for (key, bandwidth, parameter) in [
        ("bandwidth", cpu.bandwidth, Parameter::CpuOfPut),
        ("get_bandwidth", cpu.get_bandwidth, Parameter::CpuOfGet),
    ] {
        lines.extend(of_bytes(key, bandwidth, &known(parameter)));
    }
    lines.extend(cpu.unbroken.iter().map(|(operation, share)| {
        let known = known(Parameter::Unbroken(*operation));
        format!("unbroken.{operation} = {share:.3}{known}")
    }));
    for (key, weight, parameter) in [
        ("put_weight", cpu.put_weight, Parameter::PutWeight),
        ("get_weight", cpu.get_weight, Parameter::GetWeight),
    ] {
        let known = known(parameter);
        lines.push(format!("{key} = {:.3}{known}", weight.of_one()));
    }
    lines.push(String::new());
    lines
}

/// A bandwidth, if there is one, and how well it is known.
fn of_bytes(key: &str, bandwidth: Option<Bytes>, known: &str) -> Option<String> {
    let bandwidth = rounded(bandwidth?);
    Some(format!("{key} = \"{bandwidth}/s\"{known}"))
}

/// How well the storms tell a parameter, as a comment; nothing of what was given.
fn known(calibration: &Calibration, parameter: Parameter) -> String {
    let values = &calibration.fitted.values;
    let found = values.iter().find(|it| it.0 == parameter);
    found.map_or_else(String::new, |(_, _, error)| match *error {
        0.0 => String::new(),
        error if is_told(error) => format!("  # ± {}", percent(NORMAL * error)),
        _ => match calibration.basis {
            Basis::Storms => "  # not told by the storms".to_owned(),
            Basis::Logs => "  # not told by the logs".to_owned(),
        },
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

/// What the model was fitted to.
fn of_what(calibration: &Calibration) -> &'static str {
    match calibration.basis {
        Basis::Storms => "storms",
        Basis::Logs => "levels of load",
    }
}

/// How many rounds each storm had.
fn rounds(calibration: &Calibration) -> String {
    let first = calibration.measured.first().map(|it| it.rounds.len());
    match first {
        Some(rounds @ 1..) => format!(", each in {}", counted(rounds as u64, "round")),
        Some(0) | None => String::new(),
    }
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
    let mark = if calibration.holds() { "✓" } else { "✗" };
    let mut lines: Vec<String> = wrapped(&format!("{mark} {sentence}"));
    if let Some(first) = lines.first_mut() {
        *first = match calibration.holds() {
            true => paint.good(first),
            false => paint.bad(first),
        };
    }
    lines.push(format!(
        "  {name} · {} {}{}",
        calibration.measured.len() + calibration.trials.len(),
        of_what(calibration),
        rounds(calibration),
    ));
    for trial in &calibration.trials {
        lines.push(String::new());
        lines.extend(trial_lines(trial, paint));
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

/// The figures of a storm that the fit did not use. What rounds say of how well a figure is known stands beside it.
fn trial_lines(trial: &HeldOut, paint: Paint) -> Vec<String> {
    let head = format!(
        "  {:<40} {:>10} {:>8} {:>10} {:>8}",
        trial.measured.storm.name, "measured", "", "forecast", "off"
    );
    let figures = trial.errors().into_iter().map(|error| {
        let shown = |value: f64| match error.figure {
            Figure::Throughput => format!("{}/s", compact(value)),
            Figure::P50(_) | Figure::P99(_) => Span::from_secs_f64(value).to_string(),
        };
        let reach = error.reach.map(|reach| format!("± {}", percent(reach)));
        let line = format!(
            "    {:<38} {:>10} {:>8} {:>10} {:>8}",
            figure_name(error.figure),
            shown(error.measured),
            reach.unwrap_or_default(),
            shown(error.forecast),
            signed(error.share()),
        );
        match error.share().abs() <= LIMIT {
            true => line,
            false => paint.bad(&line),
        }
    });
    let missing = (!trial.is_whole()).then(|| {
        paint.bad("    the model is never at this load, or has too few of some operations")
    });
    [head].into_iter().chain(figures).chain(missing).collect()
}

/// What the storms do not tell, and what would.
fn untold(calibration: &Calibration) -> Vec<String> {
    let untold = calibration.fitted.values.iter().filter(|it| !is_told(it.2));
    let of_what = match calibration.basis {
        Basis::Storms => "storms",
        Basis::Logs => "logs",
    };
    let mut lines: Vec<String> = untold
        .map(|(parameter, ..)| {
            let what = match parameter {
                _ if calibration.basis == Basis::Logs => "storms would (without --learned)",
                Parameter::Unbroken(_) | Parameter::PutWeight | Parameter::GetWeight => {
                    "more users would (--users)"
                }
                Parameter::Cores => "more users than processes would (--users)",
                Parameter::CpuOfPut
                | Parameter::CpuOfGet
                | Parameter::ByteOfPut
                | Parameter::ByteOfGet => "larger data would (the scenario's sizes)",
                Parameter::Cpu(_)
                | Parameter::Commit
                | Parameter::Read
                | Parameter::Put
                | Parameter::Get
                | Parameter::Remove
                | Parameter::Spread => "longer storms would (--for)",
            };
            format!("these {of_what} do not tell {}: {what}", parameter.key())
        })
        .collect();
    lines.push("threads, connections and slots were given: no storm tells them, unless they are what is short".to_owned());
    lines
}

#[cfg(test)]
#[path = "calibration_tests.rs"]
mod tests;

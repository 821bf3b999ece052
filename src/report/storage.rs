//! What a service has to store: `storage.csv`, the entry in `run.json`, and the lines of the summary.

use super::csv::table;
use super::intervals::interval;
use super::number::{fixed, money, percent, rate, seconds};
use super::origin::Origin;
use crate::capacity::storage::{
    ByRun, Cell, Cost, Full, Plan, ScrubberQueue, SeriesRow, StatusLevel, Storage, Trend, series,
};
use crate::metrics::{RunResult, StormResult};
use serde_json::{Map, Value, json};
use std::io;
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::{Bytes, Span};

/// What all bytes together are called where the others go by status.
const STORED: &str = "stored";

fn name(status: Option<SubjectStatus>) -> &'static str {
    status.map_or(STORED, SubjectStatus::name)
}

/// `storage.csv`: a row for each interval and status, over all runs. `t_s` is the interval's end. A mean is that over the interval,
/// averaged over the runs; `low` and `high` are the ends of its 95 % interval, empty for a single run. `max` is the most in any run.
pub(super) fn csv(result: &StormResult) -> io::Result<Vec<u8>> {
    let columns = ["subjects", "bytes"]
        .map(|what| format!("{what}_mean,{what}_low,{what}_high,{what}_max"))
        .join(",");
    let rows = series(&result.runs);
    let records = rows.iter().map(|row: &SeriesRow| {
        let mut record = vec![
            seconds(row.to.0),
            row.phase.to_owned(),
            name(row.status).to_owned(),
        ];
        record.extend(cells(row.subjects.as_ref()));
        record.extend(cells(row.bytes.as_ref()));
        record
    });
    table(&format!("t_s,phase,status,{columns}"), records)
}

fn cells(cell: Option<&Cell>) -> [String; 4] {
    let Some(Cell { mean, most }) = cell else {
        return Default::default();
    };
    // There is never less than nothing.
    let ends = mean.interval().map(|it| [it.low().max(0.0), it.high()]);
    let [low, high] = ends.map_or_else(Default::default, |ends| ends.map(fixed));
    [fixed(mean.mean()), low, high, most.to_string()]
}

/// The entry in `run.json`; null where nothing was stored.
pub(super) fn json(origin: &Origin, runs: &[RunResult]) -> Value {
    let storage = Storage::of(runs, &origin.plan);
    json!(storage.map(|storage| {
        json!({
            "stored": level(&storage.stored),
            "by_status": storage.by_status.iter().map(level).collect::<Vec<_>>(),
            "stock_bytes": origin.plan.stock.0,
            "trend": trend(&storage.trend),
            "warm_up_s": storage.warm_up_s,
            "warm_up_is_too_short": storage.warms_up_too_briefly(),
            "closed_form": closed_form(&storage, &origin.plan),
            "capacity": capacity(&storage, &origin.plan),
            "scrubber": storage.scrubber.as_ref().map(|it| scrubber(origin, it)),
            "cost": storage.cost.as_ref().map(|it| cost(it, &origin.plan)),
        })
    }))
}

/// `ratio` is what was measured over what theory says.
fn closed_form(storage: &Storage, plan: &Plan) -> Value {
    let form = match &plan.closed_form {
        Ok(form) => form,
        Err(why) => return json!({ "none_because": why.to_string() }),
    };
    let held = SubjectStatus::ALL.iter().zip(form.by_status);
    let held = held.filter(|(_, bytes)| *bytes > 0.0);
    let by_status: Map<String, Value> = held
        .map(|(status, bytes)| (status.name().to_owned(), json!(bytes)))
        .collect();
    let all = form.bytes();
    json!({
        "bytes": all,
        "ratio": (all > 0.0).then(|| storage.stored.bytes.mean() / all),
        "per_second": form.per_second,
        "size_bytes": form.size,
        "life_s": form.life_s,
        "scrub_time_s": form.scrub_time_s,
        "scrub_lag_s": form.scrub_lag_s,
        "bytes_by_status": by_status,
        "growth_bytes_per_s": form.growth_per_s,
        "left_out": form.left_out,
    })
}

/// `full` says whether and when; null where there is no capacity.
fn capacity(storage: &Storage, plan: &Plan) -> Value {
    let (Some(capacity), Some(full)) = (plan.capacity, &storage.full) else {
        return Value::Null;
    };
    let mut object = json!({
        "bytes": capacity.bytes.0,
        "is_enforced": capacity.is_enforced,
        "share_max": share_max(storage, plan, capacity.bytes),
    });
    let (word, after_s) = match full {
        Full::Reached { after_s } => ("reached", figure(after_s)),
        Full::Expected { after_s } => ("expected", figure(after_s)),
        Full::Sometimes { runs, first_s } => {
            object["runs"] = json!(runs);
            ("in_some_runs", json!({ "first": first_s }))
        }
        Full::Never => ("never", Value::Null),
        Full::Unclear => ("unclear", Value::Null),
    };
    object["full"] = json!(word);
    object["after_s"] = after_s;
    object
}

/// The share of a capacity that was used at most, by the stock and all else.
fn share_max(storage: &Storage, plan: &Plan, capacity: Bytes) -> f64 {
    (storage.stored.bytes_max + plan.stock.0) as f64 / capacity.0 as f64
}

/// What a month costs, and what of it each part.
fn cost(cost: &Cost, plan: &Plan) -> Value {
    json!({
        "currency": plan.prices.as_ref().map(|prices| &prices.currency),
        "month": figure(&cost.month),
        "month_by_run": cost.month.values(),
        "stored": figure(&cost.stored),
        "slots": cost.slots,
        "workers": cost.workers,
    })
}

fn scrubber(origin: &Origin, queue: &ScrubberQueue) -> Value {
    let outages = queue.outages.iter().map(|outage| {
        json!({
            "run": outage.run,
            "fault": origin.faults.get(usize::from(outage.fault.0)),
            "from_s": outage.from.as_secs_f64(),
            "to_s": outage.to.as_secs_f64(),
            "drained_after_s": outage.drained.map(Span::as_secs_f64),
        })
    });
    json!({
        "inflow_per_s": figure(&queue.inflow),
        "service_per_s": figure(&queue.service),
        "utilisation": figure(&queue.utilisation),
        "mean_wait_s": figure(&queue.wait_s),
        "drain_s_per_s_down": queue.drain_per_second(),
        "outages": outages.collect::<Vec<_>>(),
    })
}

/// A figure over runs: its mean, the ends of the interval (null for a single run), and how many runs have it.
fn figure(figure: &ByRun) -> Value {
    let runs = figure.values().len();
    match figure.interval() {
        Some(estimate) => interval(estimate, runs),
        None => json!({ "mean": figure.mean(), "low": null, "high": null, "runs": runs }),
    }
}

fn level(level: &StatusLevel) -> Value {
    json!({
        "status": name(level.status),
        "subjects_mean": level.subjects.as_ref().map(figure),
        "bytes_mean": figure(&level.bytes),
        "bytes_max": level.bytes_max,
    })
}

fn trend(trend: &Trend) -> Value {
    match trend {
        Trend::LevelsOff { after_s } => {
            json!({ "is": "levels_off", "after_s": figure(after_s) })
        }
        Trend::Grows { per_second } => {
            json!({ "is": "grows", "bytes_per_s": figure(per_second) })
        }
        Trend::Shrinks { per_second } => {
            json!({ "is": "shrinks", "bytes_per_s": figure(per_second) })
        }
        Trend::Unclear => json!({ "is": "unclear" }),
    }
}

/// The lines of the summary, and whether each is a warning.
pub(super) fn lines(storage: &Storage, plan: &Plan) -> Vec<(String, bool)> {
    let mut lines = vec![(on_average(storage, plan), false)];
    if plan.stock > Bytes(0) {
        let all = |bytes: u64| Bytes(bytes + plan.stock.0);
        let (mean, most) = (storage.stored.bytes.mean(), storage.stored.bytes_max);
        let message = format!(
            "  with the {} that are there already: {} on average, {} at most",
            plan.stock,
            all(mean.round() as u64),
            all(most),
        );
        lines.push((message, false));
    }
    if storage.warm_up_s > 0.0 && storage.warms_up_too_briefly() {
        let warm_up = Span::from_secs_f64(storage.warm_up_s);
        let message = format!(
            "  the warm-up ({warm_up}) ends before what is stored levels off; lengthen load.warm_up"
        );
        lines.push((message, true));
    }
    if let (Some(capacity), Some(full)) = (plan.capacity, &storage.full) {
        let share = percent(share_max(storage, plan, capacity.bytes));
        let is_bad = !matches!(full, Full::Never | Full::Unclear);
        let when = when_full(full, storage.stored.bytes.values().len(), &share);
        lines.push((format!("  capacity of {}: {when}", capacity.bytes), is_bad));
    }
    lines.extend(storage.scrubber.as_ref().and_then(scrubs));
    let prices = plan.prices.as_ref().zip(storage.cost.as_ref());
    lines.extend(prices.map(|(prices, cost)| (costs(&prices.currency, cost, plan), false)));
    lines
}

fn on_average(storage: &Storage, plan: &Plan) -> String {
    let bytes = &storage.stored.bytes;
    let mean = Bytes(bytes.mean().round() as u64);
    let when = match (storage.warm_up_s > 0.0, storage.warms_up_too_briefly()) {
        (true, _) => "after warm-up",
        (false, true) => "over the load, its filling included",
        (false, false) => "over the load",
    };
    let form = match &plan.closed_form {
        Ok(form) if form.growth_per_s > 0.0 => {
            let a_day = Bytes((form.growth_per_s * 86_400.0).round() as u64);
            format!("; in theory {a_day}/d more")
        }
        Ok(form) => format!("; in theory {}", Bytes(form.bytes().round() as u64)),
        Err(_) => String::new(),
    };
    let (reach, goes) = (reach(bytes), goes(&storage.trend));
    format!("  on average {when}: {mean}{reach}, {goes}{form}")
}

fn when_full(full: &Full, runs: usize, share: &str) -> String {
    let after = |after_s: &ByRun| {
        let after = Span::from_secs_f64(after_s.mean());
        format!("after {after}{}", reach(after_s))
    };
    match full {
        Full::Reached { after_s } => format!("full {}", after(after_s)),
        Full::Expected { after_s } => {
            format!("full {}, if it goes on growing so", after(after_s))
        }
        Full::Sometimes {
            runs: full,
            first_s,
        } => {
            let first = Span::from_secs_f64(*first_s);
            format!("full in {full} of {runs} runs, first after {first}")
        }
        Full::Never => format!("never full at this load, {share} of it used at most"),
        Full::Unclear => format!("{share} of it used at most; longer load tells whether it fills"),
    }
}

fn costs(currency: &str, cost: &Cost, plan: &Plan) -> String {
    let parts = [
        (cost.stored.mean(), "stored".to_owned()),
        (cost.slots, format!("{} slots", plan.slots)),
        (cost.workers, format!("{} workers", plan.workers)),
    ];
    let parts = parts.iter().filter(|(price, _)| *price > 0.0);
    let parts: Vec<String> = parts
        .map(|(price, what)| format!("{what} {}", money(*price)))
        .collect();
    let (month, reach) = (money(cost.month.mean()), reach(&cost.month));
    format!(
        "  a month costs {month} {currency}{reach}: {}",
        parts.join(", ")
    )
}

/// The least use of the scrubber that is worth a line.
const WORTH_A_LINE: f64 = 0.1;

/// What the scrubber has to do, where that is a good part of what it can.
fn scrubs(queue: &ScrubberQueue) -> Option<(String, bool)> {
    let used = queue.utilisation.mean();
    if used < WORTH_A_LINE && queue.outages.is_empty() {
        return None;
    }
    let flow = format!(
        "  scrubber: {} due of {} possible ({})",
        rate(queue.inflow.mean()),
        rate(queue.service.mean()),
        percent(used),
    );
    let outage = queue.outages.iter().max_by_key(|outage| outage.drained);
    let catches_up = match (outage, queue.drain_per_second()) {
        (Some(outage), _) => {
            let down = outage.to.since(outage.from);
            match outage.drained {
                Some(drained) => format!("down for {down}, caught up {drained} later"),
                None => format!("down for {down}, and not caught up by the end"),
            }
        }
        (None, Some(drain)) => {
            let drain = Span::from_secs_f64(drain * 3_600.0);
            format!("after an hour down it catches up in {drain}")
        }
        (None, None) => "it never catches up".to_owned(),
    };
    Some((format!("{flow}; {catches_up}"), used >= 1.0))
}

/// How far an interval reaches, as a share of the mean; nothing for a single run.
fn reach(figure: &ByRun) -> String {
    let interval = figure.interval().filter(|it| it.mean > 0.0);
    interval.map_or_else(String::new, |it| {
        format!(" ±{}", percent(it.reach / it.mean))
    })
}

fn goes(trend: &Trend) -> String {
    let a_day = |per_second: &ByRun| {
        let a_day = Bytes((per_second.mean().abs() * 86_400.0).round() as u64);
        format!("{a_day}/d{}", reach(per_second))
    };
    match trend {
        Trend::LevelsOff { after_s } if after_s.mean() <= 0.0 => "level from the start".to_owned(),
        Trend::LevelsOff { after_s } => {
            let after = Span::from_secs_f64(after_s.mean());
            format!("levels off after {after}{}", reach(after_s))
        }
        Trend::Grows { per_second } => {
            format!("still growing by {}", a_day(per_second))
        }
        Trend::Shrinks { per_second } => {
            format!("still shrinking by {}", a_day(per_second))
        }
        Trend::Unclear => "it cannot be told whether it levels off".to_owned(),
    }
}

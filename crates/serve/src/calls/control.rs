//! This server's own path, `/stormglass/…`: what a test does to the server beside what clients do.

use super::context::Context;
use crate::answer::{Answer, Body, Result};
use crate::catalog::{Facts, ImageId, Location, Origin, Requester, registration};
use crate::data::Blob;
use crate::judgement;
use crate::refusal::Refusal;
use crate::twin::{Ask, Twin};
use serde_json::{Value, json};
use std::rc::Rc;
use stormglass_model::history::Content;
use stormglass_model::lifecycle::{Operation, SubjectStatus, Who};

/// Images of one stock, at most.
const STOCK: u64 = 1_000_000;

pub(crate) async fn answer(context: Context, method: &str, path: &[String]) -> Result {
    guard(&context)?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let shared = Rc::clone(&context.shared);
    match (method, path.as_slice()) {
        ("GET", []) => Ok(Answer::json(200, &state(&mut shared.borrow_mut()))),
        ("GET", ["faults"]) => Ok(Answer::json(200, &faults(&shared.borrow()))),
        ("GET", ["history"]) => history(&shared.borrow()),
        ("GET", ["verdict"]) => Ok(Answer::json(200, &verdict(&shared.borrow()))),
        ("GET", ["clients"]) => clients(&mut shared.borrow_mut()),
        ("POST", ["faults", name, turn @ ("open" | "heal")]) => {
            match shared.borrow_mut().fault(name, *turn == "open") {
                true => Ok(Answer::empty(204)),
                false => Err(Refusal::missing(format!(
                    "No fault of the scenario is called {name}. GET /stormglass/faults lists them."
                ))),
            }
        }
        ("POST", ["scrub"]) => {
            shared.borrow_mut().scrub();
            Ok(Answer::empty(204))
        }
        ("POST", [turn @ ("freeze" | "thaw")]) => {
            let mut twin = shared.borrow_mut();
            twin.run_due();
            twin.clock.freeze(*turn == "freeze");
            twin.bell.notify_one();
            Ok(Answer::empty(204))
        }
        ("POST", ["reset"]) => {
            shared.borrow_mut().reset();
            Ok(Answer::empty(204))
        }
        ("POST", ["stock"]) => {
            let body = context.json().await?;
            stock(&mut shared.borrow_mut(), &body)
        }
        ("GET" | "POST", _) => Err(Refusal::missing(
            "There are GET /stormglass, faults, history, verdict and clients; POST faults/NAME/open, faults/NAME/heal, scrub, freeze, thaw, reset and stock.",
        )),
        _ => Err(Refusal::method("GET, POST")),
    }
}

/// Whoever is on this machine may do it, but no page of somebody else in a browser; from elsewhere only an admin.
fn guard(context: &Context) -> Result<()> {
    if context.shared.borrow().config.open {
        let requester = context.requester()?;
        return match requester.is_admin() {
            true => Ok(()),
            false => Err(Refusal::forbidden("Only an admin may do that.")),
        };
    }
    let host = context.header("host").unwrap_or_default();
    let name = match host.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    let here = name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback());
    match here && context.header("origin").is_none() {
        true => Ok(()),
        false => Err(Refusal::forbidden(
            "Ask for it from this machine, as 127.0.0.1 or localhost.",
        )),
    }
}

fn state(twin: &mut Twin) -> Value {
    twin.run_due();
    let gauges = twin.gauges();
    let counts = (SubjectStatus::ALL.iter().zip(gauges.by_status()))
        .map(|(status, count)| (status.name().to_owned(), json!(count)));
    let images: serde_json::Map<String, Value> = counts.collect();
    let now = twin.clock.now();
    json!({
        "now": now.as_secs_f64(),
        "frozen": twin.clock.is_frozen(),
        "images": images,
        "bytes_stored": gauges.bytes_stored.now(),
        "bytes_held": twin.vault.used(),
        "open_operations": twin.open_operations(),
        "seed": twin.config.seed.0,
        "defects": twin.config.service.defects.iter().map(|it| it.name()).collect::<Vec<_>>(),
        "faults": faults(twin),
    })
}

fn faults(twin: &Twin) -> Value {
    let rules = twin.config.faults.iter().enumerate();
    rules
        .map(|(index, rule)| {
            json!({
                "name": rule.name,
                "at": rule.place.name(),
                "kind": rule.kind.name(),
                "open": twin.is_open(index),
            })
        })
        .collect()
}

fn history(twin: &Twin) -> Result {
    let file = judgement::history(twin).map_err(|_| Refusal::error())?;
    let text = String::from_utf8(file).map_err(|_| Refusal::error())?;
    Ok(Answer::new(200, Body::Text("application/jsonl", text)))
}

/// What the concurrent checker says of what clients were answered so far.
fn verdict(twin: &Twin) -> Value {
    let judged = judgement::of_answers(twin);
    let violations = judged.violations.iter().map(|it| {
        json!({ "image": it.subject, "invariant": it.invariant.name(), "sentence": it.sentence })
    });
    json!({
        "verdict": judged.verdict.name(),
        "images": judged.images,
        "violations": violations.collect::<Vec<Value>>(),
    })
}

/// What clients did wrong so far, if they had nothing more to ask.
fn clients(twin: &mut Twin) -> Result {
    let report = twin
        .client_report()
        .ok_or_else(|| Refusal::missing("Clients are not judged: start with --judge."))?;
    let findings = report.findings.iter().map(|it| {
        json!({
            "misuse": it.misuse.name(),
            "client": it.client,
            "image": it.image.map(|id| id.to_string()),
            "at": it.at.as_secs_f64(),
            "sentence": it.sentence,
        })
    });
    let counts = report.counts.iter();
    let counts = counts.map(|(misuse, count)| (misuse.name().to_owned(), json!(count)));
    Ok(Answer::json(
        200,
        &json!({
            "calls": report.calls,
            "counts": counts.collect::<serde_json::Map<_, _>>(),
            "findings": findings.collect::<Vec<Value>>(),
        }),
    ))
}

/// Images that are there from the beginning, all alike: `{"count": 1000, "size": 1048576, "project": "demo"}`.
fn stock(twin: &mut Twin, body: &Value) -> Result {
    let number = |name: &str, default: u64| match body.get(name) {
        None => Ok(default),
        Some(value) => value
            .as_u64()
            .ok_or_else(|| Refusal::bad(format!("`{name}` is a whole number"))),
    };
    let (count, size) = (number("count", 1)?, number("size", 0)?);
    if count > STOCK {
        return Err(Refusal::bad(format!("`count` is {STOCK} at most")));
    }
    let text = |name: &str, default: &str| {
        let text = body.get(name).and_then(Value::as_str).unwrap_or(default);
        text.to_owned()
    };
    let requester = Requester {
        user: "stock".to_owned(),
        project: text("project", "demo"),
        roles: ["admin", "member", "reader"].map(str::to_owned).into(),
    };
    let visibility = text("visibility", "shared");
    // One piece of data stands for that of all.
    let blob = zeros(twin, size)?;
    let mut made = Vec::new();
    for index in 0..count {
        let name = format!("stock-{index}");
        let document = json!({ "name": name, "disk_format": "raw", "container_format": "bare", "visibility": visibility });
        made.push(add(twin, &requester, &document, &blob)?.to_string());
    }
    Ok(Answer::json(201, &json!({ "images": made })))
}

fn zeros(twin: &mut Twin, size: u64) -> Result<Rc<Blob>> {
    let full = |_| Refusal::too_large("There is no room for so much data.");
    let mut writer = twin.vault.writer().map_err(full)?;
    let piece = [0; 1 << 16];
    let mut left = size;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        writer.push(&piece[..now as usize]).map_err(full)?;
        left -= now;
    }
    writer.finish().map(Rc::new).map_err(full)
}

/// One image that is active at once.
fn add(
    twin: &mut Twin,
    requester: &Requester,
    document: &Value,
    blob: &Rc<Blob>,
) -> Result<ImageId> {
    let origin = Origin {
        id: twin.fresh_id(),
        now: twin.clock.unix(),
        number: twin.next_number(),
    };
    let mut image = registration(document, requester, origin)?;
    let id = image.id;
    image.subject = twin.new_subject(id);
    image.facts = Facts {
        size: Some(blob.size),
        virtual_size: Some(blob.size),
        checksum: Some(blob.md5.clone()),
        hash_algo: Some("sha512".to_owned()),
        hash_value: Some(blob.sha512.clone()),
    };
    image.locations.push(Location {
        url: format!("file:///stormglass/images/{id}"),
        metadata: [("store".to_owned(), "local".into())].into_iter().collect(),
        own: true,
    });
    let ask = Ask {
        image: id,
        subject: image.subject,
        operation: Operation::CreateWithLocation,
        who: Who::Admin,
        content: Content::default(),
        in_parts: false,
    };
    twin.catalog.add(image);
    let put = twin.vault.put(id, Rc::clone(blob));
    put.map_err(|_| Refusal::error())?;
    twin.also(ask);
    Ok(id)
}

//! What goes wrong: `[[fault]]`.

use super::Target;
use super::document::Value;
use super::reader::{Fields, Input, Read};
use super::value::{own_name, share};
use std::collections::BTreeSet;
use stormglass_model::fault::{Fault, FaultKind, FaultTarget, Place, ReplyFault, kinds_at};
use stormglass_model::script::ClientFault;
use stormglass_model::units::{Span, Time};

/// Every kind, as the table of faults spells them, with the key of what it may have to know, and an example of that.
const KINDS: [(&str, &str, &str); 17] = [
    ("error", "probability", "0.3"),
    ("latency", "add", "\"250ms\""),
    ("stall", "after", "\"50%\""),
    ("full", "", ""),
    ("down", "", ""),
    ("close", "after", "\"50%\""),
    ("reset", "after", "\"50%\""),
    ("half-close", "after", "\"50%\""),
    ("slow", "after", "\"50%\""),
    ("close-reply", "probability", "0.3"),
    ("revoke", "after", "\"50%\""),
    ("command", "", ""),
    ("busy", "probability", "0.1"),
    ("lost", "probability", "0.1"),
    ("cut", "after", "\"50%\""),
    ("corrupt", "probability", "0.1"),
    ("redirect", "probability", "0.1"),
];

const KIND: &str = "{ error = { probability = 0.3 } }";

/// Reads every `[[fault]]`.
pub(super) fn read(
    root: &mut Fields,
    target: Option<&Target>,
    served: bool,
    duration: Option<Span>,
) -> Vec<Fault> {
    let mut names = BTreeSet::new();
    let commands = match target {
        Some(Target::Glance(glance)) => (glance.commands.iter())
            .map(|it| it.name.as_str())
            .collect(),
        _ => BTreeSet::new(),
    };
    let mut read = |t: &mut Fields| {
        let name = own_name(t, "fault", "\"store fails writes\"", &mut names);
        let place = t.need_with("at", "\"store.put\"", |input| {
            input.one_of("place", Place::ALL, Place::name)
        });
        let kind = t.need_with("kind", KIND, written);
        let kind = (place.zip(kind))
            .and_then(|(place, kind)| checked(t, target?, served, &commands, place, kind));
        let window = t.with("window", |input| window(input, duration));
        let (from, to) = window.unwrap_or_default();
        Some(Fault {
            name: name?,
            place: place?,
            kind: kind?,
            from,
            to,
        })
    };
    let faults = root.tables("fault").into_iter();
    faults
        .filter_map(|input| input.table("[[fault]]", &mut read))
        .collect()
}

/// What was written, if the place can have such a fault on this target.
fn checked(
    t: &Fields,
    target: &Target,
    served: bool,
    commands: &BTreeSet<&str>,
    at: Place,
    (tag, kind): Written,
) -> Option<FaultKind> {
    let (glance, on) = match target {
        Target::Embedded(_) if served => (None, FaultTarget::Serve),
        Target::Embedded(_) => (None, FaultTarget::Embedded),
        Target::Glance(glance) => (Some(glance), FaultTarget::Glance),
    };
    let known = kinds_at(at, on);
    if known.is_empty() {
        let (message, help) = nowhere(at, on);
        t.wrong("at", message, help);
        return None;
    }
    let (message, help) = match &kind {
        _ if !known.contains(&tag) => (
            format!("`{at}` cannot have the fault `{tag}`"),
            format!("`{at}` can have: {}", known.join(", ")),
        ),
        FaultKind::Stall if at == Place::Client => needs(tag, "after", "\"50%\""),
        FaultKind::Client { .. } if at != Place::Client => (
            format!("`{tag}` at `{at}` has nothing more to say"),
            format!("write `\"{tag}\"`"),
        ),
        FaultKind::Client {
            fault: ClientFault::Revoke,
            ..
        } if glance.is_some_and(|it| !it.member.can_revoke()) => no_login(tag),
        FaultKind::Command(name) if glance.is_some() && !commands.contains(name.as_str()) => (
            format!("no command is called `{name}`"),
            format!("write [target.glance.commands.{name}] with its `run` and `undo`"),
        ),
        _ => return Some(kind),
    };
    t.wrong("kind", message, help);
    None
}

/// The message and the help for a place that has no fault on this target.
fn nowhere(at: Place, on: FaultTarget) -> (String, &'static str) {
    match (at, on) {
        (Place::Reply, FaultTarget::Embedded | FaultTarget::Glance) => (
            "a fault at `reply` strikes the clients of `stormglass serve`, and a run has none"
                .to_owned(),
            "serve the scenario, or write another place",
        ),
        (_, FaultTarget::Glance) => (
            format!("a fault at `{at}` cannot be injected into glance"),
            "on glance a fault can be at: client, server",
        ),
        (_, FaultTarget::Embedded | FaultTarget::Serve) => (
            "a fault at `server` is a command, and the embedded service knows none".to_owned(),
            "write another place, or run the scenario on [target.glance]",
        ),
    }
}

/// A kind by its name and as it was written. Whether a `stall` is a client's shows only beside its place.
type Written = (&'static str, FaultKind);

/// The message and the help for a kind that was written as its name alone.
fn needs(tag: &str, key: &str, example: &str) -> (String, String) {
    let help = format!("write `{{ {tag} = {{ {key} = {example} }} }}`");
    (format!("`{tag}` needs to know its {key}"), help)
}

/// The message and the help where a token is given as such, so that no request can have one of its own.
pub(super) fn no_login(fault: impl std::fmt::Display) -> (String, String) {
    let message = format!("`{fault}` needs a client that logs in at Keystone by itself");
    let help = "write `cloud = \"…\"` in [target.glance], of a cloud with a password or an application credential";
    (message, help.to_owned())
}

/// What a client does wrong when all its data is sent, with this probability.
fn of_a_reply(probability: f64) -> FaultKind {
    FaultKind::Client {
        fault: ClientFault::CloseReply,
        after: 1.0,
        probability,
    }
}

fn written(input: Input) -> Option<Written> {
    let (what, tags) = ("kind of fault", KINDS.map(|(tag, ..)| tag));
    let (tag, inner) = match &input.node.value {
        Value::Table(_) => {
            let (tag, inner) = input.tagged(what, &tags)?;
            (tag, Some(inner))
        }
        Value::String(_) => (input.one_of(what, &tags, |tag| tag)?, None),
        _ => return input.wrong_type("a kind of fault", KIND),
    };
    let (_, key, example) = KINDS.into_iter().find(|(known, ..)| *known == tag)?;
    let kind = match (tag, inner) {
        ("command", Some(inner)) => FaultKind::Command(String::read(inner)?),
        ("command", None) => {
            let help = "write `{ command = \"kill-api\" }`";
            return input.refuse("`command` needs to know which", help);
        }
        (_, Some(inner)) => inner.table(&format!("{{ {key} = {example} }}"), |t| {
            with_detail(t, tag, key, example)
        })?,
        // A stall needs to know nothing, unless it is a client's.
        ("stall", None) => FaultKind::Stall,
        ("full", None) => FaultKind::Full,
        ("down", None) => FaultKind::Down,
        ("close-reply", None) => of_a_reply(1.0),
        (_, None) => {
            let (message, help) = needs(tag, key, example);
            return input.refuse(message, help);
        }
    };
    Some((tag, kind))
}

/// A kind that was written as a table.
fn with_detail(t: &mut Fields, tag: &str, key: &'static str, example: &str) -> Option<FaultKind> {
    match tag {
        "full" => Some(FaultKind::Full),
        "down" => Some(FaultKind::Down),
        "latency" => t.need(key, example).map(|add| FaultKind::Latency { add }),
        "error" => t
            .need_with(key, example, share)
            .map(|probability| FaultKind::Error { probability }),
        "busy" | "lost" | "cut" | "corrupt" | "redirect" => of_serve(t, tag, key, example),
        "close-reply" => t.need_with(key, example, share).map(of_a_reply),
        _ => {
            let after = t.need_with(key, example, share);
            let probability = t.with("probability", share).unwrap_or(1.0);
            Some(FaultKind::Client {
                fault: ClientFault::from_name(tag)?,
                after: after?,
                probability,
            })
        }
    }
}

/// What `stormglass serve` does to a reply.
fn of_serve(t: &mut Fields, tag: &str, key: &'static str, example: &str) -> Option<FaultKind> {
    let (fault, probability) = match tag {
        "cut" => {
            let after = t.need_with(key, example, share);
            let probability = t.with("probability", share).unwrap_or(1.0);
            (ReplyFault::Cut { after: after? }, probability)
        }
        _ => {
            let probability = t.need_with(key, example, share);
            let fault = match tag {
                "busy" => ReplyFault::Busy {
                    retry_after: t.or("retry_after", Span::from_secs(1)),
                },
                "lost" => ReplyFault::Lost,
                "corrupt" => ReplyFault::Corrupt,
                _ => ReplyFault::Redirect,
            };
            (fault, probability?)
        }
    };
    Some(FaultKind::Reply { fault, probability })
}

fn window(input: Input, duration: Option<Span>) -> Option<(Time, Option<Time>)> {
    input.table("{ from = \"1h\", to = \"2h\" }", |t| {
        let (from, to) = (t.or("from", Span::ZERO), t.get::<Span>("to"));
        if let Some(duration) = duration.filter(|&duration| from >= duration) {
            let message = format!("the fault opens when the load has ended, after {duration}");
            t.wrong("from", message, "a window must open inside the load");
        }
        if to.is_some_and(|to| to <= from) {
            let message = format!("the fault would heal before it opens, at {from}");
            t.wrong("to", message, "write a `to` after `from`");
        } else if let Some(duration) = duration.filter(|&duration| to > Some(duration)) {
            let message = format!("the window ends after the load, which lasts {duration}");
            let help = "leave `to` out: all faults heal when the load ends";
            t.wrong("to", message, help);
        }
        Some((Time(from.0), to.map(|to| Time(to.0))))
    })
}

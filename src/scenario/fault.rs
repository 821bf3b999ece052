//! What goes wrong: `[[fault]]`.

use super::Target;
use super::document::Value;
use super::reader::{Fields, Input, Read};
use super::value::{own_name, share};
use stormglass_model::fault::{Fault, FaultKind, Place, kinds_at};
use stormglass_model::script::ClientFault;
use stormglass_model::units::{Span, Time};

/// Every kind, as the table of faults spells them, with the key of what it may have to know, and an example of that.
const KINDS: [(&str, &str, &str); 11] = [
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
    ("command", "", ""),
];

/// Reads every `[[fault]]`.
pub(super) fn read(
    root: &mut Fields,
    target: Option<&Target>,
    duration: Option<Span>,
) -> Vec<Fault> {
    let mut names = Vec::new();
    let mut read = |t: &mut Fields| {
        let name = own_name(t, "fault", "\"store fails writes\"", &mut names);
        let place = t.need("at", "\"store.put\"");
        let kind = t.need("kind", "{ error = { probability = 0.3 } }");
        let kind = (place.zip(kind)).and_then(|(place, kind)| checked(t, target?, place, kind));
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

/// What was written, as a kind that the place can have on this target.
fn checked(t: &Fields, target: &Target, at: Place, kind: Kind) -> Option<FaultKind> {
    let glance = match target {
        Target::Embedded(_) => None,
        Target::Glance(glance) => Some(glance),
    };
    let known = kinds_at(at, glance.is_some());
    let tag = kind.tag;
    if known.is_empty() {
        let (message, help) = match glance {
            Some(_) => (
                format!("a fault at `{at}` cannot be injected into glance"),
                "on glance a fault can be at: client, server",
            ),
            None => (
                "a fault at `server` is a command, and the embedded service knows none".to_owned(),
                "write another place, or run the scenario on [target.glance]",
            ),
        };
        t.wrong("at", message, help);
        return None;
    }
    if !known.contains(&tag) {
        let help = format!("`{at}` can have: {}", known.join(", "));
        t.wrong(
            "kind",
            format!("`{at}` cannot have the fault `{tag}`"),
            help,
        );
        return None;
    }
    if let (Some(glance), Detail::Command(name)) = (glance, &kind.detail)
        && !glance.commands.iter().any(|command| command.name == *name)
    {
        let help = format!("write [target.glance.commands.{name}] with its `run` and `undo`");
        t.wrong("kind", format!("no command is called `{name}`"), help);
    }
    kind.at(t, at)
}

/// A kind as it was written: what `stall` means, and needs, depends on the place.
struct Kind {
    tag: &'static str,
    detail: Detail,
}

enum Detail {
    Plain,
    Probability(f64),
    Latency(Span),
    After { after: f64, probability: f64 },
    Command(String),
}

impl Kind {
    /// What it comes to at this place.
    fn at(self, t: &Fields, place: Place) -> Option<FaultKind> {
        let tag = self.tag;
        if place == Place::Client {
            let fault = ClientFault::from_name(tag)?;
            let (after, probability) = match self.detail {
                Detail::After { after, probability } => (after, probability),
                Detail::Probability(probability) => (1.0, probability),
                _ if fault == ClientFault::CloseReply => (1.0, 1.0),
                _ => {
                    let (message, help) = needs(tag, "after", "\"50%\"");
                    t.wrong("kind", message, help);
                    return None;
                }
            };
            return Some(FaultKind::Client {
                fault,
                after,
                probability,
            });
        }
        Some(match self.detail {
            Detail::Probability(probability) => FaultKind::Error { probability },
            Detail::Latency(add) => FaultKind::Latency { add },
            Detail::Command(name) => FaultKind::Command(name),
            Detail::Plain if tag == "stall" => FaultKind::Stall,
            Detail::Plain if tag == "full" => FaultKind::Full,
            Detail::Plain => FaultKind::Down,
            Detail::After { .. } => {
                let message = format!("`{tag}` at `{place}` has nothing more to say");
                t.wrong("kind", message, format!("write `\"{tag}\"`"));
                return None;
            }
        })
    }
}

/// The message and the help for a kind that was written as its name alone.
fn needs(tag: &str, key: &str, example: &str) -> (String, String) {
    let help = format!("write `{{ {tag} = {{ {key} = {example} }} }}`");
    (format!("`{tag}` needs to know its {key}"), help)
}

impl Read for Place {
    fn read(input: Input) -> Option<Place> {
        input.one_of("place", Place::ALL, Place::name)
    }
}

impl Read for Kind {
    fn read(input: Input) -> Option<Kind> {
        let (what, tags) = ("kind of fault", KINDS.map(|(tag, ..)| tag));
        let (tag, inner) = match &input.node.value {
            Value::Table(_) => {
                let (tag, inner) = input.tagged(what, &tags)?;
                (tag, Some(inner))
            }
            Value::String(_) => (input.one_of(what, &tags, |tag| tag)?, None),
            _ => {
                return input.wrong_type("a kind of fault", "{ error = { probability = 0.3 } }");
            }
        };
        let (_, key, example) = KINDS.into_iter().find(|(known, ..)| *known == tag)?;
        let detail = match (tag, inner) {
            ("command", Some(inner)) => Detail::Command(String::read(inner)?),
            ("command", None) => {
                let help = "write `{ command = \"kill-api\" }`";
                return input.refuse("`command` needs to know which", help);
            }
            (_, Some(inner)) => inner.table(&format!("{{ {key} = {example} }}"), |t| {
                Some(match key {
                    "probability" => Detail::Probability(t.need_with(key, example, share)?),
                    "add" => Detail::Latency(t.need(key, example)?),
                    "after" => {
                        let after = t.need_with(key, example, share);
                        let probability = t.with("probability", share).unwrap_or(1.0);
                        Detail::After {
                            after: after?,
                            probability,
                        }
                    }
                    _ => Detail::Plain,
                })
            })?,
            // A stall needs to know nothing, unless it is a client's.
            ("stall" | "full" | "down" | "close-reply", None) => Detail::Plain,
            (_, None) => {
                let (message, help) = needs(tag, key, example);
                return input.refuse(message, help);
            }
        };
        Some(Kind { tag, detail })
    }
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

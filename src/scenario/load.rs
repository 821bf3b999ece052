//! What is offered: `[load]`, and the phases it is cut into.

use super::document::{Node, Value};
use super::mistake::Spot;
use super::reader::{Fields, Read, Reader, Written};
use super::value::{Lasting, Name, Positive};
use super::{Load, Model, NamedPhase};
use std::num::NonZeroU32;
use stormglass_model::load::{Ramp, Spacing};
use stormglass_model::random::Distribution;
use stormglass_model::units::{Rate, Span, Time};

/// Reads `[load]`.
pub(super) fn read(reader: &mut Reader, root: &mut Fields) -> Option<Load> {
    let Some(node) = root.node("load") else {
        let help =
            "write `[load]`, with `arrivals = { rate = \"5/s\" }` or `users = 8`, and a `duration`";
        reader.wrong(root.spot, "the table `[load]` is missing", help);
        return None;
    };
    let mut fields = Fields::of(reader, node, "[load]")?;
    let duration_written = fields.node("duration").is_some();
    let duration = fields
        .optional::<Lasting>(reader, "duration")
        .map(|lasting| lasting.0);
    let ends = duration_written || fields.node("subjects").is_some();
    let subjects = fields.optional::<Positive>(reader, "subjects");
    let warm_up = fields.optional::<Written<Span>>(reader, "warm_up");
    if !ends {
        let help = "write `duration = \"10m\"`, `subjects = 100_000`, or both";
        reader.wrong(fields.spot, "the load has no end", help);
    }
    if let (Some(warm_up), Some(duration)) = (&warm_up, duration)
        && warm_up.value >= duration
    {
        let message = format!("the warm-up lasts as long as the load, {duration}");
        reader.wrong(
            warm_up.spot,
            message,
            "the warm-up must end inside the duration",
        );
    }
    let model = model(reader, &mut fields, duration);
    let max_in_flight = fields.optional::<Written<Positive>>(reader, "max_in_flight");
    if let (Some(Model::Closed { .. }), Some(limit)) = (&model, &max_in_flight) {
        let message = "`max_in_flight` limits arrivals, and this load has users";
        reader.wrong(
            limit.spot,
            message,
            "leave it out: no more stories run than there are users",
        );
    }
    let spot = fields.spot;
    fields.done(reader);
    let load = Load {
        model: model?,
        duration,
        subjects: subjects.map(|subjects| subjects.0),
        warm_up: warm_up.map_or(Span::ZERO, |warm_up| warm_up.value),
        max_in_flight: max_in_flight.map(|limit| limit.value.0),
    };
    if ends {
        check_end(reader, &load, duration_written, spot);
    }
    Some(load)
}

fn model(reader: &mut Reader, fields: &mut Fields, duration: Option<Span>) -> Option<Model> {
    let arrivals = fields.node("arrivals");
    let users = fields.node("users");
    let think = fields.node("think");
    let ramp = fields.node("ramp");
    let clash = |reader: &mut Reader, fields: &Fields, key: &str, message: &str, help: &str| {
        let at = fields.key_spot(key).unwrap_or(fields.spot);
        reader.wrong(at, message, help);
    };
    if users.is_none() && think.is_some() {
        let help = "write `users = 8` beside it, or leave it out";
        clash(
            reader,
            fields,
            "think",
            "`think` is what users do, and there are none",
            help,
        );
    }
    if users.is_some() && ramp.is_some() {
        let help = "leave out `ramp`, or write `arrivals` in place of `users`";
        clash(
            reader,
            fields,
            "ramp",
            "`ramp` changes the rate of arrivals, and this load has users",
            help,
        );
    }
    match (arrivals, users) {
        (Some(arrivals), None) => open(reader, arrivals, ramp, duration),
        (None, Some(users)) => {
            let users = NonZeroU32::read(reader, users);
            let think = think.map(|node| Distribution::read(reader, node));
            Some(Model::Closed {
                users: users?,
                think: think.unwrap_or(Some(Distribution::constant(0)))?,
            })
        }
        (Some(_), Some(_)) => {
            let help = "keep `arrivals` for an open load, or `users` for a closed one";
            clash(
                reader,
                fields,
                "users",
                "the load has arrivals and users",
                help,
            );
            None
        }
        (None, None) => {
            let help = "write `arrivals = { rate = \"5/s\" }` for an open load, or `users = 8` for a closed one";
            reader.wrong(fields.spot, "the load has neither arrivals nor users", help);
            None
        }
    }
}

impl Read for Spacing {
    fn read(reader: &mut Reader, node: &Node) -> Option<Spacing> {
        let name = |spacing| match spacing {
            Spacing::Poisson => "poisson",
            Spacing::Even => "even",
        };
        reader.one_of(node, "spacing", &[Spacing::Poisson, Spacing::Even], name)
    }
}

fn open(
    reader: &mut Reader,
    arrivals: &Node,
    ramp: Option<&Node>,
    duration: Option<Span>,
) -> Option<Model> {
    let mut fields = Fields::of(reader, arrivals, "arrivals = { rate = \"5/s\" }")?;
    let rate = fields.required::<Written<Rate>>(reader, "rate", "\"5/s\"");
    let spacing = fields.or(reader, "spacing", Spacing::Poisson);
    fields.done(reader);
    let ramps = match ramp {
        Some(node) => ramps(reader, node, duration),
        None => Some(Vec::new()),
    };
    let (rate, ramps) = rate.zip(ramps)?;
    if rate.value.0 == 0.0 && ramps.iter().all(|ramp| ramp.to.0 == 0.0) {
        let help = "write a rate above zero, or a `ramp` that lifts it";
        reader.wrong(rate.spot, "at a rate of zero nothing ever arrives", help);
        return None;
    }
    Some(Model::Open {
        rate: rate.value,
        spacing,
        ramps,
    })
}

fn ramps(reader: &mut Reader, node: &Node, duration: Option<Span>) -> Option<Vec<Ramp>> {
    let Value::Array(items) = &node.value else {
        reader.wrong_type(node, "a list of ramps", "[{ for = \"10m\", to = \"4/s\" }]");
        return None;
    };
    let ramps: Vec<Option<Ramp>> = (items.iter())
        .map(|item| {
            let mut fields = Fields::of(reader, item, "{ for = \"10m\", to = \"4/s\" }")?;
            let length = fields.required(reader, "for", "\"10m\"");
            let to = fields.required(reader, "to", "\"4/s\"");
            fields.done(reader);
            Some(Ramp {
                length: length?,
                to: to?,
            })
        })
        .collect();
    let ramps: Vec<Ramp> = ramps.into_iter().collect::<Option<_>>()?;
    let total = ramps
        .iter()
        .fold(Span::ZERO, |total, ramp| total + ramp.length);
    if let Some(duration) = duration.filter(|&duration| total > duration) {
        let message = format!("the ramps last {total}, longer than the load, {duration}");
        reader.wrong(node.spot, message, "ramps must end inside the duration");
    }
    Some(ramps)
}

/// An open load without a duration whose arrivals dry up before its subjects have come never ends.
fn check_end(reader: &mut Reader, load: &Load, has_duration: bool, at: Spot) {
    let (Model::Open { rate, ramps, .. }, Some(subjects)) = (&load.model, load.subjects) else {
        return;
    };
    let (mut last, mut arrivals) = (rate.0, 0.0);
    for ramp in ramps {
        arrivals += 0.5 * (last + ramp.to.0) * ramp.length.as_secs_f64();
        last = ramp.to.0;
    }
    if !has_duration && last == 0.0 && arrivals < subjects as f64 {
        let message =
            format!("the load never ends: about {arrivals:.0} of {subjects} subjects ever arrive");
        reader.wrong(
            at,
            message,
            "write a `duration`, or end the ramps above zero",
        );
    }
}

/// The phases of a load: warm-up if there is one, the load, and those the scenario names.
pub(super) fn phases(
    reader: &mut Reader,
    root: &mut Fields,
    load: Option<&Load>,
) -> Vec<NamedPhase> {
    let warm_up = Time(load.map_or(0, |load| load.warm_up.0));
    let duration = load.and_then(|load| load.duration);
    let mut phases = Vec::new();
    for mut fields in tables(reader, root, "phase") {
        let name = fields.required::<Written<Name>>(reader, "name", "\"storm\"");
        let from = fields.required::<Written<Span>>(reader, "from", "\"1h\"");
        fields.done(reader);
        let (Some(name), Some(from)) = (name, from) else {
            continue;
        };
        if warm_up > Time::ZERO && from.value == Span::ZERO {
            let help = "begin it later, or leave out `warm_up`";
            reader.wrong(from.spot, "the warm-up begins here", help);
        }
        check_phase(reader, &phases, duration, &name, &from);
        phases.push(NamedPhase {
            name: name.value.0,
            from: Time(from.value.0),
        });
    }
    let mut add = |name: &str, from| {
        // A named phase that begins where a default one would takes its place.
        if phases.iter().all(|phase| phase.from != from) {
            phases.push(NamedPhase {
                name: name.to_owned(),
                from,
            });
        }
    };
    add("load", warm_up);
    if warm_up > Time::ZERO {
        add("warm_up", Time::ZERO);
    }
    phases.sort_by_key(|phase| phase.from);
    phases
}

fn check_phase(
    reader: &mut Reader,
    before: &[NamedPhase],
    duration: Option<Span>,
    name: &Written<Name>,
    from: &Written<Span>,
) {
    if ["warm_up", "load", "settle"].contains(&name.value.0.as_str()) {
        let message = format!(
            "`{}` is the name of a phase that every load has",
            name.value.0
        );
        reader.wrong(name.spot, message, "choose another name");
    }
    if before.iter().any(|phase| phase.name == name.value.0) {
        let message = format!("a second phase is called `{}`", name.value.0);
        reader.wrong(name.spot, message, "give each phase a name of its own");
    }
    if let Some(last) = before.last().filter(|last| last.from.0 >= from.value.0) {
        let message = format!(
            "the phase does not begin after the one before it, at {}",
            last.from
        );
        reader.wrong(
            from.spot,
            message,
            "write phases in the order in which they begin",
        );
    }
    if let Some(duration) = duration.filter(|&duration| from.value >= duration) {
        let message = format!("the phase begins when the load has ended, after {duration}");
        reader.wrong(from.spot, message, "a phase must begin inside the duration");
    }
}

/// The tables of a list like `[[phase]]`.
pub(super) fn tables<'n>(
    reader: &mut Reader,
    root: &mut Fields<'n>,
    key: &'static str,
) -> Vec<Fields<'n>> {
    let Some(node) = root.node(key) else {
        return Vec::new();
    };
    let Value::Array(items) = &node.value else {
        reader.wrong_type(
            node,
            &format!("a list of tables, one a {key}"),
            &format!("[[{key}]]"),
        );
        return Vec::new();
    };
    (items.iter())
        .filter_map(|item| Fields::of(reader, item, &format!("[[{key}]]")))
        .collect()
}

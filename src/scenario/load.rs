//! What is offered: `[load]`, and the phases it is cut into.

use super::arrivals;
use super::reader::{Fields, Input, Read};
use super::value::{lasting, named, positive, share, whole};
use super::{Load, Model, NamedPhase};
use std::collections::BTreeSet;
use stormglass_model::load::{ArrivalRate, Arrivals, Retries};
use stormglass_model::random::Distribution;
use stormglass_model::units::{Span, Time};

/// Reads `[load]`. `by_story` are the arrivals of every story, where stories have arrivals of their own.
pub(super) fn read(root: &mut Fields, by_story: Option<Vec<Arrivals>>) -> Option<Load> {
    let Some(load) = root.input("load") else {
        let help =
            "write `[load]`, with `arrivals = { rate = \"5/s\" }` or `users = 8`, and a `duration`";
        return root.whole.refuse("the table `[load]` is missing", help);
    };
    load.table("[load]", |t| {
        let duration = t.with("duration", lasting);
        let subjects = t.with("subjects", positive);
        let warm_up = t.or("warm_up", Span::ZERO);
        if !t.has("duration") && !t.has("subjects") {
            let help = "write `duration = \"10m\"`, `subjects = 100_000`, or both";
            load.wrong("the load has no end", help);
        }
        if let Some(duration) = duration.filter(|&duration| warm_up >= duration) {
            let message = format!("the warm-up lasts as long as the load, {duration}");
            t.wrong(
                "warm_up",
                message,
                "the warm-up must end inside the duration",
            );
        }
        let model = model(t, duration, by_story);
        let max_in_flight = t.with("max_in_flight", positive);
        if max_in_flight.is_some() && matches!(model, Some(Model::Closed { .. })) {
            let message = "`max_in_flight` limits arrivals, and this load has users";
            let help = "leave it out: no more stories run than there are users";
            t.wrong("max_in_flight", message, help);
        }
        let retries = t.get("retries");
        let read = Load {
            model: model?,
            retries,
            duration,
            subjects,
            warm_up,
            max_in_flight,
        };
        if !t.has("duration") {
            check_end(load, &read);
        }
        Some(read)
    })
}

impl Read for Retries {
    fn read(input: Input) -> Option<Retries> {
        input.table("[load.retries]", |t| {
            let most = t.need_with("most", "3", |it| whole(it, 1, 100));
            let after = t.need::<Span>("after", "\"100ms\"");
            let factor = t.or("factor", 2.0);
            if factor < 1.0 {
                let help = "write 1 for pauses that are all alike, or 2 for pauses that double";
                t.wrong("factor", "pauses must not get shorter", help);
            }
            let jitter = t.with("jitter", share);
            Some(Retries {
                most: most?,
                after: after?,
                factor,
                jitter: jitter.unwrap_or(0.0),
            })
        })
    }
}

fn model(t: &mut Fields, duration: Option<Span>, by_story: Option<Vec<Arrivals>>) -> Option<Model> {
    let (arrivals, users) = (t.input("arrivals"), t.input("users"));
    let (think, ramp) = (t.input("think"), t.input("ramp"));
    if let Some(by_story) = by_story {
        for key in ["arrivals", "users", "ramp", "think"] {
            if t.has(key) {
                let message =
                    format!("the stories have arrivals of their own, and the load has `{key}`");
                let help = "leave it out here, or leave out `arrivals` in every `[[story]]`";
                t.wrong_key(key, message, help);
            }
        }
        return Some(Model::OpenByStory(by_story));
    }
    if users.is_none() && think.is_some() {
        let message = "`think` is what users do, and there are none";
        let help = "write `users = 8` beside it, or leave it out";
        t.wrong_key("think", message, help);
    }
    if users.is_some() && ramp.is_some() {
        let message = "`ramp` changes the rate of arrivals, and this load has users";
        let help = "leave out `ramp`, or write `arrivals` in place of `users`";
        t.wrong_key("ramp", message, help);
    }
    match (arrivals, users) {
        (Some(arrivals), None) => arrivals::read(arrivals, ramp, duration).map(Model::Open),
        (None, Some(users)) => {
            let users = Read::read(users);
            let think = think.map_or(Some(Distribution::constant(0)), Read::read);
            Some(Model::Closed {
                users: users?,
                think: think?,
            })
        }
        (Some(_), Some(_)) => {
            let help = "keep `arrivals` for an open load, or `users` for a closed one";
            t.wrong_key("users", "the load has arrivals and users", help);
            None
        }
        (None, None) => {
            let help = "write `arrivals = { rate = \"5/s\" }` for an open load, or `users = 8` for a closed one";
            t.whole
                .refuse("the load has neither arrivals nor users", help)
        }
    }
}

/// An open load without a duration whose arrivals dry up before its subjects have come never ends.
fn check_end(input: Input, load: &Load) {
    let (arrivals, Some(subjects)) = (load.model.arrivals(), load.subjects) else {
        return;
    };
    let ever: f64 = arrivals.iter().map(Arrivals::ever).sum();
    if !arrivals.is_empty() && ever < subjects as f64 {
        let message =
            format!("the load never ends: about {ever:.0} of {subjects} subjects ever arrive");
        let help = match arrivals {
            [
                Arrivals::Paced {
                    rate: ArrivalRate::Ramps { .. },
                    ..
                },
            ] => "write a `duration`, or end the ramps above zero",
            _ => "write a `duration`, or fewer `subjects`",
        };
        input.wrong(message, help);
    }
}

/// The phases of a load: warm-up if there is one, the load, and those the scenario names.
pub(super) fn phases(root: &mut Fields, load: Option<&Load>) -> Vec<NamedPhase> {
    let warm_up = Time(load.map_or(0, |load| load.warm_up.0));
    let duration = load.and_then(|load| load.duration);
    let mut phases: Vec<NamedPhase> = Vec::new();
    let mut names = BTreeSet::new();
    for input in root.tables("phase") {
        let last = phases.last();
        let read = input.table("[[phase]]", |t| {
            phase(t, last, &mut names, warm_up, duration)
        });
        phases.extend(read);
    }
    // A named phase that begins where a default one would takes its place.
    for (name, from) in [("load", warm_up), ("warm_up", Time::ZERO)] {
        if phases.iter().all(|phase| phase.from != from) {
            let name = name.to_owned();
            phases.push(NamedPhase { name, from });
        }
    }
    phases.sort_by_key(|phase| phase.from);
    phases
}

fn phase(
    t: &mut Fields,
    last: Option<&NamedPhase>,
    names: &mut BTreeSet<String>,
    warm_up: Time,
    duration: Option<Span>,
) -> Option<NamedPhase> {
    let name = t.need_with("name", "\"storm\"", named);
    let from = t.need::<Span>("from", "\"1h\"");
    let (name, from) = (name?, Time(from?.0));
    if from == Time::ZERO && warm_up > Time::ZERO {
        let help = "begin it later, or leave out `warm_up`";
        t.wrong("from", "the warm-up begins here", help);
    }
    if ["warm_up", "load", "settle"].contains(&name.as_str()) {
        let message = format!("`{name}` is the name of a phase that every load has");
        t.wrong("name", message, "choose another name");
    }
    if !names.insert(name.clone()) {
        let message = format!("a second phase is called `{name}`");
        t.wrong("name", message, "give each phase a name of its own");
    }
    if let Some(last) = last.filter(|last| last.from >= from) {
        let begun = last.from;
        let message = format!("the phase does not begin after the one before it, at {begun}");
        t.wrong(
            "from",
            message,
            "write phases in the order in which they begin",
        );
    }
    if let Some(duration) = duration.filter(|&duration| from.0 >= duration.0) {
        let message = format!("the phase begins when the load has ended, after {duration}");
        t.wrong("from", message, "a phase must begin inside the duration");
    }
    Some(NamedPhase { name, from })
}

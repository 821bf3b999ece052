//! The way from a file to a [`Scenario`], or to all its mistakes.

use super::able;
use super::document::{self, Lines};
use super::mistake::{Mistake, Mistakes, Source};
use super::reach::{self, Conditions};
use super::reader::{Fields, Input, LONGEST, ROOT, Read, Reader};
use super::secret::Known;
use super::serve::Serve;
use super::story;
use super::threshold::{self, Measured, Parts};
use super::value::lasting;
use super::{Clock, Model, Scenario, Target, fault, forecast, keys, load, secret, target};
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use stormglass_glance::auth::Environment;
use stormglass_glance::input;
use stormglass_model::fault::FaultKind;
use stormglass_model::lifecycle::Profile;
use stormglass_model::random::Seed;
use stormglass_model::script::{Action, Step};
use stormglass_model::units::{Span, Time};

/// Mistakes that are shown: nobody mends more at a time.
const SHOWN: usize = 100;

/// Reads a scenario file. Each of `overrides` is `KEY=VALUE` and sets a key over the file's.
pub fn read(path: &Path, overrides: &[String]) -> Result<Scenario, Mistakes> {
    read_file(path, overrides, false)
}

/// Reads a file whose root `read` understands.
pub(super) fn read_root<T>(
    path: &Path,
    overrides: &[String],
    read: impl FnOnce(&mut Fields) -> Option<T>,
) -> Result<T, Mistakes> {
    let origin = path.display().to_string();
    let text = input::text(path, LONGEST)
        .map_err(|error| Mistakes::unreadable(&origin, &error.to_string()))?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let environment = Environment::of_process();
    let root = |input: Input| input.table(ROOT, read);
    parse_root(&environment, &origin, &text, dir, overrides, false, root)
}

/// Reads a scenario file for a clean-up, which needs no probe and no user of another project, nor the variables that these name.
pub fn read_for_cleanup(path: &Path) -> Result<Scenario, Mistakes> {
    read_file(path, &[], true)
}

fn read_file(path: &Path, overrides: &[String], cleans_up: bool) -> Result<Scenario, Mistakes> {
    let origin = path.display().to_string();
    let text = input::text(path, LONGEST)
        .map_err(|error| Mistakes::unreadable(&origin, &error.to_string()))?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let environment = Environment::of_process();
    parse_for(&environment, &origin, &text, dir, overrides, cleans_up)
}

/// Reads the text of a scenario. `origin` is what messages call it; relative files lie in `dir`.
pub fn parse(
    origin: &str,
    text: &str,
    dir: &Path,
    overrides: &[String],
) -> Result<Scenario, Mistakes> {
    parse_in(&Environment::of_process(), origin, text, dir, overrides)
}

/// The same in an environment that may not be this process's.
pub fn parse_in(
    environment: &Environment,
    origin: &str,
    text: &str,
    dir: &Path,
    overrides: &[String],
) -> Result<Scenario, Mistakes> {
    parse_for(environment, origin, text, dir, overrides, false)
}

fn parse_for(
    environment: &Environment,
    origin: &str,
    text: &str,
    dir: &Path,
    overrides: &[String],
    cleans_up: bool,
) -> Result<Scenario, Mistakes> {
    let overridden = overrides.len();
    let root = |input: Input| {
        let mut scenario = input.table(ROOT, scenario)?;
        let referred = &input.reader.sources.borrow()[1 + overridden..];
        scenario.keys = keys::keys(input.node, referred);
        Some(scenario)
    };
    parse_root(environment, origin, text, dir, overrides, cleans_up, root)
}

/// Reads a text whose root `read` understands.
fn parse_root<T>(
    environment: &Environment,
    origin: &str,
    text: &str,
    dir: &Path,
    overrides: &[String],
    cleans_up: bool,
    read: impl FnOnce(Input) -> Option<T>,
) -> Result<T, Mistakes> {
    let parsed = document::parse(text);
    let mut root = parsed.root;
    let mut mistakes = parsed.mistakes;
    let mut sources = vec![Source {
        name: origin.to_owned(),
        text: text.to_owned(),
    }];
    for set in overrides {
        match document::set(&mut root, sources.len(), set) {
            Ok(grafted) => mistakes.extend(secret::refuse(&grafted, sources.len())),
            Err(mistake) => mistakes.push(mistake),
        }
        sources.push(Source {
            name: "--set".to_owned(),
            text: set.clone(),
        });
    }
    if parsed.broken {
        return Err(told(sources, mistakes, Known::Broken));
    }
    let reader = Reader {
        environment,
        cleans_up,
        dir,
        sources: sources.into(),
        mistakes: RefCell::default(),
        hidden: RefCell::default(),
        in_target: Cell::default(),
    };
    let input = Input {
        reader: &reader,
        node: &root,
    };
    let scenario = read(input);
    let (sources, found) = (reader.sources.into_inner(), reader.mistakes.into_inner());
    // What the parser took a slip of the finger for is no mistake of its own.
    let lines: Vec<Lines> = sources.iter().map(|it| Lines::of(&it.text)).collect();
    let line = |mistake: &Mistake| {
        let spot = mistake.spot?;
        Some((spot.source, lines.get(spot.source)?.at(spot.start)))
    };
    let upset: BTreeSet<_> = mistakes.iter().map(line).collect();
    mistakes.extend((found.into_iter()).filter(|mistake| !upset.contains(&line(mistake))));
    match scenario {
        Some(scenario) if mistakes.is_empty() => Ok(scenario),
        _ => {
            let hidden = reader.hidden.into_inner();
            Err(told(sources, mistakes, Known::Read(&root, hidden)))
        }
    }
}

/// The first of the mistakes, without credentials in them, and how many there are.
fn told(mut sources: Vec<Source>, mut mistakes: Vec<Mistake>, known: Known) -> Mistakes {
    mistakes.sort_by_key(|mistake| mistake.spot);
    // What is wrong with a step that is repeated is wrong once.
    mistakes.dedup_by(|a, b| a.spot == b.spot && a.message == b.message);
    let count = mistakes.len();
    mistakes.truncate(SHOWN);
    secret::hide(&mut sources, &mut mistakes, &known);
    Mistakes::new(sources, mistakes, count)
}

pub(super) fn check_schema(t: &mut Fields) {
    if let Some(schema) = t.need::<u64>("schema", "1").filter(|&schema| schema != 1) {
        let message = format!("schema {schema} is not known");
        t.wrong("schema", message, "this version reads `schema = 1`");
    }
}

fn scenario(t: &mut Fields) -> Option<Scenario> {
    let reader = t.whole.reader;
    check_schema(t);
    let name = t.need_with("name", "\"steady-week\"", name);
    let seed = t.or("seed", 42);
    let replications = t.or("replications", NonZeroU32::MIN);
    let before = reader.mistakes.borrow().len();
    let mut target = target::read(t);
    let (stock, prices) = forecast::read(t, target.as_mut());
    let clock = clock(t, target.as_ref());
    let mut stories = story::read(t);
    let by_story = story::arrivals(t, &stories);
    let load = load::read(t, by_story);
    let duration = load.as_ref().and_then(|load| load.duration);
    let phases = load::phases(t, load.as_ref());
    let faults = fault::read(t, target.as_ref(), false, duration);
    if let Some(load) = &load {
        story::weigh(&mut stories, load);
    }
    // What is said of stories as a whole needs all of them.
    let whole = reader.mistakes.borrow().len() == before;
    if let Some(target) = &target {
        let conditions = Conditions::new(target, &faults);
        for written in &stories {
            able::check(reader, target, written);
            reach::check(reader, &conditions, written);
        }
    }
    // Of a server, which reads it by itself.
    t.get::<Serve>("serve");
    let settle = t.with("settle", |input| input.table("[settle]", |t| t.get("for")));
    let interval = interval(t);
    let measured = Measured {
        profile: target.as_ref().map_or(Profile::Glance, Target::profile),
        embedded: !matches!(target, Some(Target::Glance(_))),
        parts: whole.then_some(Parts {
            stories: &stories,
            phases: &phases,
            faults: &faults,
            duration,
        }),
    };
    let thresholds = t.input("thresholds");
    let thresholds = thresholds.map_or_else(Vec::new, |input| threshold::read(input, &measured));
    let scenario = Scenario {
        name: name.unwrap_or_default(),
        seed: Seed(seed),
        clock,
        replications,
        target: target?,
        load: load?,
        stories: stories.into_iter().map(|written| written.story).collect(),
        faults,
        phases,
        settle,
        thresholds,
        interval,
        stock,
        prices,
        keeps_history: false,
        ends_when_lost: false,
        keys: BTreeMap::new(),
        sha256: sha256(&reader.sources.borrow()),
    };
    if whole && stands_still(&scenario) {
        let message =
            "virtual time would stand still: users never wait, and nothing they do takes time";
        let help = "write `think`, a `wait`, a cost in [service], or `subjects` to end the load";
        t.wrong_key("load", message, help);
    }
    Some(scenario)
}

fn interval(t: &mut Fields) -> Option<Span> {
    t.with("report", |input| {
        input.table("[report]", |t| t.with("interval", lasting))
    })
}

/// The name is part of the results folder's name.
pub(super) fn name(input: Input) -> Option<String> {
    let text = String::read(input)?;
    if !is_name(&text) {
        let message = format!("`{}` cannot be the name of a folder", text.escape_debug());
        let help =
            "write up to 100 letters, digits, `-`, `_` or inner dots: `name = \"steady-week\"`";
        input.wrong(message, help);
    }
    Some(text)
}

/// Whether a scenario can be called so.
pub fn is_name(text: &str) -> bool {
    let forbidden = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let edge = |c: Option<char>| c.is_none_or(|c| c == '.' || c.is_whitespace());
    let edges = edge(text.chars().next()) || edge(text.chars().last());
    !text.contains(forbidden) && !edges && text.len() <= 100
}

fn clock(t: &mut Fields, target: Option<&Target>) -> Clock {
    let real = matches!(target, Some(Target::Glance(_)));
    let default = if real { Clock::Real } else { Clock::Virtual };
    let named = t.with("clock", |it| it.one_of("clock", Clock::ALL, Clock::name));
    let clock = named.unwrap_or(default);
    if real && clock == Clock::Virtual {
        let help = "write `clock = \"real\"`, or leave it out";
        t.wrong("clock", "a real server does not follow virtual time", help);
    }
    clock
}

/// Whether a closed load in virtual time goes on for ever at its first instant.
fn stands_still(scenario: &Scenario) -> bool {
    let (Target::Embedded(service), Model::Closed { think, .. }) =
        (&scenario.target, &scenario.load.model)
    else {
        return false;
    };
    if scenario.clock == Clock::Real || scenario.load.subjects.is_some() {
        return false;
    }
    let store = &service.store;
    let delays = [
        think,
        &service.registry.commit,
        &store.put,
        &store.get,
        &store.delete,
    ];
    let delayed = delays.iter().any(|delay| !delay.is_zero());
    let struck = scenario.faults.iter().any(|fault| {
        let takes_time = match fault.kind {
            FaultKind::Latency { add } => add > Span::ZERO,
            FaultKind::Stall | FaultKind::Down | FaultKind::Error { .. } => true,
            FaultKind::Full
            | FaultKind::Client { .. }
            | FaultKind::Command(_)
            | FaultKind::Reply { .. } => false,
        };
        fault.from == Time::ZERO && takes_time
    });
    let slow = |story: &&stormglass_model::load::Story| {
        story.weight > 0.0
            && (store.bandwidth.is_some() && !story.size.is_zero()
                || story.steps.iter().any(pauses))
    };
    !delayed && !struck && scenario.stories.iter().find(slow).is_none()
}

fn pauses(step: &Step) -> bool {
    let waits = |action: &Action| matches!(action, Action::Wait(wait) if !wait.0.is_zero());
    let apart = matches!(step, Step::Rivals { jitter, .. } if *jitter > Span::ZERO);
    apart || step.actions().any(waits)
}

/// Of the file alone it is what `sha256sum` prints; whatever else belongs to the scenario follows.
fn sha256(sources: &[Source]) -> String {
    let mut digest = Sha256::new();
    for (index, source) in sources.iter().enumerate() {
        if index > 0 {
            digest.update([0]);
            digest.update(&source.name);
            digest.update([0]);
        }
        digest.update(&source.text);
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

//! What the reader makes of scenarios that are right, and that no text whatever upsets it.

use super::{EXAMPLE, complete, read};
use proptest::prelude::*;
use std::path::Path;
use stormglass::{Aggregate, Comparison};
use stormglass::{Clock, Model, Scenario, Target, parse_in};
use stormglass_glance::auth::{Environment, Secret};
use stormglass_glance::{Identity, ProbeTarget, StoreTarget};
use stormglass_model::config::{Defect, FailureRule};
use stormglass_model::fault::{FaultKind, Place};
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::{ArrivalRate, Arrivals, Spacing};
use stormglass_model::random::Seed;
use stormglass_model::script::{Act, Action, Step};
use stormglass_model::units::{Bytes, Span, Time};

fn valid(text: &str, overrides: &[&str]) -> Scenario {
    read(text, overrides).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn service(scenario: &Scenario) -> &stormglass_model::config::ServiceConfig {
    match &scenario.target {
        Target::Embedded(service) => service,
        Target::Glance(_) => panic!("not the embedded service"),
    }
}

#[test]
fn the_full_example_says_what_the_design_says() {
    let scenario = valid(EXAMPLE, &[]);
    assert_eq!(
        (scenario.name.as_str(), scenario.seed),
        ("steady-week", Seed(42))
    );
    assert_eq!(
        (scenario.clock, scenario.replications.get()),
        (Clock::Virtual, 1)
    );
    let service = service(&scenario);
    assert_eq!(
        (service.rules, service.workers.get(), service.delayed_delete),
        (FailureRule::V2, 64, true)
    );
    assert_eq!(service.scrub_time, Span::from_secs(3 * 86_400));
    assert_eq!(service.store.bandwidth, Some(Bytes(1 << 30)));
    assert_eq!(service.store.capacity, Some(Bytes(1 << 50)));
    let Model::Open(Arrivals::Paced {
        rate: ArrivalRate::Ramps { from, ramps },
        spacing,
    }) = &scenario.load.model
    else {
        panic!("an open load");
    };
    assert_eq!((from.0, *spacing, ramps.len()), (2.0, Spacing::Poisson, 1));
    assert_eq!(scenario.load.max_in_flight, Some(100_000));
    assert_eq!(scenario.stories.len(), 3);
    assert!(
        matches!(&scenario.stories[1].steps[1], Step::Rivals { branches, jitter }
        if branches.len() == 2 && *jitter == Span::from_millis(10))
    );
    assert_eq!(
        scenario.stories[2].steps[3],
        Step::Act(Action::Refused(Act::usual(Operation::Download)))
    );
    let fault = &scenario.faults[0];
    assert_eq!(
        (fault.place, fault.kind.clone()),
        (Place::StorePut, FaultKind::Error { probability: 0.3 })
    );
    assert_eq!(
        (fault.from, fault.to),
        (Time(3_600_000_000_000), Some(Time(7_200_000_000_000)))
    );
    let phases: Vec<&str> = scenario
        .phases
        .iter()
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(phases, ["warm_up", "storm", "load"]);
    assert_eq!(scenario.settle, Some(Span::from_secs(120)));
    let threshold = &scenario.thresholds[0];
    assert_eq!(
        (threshold.key.as_str(), threshold.aggregate),
        ("saving->active", Aggregate::Percentile(99.0))
    );
    assert_eq!(
        (threshold.comparison, threshold.bound),
        (Comparison::Less, 20e9)
    );
}

#[test]
fn what_is_not_written_has_its_default() {
    let scenario = valid(&complete(""), &[]);
    assert_eq!((scenario.seed, scenario.clock), (Seed(42), Clock::Virtual));
    assert_eq!(service(&scenario).workers.get(), 64);
    assert_eq!((scenario.stories[0].weight, scenario.interval), (1.0, None));
    assert_eq!(scenario.phases.len(), 1);
    assert_eq!(scenario.phases[0].name, "load");
}

#[test]
fn an_override_sets_any_key() {
    let set = [
        "name=other",
        "seed=7",
        "load.duration=5s",
        "load.arrivals.rate=\"9/s\"",
        "service.store.slots=8",
        "service.defects=[\"lost-create\"]",
        "story.0.weight=3",
        "story.\"rival delete\".weight = 0",
        "thresholds.\"saving->active\"=[\"max < 1s\"]",
        "settle.for='1m'",
        "report.interval=1s",
        "fault=[]",
        "phase=[]",
        "load.warm_up=0s",
        "load.ramp=[]",
    ];
    let scenario = valid(EXAMPLE, &set);
    assert_eq!((scenario.name.as_str(), scenario.seed), ("other", Seed(7)));
    assert_eq!(scenario.load.duration, Some(Span::from_secs(5)));
    assert_eq!(service(&scenario).store.slots.get(), 8);
    assert!(service(&scenario).defects.has(Defect::LostCreate));
    assert_eq!(
        (scenario.stories[0].weight, scenario.stories[1].weight),
        (3.0, 0.0)
    );
    assert_eq!(scenario.thresholds[0].aggregate, Aggregate::Max);
    assert_eq!(scenario.interval, Some(Span::from_secs(1)));
}

#[test]
fn the_hash_covers_text_overrides_and_files() {
    let plain = valid(&complete(""), &[]).sha256;
    let of_text = {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(complete(""));
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(
        plain, of_text,
        "a file alone hashes to what sha256sum prints"
    );
    assert_ne!(plain, valid(&complete(""), &["seed=42"]).sha256);
    let dir = tempfile::tempdir().unwrap();
    let text = complete(
        "[[story]]\nname = \"a\"\nsize = { empirical = { file = \"s.csv\" } }\nsteps = [\"create\"]",
    );
    let mut hashes = Vec::new();
    for sizes in ["1\n", "2\n"] {
        std::fs::write(dir.path().join("s.csv"), sizes).unwrap();
        std::fs::write(dir.path().join("s.toml"), &text).unwrap();
        let scenario = stormglass::read(&dir.path().join("s.toml"), &[]).unwrap();
        hashes.push(scenario.sha256);
    }
    assert_ne!(hashes[0], hashes[1]);
}

#[test]
fn measured_sizes_may_have_units_and_weights() {
    let text = complete(
        "[[story]]\nname = \"a\"\nsize = { empirical = { file = \"sizes.csv\" } }\nsteps = [\"create\"]",
    );
    let scenario = valid(&text, &[]);
    let mut rng = Seed(1).rng();
    let drawn: Vec<u64> = (0..1_000)
        .map(|_| scenario.stories[0].size.draw(&mut rng).0)
        .collect();
    assert!(drawn.iter().all(|size| [4_096, 65_536].contains(size)));
    let small = drawn.iter().filter(|&&size| size == 4_096).count();
    assert!((650..850).contains(&small), "{small}");
}

#[test]
fn measured_sizes_are_read_as_tools_write_them() {
    let dir = tempfile::tempdir().unwrap();
    let text = complete(
        "[[story]]\nname = \"a\"\nsize = { empirical = { file = \"s.csv\" } }\nsteps = [\"create\"]",
    );
    std::fs::write(dir.path().join("s.toml"), &text).unwrap();
    let read = |sizes: &str| {
        std::fs::write(dir.path().join("s.csv"), sizes).unwrap();
        stormglass::read(&dir.path().join("s.toml"), &[])
    };
    for sizes in [
        "# of last week\nvalue,weight\n1048576,3\n# more\n\n2097152,1\n",
        "\u{feff}value,weight\n1048576,3\n2097152,1\n",
        "\"value\",\"weight\"\n\"1048576\",\"3\"\n\"2097152\",\"1\"\n",
        "value,weight\n1048576.0,3\n2.097152e+06,1.0\n",
        "Value;Weight\r\n1048576;3\r\n2097152;1\r\n",
        "count\tsize\n3\t1MiB\n1\t2 MiB",
        " 1048576 , 3\n  2097152,1",
        "1MiB\n1MiB\n1MiB\n2MiB\n",
    ] {
        let scenario = read(sizes).unwrap_or_else(|error| panic!("{sizes}: {error}"));
        let mut rng = Seed(1).rng();
        let drawn: Vec<u64> = (0..1_000)
            .map(|_| scenario.stories[0].size.draw(&mut rng).0 >> 20)
            .collect();
        let small = drawn.iter().filter(|size| **size == 1).count();
        assert!(
            (700..800).contains(&small) && drawn.iter().all(|size| *size < 3),
            "{sizes}"
        );
    }
    for (sizes, line, expected) in [
        (
            "value,frequency\n5,1\n",
            1,
            "`frequency` is no column that is read here",
        ),
        (
            "\n# sizes\n\nvalue,weight\n5,x\n",
            5,
            "the weight is not a number of at least zero",
        ),
        (
            "5,1\n# more\n\n 6,x\n",
            4,
            "the weight is not a number of at least zero",
        ),
        ("1,2,3\n", 1, "there is more than a value and a weight"),
        ("5\n\u{feff}6\n", 2, "does not start with a number"),
        (
            "image,weight\n5,1\n",
            1,
            "`image` does not start with a number",
        ),
    ] {
        let error = read(sizes).unwrap_err().plain();
        assert!(
            error.contains(expected) && error.contains(&format!("s.csv:{line}:")),
            "{error}"
        );
    }
}

#[test]
fn glance_is_told_who_acts() {
    let glance = |rest: &str| {
        complete(&format!(
            "[target.glance]\nurl = \"http://localhost:9292/\"\n{rest}"
        ))
    };
    let read = |rest: &str| match valid(&glance(rest), &[]) {
        Scenario {
            clock: Clock::Real,
            target: Target::Glance(glance),
            ..
        } => *glance,
        _ => panic!("not a real glance in real time"),
    };
    let plain = read("");
    assert_eq!(
        (plain.url.as_deref(), plain.connections.get()),
        (Some("http://localhost:9292"), 32)
    );
    assert!(
        matches!(&plain.admin, Identity::Token(token) if token.ends_with("admin,member,reader"))
    );
    let token = read("token = \"secret\"");
    assert!(token.member == Identity::Token("secret".into()) && token.admin == token.member);
    assert!(!format!("{token:?}").contains("secret"));
    let headers = read(
        "admin = { user = \"u\", project = \"p\", roles = [\"admin\"] }\nmember = \"anonymous\"",
    );
    assert!(matches!(&headers.admin, Identity::Headers { user, .. } if user == "u"));
    assert!(headers.member == Identity::Anonymous);
}

#[test]
fn a_probe_is_named() {
    let read = |rest: &str| match valid(&complete(&format!("[target.glance]\n{rest}")), &[]).target
    {
        Target::Glance(glance) => glance.probe,
        Target::Embedded(_) => panic!("not a real glance"),
    };
    let url = "url = \"http://localhost:9292/\"";
    assert!(read(url).is_none());
    let probe = read(&format!(
        "{url}\n[target.glance.probe]\ndatabase = \"mysql://me:swordfish@db/glance\"\nstore = \"/images\""
    ));
    let probe = probe.unwrap();
    assert_eq!(
        probe.database,
        Some(Secret::new("mysql://me:swordfish@db/glance"))
    );
    let folders = |probe: &ProbeTarget| match &probe.store {
        Some(StoreTarget::Folders(folders)) => folders.clone(),
        _ => Vec::new(),
    };
    assert_eq!(folders(&probe), [Path::new("/images")]);
    assert_eq!(probe.staging, None);
    assert!(!format!("{probe:?}").contains("swordfish"));
    let probe = read(&format!(
        "{url}\n[target.glance.probe]\nstore = [\"/images\", \"/more\"]"
    ));
    let both = [Path::new("/images"), Path::new("/more")];
    assert_eq!(folders(&probe.unwrap()), both);
}

#[test]
fn a_bucket_is_named_with_its_keys_in_variables() {
    let set = [("AWS_ACCESS_KEY_ID", "angler"), ("MINE", "swordfish")];
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = Environment::new(set, Path::new("here"), Path::new("here/etc"));
    // Any file: nobody reads it yet.
    let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let text = complete(&format!(
        "[target.glance]\nurl = \"http://localhost:9292/\"\nca = \"{ca}\"\n[target.glance.probe]\n\
         store = \"s3://images\"\nendpoint = \"https://s3\"\nsecret_key_env = \"MINE\""
    ));
    let scenario = parse_in(&environment, "test.toml", &text, Path::new("."), &[]).unwrap();
    let probe = match scenario.target {
        Target::Glance(glance) => glance.probe,
        Target::Embedded(_) => None,
    };
    let Some(StoreTarget::Bucket(bucket)) = probe.and_then(|probe| probe.store) else {
        panic!("no bucket");
    };
    assert_eq!(bucket.endpoint, "https://s3");
    let named = (bucket.bucket.as_str(), bucket.region.as_str());
    assert_eq!(named, ("images", "us-east-1"));
    assert_eq!(bucket.access_key, Secret::new("angler"));
    assert_eq!(bucket.secret_key, Secret::new("swordfish"));
    assert_eq!(bucket.ca, Some(ca.into()));
    let shown = format!("{bucket:?}");
    assert!(!shown.contains("angler") && !shown.contains("swordfish"));
}

#[test]
fn what_can_be_legal_is_not_refused() {
    let cases = [
        (
            "",
            "\"create\", \"upload\", \"deactivate\", \"download-as-admin\", { refused = \"download\" }, \"reactivate\", \"download\", \"delete\"",
        ),
        ("", "\"create\", \"abort-upload\", \"upload\", \"delete\""),
        (
            "profile = \"v1\"",
            "\"create\", \"abort-upload\", { refused = \"upload\" }, \"delete\"",
        ),
        (
            "",
            "\"create\", { race = [\"upload\", \"delete\", \"download\"] }, \"deactivate\", \"delete\"",
        ),
        (
            "",
            "\"create\", \"import\", \"deactivate\", \"download\", \"delete\"",
        ),
        (
            "store.capacity = \"1GiB\"",
            "\"create\", \"upload\", \"upload\", \"delete\"",
        ),
        (
            "",
            "\"create-with-location\", \"add-location\", \"remove-location\", { refused = \"remove-location\" }",
        ),
        (
            "",
            "\"create-empty\", { refused = \"upload\" }, \"export\", \"clone\", \"delete\", { refused = \"delete\" }",
        ),
        (
            "",
            "\"create\", { race = [{ wait = \"1s\" }, [\"upload\", \"download\"]], jitter = \"0s\" }, { wait = \"0s\" }",
        ),
    ];
    for (service, steps) in cases {
        valid(
            &complete(&format!(
                "[service]\n{service}\n[[story]]\nname = \"a\"\nsteps = [{steps}]"
            )),
            &[],
        );
    }
    // A fault can make an operation fail, so that the next one meets another status.
    let failing = "[[fault]]\nname = \"f\"\nat = \"api\"\nkind = { error = { probability = \"10%\" } }\n\
                   [[story]]\nname = \"a\"\nsteps = [\"create\", \"upload\", \"deactivate\", \"download\"]";
    valid(&complete(failing), &[]);
}

#[test]
fn a_closed_load_may_take_no_time_where_something_ends_it() {
    let closed = |rest: &str| complete(&format!("{rest}\n[load]\nusers = 3\nduration = \"1h\""));
    assert!(read(&closed(""), &[]).is_err());
    valid(&closed("clock = \"real\""), &[]);
    valid(&closed(""), &["load.subjects=10"]);
    valid(&closed(""), &["load.think=1s"]);
    valid(&closed("[service.store]\nput = \"1ms\""), &[]);
    valid(&closed("[service.store]\nbandwidth = \"1MiB/s\""), &[]);
}

/// A text is judged without a panic, and its mistakes can be shown.
fn survives(text: &str, overrides: &[&str]) {
    if let Err(mistakes) = read(text, overrides) {
        assert!(mistakes.count() > 0);
        assert!(!mistakes.graphical().is_empty());
    }
}

#[test]
fn depth_does_not_upset_the_reader() {
    let deep = [
        "a.".repeat(100_000) + "a",
        "[".repeat(100_000),
        "a=".to_owned() + &"[".repeat(100_000),
    ];
    for text in deep {
        survives(&text, &[]);
        survives(&(text.clone() + " = 1"), &[]);
        survives(EXAMPLE, &[&text]);
        survives(EXAMPLE, &[&(text + "=1")]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_upsets_the_reader(text in "\\PC{0,200}", set in "\\PC{0,40}") {
        survives(&text, &[&set]);
    }

    #[test]
    fn no_toml_upsets_the_reader(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..60)) {
        survives(&tokens.concat(), &[]);
    }

    #[test]
    fn no_change_of_a_scenario_upsets_the_reader(
        at in 0..EXAMPLE.len(), length in 0_usize..40, new in "[\\PC\n]{0,12}"
    ) {
        let boundary = |at: usize| (0..=at).rev().find(|&at| EXAMPLE.is_char_boundary(at)).unwrap();
        let start = boundary(at);
        let end = boundary((at + length).min(EXAMPLE.len())).max(start);
        survives(&format!("{}{new}{}", &EXAMPLE[..start], &EXAMPLE[end..]), &[]);
    }

    #[test]
    fn no_override_upsets_the_reader(
        key in prop::sample::select(KEYS), value in "[\\PC]{0,20}"
    ) {
        survives(EXAMPLE, &[&format!("{key}={value}")]);
    }
}

const TOKENS: &[&str] = &[
    "schema",
    "name",
    "load",
    "story",
    "fault",
    "steps",
    "=",
    "\n",
    "[",
    "]",
    "[[",
    "]]\n",
    "{",
    "}",
    ",",
    ".",
    "\"",
    "\"create\"",
    "\"upload\"",
    "race",
    "wait",
    "1",
    "-1",
    "nan",
    "\"5s\"",
    "\"1GiB\"",
    "true",
    "service",
    "store",
    "#",
    "'",
    "\"\"\"",
    "1979-05-27",
    "0x",
    "é",
];

const KEYS: &[&str] = &[
    "schema",
    "name",
    "seed",
    "load",
    "load.arrivals",
    "load.arrivals.rate",
    "load.duration",
    "load.ramp.0.for",
    "load.arrivals.cycle",
    "load.arrivals.counts",
    "load.arrivals.file",
    "service",
    "service.store.put",
    "service.defects",
    "story",
    "story.0",
    "story.0.steps",
    "story.0.steps.1",
    "story.1.steps.1.race",
    "fault.0.kind",
    "fault.0.window",
    "thresholds.upload",
    "thresholds",
    "target",
];

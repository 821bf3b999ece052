//! The closed form against what one reckons by hand.

use super::closed_form::{ClosedForm, NoClosedForm};
use crate::scenario::parse;
use std::path::Path;
use stormglass_model::lifecycle::SubjectStatus;

const MIB: f64 = 1_048_576.0;

/// A service whose times are whole seconds, with more keys at the places of the others.
fn form(
    service: &str,
    load: &str,
    stories: &[(f64, &str, &str)],
    more: &str,
) -> Result<ClosedForm, NoClosedForm> {
    let stories = stories.iter().zip(0..).map(|((weight, size, steps), n)| {
        format!(
            "[[story]]\nname = \"s{n}\"\nweight = {weight}\nsize = {size}\nsteps = [\"create\", {steps}]\n"
        )
    });
    let stories: String = stories.collect();
    let text = format!(
        "schema = 1\nname = \"form\"\n\
         [service]\ndelayed_delete = true\nscrub_time = \"1h\"\nscrub_interval = \"5m\"\n{service}\n\
         [service.store]\nput = \"1s\"\nget = \"3s\"\nbandwidth = \"64MiB/s\"\n\
         [load]\nduration = \"1d\"\n{load}\n{stories}{more}"
    );
    let scenario = parse("form.toml", &text, Path::new(""), &[]);
    ClosedForm::of(&scenario.unwrap_or_else(|mistakes| panic!("{mistakes}")))
}

const RATE: &str = "arrivals = { rate = \"5/s\" }";
const KEPT: &str = "\"upload\", { wait = \"10m\" }, \"download\", \"delete\"";

fn near(found: f64, expected: f64) {
    let apart = (found - expected).abs();
    assert!(apart <= 1e-9 * expected, "{found} is not {expected}");
}

#[test]
fn arrivals_times_size_times_how_long_it_is_kept() {
    let form = form("", RATE, &[(1.0, "\"64MiB\"", KEPT)], "").unwrap();
    // Put and transfer, the wait, get and transfer; nothing takes any time at the registry.
    near(form.life_s, 2.0 + 600.0 + 4.0);
    near(form.scrub_lag_s, 150.0);
    near(form.bytes(), 5.0 * 64.0 * MIB * (606.0 + 3_600.0 + 150.0));
    let of = |status: SubjectStatus| form.by_status[status.index()];
    near(of(SubjectStatus::Saving), 5.0 * 64.0 * MIB * 2.0);
    near(of(SubjectStatus::PendingDelete), 5.0 * 64.0 * MIB * 3_750.0);
    assert_eq!((form.growth_per_s, form.left_out.len()), (0.0, 0));
}

/// What is larger is also there for longer.
#[test]
fn a_transfer_takes_as_long_as_its_size_says() {
    let sizes = "{ exponential = { mean = \"64MiB\" } }";
    let form = form(
        "",
        RATE,
        &[(1.0, sizes, "\"upload\", \"deactivate\", \"delete\"")],
        "",
    );
    // A deactivated subject is deleted at once. A mean square of twice the square of the mean.
    near(form.unwrap().bytes(), 5.0 * (64.0 * MIB + 2.0 * 64.0 * MIB));
}

#[test]
fn stories_come_by_weight_and_those_that_keep_their_data_make_it_grow() {
    let stories = [
        (3.0, "\"64MiB\"", KEPT),
        (1.0, "\"32MiB\"", "\"upload\""),
        (1.0, "\"32MiB\"", "{ wait = \"1h\" }, \"delete\""),
        (5.0, "\"32MiB\"", "{ race = [\"upload\", \"delete\"] }"),
    ];
    let form = form("", "arrivals = { rate = \"10/s\" }", &stories, "").unwrap();
    near(form.bytes(), 3.0 * 64.0 * MIB * 4_356.0);
    near(form.growth_per_s, 32.0 * MIB);
    assert_eq!(form.left_out, ["s3"]);
}

/// A thousand and a half come due at once, two at a time, each for a tenth of a second.
#[test]
fn those_that_come_due_together_wait_for_each_other() {
    let service = "scrub_workers = 2\nregistry.commit = \"100ms\"";
    let form = form(service, RATE, &[(1.0, "\"64MiB\"", KEPT)], "").unwrap();
    near(form.scrub_lag_s, 150.0 + (1_500.0 - 1.0) / 4.0 * 0.1);
}

#[test]
fn where_there_is_none_it_says_why() {
    let story = &[(1.0, "\"64MiB\"", KEPT)][..];
    let heavy = &[(1.0, "{ pareto = { min = \"1MiB\", shape = 1.5 } }", KEPT)][..];
    let empty = &[(1.0, "\"64MiB\"", "{ wait = \"1h\" }, \"delete\"")][..];
    let ramp = "arrivals = { rate = \"5/s\" }\nramp = [{ for = \"1h\", to = \"9/s\" }]";
    let few = format!("{RATE}\nsubjects = 100");
    let drops = format!("{RATE}\nmax_in_flight = 100");
    let fault = "[[fault]]\nname = \"f\"\nat = \"scrubber\"\nkind = { down = {} }\n";
    let slow = "registry.commit = \"1s\"";
    let defect = "defects = [\"data-lost\"]";
    for (service, load, stories, more, told) in [
        ("", "users = 4", story, "", "how long they wait"),
        ("", ramp, story, "", "changes"),
        ("", &few, story, "", "ends with its subjects"),
        ("", &drops, story, "", "max_in_flight"),
        ("", RATE, story, fault, "faults"),
        (defect, RATE, story, "", "defects"),
        ("", RATE, heavy, "", "`s0`"),
        (slow, RATE, story, "", "125%"),
        ("", RATE, empty, "", "no story"),
    ] {
        let why = form(service, load, stories, more).unwrap_err().to_string();
        assert!(why.contains(told), "{why}");
    }
}

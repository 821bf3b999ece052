//! Drafts of known and of random answers.

use super::*;
use crate::scenario::{Scenario, parse};
use proptest::prelude::*;
use std::path::Path;
use stormglass_model::script::{Action, Step};

fn read(draft: &Draft) -> Scenario {
    let text = draft.text("a.toml");
    parse("a draft", &text, Path::new("."), &[])
        .unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"))
}

fn waits(scenario: &Scenario) -> f64 {
    let actions = scenario.stories[0].steps.iter().flat_map(Step::actions);
    let wait = |action: &Action| match action {
        Action::Wait(pause) => pause.0.mean(),
        Action::Do(_) | Action::Refused(_) => 0.0,
    };
    actions.map(wait).sum()
}

fn number(text: &'static [&'static str]) -> impl Strategy<Value = String> {
    let unit = prop::sample::select(text);
    let number = prop_oneof![1_u32..20, 1_u32..100_000].prop_map(|n| n.to_string());
    let decimal = (0.001_f64..2_000.0).prop_map(|n| format!("{n:.3}"));
    (prop_oneof![number, decimal], unit).prop_map(|(number, unit)| format!("{number}{unit}"))
}

prop_compose! {
    /// Answers, of which many are refused.
    fn answers()(
        name in "[^/\\\\:*?\"<>|\\p{C}\\s.]([^/\\\\:*?\"<>|\\p{C}\\s]{0,20}[^/\\\\:*?\"<>|\\p{C}\\s.])?",
        rate in number(&["/s", "/m", "/h", "/d", "/w"]),
        least in number(&["B", "kB", "KiB", "MiB", "GiB", "TiB"]),
        range in prop::option::of(number(&["MiB", "GiB", "TB", "PiB"])),
        life in number(&["ns", "ms", "s", "m", "h", "d", "w"]),
        delay in prop_oneof![Just("0s".to_owned()), number(&["us", "s", "m", "h", "d"])],
        times in prop_oneof![0_u32..3, 0_u32..1_001],
        speed in number(&["MiB/s", "GiB/s", "MB/s"]),
        chosen in prop::option::of(1_u32..MOST_SLOTS),
        disk in prop::option::of(number(&["B", "GiB", "TiB", "PiB"])),
    ) -> Option<Draft> {
        let sizes = sizes(&range.map_or(least.clone(), |most| format!("{least}-{most}"))).ok()?;
        let capacity = match disk {
            None => None,
            Some(disk) => Some(capacity(&disk, sizes).ok()?),
        };
        let draft = Draft {
            name,
            uploads: uploads(&rate).ok()?,
            sizes,
            life: length(&life).ok()?,
            delayed_delete: length(&delay).ok()?,
            downloads: times,
            bandwidth: bandwidth(&speed).ok()?,
            slots: chosen.and_then(NonZeroU32::new),
            capacity,
        };
        draft.refused().is_none().then_some(draft)
    }
}

#[test]
fn whatever_answers_are_accepted_make_a_scenario_without_a_warning() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        max_global_rejects: 100_000,
        ..ProptestConfig::with_cases(500)
    });
    let accepted = answers().prop_filter_map("refused", |draft| draft);
    runner
        .run(&accepted, |draft| {
            let scenario = read(&draft);
            let cautions = scenario.cautions();
            prop_assert!(cautions.is_empty(), "{:?}", cautions[0]);
            prop_assert!(
                (waits(&scenario) - draft.life.0 as f64).abs() <= draft.life.0 as f64 * 1e-9
            );
            Ok(())
        })
        .unwrap();
}

#[test]
fn sizes_are_one_or_a_range() {
    let gib = |n: u64| Bytes(n << 30);
    for (text, least, greatest) in [
        ("8GiB", 8, 8),
        ("2GiB-40GiB", 2, 40),
        ("2-40GiB", 2, 40),
        ("2 – 40 GiB", 2, 40),
        ("1024MiB-2GiB", 1, 2),
    ] {
        let expected = Sizes {
            least: gib(least),
            greatest: gib(greatest),
        };
        assert_eq!(sizes(text), Ok(expected), "{text}");
    }
    for text in [
        "",
        "-",
        "2-GiB",
        "40GiB-2GiB",
        "0B-1GiB",
        "1GiB-2GiB-3GiB",
        "1GiB-2PB",
        "2PiB",
    ] {
        assert!(sizes(text).is_err(), "{text}");
    }
}

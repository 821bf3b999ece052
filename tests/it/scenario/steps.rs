//! One language of steps: what a script says a story can say, and back.

use super::shipped::files;
use super::{complete, read};
use proptest::collection::vec;
use proptest::prelude::*;
use stormglass::{RunOptions, Scenario};
use stormglass_model::lifecycle::{Operation, SubjectStatus, Verdict, Who};
use stormglass_model::random::{Distribution, Shape};
use stormglass_model::script::{
    Act, Action, ClientFault, Pause, Point, Script, Second, Step, line, steps,
};
use stormglass_model::units::{Bytes, Span};

fn story(target: &str, text: &str) -> String {
    complete(&format!(
        "{target}\n[[story]]\nname = \"a\"\nsteps = \"{text}\"\n"
    ))
}

#[test]
fn every_shipped_story_is_a_line_of_text() {
    let all = files("scenarios")
        .into_iter()
        .chain(files("scenarios/defects"));
    for path in all {
        let scenario = stormglass::read(&path, &[]).unwrap();
        for story in &scenario.stories {
            let text = line(&story.steps);
            assert_eq!(steps(&text).as_ref(), Ok(&story.steps), "{text}");
        }
    }
}

fn verdict(scenario: &Scenario) -> Verdict {
    let result = stormglass::run(scenario, &RunOptions::default()).unwrap();
    result.runs[0].verdict
}

#[test]
fn the_script_of_a_finding_runs_as_a_story() {
    let load = "clock = \"virtual\"\n[load]\nusers = 1\nsubjects = 20\n";
    for (script, found) in [
        ("create upload deactivate download", Verdict::Invalid),
        (
            "create upload [deactivate before download] show",
            Verdict::Invalid,
        ),
        (
            "create [upload answer deactivate] download",
            Verdict::Invalid,
        ),
        (
            "create upload wait=5ms {download | delete}~10ms refused=upload",
            Verdict::Valid,
        ),
        (
            "create [upload mid-body !close] upload download",
            Verdict::Valid,
        ),
    ] {
        let planted = "[service]\ndefects = [\"deactivated-download-allowed\"]\n";
        let text = story(&format!("{load}{planted}"), script);
        let scenario = read(&text, &[]).unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()));
        assert_eq!(verdict(&scenario), found, "{script}");
    }
}

#[test]
fn scripts_stand_in_lists_too() {
    let list = r#"["create", "[upload mid-body !close] upload", { race = ["download", "delete:member"] }, { refused = "wait-what" }]"#;
    let text = |list: &str| complete(&format!("[[story]]\nname = \"a\"\nsteps = {list}\n"));
    assert!(read(&text(list), &[]).is_err());
    let list = list.replace(", { refused = \"wait-what\" }", "");
    let scenario =
        read(&text(&list), &[]).unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()));
    assert_eq!(
        line(&scenario.stories[0].steps),
        "create [upload mid-body !close] upload {download | delete}"
    );
}

fn act() -> impl Strategy<Value = Act> {
    let (operations, who) = (Operation::ALL, Who::ALL);
    (0..operations.len(), 0..who.len()).prop_map(move |(operation, one)| Act {
        operation: operations[operation],
        who: who[one],
    })
}

fn pause() -> impl Strategy<Value = Pause> {
    let span = || (1_u64..1 << 50).prop_map(|ns| ns as f64);
    let shape = prop_oneof![
        span().prop_map(Shape::Constant),
        span().prop_map(|mean| Shape::Exponential { mean }),
        (span(), span()).prop_map(|(a, b)| Shape::Uniform {
            min: a.min(b),
            max: a.max(b)
        }),
        (span(), span()).prop_map(|(a, b)| Shape::Lognormal {
            median: a.min(b),
            p99: a.max(b)
        }),
        (span(), 0.1..9.0).prop_map(|(min, shape)| Shape::Pareto { min, shape }),
    ];
    shape.prop_map(|shape| Pause(Distribution::new(&shape).unwrap()))
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        act().prop_map(Action::Do),
        act().prop_map(Action::Refused),
        pause().prop_map(Action::Wait),
    ]
}

fn point() -> impl Strategy<Value = Point> {
    prop_oneof![
        Just(Point::Before),
        Just(Point::LastByte),
        Just(Point::Answer),
        any::<u32>().prop_map(|bytes| Point::After(Bytes(bytes.into()))),
        (0..SubjectStatus::COUNT).prop_map(|index| Point::Enters(SubjectStatus::ALL[index])),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let fault = (0..ClientFault::COUNT).prop_map(|index| Second::Fault(ClientFault::ALL[index]));
    let second = prop_oneof![
        act().prop_map(Second::Rival),
        fault,
        "[a-z]{3}-[0-9]{1,3}".prop_map(Second::Command),
    ];
    prop_oneof![
        action().prop_map(Step::Act),
        "[a-z]{3}_[0-9]{1,3}".prop_map(Step::Run),
        (act(), point(), second).prop_map(|(first, at, second)| Step::Race { first, at, second }),
        (vec(vec(action(), 1..4), 2..4), 0_u64..1 << 40).prop_map(|(branches, jitter)| {
            Step::Rivals {
                branches,
                jitter: Span(jitter),
            }
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(all in vec(step(), 0..8)) {
        let text = line(&all);
        let read = steps(&text);
        prop_assert_eq!(read.as_ref(), Ok(&all), "{}", text);
        if let Ok(script) = Script::new(all) {
            prop_assert_eq!(script.to_string().parse::<Script>(), Ok(script));
        }
    }
}

//! When stories arrive, and steps that are repeated: what is read, and what is said of mistakes.

use super::messages::check;
use super::{complete, read};
use stormglass::{Model, Scenario};
use stormglass_model::load::{ArrivalRate, Arrivals, RampShape, Spacing};
use stormglass_model::units::{Rate, Span, Time};

fn valid(text: &str) -> Scenario {
    read(&complete(text), &[]).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"))
}

fn arrivals(written: &str) -> Arrivals {
    let text = format!("[load]\narrivals = {written}\nduration = \"1d\"");
    match valid(&text).load.model {
        Model::Open(arrivals) => arrivals,
        model => panic!("{model:?}"),
    }
}

fn checked(group: &str, texts: &[String]) {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check(group, &texts);
}

#[test]
fn mistakes_of_arrivals() {
    let load = |rest: &str| format!("[load]\nduration = \"1h\"\n{rest}");
    let cycle = |inner: &str| load(&format!("arrivals = {{ cycle = {inner} }}"));
    let ramp = |rate: &str, ramps: &str| {
        load(&format!(
            "arrivals = {{ rate = \"{rate}\" }}\nramp = [{ramps}]"
        ))
    };
    let knots = |rates: &str| cycle(&format!("{{ every = \"1d\", rates = [{rates}] }}"));
    let texts = [
        load("arrivals = { rate = \"1/s\", cycle = 3, counts = 4 }"),
        load("arrivals = { rte = \"1/s\", period = \"1h\" }"),
        cycle("\"1d\""),
        cycle("{}"),
        cycle("{ every = \"0s\", rates = [] }"),
        cycle("{ evry = \"1d\", rates = \"4/s\" }"),
        knots(""),
        knots("[\"8h\"], 3, [\"4/s\", \"8h\"], [\"8h\", \"-4/s\"]"),
        knots("[\"8h\", \"4/s\"], [\"7h\", \"1/s\"]"),
        knots("[\"8h\", \"4/s\"], [\"30h\", \"1/s\"]"),
        knots("[\"0h\", \"0/s\"], [\"8h\", \"0/s\"]"),
        load(
            "arrivals = { cycle = { every = \"1d\", rates = [[\"0h\", \"1/s\"]] } }\n\
             ramp = [{ for = \"1m\", to = \"4/s\" }]",
        ),
        load("users = 3\narrivals = { cycle = { every = \"1d\", rates = [[\"0h\", \"1/s\"]] } }"),
        ramp("1/s", "{ for = \"1m\", to = \"4/s\", shape = \"stp\" }"),
        ramp(
            "1/s",
            "{ for = \"1m\", to = \"0/s\", shape = \"exponential\" }",
        ),
        ramp(
            "0/s",
            "{ for = \"1m\", to = \"4/s\", shape = \"exponential\" }",
        ),
    ];
    checked("arrivals", &texts);
}

#[test]
fn mistakes_of_files_of_arrivals() {
    let load = |rest: &str| format!("[load]\nduration = \"1h\"\narrivals = {{ {rest} }}");
    let texts = [
        load("file = \"none.csv\""),
        load("file = 3"),
        load("file = \"no-arrivals.csv\""),
        load("file = \"wrong-arrivals.csv\""),
        load("file = \"arrivals.csv\", spacing = \"even\", period = \"1h\""),
        load("counts = \"counts.csv\""),
        load("counts = \"no-arrivals.csv\", period = \"0s\""),
        load("counts = \"no-arrivals.csv\", period = \"1h\""),
        load("counts = \"wrong-counts.csv\", period = \"1h\""),
        "[load]\nsubjects = 5\narrivals = { file = \"arrivals.csv\" }".to_owned(),
    ];
    checked("arrival-files", &texts);
}

const STEPS: &str = "steps = [\"create\", \"upload\", \"delete\"]\n";

/// Two stories, each with what is given.
fn two(load: &str, first: &str, second: &str) -> String {
    let story = |name: &str, rest: &str| format!("[[story]]\nname = \"{name}\"\n{rest}\n{STEPS}");
    let (first, second) = (story("a", first), story("b", second));
    format!("[load]\nduration = \"1h\"\n{load}\n{first}{second}")
}

#[test]
fn mistakes_of_arrivals_by_story() {
    let own = "arrivals = { rate = \"2/s\" }";
    let texts = [
        two("", own, ""),
        two("", own, "arrivals = { rate = \"0/s\" }\nweight = 2"),
        two(own, own, own),
        two(
            "users = 3\nthink = \"1s\"\nramp = [{ for = \"1m\", to = \"4/s\" }]",
            own,
            own,
        ),
        two("", own, "arrivals = 3"),
    ];
    checked("arrivals-by-story", &texts);
}

#[test]
fn mistakes_of_repeats() {
    let story = |steps: &str| format!("[[story]]\nname = \"a\"\nsteps = [{steps}]");
    let repeat = |rest: &str| story(&format!("\"create\", \"upload\", {rest}"));
    let texts = [
        repeat("{ repeat = 0, steps = [\"download\"] }"),
        repeat("{ repeat = 3 }"),
        repeat("{ repeat = 3, steps = [] }"),
        repeat("{ repeat = 3, steps = [\"downlod\"], times = 3 }"),
        repeat("{ repeat = 9, steps = [\"create\", \"delete\"] }"),
        repeat("\"repeat\""),
        repeat("{ race = [\"download\", { repeat = 2, steps = [\"show\"] }] }"),
        repeat("{ repeat = 70_000, steps = [\"download\"] }"),
        repeat("{ repeat = 300, steps = [{ repeat = 300, steps = [\"download\"] }] }"),
        repeat("{ repeat = 18_446_744_073_709_551_615, steps = \"download show\" }"),
        // The limit is of all stories together: so no file is larger than it looks.
        (0..3)
            .map(|n| {
                let steps = "[\"create\", { repeat = 30_000, steps = [\"show\"] }]";
                format!("[[story]]\nname = \"{n}\"\nsteps = {steps}\n")
            })
            .collect(),
    ];
    checked("repeats", &texts);
}

#[test]
fn a_repeat_is_its_steps_so_many_times() {
    let steps = |steps: &str| {
        let text = format!("[[story]]\nname = \"a\"\nsteps = [\"create\", \"upload\", {steps}]");
        valid(&text).stories[0].steps.clone()
    };
    let once = "\"download\", { wait = \"1s\" }, { race = [\"show\", \"export\"] }";
    assert_eq!(
        steps(&format!("{{ repeat = 3, steps = [{once}] }}, \"delete\"")),
        steps(&format!("{once}, {once}, {once}, \"delete\""))
    );
    assert_eq!(
        steps("{ repeat = 2, steps = [{ repeat = 2, steps = \"show download\" }, \"export\"] }"),
        steps(
            "\"show download show download\", \"export\", \"show download show download\", \"export\""
        )
    );
    assert_eq!(
        steps("{ repeat = 1, steps = [\"show\"] }"),
        steps("\"show\"")
    );
    let many = steps("{ repeat = 60_000, steps = [\"show\"] }");
    assert_eq!(many.len(), 60_002);
}

#[test]
fn a_cycle_is_read_with_its_jumps() {
    let written = "{ spacing = \"even\", cycle = { every = \"1d\", rates = [\n\
                   [\"8h\", \"1/s\"], [\"8h\", \"4/s\"], [\"1d\", \"0/s\"],\n] } }";
    let hours = |hours: u64| Span::from_secs(hours * 3_600);
    let rate = ArrivalRate::Cycle {
        every: hours(24),
        knots: vec![
            (hours(8), Rate(1.0)),
            (hours(8), Rate(4.0)),
            (hours(24), Rate(0.0)),
        ],
    };
    let spacing = Spacing::Even;
    assert_eq!(arrivals(written), Arrivals::Paced { rate, spacing });
    // One rate is the same all day.
    let flat = arrivals("{ cycle = { every = \"1d\", rates = [[\"5h\", \"2/s\"]] } }");
    assert_eq!(flat.expected(hours(24)), 2.0 * 86_400.0);
}

#[test]
fn ramps_have_shapes() {
    let text = "[load]\narrivals = { rate = \"1/s\" }\nduration = \"1h\"\nramp = [\n\
                { for = \"1m\", to = \"2/s\" }, { for = \"1m\", to = \"4/s\", shape = \"step\" },\n\
                { for = \"1m\", to = \"8/s\", shape = \"exponential\" }]";
    let Model::Open(Arrivals::Paced { rate, .. }) = valid(text).load.model else {
        panic!("an open load");
    };
    let ArrivalRate::Ramps { ramps, .. } = rate else {
        panic!("ramps");
    };
    let shapes: Vec<RampShape> = ramps.iter().map(|ramp| ramp.shape).collect();
    assert_eq!(
        shapes,
        [RampShape::Linear, RampShape::Step, RampShape::Exponential]
    );
}

#[test]
fn arrivals_are_read_from_files() {
    let listed = arrivals("{ file = \"arrivals.csv\" }");
    let times = [0.0, 1.5, 1.5, 60.0].map(|s| Time(Span::from_secs_f64(s).0));
    assert_eq!(listed, Arrivals::Listed(times.into()));
    let counted = arrivals("{ counts = \"counts.csv\", period = \"1h\" }");
    let rate = ArrivalRate::Counts {
        period: Span::from_secs(3_600),
        counts: [3.0, 0.0, 12.5].into(),
    };
    let spacing = Spacing::Poisson;
    assert_eq!(counted, Arrivals::Paced { rate, spacing });
}

#[test]
fn a_file_of_arrivals_enters_the_hash() {
    let dir = tempfile::tempdir().unwrap();
    let load = "[load]\narrivals = { file = \"a.csv\" }\nduration = \"1h\"";
    std::fs::write(dir.path().join("s.toml"), complete(load)).unwrap();
    let hash = |times: &str| {
        std::fs::write(dir.path().join("a.csv"), times).unwrap();
        let scenario = stormglass::read(&dir.path().join("s.toml"), &[]);
        scenario.unwrap().sha256
    };
    assert_eq!(hash("\u{feff}1s\r\n2s\r\n"), hash("1s\r\n2s\r\n"));
    assert_ne!(hash("1s\n2s\n"), hash("1s\n3s\n"));
}

#[test]
fn every_story_may_have_arrivals_of_its_own() {
    let text = two(
        "",
        "arrivals = { rate = \"2/s\" }",
        "arrivals = { counts = \"counts.csv\", period = \"1m\" }",
    );
    let scenario = valid(&text);
    assert!(matches!(&scenario.load.model, Model::OpenByStory(each) if each.len() == 2));
    let weights: Vec<f64> = scenario.stories.iter().map(|story| story.weight).collect();
    assert_eq!(weights, [7_200.0, 15.5], "as many as arrive");
}

//! The load of a run that is divided among shards is the load of the whole.

use super::{Driver, DriverWake, Share};
use crate::scenario::{self, Scenario};
use std::path::Path;
use stormglass_model::invocation::Out;
use stormglass_model::random::Seed;
use stormglass_model::units::Time;

const STORIES: &str = r#"
schema = 1
name = "by story"
[load]
duration = "10s"
[[story]]
name = "even"
arrivals = { rate = "7/s", spacing = "even" }
steps = ["create"]
[[story]]
name = "poisson"
arrivals = { rate = "20/s" }
steps = ["create"]
[[story]]
name = "cycle"
arrivals = { cycle = { every = "2s", rates = [["0s", "0/s"], ["1s", "9/s"]] } }
steps = ["create"]
"#;

fn read(text: &str) -> Scenario {
    scenario::parse("test.toml", text, Path::new(""), &[]).unwrap()
}

/// When the stories of a share begin, and which.
fn begun(scenario: &Scenario, share: Share) -> Vec<(Time, u16)> {
    let mut driver = Driver::new(scenario, Seed(1), share);
    let mut out: Out<()> = Out::default();
    driver.start(Time::ZERO);
    while let Some((due, wake)) = driver.orders.later.pop() {
        if due.0 >= 10_000_000_000 {
            break;
        }
        assert_eq!(wake, DriverWake::Arrival);
        driver.wake(due, due, wake, &mut out);
    }
    let invoked = driver.orders.invoke.iter();
    invoked
        .map(|invocation| (invocation.intended, invocation.story.0))
        .collect()
}

#[test]
fn shards_together_start_each_story_when_it_arrives() {
    let scenario = read(STORIES);
    let whole = begun(&scenario, Share::WHOLE);
    let of = |story: u16| whole.iter().filter(|(_, of)| *of == story).count();
    assert_eq!(of(0), 70);
    assert!((150..250).contains(&of(1)), "{}", of(1));
    assert!((20..70).contains(&of(2)), "{}", of(2));
    for count in [2, 3, 7] {
        let shares = (0..count).map(|index| Share { index, of: count });
        let mut all: Vec<(Time, u16)> = shares.flat_map(|share| begun(&scenario, share)).collect();
        all.sort_unstable();
        let mut sorted = whole.clone();
        sorted.sort_unstable();
        assert!(all == sorted, "{count} shards");
    }
}

/// Each has a random stream of its own, which goes by its name.
#[test]
fn the_arrivals_of_a_story_do_not_depend_on_those_of_another() {
    let times = |text: &str, story: u16| -> Vec<Time> {
        let all = begun(&read(text), Share::WHOLE).into_iter();
        all.filter(|(_, of)| *of == story)
            .map(|(due, _)| due)
            .collect()
    };
    let before = times(STORIES, 1);
    assert!(before.len() > 100);
    assert!(times(&STORIES.replace("7/s", "9/s"), 1) == before);
    assert!(times(&STORIES.replace("\"poisson\"", "\"fish\""), 1) != before);
}

#[test]
fn stories_that_are_due_and_have_not_begun_wait_in_one_shard_or_another() {
    let scenario = read(STORIES);
    let (now, late) = (Time(5_000_000_000), Time(9_000_000_000));
    let all = begun(&scenario, Share::WHOLE);
    let due = all.iter().filter(|(due, _)| *due <= now).count() as u64;
    let begins = |share| {
        let mut driver = Driver::new(&scenario, Seed(1), share);
        driver.start(Time::ZERO);
        driver
    };
    for of in [1, 3] {
        let waiting = (0..of).map(|index| begins(Share { index, of }).waiting(now));
        assert_eq!(waiting.sum::<u64>(), due, "{of} shards");
    }
    let mut ended = begins(Share::WHOLE);
    ended.end_load(now);
    assert_eq!(ended.waiting(late), due, "none is due after the load");
}

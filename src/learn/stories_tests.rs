use super::*;
use Operation::{Create, Delete, Upload};
use Way::Once;

const SECOND: u64 = 1_000_000_000;

/// A life that was born at a second, and whose last step came so many seconds later.
fn life(born: u64, steps: &[Operation], length: u64) -> Life {
    let steps: Vec<Step> = steps.iter().map(|step| (*step, Once)).collect();
    let waits = steps.len();
    Life {
        born: Time(born * SECOND),
        last: Time((born + length) * SECOND),
        is_deleted: steps.last() == Some(&(Delete, Once)),
        waits: (0..waits)
            .map(|at| {
                (at > 0).then_some(Gap {
                    ns: (length * SECOND) as f64 / (waits - 1) as f64,
                    resolution: Span(1),
                })
            })
            .collect(),
        times: vec![1; waits],
        steps,
        ..Life::default()
    }
}

/// Births in order, one a second.
fn arrivals(count: u64) -> Arrivals {
    let mut arrivals = Arrivals::default();
    (0..count).for_each(|at| arrivals.add(Time(at * SECOND), Time(at * SECOND), Span(1)));
    arrivals.sort();
    arrivals
}

/// Half of all images live for a second, half for seven eighths of the log: of these only an eighth is seen whole.
#[test]
fn long_lives_weigh_what_they_would_in_a_longer_log() {
    let (mut stories, end) = (Stories::default(), Time(800 * SECOND));
    for at in 0..800 {
        let (steps, length): (&[Operation], u64) = match at % 2 {
            0 => (&[Create, Delete], 1),
            _ => (&[Create, Upload, Delete], 700),
        };
        match at + length <= 800 {
            true => stories.add(life(at, steps, length)),
            // What was seen of it: its upload comes half-way.
            false if at + 350 <= 800 => stories.add(life(at, &[Create, Upload], 350)),
            false => stories.add(life(at, &[Create], 0)),
        }
    }
    stories.end(end);
    let arrivals = arrivals(800);
    let told = stories.told(&arrivals, end, 0.01);
    assert_eq!(told.stories.len(), 2);
    let long = told
        .stories
        .iter()
        .find(|story| story.steps.len() == 3)
        .unwrap();
    assert_eq!(long.lives, 50);
    assert!((long.share - 0.5).abs() < 0.02, "{}", long.share);
    assert_eq!(stories.ended.kept, 0);
    assert_eq!(stories.ended.cut, 350);
}

/// What was silent for longer than any image that was deleted stays; what was not may still be deleted.
#[test]
fn what_stays_is_told_from_what_is_cut_off() {
    let (mut stories, end) = (Stories::default(), Time(1_000 * SECOND));
    for at in 0..1_000 {
        match at % 4 {
            0 => stories.add(life(at, &[Create, Upload], 1)),
            _ if at < 990 => stories.add(life(at, &[Create, Upload, Delete], 10)),
            _ => stories.add(life(at, &[Create, Upload], 1)),
        }
    }
    stories.end(end);
    let arrivals = arrivals(1_000);
    let told = stories.told(&arrivals, end, 0.01);
    let stays = told
        .stories
        .iter()
        .find(|story| story.steps.len() == 2)
        .unwrap();
    assert!((stays.share - 0.25).abs() < 0.01, "{}", stays.share);
    assert!(stays.variant.kept > 240);
    assert!(stories.ended.cut < 15);
}

#[test]
fn where_no_life_ended_stories_end_where_the_logs_do() {
    let mut stories = Stories::default();
    (0..5).for_each(|at| stories.add(life(at, &[Create, Upload], 1)));
    stories.end(Time(60 * SECOND));
    assert!(stories.ended.none_ended);
    let arrivals = arrivals(5);
    assert_eq!(
        stories.told(&arrivals, Time(60 * SECOND), 0.01).stories[0].lives,
        5
    );
}

#[test]
fn what_is_rare_is_counted() {
    let mut stories = Stories::default();
    (0..199).for_each(|at| stories.add(life(at, &[Create, Delete], 1)));
    stories.add(life(5, &[Create, Upload, Delete], 1));
    stories.end(Time(1_000 * SECOND));
    let arrivals = arrivals(200);
    let end = Time(1_000 * SECOND);
    let told = stories.told(&arrivals, end, 0.01);
    assert_eq!((told.stories.len(), told.rare), (1, (1, 1)));
    assert_eq!(stories.told(&arrivals, end, 0.001).stories.len(), 2);
}

//! What real services have and the plain model has not, each beside its closed form.

use super::{
    Case, EXPONENTIAL, erlang_b, erlang_c, figure, levels, mean_of, scrub_latency, wait_s,
};
use stormglass::RunResult;
use stormglass_model::config::Resource;
use stormglass_model::lifecycle::{Operation, Outcome};

/// Every mechanism.
pub fn cases() -> Vec<Case> {
    let mut cases = bandwidth();
    cases.extend(processors());
    cases.extend(turns());
    cases.extend(weights());
    cases.extend(chance());
    cases.extend(race());
    cases.extend(store());
    cases.extend(connections());
    cases.push(scrubber());
    cases.push(retries());
    cases
}

/// Poisson arrivals of stories with these steps, whose data is of this size, at a service with these tables.
fn storm(rate: f64, service: &str, size: &str, steps: &str) -> String {
    format!(
        "{service}\n[load]\narrivals = {{ rate = \"{rate}/s\" }}\nduration = LENGTH\nwarm_up = WARM_UP\n\
         [[story]]\nname = \"x\"\nsize = {size}\nsteps = [{steps}]\n"
    )
}

fn case(name: &str, text: String, seconds: f64, figures: Vec<super::Figure>) -> Case {
    Case {
        name: name.to_owned(),
        text,
        seconds,
        figures,
    }
}

const UPLOAD: &str = "\"create\", \"upload\"";

/// M/G/1 with processor sharing knows nothing of a size but its mean; with a limit for each, M/M/4's numbers hold.
fn bandwidth() -> Vec<Case> {
    let shared = "[service]\nworkers = 100_000\n[service.store]\nslots = 100_000\nshared_bandwidth = \"1MiB/s\"\n";
    let rho: f64 = 0.5;
    let slowed = rho / (1.0 - rho);
    let sizes = [
        ("M/M/1-PS", "{ exponential = { mean = \"1MiB\" } }"),
        ("M/D/1-PS", "\"1MiB\""),
        ("M/U/1-PS", "{ uniform = { min = \"0B\", max = \"2MiB\" } }"),
    ];
    let mut cases: Vec<Case> = sizes
        .iter()
        .map(|(name, size)| {
            let figures = vec![
                figure("mean delay", slowed, |run| wait_s(run, Resource::Bandwidth)),
                figure("mean in use, in bytes a second", rho * MIB, |run| {
                    levels(run, Resource::Bandwidth).1
                }),
            ];
            case(name, storm(rho, shared, size, UPLOAD), 120_000.0, figures)
        })
        .collect();
    let four = shared.replace("\"1MiB/s\"", "\"4MiB/s\"\nbandwidth = \"1MiB/s\"");
    let (a, c) = (2.8, 4);
    let delay = erlang_c(a, c) / (f64::from(c) - a);
    cases.push(case(
        "M/M/4-PS",
        storm(a, &four, "{ exponential = { mean = \"1MiB\" } }", UPLOAD),
        40_000.0,
        vec![
            figure("mean delay", delay, |run| wait_s(run, Resource::Bandwidth)),
            figure("mean of those slowed", delay * a, |run| {
                levels(run, Resource::Bandwidth).0
            }),
        ],
    ));
    cases
}

const MIB: f64 = 1_048_576.0;

/// One process with a lock is one processor; with a lock for half of the time, two; two processes on one processor share it.
fn processors() -> Vec<Case> {
    let cpu = |cores: &str, lock: &str, processes: u32| {
        format!(
            "[service]\nworkers = 100_000\nprocesses = {processes}\n[service.cpu]\ncores = {cores}\nlock = {lock}\nrequest = {EXPONENTIAL}\n"
        )
    };
    let delay = |run: &RunResult| wait_s(run, Resource::Cores);
    let alone = |rho: f64| rho / (1.0 - rho);
    let (a, c) = (1.0, 2);
    let half = erlang_c(a, c) / (f64::from(c) - a);
    let create = "\"create\"";
    let contended = birth_death(0.5, 8, |there| 1.0 / (1.0 + 0.05 * f64::from(there - 1)));
    vec![
        case(
            "a lock",
            storm(0.5, &cpu("4", "1", 1), "\"0B\"", create),
            120_000.0,
            vec![figure("mean delay", alone(0.5), delay)],
        ),
        case(
            "a lock half of the time",
            storm(a, &cpu("4", "0.5", 1), "\"0B\"", create),
            120_000.0,
            vec![
                figure("mean delay", half, delay),
                figure("mean in use, in thousandths", 1000.0 * a, |run| {
                    levels(run, Resource::Cores).1
                }),
            ],
        ),
        case(
            "two processes on one processor",
            storm(0.5, &cpu("1", "1", 2), "\"0B\"", create),
            120_000.0,
            vec![figure("mean delay", alone(0.5), delay)],
        ),
        case(
            "threads that cost each other time",
            storm(
                0.5,
                &cpu("1", "1", 1)
                    .replace("100_000", "8")
                    .replace("lock", "contention = 0.05\nlock"),
                "\"0B\"",
                create,
            ),
            120_000.0,
            vec![figure("mean delay", contended, delay)],
        ),
        // Half a second for the request of the upload and half for its bytes, which two processors share without a lock.
        case(
            "bytes that are handled",
            storm(
                a,
                "[service]\nworkers = 100_000\n[service.cpu]\ncores = 2\nbandwidth = \"2MiB/s\"\noperations = { upload = \"500ms\" }\n",
                "\"1MiB\"",
                UPLOAD,
            ),
            40_000.0,
            vec![figure("mean in use, in thousandths", 1000.0 * a, |run| {
                levels(run, Resource::Cores).1
            })],
        ),
    ]
}

/// Requests that all take a second: one after the other they wait half as long as side by side.
fn turns() -> Vec<Case> {
    let service = |turn: &str| {
        format!(
            "[service]\nworkers = 100_000\n[service.cpu]\ncores = 4\nlock = 1\nturn = \"{turn}\"\nrequest = \"1s\"\n"
        )
    };
    let delay = |run: &RunResult| wait_s(run, Resource::Cores);
    vec![
        case(
            "turns that are longer than any request",
            storm(0.5, &service("1000s"), "\"0B\"", "\"create\""),
            120_000.0,
            vec![figure("mean delay", 0.5, delay)],
        ),
        case(
            "turns that are short",
            storm(0.5, &service("5ms"), "\"0B\"", "\"create\""),
            60_000.0,
            vec![figure("mean delay", 1.0, delay)],
        ),
    ]
}

/// Two kinds of exponential requests that weigh one and three: what each takes has a closed form (Fayolle, Mitrani and Iasnogorodski,
/// 1980). Who hands over loses a share of the speed, but not alone: a birth-death process.
fn weights() -> Vec<Case> {
    let service = |keys: &str| {
        format!(
            "[service]\nworkers = 100_000\n[service.cpu]\ncores = 4\nlock = 1\nrequest = {EXPONENTIAL}\n{keys}\n"
        )
    };
    let two_kinds = storm(
        0.6,
        &service("weights.create-empty = 3"),
        "\"0B\"",
        "\"create\"",
    );
    // Arrivals at a rate of 0.3 each, of requests of a second each.
    let (each, weight): (f64, f64) = (0.3, 3.0);
    let alike = 1.0 / (1.0 - 2.0 * each);
    let unbroken = storm(
        2.0 * each,
        &service("weights.create = 0.001\nunbroken.create = 0.4\nunbroken_weight = 1000"),
        "\"0B\"",
        "\"create\"",
    );
    // The unbroken part goes before all else, the rest after all else: the others see a queue with priorities, in which they are second.
    let (part, busy) = (0.4, each * 0.4);
    let work = each * part * part + each;
    let second = 1.0 / (1.0 - busy) + work / ((1.0 - busy) * (1.0 - busy - each));
    let unlike = each * (weight - 1.0) / ((1.0 + weight) * (1.0 - each));
    vec![
        case(
            "weights",
            two_kinds + "[[story]]\nname = \"y\"\nsteps = [\"create-empty\"]\n",
            240_000.0,
            vec![
                figure("mean of the light", alike * (1.0 + unlike), |run| {
                    mean_s(run, Operation::Create)
                }),
                figure("mean of the heavy", alike * (1.0 - unlike), |run| {
                    mean_s(run, Operation::CreateEmpty)
                }),
            ],
        ),
        case(
            "an unbroken part that goes first",
            unbroken + "[[story]]\nname = \"y\"\nsteps = [\"create-empty\"]\n",
            240_000.0,
            vec![
                figure("mean of the others", second, |run| {
                    mean_s(run, Operation::CreateEmpty)
                }),
                figure("mean in use, in thousandths", 2.0 * each * 1000.0, |run| {
                    levels(run, Resource::Cores).1
                }),
            ],
        ),
        case(
            "weights that hand over",
            storm(0.5, &service("handover = 0.1"), "\"0B\"", "\"create\""),
            120_000.0,
            vec![figure(
                "mean delay",
                birth_death(0.5, 500, |there| if there > 1 { 1.0 / 1.1 } else { 1.0 }),
                |run| wait_s(run, Resource::Cores),
            )],
        ),
    ]
}

/// Two that begin together with a second of work each: the second ends after two seconds, and the first when it has had its part. By
/// chance one weighs r times as much as the other, so that the first ends after 1 + min(r, 1 / r). r is the ratio of two gamma variables.
/// Whatever they weigh, an M/M/1 has as many in it as with equal weights.
fn chance() -> Vec<Case> {
    let service = |burst: &str, request: &str| {
        format!(
            "[service]\nworkers = 100_000\n[service.cpu]\ncores = 4\nlock = 1\nburst = \"{burst}\"\n{request}\n"
        )
    };
    let show = "operations = { show = \"1s\" }";
    let both = "\"create\", { race = [\"show\", \"show\"] }";
    let pair = |name, burst, first: f64| {
        let text = storm(0.1, &service(burst, show), "\"0B\"", both);
        let text = text.replace("\"0.1/s\"", "\"0.1/s\", spacing = \"even\"");
        let mean = (first + 2.0) / 2.0;
        let figures = vec![figure("mean of both", mean, |run| {
            mean_s(run, Operation::Show)
        })];
        case(name, text, 40_000.0, figures)
    };
    let exponential = format!("request = {EXPONENTIAL}");
    let alike = storm(0.5, &service("1000s", &exponential), "\"0B\"", "\"create\"");
    let delay = figure("mean delay", 1.0, |run| wait_s(run, Resource::Cores));
    vec![
        // b = r / (1 + r) has a beta distribution; the mean of the lesser of r and 1 / r is twice the integral of b / (1 - b) to a half.
        pair("a lock that is waited for four times", "250ms", 1.604_167),
        pair("a lock that is waited for once", "10s", 2.0 * 2_f64.ln()),
        case("weights by chance", alike, 240_000.0, vec![delay]),
    ]
}

/// Which process accepts a request is chance. With many threads these are two queues with half of the arrivals each.
fn race() -> Vec<Case> {
    let service = |workers: u32| {
        format!(
            "[service]\nworkers = {workers}\nprocesses = 2\nbalance = \"race\"\n[service.cpu]\ncores = 2\nlock = 1\nrequest = {EXPONENTIAL}\n"
        )
    };
    let of = |name, rate: f64, workers: u32, delay: f64| {
        case(
            name,
            storm(rate, &service(workers), "\"0B\"", "\"create\""),
            120_000.0,
            vec![figure("mean delay", delay, |run| {
                wait_s(run, Resource::Cores)
            })],
        )
    };
    vec![
        of("two processes that race", 1.0, 100_000, 1.0),
        of(
            "two that race with three threads each",
            1.5,
            6,
            raced(1.5, 3),
        ),
    ]
}

/// The mean delay where two processes with so many threads each race for arrivals, and each does one a second: a Markov chain, whose state
/// is how many each has and, where both have all they can, how many wait. A process is as likely to accept as it has a thread that is ready,
/// where each that is free is ready with a chance of a half.
fn raced(rate: f64, threads: usize) -> f64 {
    const WAITING: usize = 400;
    let side = threads + 1;
    let full = side * side - 1;
    let mut p = vec![0.0; full + 1 + WAITING];
    p[0] = 1.0;
    let step = 1.0 / (rate + 2.0);
    for _ in 0..20_000 {
        let mut next = vec![0.0; p.len()];
        for (state, chance) in p.iter().enumerate() {
            let (a, b) = match state < full {
                true => (state / side, state % side),
                false => (threads, threads),
            };
            let mut go = |to: usize, rate: f64| {
                next[to] += chance * rate * step;
                next[state] -= chance * rate * step;
            };
            let [to_a, to_b] = [a, b].map(|open| 1.0 - 0.5_f64.powi((threads - open) as i32));
            match to_a + to_b > 0.0 {
                true => {
                    go(state + side, rate * to_a / (to_a + to_b));
                    go(state + 1, rate * to_b / (to_a + to_b));
                }
                false => go((state + 1).min(full + WAITING), rate),
            }
            match state > full {
                true => go(state - 1, 2.0),
                false => {
                    if a > 0 {
                        go(state - side, 1.0);
                    }
                    if b > 0 {
                        go(state - 1, 1.0);
                    }
                }
            }
            next[state] += chance;
        }
        p = next;
    }
    let open = |state: usize| (state / side + state % side) as f64;
    let inside: f64 = (p.iter().enumerate())
        .map(|(state, chance)| chance * open(state.min(full)))
        .sum();
    inside / rate - 1.0
}

/// The mean time of an operation.
fn mean_s(run: &RunResult, operation: Operation) -> f64 {
    let rows = run.operations.iter();
    let mut rows =
        rows.filter(|row| row.operation == operation && run.phases[row.phase].name == "load");
    rows.next().map_or(f64::NAN, |row| mean_of(&row.response))
}

/// The mean delay at a processor that has this speed with so many users there, of whom at most so many are there at once: a birth-death
/// process.
fn birth_death(rho: f64, most: u32, speed: impl Fn(u32) -> f64) -> f64 {
    let (mut weight, mut all, mut users) = (1.0, 1.0, 0.0);
    for n in 1..500 {
        let there = n.min(most);
        weight *= rho / speed(there);
        all += weight;
        users += weight * f64::from(there);
    }
    users / all / rho - 1.0
}

/// The time that a slot is held, where nobody waits: writes in pieces, and removals that grow with the size.
fn store() -> Vec<Case> {
    let busy = |run: &RunResult| levels(run, Resource::Slots).1;
    let slots = "[service]\nworkers = 100_000\n[service.store]\nslots = 100_000\n";
    let chunks = format!(
        "{slots}put = \"500ms\"\nbandwidth = \"2MiB/s\"\nchunk = \"1MiB\"\nchunk_time = \"100ms\"\n"
    );
    let reads = format!(
        "{slots}get_bandwidth = \"2MiB/s\"\n[service.cpu]\ncores = 100\nget_bandwidth = \"4MiB/s\"\n"
    );
    let removals = format!("{slots}delete = \"250ms\"\ndelete_bandwidth = \"4MiB/s\"\n");
    vec![
        // Ten pieces, of which the last is half: half a second, five for the bytes, and one for the pieces.
        case(
            "writes in pieces",
            storm(5.0, &chunks, "\"9728KiB\"", UPLOAD),
            8_000.0,
            vec![figure("mean busy", 5.0 * (0.5 + 4.75 + 1.0), busy)],
        ),
        // Half a second over the link, and half for the processor.
        case(
            "bytes that are read",
            storm(
                5.0,
                &reads,
                "\"1MiB\"",
                "\"create\", \"upload\", \"download\"",
            ),
            8_000.0,
            vec![
                figure("mean busy", 5.0 * 0.5, busy),
                figure("mean in use, in thousandths", 5.0 * 0.25 * 1000.0, |run| {
                    levels(run, Resource::Cores).1
                }),
            ],
        ),
        case(
            "removals that grow",
            storm(
                5.0,
                &removals,
                "\"3MiB\"",
                "\"create\", \"upload\", \"delete\"",
            ),
            8_000.0,
            vec![figure("mean busy", 5.0 * (0.25 + 0.75), busy)],
        ),
    ]
}

/// The share of creates of the load that failed.
fn failed(run: &RunResult) -> f64 {
    let rows = run.operations.iter();
    let rows = rows.filter(|row| run.phases[row.phase].name == "load");
    let (mut failed, mut all) = (0.0, 0.0);
    for row in rows {
        let count = row.response.count() as f64;
        all += count;
        if row.outcome == Outcome::Fail {
            failed += count;
        }
    }
    failed / all
}

/// Connections that are refused, that stay, and looks that take time.
fn connections() -> Vec<Case> {
    let connections = |keys: &str| {
        format!(
            "[service]\n{keys}\n[service.registry]\nconnections = 100_000\ncommit = {EXPONENTIAL}\n"
        )
    };
    // M/M/4 with room for two more.
    let (a, c, room): (f64, u32, i32) = (4.0, 4, 2);
    let b = erlang_b(a, c);
    let beyond = |n: i32| b * (a / f64::from(c)).powi(n);
    let lost = beyond(room) / (1..=room).map(beyond).fold(1.0, |sum, p| sum + p);
    let refused = case(
        "a backlog",
        storm(
            a,
            &connections("workers = 4\nbacklog = 2"),
            "\"0B\"",
            "\"create\"",
        ),
        20_000.0,
        vec![figure("share refused", lost, failed)],
    );
    // M/G/1, whose service is a commit and the second for which the worker stays.
    let rate = 0.25;
    let second = 2.0 + 2.0 + 1.0;
    let kept = case(
        "workers that stay",
        storm(
            rate,
            &connections("workers = 1\nkeep_alive = \"1s\""),
            "\"0B\"",
            "\"create\"",
        ),
        240_000.0,
        vec![figure(
            "mean wait",
            rate * second / (2.0 * (1.0 - 2.0 * rate)),
            |run| wait_s(run, Resource::Workers),
        )],
    );
    let rho = 0.5;
    let reads = case(
        "looks that take time",
        storm(
            rho,
            &format!(
                "[service]\nworkers = 100_000\n[service.registry]\nconnections = 1\nread = {EXPONENTIAL}\n"
            ),
            "\"0B\"",
            // After pauses of many lengths, shows come as if by chance.
            "\"create\", { wait = { exponential = { mean = \"500s\" } } }, \"show\"",
        ),
        120_000.0,
        // Creates take no time, and wait as long as shows do.
        vec![figure("mean wait", rho / (1.0 - rho), |run| {
            wait_s(run, Resource::Connections)
        })],
    );
    vec![refused, kept, reads]
}

/// A pass reads what was deleted in the scrub time and the interval before it; what comes due waits for half of what is between passes.
fn scrubber() -> Case {
    let (rate, time_s, interval_s, read_s) = (2.0, 100.0, 20.0, 0.05);
    let between_s = interval_s + read_s * rate * (time_s + interval_s);
    let service = format!(
        "[service]\ndelayed_delete = true\nscrub_time = \"{time_s}s\"\nscrub_interval = \"{interval_s}s\"\n\
         scrub_read = \"{read_s}s\"\nscrub_workers = 1000\n"
    );
    case(
        "passes that read",
        storm(
            rate,
            &service,
            "\"1KiB\"",
            "\"create\", \"upload\", \"delete\"",
        ),
        20_000.0,
        vec![figure("mean latency", between_s / 2.0, scrub_latency)],
    )
}

/// Of three tries that each fail with a probability, as many fail as the sum of its powers says.
fn retries() -> Case {
    let p: f64 = 0.4;
    let tries = |n: i32| (1.0 - p.powi(n)) / (1.0 - p);
    // A story ends when its create has failed for good; what fails are tries.
    let text = storm(50.0, "", "\"0B\"", "\"create\"").replace(
        "warm_up",
        "retries = { most = 2, after = \"1s\", jitter = 0.5 }\nwarm_up",
    ) + &format!(
        "[[fault]]\nname = \"errors\"\nat = \"api\"\nkind = {{ error = {{ probability = {p} }} }}\n"
    );
    case(
        "retries",
        text,
        4_000.0,
        vec![figure("tries a story", tries(3), |run| {
            let rows = run.operations.iter();
            let all: u64 = rows.map(|row| row.response.count()).sum();
            all as f64 / run.end.arrivals as f64
        })],
    )
}

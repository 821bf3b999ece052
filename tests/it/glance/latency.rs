//! What one client measures.

use super::{Subject, local, place};
use std::time::{Duration, Instant};
use stormglass_model::lifecycle::{Operation, Outcome};

/// Not a test of speed: says what one client measures, beside what GLANCE.md has.
#[test]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn latencies_of_one_client() {
    let Some(place) = place() else { return };
    local(async {
        let stages = [
            Operation::Create,
            Operation::Upload,
            Operation::Download,
            Operation::Deactivate,
            Operation::Reactivate,
            Operation::Delete,
        ];
        let mut taken = vec![Vec::new(); stages.len()];
        let mut connect = Vec::new();
        for number in 1_000..1_050 {
            let mut subject = Subject::new(&place, number);
            for (operation, taken) in stages.into_iter().zip(&mut taken) {
                let began = Instant::now();
                let answer = subject.check(operation, Outcome::Ok).await;
                taken.push(began.elapsed());
                connect.push(Duration::from_nanos(answer.connect.0));
            }
        }
        let spread = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            let last = times.len() - 1;
            format!("{:?}, {:?} to {:?}", times[last / 2], times[0], times[last])
        };
        for (operation, taken) in stages.into_iter().zip(&mut taken) {
            eprintln!("{operation:>12}: median {}", spread(taken));
        }
        eprintln!("{:>12}: median {}", "connect", spread(&mut connect));
    });
}

/// The cycle that GLANCE.md counts: create, upload, download, delete.
#[test]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn lifecycles_a_second() {
    const CYCLES: u64 = 64;
    let cycle = [
        Operation::Create,
        Operation::Upload,
        Operation::Download,
        Operation::Delete,
    ];
    let Some(place) = place() else { return };
    for clients in [1, 8] {
        let began = Instant::now();
        local(async {
            let mut open = tokio::task::JoinSet::new();
            for client in 0..clients {
                let place = place.clone();
                open.spawn_local(async move {
                    for number in 0..CYCLES / clients {
                        let number = clients << 32 | client << 16 | number;
                        let mut subject = Subject::new(&place, number);
                        for operation in cycle {
                            subject.check(operation, Outcome::Ok).await;
                        }
                    }
                });
            }
            open.join_all().await;
        });
        let rate = CYCLES as f64 / began.elapsed().as_secs_f64();
        eprintln!("{clients} at once: {rate:.1} lifecycles a second");
    }
}

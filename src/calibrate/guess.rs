//! Where a fit begins: what an operation takes alone, divided between the processors and the rest.

use super::fit::LEAST_S;
use super::observation::Observation;
use super::parameters::{Alone, Fitted, Given, OPERATIONS, Parameter};
use super::plan::{Plan, levels};
use stormglass_model::config::Balance;
use stormglass_model::lifecycle::Operation;

/// A first guess, in seconds, seconds a byte and shares.
struct Guess {
    /// How long each operation takes alone and without data.
    alone: [Alone; OPERATIONS.len()],
    /// The share of that for which processors are busy.
    cpu: [f64; OPERATIONS.len()],
    /// By how much longer a delete takes that removes data.
    removal_s: f64,
    /// How long a byte takes that is written, and one that is read.
    bytes_s: [f64; 2],
    /// The share of that for which processors are busy.
    cpu_of_bytes: f64,
    cores: f64,
}

/// From the storms without load and those with most: what saturation leaves for the processors, and the rest.
pub(super) fn of_storms(plan: &Plan, seen: &[Observation], cores: f64) -> Fitted {
    // The storms of each kind lie side by side, the one without load first and that with most last.
    let levels = levels(plan).len();
    let [records, looks, small, small_reads, data, reads] =
        [0, 1, 2, 3, 4, 5].map(|kind| (&seen[kind * levels], &seen[(kind + 1) * levels - 1]));
    let [create, upload, show, download, delete] = [
        alone(records.0, Operation::Create),
        alone(small.0, Operation::Upload),
        alone(looks.0, Operation::Show),
        alone(small_reads.0, Operation::Download),
        alone(records.0, Operation::Delete),
    ];
    // How much of what a life takes alone the processors are busy for.
    let share = |(one, many): (&Observation, &Observation)| {
        let lives = |of: &Observation| of.whole.lives_per_s.unwrap_or(1.0);
        (cores * lives(one) / lives(many)).clamp(0.05, 0.95)
    };
    let of_byte = |more_s: f64| (more_s / data.0.storm.size()).max(1e-12);
    let guess = Guess {
        alone: [create, upload, show, download, delete],
        cpu: [records, small, looks, small_reads, records].map(share),
        // Only who has data has it removed.
        removal_s: alone(small.0, Operation::Delete).p50_s - delete.p50_s,
        bytes_s: [
            of_byte(alone(data.0, Operation::Upload).p50_s - upload.p50_s),
            of_byte(alone(reads.0, Operation::Download).p50_s - download.p50_s),
        ],
        cpu_of_bytes: share(data),
        cores,
    };
    guess.fitted(plan.given)
}

/// From the level of load at which least else went on. Images have this mean size, in bytes.
pub(super) fn of_levels(given: Given, lowest: &Observation, size: f64, cores: f64) -> Fitted {
    let [create, mut upload, show, mut download, delete] =
        OPERATIONS.map(|operation| alone(lowest, operation));
    // A quarter of what moves data is taken for the data's. Where it spreads more than a create does, its sizes do that.
    let bytes_s = [upload, download].map(|it| (0.25 * it.p50_s / size.max(1.0)).max(1e-12));
    for it in [&mut upload, &mut download] {
        it.p99_s = it.p99_s.min(it.p50_s * create.p99_s / create.p50_s);
    }
    let guess = Guess {
        alone: [create, upload, show, download, delete],
        cpu: [0.6; OPERATIONS.len()],
        removal_s: 0.1 * delete.p50_s,
        bytes_s,
        cpu_of_bytes: 0.5,
        cores,
    };
    guess.fitted(given)
}

/// How long an operation takes in a storm.
fn alone(of: &Observation, operation: Operation) -> Alone {
    let times = of.times(operation);
    Alone {
        p50_s: times.map_or(LEAST_S, |it| it.p50_s.max(LEAST_S)),
        p99_s: times.map_or(LEAST_S, |it| it.p99_s.max(LEAST_S)),
    }
}

impl Guess {
    fn fitted(&self, given: Given) -> Fitted {
        let rest = [0, 1, 2, 3].map(|at| self.alone[at].p50_s * (1.0 - self.cpu[at]));
        let [of_create, of_upload, of_show, of_download] = rest;
        let commit = of_create.min(0.5 * of_upload).max(LEAST_S);
        let read = of_show.max(LEAST_S);
        let [put_byte, get_byte] = self.bytes_s;
        let share = self.cpu_of_bytes;
        let values = Parameter::all().into_iter().map(|parameter| {
            let value = match parameter {
                Parameter::Cpu(operation) => {
                    let at = OPERATIONS.iter().position(|it| *it == operation);
                    at.map_or(LEAST_S, |at| self.cpu[at] * self.alone[at].p50_s)
                }
                Parameter::Commit => commit,
                Parameter::Read => read,
                Parameter::Put => of_upload - 2.0 * commit,
                Parameter::Get => of_download - read,
                Parameter::Remove => self.removal_s,
                Parameter::CpuOfPut => share * put_byte,
                Parameter::CpuOfGet => share * get_byte,
                Parameter::ByteOfPut => (1.0 - share) * put_byte,
                Parameter::ByteOfGet => (1.0 - share) * get_byte,
                Parameter::Cores => self.cores,
                Parameter::PutWeight | Parameter::GetWeight => 1.0,
                Parameter::Unbroken(_) => 0.3,
                Parameter::Spread => 1.0,
            };
            let least = match parameter {
                Parameter::CpuOfPut
                | Parameter::CpuOfGet
                | Parameter::ByteOfPut
                | Parameter::ByteOfGet => 1e-12,
                // From nothing no step leads away: times are moved by shares of them.
                _ => (0.03 * self.alone[0].p50_s).max(2.0 * LEAST_S),
            };
            (parameter, value.max(least), 0.0)
        });
        Fitted {
            given,
            values: values.collect(),
            balance: Balance::default(),
            alone: self.alone,
        }
    }
}

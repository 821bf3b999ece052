//! The model that is fitted: where the time of each operation goes.

use std::num::{NonZeroU32, NonZeroU64};
use stormglass_model::config::{
    Balance, CpuConfig, RegistryConfig, ServiceConfig, StoreConfig, Weight,
};
use stormglass_model::lifecycle::Operation;
use stormglass_model::random::{Distribution, Shape};
use stormglass_model::units::{Bytes, Span};

/// What the operator knows of the service, and no storm can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// How many processes it has.
    pub processes: NonZeroU32,
    /// How many threads each process has.
    pub threads: NonZeroU32,
    /// How many connections to its database it has.
    pub connections: NonZeroU32,
    /// How many transfers its store takes at once.
    pub slots: NonZeroU32,
}

/// The operations whose time is measured apart.
pub(super) const OPERATIONS: [Operation; 5] = [
    Operation::Create,
    Operation::Upload,
    Operation::Show,
    Operation::Download,
    Operation::Delete,
];

/// Those of which a part may be unbroken. Only what operations are to each other can be seen: a show, the shortest, has no such part.
fn unbroken() -> impl Iterator<Item = Operation> {
    let all = OPERATIONS.into_iter();
    all.filter(|it| *it != Operation::Show)
}

/// One parameter of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// The median processor time of an operation, without data.
    Cpu(Operation),
    /// How long a commit takes beside.
    Commit,
    /// How long a look at records takes beside.
    Read,
    /// How long a write takes beside, before its bytes.
    Put,
    /// How long a read takes beside, before its bytes.
    Get,
    /// How long a removal takes beside.
    Remove,
    /// The processor time of a byte that is written.
    CpuOfPut,
    /// The processor time of a byte that is read.
    CpuOfGet,
    /// How long a byte that is written takes beside.
    ByteOfPut,
    /// How long a byte that is read takes beside.
    ByteOfGet,
    /// How many processors there are for all processes.
    Cores,
    /// For which share of an operation's processor time its thread does not let the lock go by itself.
    Unbroken(Operation),
    /// What the handling of data weighs that is written.
    PutWeight,
    /// What the handling of data weighs that is read.
    GetWeight,
    /// How much of what the slowest of a hundred operations take more, with next to nothing beside them, is their own processor time. Storms
    /// of one user have nothing beside: there it is all.
    Spread,
}

impl Parameter {
    /// Every parameter.
    pub(super) fn all() -> Vec<Parameter> {
        let cpu = OPERATIONS.into_iter().map(Parameter::Cpu);
        cpu.chain([
            Parameter::Commit,
            Parameter::Read,
            Parameter::Put,
            Parameter::Get,
            Parameter::Remove,
            Parameter::CpuOfPut,
            Parameter::CpuOfGet,
            Parameter::ByteOfPut,
            Parameter::ByteOfGet,
            Parameter::Cores,
            Parameter::PutWeight,
            Parameter::GetWeight,
            Parameter::Spread,
        ])
        .chain(unbroken().map(Parameter::Unbroken))
        .collect()
    }

    /// The key of the scenario that says it.
    pub fn key(self) -> String {
        match self {
            Parameter::Cpu(operation) => format!("service.cpu.operations.{operation}"),
            Parameter::Commit => "service.registry.commit".to_owned(),
            Parameter::Read => "service.registry.read".to_owned(),
            Parameter::Put => "service.store.put".to_owned(),
            Parameter::Get => "service.store.get".to_owned(),
            Parameter::Remove => "service.store.delete".to_owned(),
            Parameter::CpuOfPut => "service.cpu.bandwidth".to_owned(),
            Parameter::CpuOfGet => "service.cpu.get_bandwidth".to_owned(),
            Parameter::ByteOfPut => "service.store.bandwidth".to_owned(),
            Parameter::ByteOfGet => "service.store.get_bandwidth".to_owned(),
            Parameter::Cores => "service.cpu.cores".to_owned(),
            Parameter::Unbroken(operation) => format!("service.cpu.unbroken.{operation}"),
            Parameter::PutWeight => "service.cpu.put_weight".to_owned(),
            Parameter::GetWeight => "service.cpu.get_weight".to_owned(),
            Parameter::Spread => "the spread of service.cpu.operations".to_owned(),
        }
    }
}

/// How much longer than its median an operation takes once in a hundred times, without load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Alone {
    pub(super) p50_s: f64,
    pub(super) p99_s: f64,
}

/// The parameters with their values, in seconds, seconds a byte, processors and shares.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// What the operator knew.
    pub given: Given,
    /// Each parameter, its value, and its standard error as a share of it; an error of infinity where the storms do not tell it.
    pub values: Vec<(Parameter, f64, f64)>,
    /// Which process a request goes to.
    pub balance: Balance,
    /// How long each of [`OPERATIONS`] takes without load and without data.
    pub(super) alone: [Alone; OPERATIONS.len()],
}

impl Fitted {
    /// One of a process of four threads.
    #[cfg(test)]
    pub(super) fn example() -> Fitted {
        let many = |count| NonZeroU32::new(count).expect("is above zero");
        let values = Parameter::all().into_iter().map(|parameter| {
            let (value, error) = match parameter {
                Parameter::CpuOfPut | Parameter::ByteOfPut => (5e-9, 0.1),
                Parameter::CpuOfGet => (1e-13, f64::INFINITY),
                Parameter::ByteOfGet => (1e-9, 0.1),
                Parameter::Cores => (1.0, 0.0),
                Parameter::PutWeight | Parameter::GetWeight => (0.5, 0.08),
                Parameter::Unbroken(Operation::Download) => (0.1, 0.6),
                Parameter::Unbroken(_) => (0.4, 0.12),
                Parameter::Spread => (1.0, 0.0),
                Parameter::Cpu(_) => (0.010, 0.02),
                Parameter::Commit
                | Parameter::Read
                | Parameter::Put
                | Parameter::Get
                | Parameter::Remove => (0.003, 0.1),
            };
            (parameter, value, error)
        });
        let alone = Alone {
            p50_s: 0.012,
            p99_s: 0.024,
        };
        Fitted {
            given: Given {
                processes: many(1),
                threads: many(4),
                connections: many(4),
                slots: many(4),
            },
            values: values.collect(),
            balance: Balance::default(),
            alone: [alone; OPERATIONS.len()],
        }
    }

    /// The value of a parameter.
    pub fn value(&self, parameter: Parameter) -> f64 {
        let found = self.values.iter().find(|(it, ..)| *it == parameter);
        found.map_or(0.0, |(_, value, _)| *value)
    }

    /// The processor time of an operation: what it takes without load, but for what is beside, spreads as the whole does.
    fn cpu(&self, at: usize) -> Distribution<Span> {
        let operation = OPERATIONS[at];
        let median = self.value(Parameter::Cpu(operation));
        let more = (self.alone[at].p99_s - self.alone[at].p50_s).max(0.0);
        spread(median, median + more * self.value(Parameter::Spread))
    }

    /// The service that these parameters describe.
    pub fn service(&self) -> ServiceConfig {
        let Given {
            processes,
            threads,
            connections,
            slots,
        } = self.given;
        let default = ServiceConfig::default();
        let seconds = |parameter| constant(self.value(parameter));
        let bandwidth = |parameter| {
            let of_byte = self.value(parameter);
            (of_byte > SHORTEST_BYTE_S).then(|| Bytes((1.0 / of_byte).round().max(1.0) as u64))
        };
        let by_operation = OPERATIONS.into_iter().enumerate();
        let by_operation: Vec<_> = by_operation.map(|(at, it)| (it, self.cpu(at))).collect();
        let weight = |parameter| Weight::new(self.value(parameter)).unwrap_or(Weight::ONE);
        let thousandths = (self.value(Parameter::Cores) * 1000.0).round() as u64;
        ServiceConfig {
            workers: processes.saturating_mul(threads),
            processes,
            balance: self.balance,
            cpu: Some(CpuConfig {
                thousandths: NonZeroU64::new(thousandths).unwrap_or(NonZeroU64::MIN),
                lock: 1.0,
                contention: 0.0,
                turn: None,
                // An operation that was not measured is taken for one that changes a record.
                request: self.cpu(0),
                by_operation,
                bandwidth: bandwidth(Parameter::CpuOfPut),
                get_bandwidth: bandwidth(Parameter::CpuOfGet),
                data_lock: true,
                weights: Vec::new(),
                unbroken: unbroken()
                    .map(|it| (it, self.value(Parameter::Unbroken(it))))
                    .collect(),
                unbroken_weight: Weight::UNBROKEN,
                put_weight: weight(Parameter::PutWeight),
                get_weight: weight(Parameter::GetWeight),
                handover: None,
                burst: Span::ZERO,
            }),
            registry: RegistryConfig {
                connections,
                commit: seconds(Parameter::Commit),
                read: Some(seconds(Parameter::Read)),
            },
            store: StoreConfig {
                slots,
                bandwidth: bandwidth(Parameter::ByteOfPut),
                get_bandwidth: bandwidth(Parameter::ByteOfGet),
                put: seconds(Parameter::Put),
                get: seconds(Parameter::Get),
                delete: seconds(Parameter::Remove),
                ..default.store
            },
            ..default
        }
    }
}

/// A byte that takes less is taken for one that takes nothing: a TiB a second.
const SHORTEST_BYTE_S: f64 = 1e-12;

fn constant(seconds: f64) -> Distribution<Span> {
    Distribution::constant(Span::from_secs_f64(seconds).0)
}

/// A lognormal distribution, or always the same where it does not spread.
fn spread(median_s: f64, p99_s: f64) -> Distribution<Span> {
    let (median, p99) = (median_s * 1e9, p99_s * 1e9);
    let lognormal = Distribution::new(&Shape::Lognormal { median, p99 });
    match p99 > median && median >= 1.0 {
        true => lognormal.unwrap_or_else(|_| constant(median_s)),
        false => constant(median_s),
    }
}

//! The model that is fitted: where the time of each operation goes.

use std::num::{NonZeroU32, NonZeroU64};
use stormglass_model::config::{CpuConfig, RegistryConfig, ServiceConfig, StoreConfig};
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
    /// The processor time of a byte.
    CpuOfByte,
    /// How long a byte takes beside.
    Byte,
    /// How many processors there are for all processes.
    Cores,
    /// By how much each further thread slows a process.
    Contention,
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
            Parameter::CpuOfByte,
            Parameter::Byte,
            Parameter::Cores,
            Parameter::Contention,
        ])
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
            Parameter::CpuOfByte => "service.cpu.bandwidth".to_owned(),
            Parameter::Byte => "service.store.bandwidth".to_owned(),
            Parameter::Cores => "service.cpu.cores".to_owned(),
            Parameter::Contention => "service.cpu.contention".to_owned(),
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
    /// How long each of [`OPERATIONS`] takes without load and without data.
    pub(super) alone: [Alone; OPERATIONS.len()],
}

impl Fitted {
    /// The value of a parameter.
    pub fn value(&self, parameter: Parameter) -> f64 {
        let found = self.values.iter().find(|(it, ..)| *it == parameter);
        found.map_or(0.0, |(_, value, _)| *value)
    }

    /// The processor time of an operation: what it takes without load, but for what is beside, spreads as the whole does.
    fn cpu(&self, at: usize) -> Distribution<Span> {
        let operation = OPERATIONS[at];
        let median = self.value(Parameter::Cpu(operation));
        let rest = (self.alone[at].p50_s - median).max(0.0);
        let p99 = (self.alone[at].p99_s - rest).max(median);
        spread(median, p99)
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
        let thousandths = (self.value(Parameter::Cores) * 1000.0).round() as u64;
        ServiceConfig {
            workers: processes.saturating_mul(threads),
            processes,
            cpu: Some(CpuConfig {
                thousandths: NonZeroU64::new(thousandths).unwrap_or(NonZeroU64::MIN),
                lock: 1.0,
                contention: self.value(Parameter::Contention),
                turn: None,
                // An operation that was not measured is taken for one that changes a record.
                request: self.cpu(0),
                by_operation,
                bandwidth: bandwidth(Parameter::CpuOfByte),
                data_lock: true,
            }),
            registry: RegistryConfig {
                connections,
                commit: seconds(Parameter::Commit),
                read: Some(seconds(Parameter::Read)),
            },
            store: StoreConfig {
                slots,
                bandwidth: bandwidth(Parameter::Byte),
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

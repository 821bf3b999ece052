//! The protobuf format of Prometheus: the only one that carries native histograms.
//!
//! It is a dozen of messages of numbers and names, so it is written here. The numbers of their fields are those of
//! <https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto>.

use super::families::{Kind, MetricFamily, Sample, Value, bounds, cumulative};
use crate::metrics::Responses;

/// A native histogram's buckets: each is wider than the one before by 2 to the power of 2 to the power of minus this.
const SCHEMA: i64 = 3;
/// Values up to this are in the bucket of zero, in seconds.
const ZERO: f64 = 16e-9;

/// Every family in turn, each with its length before it.
pub fn protobuf(families: &[MetricFamily<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for family in families {
        let mut message = MessageBytes::default();
        message.text(1, family.name);
        message.text(2, family.help);
        message.count(
            3,
            match family.kind {
                Kind::Counter => 0,
                Kind::Gauge => 1,
                Kind::Histogram => 4,
            },
        );
        for sample in &family.samples {
            message.message(4, metric(family.kind, sample));
        }
        varint(&mut bytes, message.0.len() as u64);
        bytes.extend(message.0);
    }
    bytes
}

fn metric(kind: Kind, sample: &Sample<'_>) -> MessageBytes {
    let mut metric = MessageBytes::default();
    for (name, value) in &sample.labels {
        let mut label = MessageBytes::default();
        label.text(1, name);
        label.text(2, value);
        metric.message(1, label);
    }
    let field = match kind {
        Kind::Gauge => 2,
        Kind::Counter => 3,
        Kind::Histogram => 7,
    };
    let number = |number| {
        let mut value = MessageBytes::default();
        value.double(1, number);
        value
    };
    metric.message(
        field,
        match sample.value {
            Value::Count(count) => number(count as f64),
            Value::Number(value) => number(value),
            Value::Spread(responses) => histogram(responses),
        },
    );
    metric
}

fn histogram(responses: &Responses) -> MessageBytes {
    let mut histogram = MessageBytes::default();
    histogram.count(1, responses.count());
    histogram.double(2, responses.sum_ns as f64 / 1e9);
    for (bound, count) in bounds().zip(cumulative(responses)) {
        let mut bucket = MessageBytes::default();
        bucket.count(1, count);
        bucket.double(2, bound);
        histogram.message(3, bucket);
    }
    let (zeros, buckets) = native(responses);
    histogram.signed(5, SCHEMA);
    histogram.double(6, ZERO);
    histogram.count(7, zeros);
    let mut deltas = Vec::new();
    let (mut next, mut before) = (0, 0);
    for run in buckets.chunk_by(|a, b| a.0 + 1 == b.0) {
        let mut span = MessageBytes::default();
        span.signed(1, run[0].0 - next);
        span.count(2, run.len() as u64);
        histogram.message(12, span);
        next = run[0].0 + run.len() as i64;
        for (_, count) in run {
            varint(&mut deltas, zigzag(*count as i64 - before));
            before = *count as i64;
        }
    }
    histogram.bytes(13, &deltas);
    // Without a bucket, an empty span tells that there are such buckets.
    if buckets.is_empty() {
        let mut span = MessageBytes::default();
        span.signed(1, 0);
        span.count(2, 0);
        histogram.message(12, span);
    }
    histogram
}

/// How many values are in the bucket of zero, and in each other bucket that has any, by its index. A band of values belongs to the
/// bucket of its greatest.
fn native(responses: &Responses) -> (u64, Vec<(i64, u64)>) {
    let (mut zeros, mut buckets) = (0, Vec::<(i64, u64)>::new());
    for (most, count) in responses.spread.bands() {
        let seconds = most.as_secs_f64();
        if seconds <= ZERO {
            zeros += count;
            continue;
        }
        let index = (seconds.log2() * f64::from(1 << SCHEMA)).ceil() as i64;
        match buckets.last_mut() {
            Some((last, sum)) if *last == index => *sum += count,
            _ => buckets.push((index, count)),
        }
    }
    (zeros, buckets)
}

/// A message's bytes.
#[derive(Default)]
struct MessageBytes(Vec<u8>);

impl MessageBytes {
    fn key(&mut self, field: u64, kind: u64) {
        varint(&mut self.0, field << 3 | kind);
    }

    fn count(&mut self, field: u64, value: u64) {
        self.key(field, 0);
        varint(&mut self.0, value);
    }

    fn signed(&mut self, field: u64, value: i64) {
        self.count(field, zigzag(value));
    }

    fn double(&mut self, field: u64, value: f64) {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.key(field, 2);
        varint(&mut self.0, value.len() as u64);
        self.0.extend(value);
    }

    fn text(&mut self, field: u64, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    fn message(&mut self, field: u64, value: MessageBytes) {
        self.bytes(field, &value.0);
    }
}

/// Small numbers of either sign as small numbers without.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

//! What fell into which bucket of a histogram, in few bytes: for those to which little or nothing is added any more.

use std::sync::Arc;

/// Buckets and their counts, in a buffer that many may share.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    buffer: Arc<[u8]>,
    from: u32,
    to: u32,
}

/// A buffer of so many bytes takes no more histograms.
const FULL: usize = 1 << 20;

impl Packed {
    /// The buckets that hold any value, in order, with their counts.
    pub(super) fn new(steps: &[(u16, u64)]) -> Packed {
        let mut bytes = Vec::with_capacity(3 * steps.len());
        write(steps, &mut bytes);
        Packed {
            from: 0,
            to: bytes.len() as u32,
            buffer: bytes.into(),
        }
    }

    /// Many at once, which share buffers. One that is like the one before it takes no bytes at all.
    pub(super) fn all(histograms: impl Iterator<Item = Vec<(u16, u64)>>) -> Vec<Packed> {
        let mut all = Vec::new();
        let (mut bytes, mut ranges) = (Vec::new(), Vec::new());
        let mut before = 0..0;
        for steps in histograms {
            let from = bytes.len();
            write(&steps, &mut bytes);
            let mut range = from..bytes.len();
            if bytes[range.clone()] == bytes[before.clone()] {
                bytes.truncate(from);
                range = before;
            }
            before = range.clone();
            ranges.push(range);
            if bytes.len() >= FULL {
                share(&mut bytes, &mut ranges, &mut all);
                before = 0..0;
            }
        }
        share(&mut bytes, &mut ranges, &mut all);
        all
    }

    /// The buckets that hold any value, in order, with their counts.
    pub(super) fn steps(&self) -> Vec<(u16, u64)> {
        read(&self.buffer[self.from as usize..self.to as usize])
    }
}

/// Makes a buffer of these bytes, which those at these ranges share.
fn share(bytes: &mut Vec<u8>, ranges: &mut Vec<std::ops::Range<usize>>, all: &mut Vec<Packed>) {
    let buffer: Arc<[u8]> = Arc::from(&bytes[..]);
    bytes.clear();
    all.extend(ranges.drain(..).map(|range| Packed {
        buffer: Arc::clone(&buffer),
        from: range.start as u32,
        to: range.end as u32,
    }));
}

/// How far each bucket lies above the one before it, and its count: numbers of seven bits a byte, the least first; all but the
/// last byte of a number have the eighth bit set.
fn write(steps: &[(u16, u64)], bytes: &mut Vec<u8>) {
    let mut before = 0;
    for &(bucket, count) in steps {
        for mut number in [u64::from(bucket - before), count] {
            while number > 0x7f {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
        }
        before = bucket;
    }
}

fn read(bytes: &[u8]) -> Vec<(u16, u64)> {
    let mut bytes = bytes.iter();
    let mut number = || {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = *bytes.next()?;
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return Some(number);
            }
        }
    };
    let mut bucket = 0;
    std::iter::from_fn(|| {
        bucket += number()? as u16;
        Some((bucket, number()?))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_in_shared_buffers_are_what_each_was_alone() {
        let big: Vec<(u16, u64)> = (0..60_000).map(|at| (at, u64::from(at) << 40)).collect();
        let small = |at: u16| vec![(at, 1), (at + 300, 70_000)];
        let mut histograms = vec![Vec::new(), Vec::new(), small(1), small(1), small(2)];
        histograms.extend([big.clone(), big.clone(), small(2), big.clone(), big]);
        let all = Packed::all(histograms.clone().into_iter());
        assert_eq!(all.len(), histograms.len());
        for (packed, steps) in all.iter().zip(&histograms) {
            assert_eq!(packed.steps(), *steps);
            assert_eq!(Packed::new(steps).steps(), *steps);
        }
        let place = |at: usize| (all[at].buffer.as_ptr(), all[at].from, all[at].to);
        assert_eq!(place(2), place(3), "alike, so kept once");
        assert_ne!(place(3), place(4));
        let buffers: std::collections::BTreeSet<_> = (0..all.len()).map(|at| place(at).0).collect();
        assert!((2..5).contains(&buffers.len()), "no buffer grows for ever");
    }
}

//! What is read of requests: whatever is sent, a refusal is all that can come of it.

use stormglass_model::random::{Rng, Seed, unit};
use stormglass_serve::inspect;

const SEEDS: [&[u8]; 4] = [
    include_bytes!("../../../fuzz/corpus/request/patch"),
    include_bytes!("../../../fuzz/corpus/request/draft4"),
    include_bytes!("../../../fuzz/corpus/request/places"),
    include_bytes!("../../../fuzz/corpus/request/create"),
];

fn below(rng: &mut Rng, most: usize) -> usize {
    (unit(rng) * most as f64) as usize
}

/// The same bytes with some of them changed, left out, or put in from another.
fn changed(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=below(rng, 6) {
        let at = below(rng, bytes.len().max(1)).min(bytes.len().saturating_sub(1));
        let other = SEEDS[below(rng, SEEDS.len())];
        let from = below(rng, other.len());
        match below(rng, 4) {
            0 if !bytes.is_empty() => bytes[at] = below(rng, 256) as u8,
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            _ => {
                let some = &other[from..(from + 12).min(other.len())];
                bytes.splice(at..at, some.iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn no_request_is_too_much_for_its_readers() {
    let mut rng = Seed(5).rng();
    let (mut taken, mut refused) = (0, 0);
    for number in 0..20_000 {
        let bytes = match number < SEEDS.len() {
            true => SEEDS[number].to_vec(),
            false => changed(&mut rng, SEEDS[number % SEEDS.len()]),
        };
        let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
        let mut line = || String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let (method, target, range) = (line(), line(), line());
        match inspect(&method, &target, &range, lines.next().unwrap_or_default()) {
            Ok(()) => taken += 1,
            Err(refusal) => {
                assert!((400..500).contains(&refusal.status), "{refusal:?}");
                refused += 1;
            }
        }
    }
    assert_eq!(taken + refused, 20_000);
    assert!(refused > 10_000);
}

//! From where on a series tells its own mean best.

/// How long the rest of a series of `(length, value)` is that tells its mean with the least standard error, in the unit of the
/// lengths: to leave out more brings that mean no nearer to the truth. It is at least the share `least` of the whole; none where an
/// even shorter one would tell it better still, so that it has not come to rest.
///
/// This is the rule of the marginal standard error (K. P. White, "An effective truncation heuristic for bias reduction in simulation
/// output", Simulation 69, 1997). Steps count as if they were independent, so that chance moves the instant.
pub fn least_error(steps: &[(f64, f64)], least: f64) -> Option<f64> {
    let total: f64 = steps.iter().map(|(length, _)| length).sum();
    // The rest from each step on: its length, its mean and its squares about that.
    let (mut length, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let mut best: Option<(f64, f64)> = None;
    let mut shortest = None;
    for (step, value) in steps.iter().rev() {
        let with = length + step;
        let away = value - mean;
        mean += away * step / with;
        squares += away * (value - mean) * step;
        length = with;
        if length < least * total {
            continue;
        }
        shortest = shortest.or(Some(length));
        // The square of the standard error, as if steps were independent.
        let error = squares / length.powi(2);
        if best.is_none_or(|(least, _)| error <= least) {
            best = Some((error, length));
        }
    }
    let (_, rest) = best?;
    (Some(rest) != shortest).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REST: f64 = 0.25;

    proptest! {
        /// The rule is the least of all standard errors, reckoned the long way.
        #[test]
        fn the_error_is_least_where_it_levels_off(
            values in proptest::collection::vec(0.0..9.0_f64, 10..60),
        ) {
            let error = |rest: &[f64]| {
                let n = rest.len() as f64;
                let mean = rest.iter().sum::<f64>() / n;
                rest.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / n / n
            };
            let count = values.len() as f64;
            let tried = (0..values.len()).filter(|from| (values.len() - from) as f64 >= REST * count);
            let tried: Vec<f64> = tried.map(|from| error(&values[from..])).collect();
            let least = tried.iter().copied().fold(f64::INFINITY, f64::min);
            let steps: Vec<_> = values.iter().map(|it| (1.0, *it)).collect();
            match least_error(&steps, REST) {
                Some(rest) => {
                    let found = error(&values[values.len() - rest as usize..]);
                    prop_assert!((found - least).abs() < 1e-9, "{} {}", found, least);
                }
                None => {
                    let last = tried.last().copied().unwrap_or(f64::NAN);
                    prop_assert!((last - least).abs() < 1e-9, "{} {}", last, least);
                }
            }
        }
    }
}

//! Dates as logs write them.

use stormglass_model::units::{Span, Time};

/// An instant that a log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// In nanoseconds since 1970 in UTC.
    pub at: Time,
    /// How finely it is told.
    pub resolution: Span,
    /// Whether it said no zone, so that it was taken as UTC.
    pub is_zoneless: bool,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Sun Nov 29 18:00:07 2026`, as `ctime` writes it: in local time, and does not say in which.
pub fn ctime(text: &str) -> Option<Stamp> {
    let mut words = text.split_ascii_whitespace();
    let (_, month, day, time, year) = (
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
    );
    let date = (number(year)?, month_of(month)?, number(day)?);
    stamp(date, time, None)
}

/// `29/Nov/2026:18:00:07 +0200`, `29/Nov/2026:18:00:07.123` or `29/Nov/2026 18:00:07`.
pub fn common(text: &str) -> Option<Stamp> {
    let (date, rest) = text.split_once([':', ' '])?;
    let mut parts = date.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let date = (number(year)?, month_of(month)?, number(day)?);
    let (time, zone) = match rest.split_once(' ') {
        Some((time, zone)) => (time, Some(zone.trim())),
        None => (rest, None),
    };
    stamp(date, time, zone.filter(|zone| !zone.is_empty()))
}

/// `2026-11-29 18:00:07.123456` or `2026-11-29T18:00:07Z`.
pub fn iso(text: &str) -> Option<Stamp> {
    let (date, rest) = text.split_once(['T', ' '])?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let date = (number(year)?, number(month)?, number(day)?);
    let end = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    stamp(
        date,
        time.trim_end(),
        Some(zone).filter(|zone| !zone.is_empty()),
    )
}

fn month_of(name: &str) -> Option<i64> {
    let at = MONTHS.iter().position(|month| *month == name)?;
    i64::try_from(at).ok().map(|at| at + 1)
}

/// A whole number without a sign.
fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|it| it.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn stamp((year, month, day): (i64, i64, i64), time: &str, zone: Option<&str>) -> Option<Stamp> {
    let (whole, fraction) = match time.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (time, None),
    };
    let mut parts = whole.split(':');
    let (hour, minute, second) = (
        number(parts.next()?)?,
        number(parts.next()?)?,
        number(parts.next()?)?,
    );
    let sound = (1970..=2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && parts.next().is_none();
    if !sound {
        return None;
    }
    let (ns, resolution) = fraction.map_or(Some((0, 1_000_000_000)), part)?;
    let east = zone.map_or(Some(0), offset)?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - east;
    let seconds = u64::try_from(seconds).ok()?;
    Some(Stamp {
        at: Time(seconds.checked_mul(1_000_000_000)?.checked_add(ns)?),
        resolution: Span(resolution),
        is_zoneless: zone.is_none(),
    })
}

/// The digits behind a second's point, in nanoseconds, and how finely they tell.
fn part(digits: &str) -> Option<(u64, u64)> {
    let length = u32::try_from(digits.len())
        .ok()
        .filter(|length| *length <= 9)?;
    let unit = 10_u64.pow(9 - length);
    let value = u64::try_from(number(digits)?).ok()?;
    Some((value * unit, unit))
}

/// How many seconds a zone is east: `Z`, `+0200`, `+02:00`.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "UTC" | "GMT") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = zone.get(1..)?.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits)?, 0),
        4 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Days from 1970 to a date of the Gregorian calendar. Years are counted from March, so that a leap day ends one
/// (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// An instant as a person reads it, to the minute: `2026-11-29 18:00`.
pub fn written(at: Time) -> String {
    let seconds = at.0 / 1_000_000_000;
    let (day, minute) = (seconds / 86_400, seconds % 86_400 / 60);
    let shifted = i64::try_from(day).unwrap_or(0) + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    format!(
        "{year}-{month:02}-{day:02} {:02}:{:02}",
        minute / 60,
        minute % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-29 18:00:07 UTC.
    const AT: u64 = 1_795_975_207;

    /// In milliseconds.
    fn told(stamp: Option<Stamp>) -> Option<u64> {
        stamp.map(|stamp| stamp.at.0 / 1_000_000)
    }

    #[test]
    fn every_way_to_write_an_instant_is_that_instant() {
        let at = AT * 1_000;
        assert_eq!(told(ctime("Sun Nov 29 18:00:07 2026")), Some(at));
        assert_eq!(told(common("29/Nov/2026:18:00:07 +0000")), Some(at));
        assert_eq!(told(common("29/Nov/2026:20:00:07 +0200")), Some(at));
        assert_eq!(told(common("29/Nov/2026:18:00:07.250")), Some(at + 250));
        assert_eq!(told(common("29/Nov/2026 18:00:07")), Some(at));
        assert_eq!(told(iso("2026-11-29 18:00:07.5")), Some(at + 500));
        assert_eq!(told(iso("2026-11-29T18:00:07Z")), Some(at));
        assert_eq!(told(iso("2026-11-29T12:30:07,000-05:30")), Some(at));
    }

    #[test]
    fn what_has_no_zone_says_so_and_how_fine_it_is() {
        let stamp = common("29/Nov/2026:18:00:07.250").unwrap();
        assert_eq!(
            (stamp.resolution, stamp.is_zoneless),
            (Span::from_millis(1), true)
        );
        let stamp = iso("2026-11-29T18:00:07+00:00").unwrap();
        assert_eq!(
            (stamp.resolution, stamp.is_zoneless),
            (Span::from_secs(1), false)
        );
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "::",
            "31/Foo/2026:00:00:00 +0000",
            "1/Jan/1969:00:00:00 +0000",
            "1/Jan/2026:24:00:00 +0000",
            "1/Jan/2026:00:00:00 +9900",
            "1/Jan/2026:00:00 +0000",
            "+1/Jan/2026:00:00:00",
            "1/Jan/2026:00:00:00.0123456789",
        ] {
            assert_eq!(common(text), None, "{text}");
        }
        assert_eq!(iso("2026-13-01 00:00:00"), None);
        assert_eq!(ctime("Sun Nov 29 18:00:07"), None);
    }

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for (at, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_400, "2000-02-29 00:00"),
            (AT, "2026-11-29 18:00"),
            (4_107_542_340, "2100-02-28 23:59"),
        ] {
            assert_eq!(written(Time(at * 1_000_000_000)), text);
            assert_eq!(told(iso(&format!("{text}:00"))), Some(at / 60 * 60_000));
        }
    }
}

//! Dates as Glance writes them.

/// Seconds since 1970 as `2026-01-31T23:59:59Z`.
pub(crate) fn iso(unix: u64) -> String {
    let (year, month, day) = civil((unix / 86_400) as i64);
    let second = unix % 86_400;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date so many days after 1970-01-01, by counting in eras of 400 years that begin in March.
fn civil(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u8;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    } as u8;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// The seconds since 1970 of such a date; what is left out is zero. The zone is UTC, written or not.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = text.strip_suffix('Z').unwrap_or(text);
    let text = text.strip_suffix("+00:00").unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let mut parts = date.split('-');
    let year: i64 = parts.next()?.parse().ok()?;
    let month: i64 = parts.next()?.parse().ok()?;
    let day: i64 = parts.next()?.parse().ok()?;
    let known = (1970..10_000).contains(&year) && (1..=12).contains(&month);
    if !known || !(1..=31).contains(&day) || parts.next().is_some() {
        return None;
    }
    let mut clock = [0_u64; 3];
    let time = time.split('.').next().unwrap_or_default();
    for (place, part) in clock.iter_mut().zip(time.split(':')) {
        *place = if part.is_empty() {
            0
        } else {
            part.parse().ok()?
        };
    }
    let [hour, minute, second] = clock;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted_year.div_euclid(400), shifted_year.rem_euclid(400));
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let days = u64::try_from(days).ok()?;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_and_read() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
        ] {
            assert_eq!(iso(unix), text);
            assert_eq!(parse(text), Some(unix));
        }
        assert_eq!(parse("2024-12-31"), Some(1_735_603_200));
        for wrong in [
            "",
            "today",
            "2024-13-01",
            "2024-1",
            "2024-01-01T25:00",
            "1-1-1-1",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}

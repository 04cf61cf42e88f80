//! `xs:dateTime` as RFC 3339 restricts it. Proleptic Gregorian calendar, no leap seconds.

use super::Wall;

const DAY: u64 = 86_400;

/// `2026-11-22T18:00:00Z`.
pub fn write(time: Wall) -> String {
    let seconds = time.as_secs();
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Reads any offset and drops fractions of a second; `None` before 1970 or when it is no time.
pub fn read(text: &str) -> Option<Wall> {
    let (date, time) = text.split_once(['T', 't'])?;
    let days = days(date)?;
    let split = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(split)?;
    let clock = clock.split_once('.').map_or(clock, |(whole, _)| whole);
    let (hours, seconds) = clock.rsplit_once(':')?;
    let local = days.checked_mul(DAY)?.checked_add(minutes(hours)? * 60 + two_digits(seconds, 60)?)?;
    let utc = match zone.strip_prefix('+') {
        Some(ahead) => local.checked_sub(minutes(ahead)? * 60)?,
        None => match zone.strip_prefix('-') {
            Some(behind) => local.checked_add(minutes(behind)? * 60)?,
            None => local,
        },
    };
    Some(Wall::from_secs(utc))
}

/// `hh:mm` in minutes.
fn minutes(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(two_digits(hours, 23)? * 60 + two_digits(minutes, 59)?)
}

fn two_digits(text: &str, most: u64) -> Option<u64> {
    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= most)
}

/// Days from 1970-01-01 to `yyyy-mm-dd`.
fn days(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()))?;
    let year = year.parse().ok().filter(|year: &u64| *year >= 1970)?;
    let month = two_digits(parts.next()?, 12).filter(|month| *month > 0)?;
    let day = two_digits(parts.next()?, 31).filter(|day| *day > 0)?;
    let days = days_before_year(year) + days_before_month(year, month) + day - 1;
    (date(days) == (year, month, day)).then_some(days)
}

fn date(days: u64) -> (u64, u64, u64) {
    let guess = 1970 + days / 366;
    let year = (guess..).take_while(|year| days_before_year(*year) <= days).last().unwrap_or(guess);
    let rest = days - days_before_year(year);
    let month = (1..=12).take_while(|month| days_before_month(year, *month) <= rest).last().unwrap_or(1);
    (year, month, rest - days_before_month(year, month) + 1)
}

fn days_before_year(year: u64) -> u64 {
    let leap_years = |year: u64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leap_years(year - 1) - leap_years(1969)
}

fn days_before_month(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    (1..month)
        .map(|month| match month {
            2 => 28 + u64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_234_567_890, "2009-02-13T23:31:30Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(write(Wall::from_secs(seconds)), text);
            assert_eq!(read(text), Some(Wall::from_secs(seconds)), "{text}");
        }
        assert_eq!(read("2009-02-14T00:31:30.25+01:00"), Some(Wall::from_secs(1_234_567_890)));
        assert_eq!(read("2009-02-13t22:01:30-01:30"), Some(Wall::from_secs(1_234_567_890)));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for bad in [
            "",
            "T",
            "2009-02-29T00:00:00Z",
            "2009-13-01T00:00:00Z",
            "2009-01-01T24:00:00Z",
            "1969-12-31T00:00:00Z",
            "1970-01-01T00:00:00+01:00",
            "2009-01-01T00:00:00",
            "2009-1-1T00:00:00Z",
            "2009-01-01T00:00Z",
            "é-01-01T00:00:00Z",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}

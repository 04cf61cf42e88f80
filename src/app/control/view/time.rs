use crate::vocab::Wall;

/// RFC 3339 in UTC with milliseconds: `2026-11-22T17:56:11.042Z`.
pub fn timestamp(wall: Wall) -> String {
    let (days, second) = (wall.as_secs() / 86_400, wall.as_secs() % 86_400);
    let (year, month, day) = civil(days.min(LAST_DAY));
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}Z", second % 60, wall.0 % 1000)
}

/// 9999-12-31, in days since 1970-01-01: RFC 3339 has four digits for the year.
const LAST_DAY: u64 = 2_932_896;

/// The Gregorian date so many days after 1970-01-01. Counts years from March, so that a leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_are_written_as_calendars_do() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(timestamp(Wall(ms)), text);
        }
    }

    #[test]
    fn a_hostile_time_stays_within_four_digits() {
        assert!(timestamp(Wall(u64::MAX)).starts_with("9999-12-31T"));
    }
}

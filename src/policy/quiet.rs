use jiff::tz::TimeZone;
use jiff::Timestamp;

use crate::vocab::Wall;

/// Hours in which our user is not to be disturbed, by the clock on his wall. They may go over midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Minutes after midnight, below [`QuietHours::DAY`]; never equal to `to`.
    pub from: u16,
    pub to: u16,
    /// What that clock shows: an offset from UTC, or the rules of a place.
    pub zone: TimeZone,
}

impl QuietHours {
    /// Minutes of a day.
    pub const DAY: u16 = 24 * 60;

    /// When they end; `None` outside of them. A clock that is put forward or back within them moves the end with it.
    pub fn end(&self, now: Wall) -> Option<Wall> {
        let into = self.minute(now)?;
        let length = minutes(self.from, self.to);
        let since = minutes(self.from, into);
        let left = u64::from(length.checked_sub(since).filter(|left| *left > 0)?);
        let second = now.as_secs() % 60;
        Some(Wall::from_secs((now.as_secs() + left * 60).saturating_sub(second)))
    }

    /// Of the local day. `None`: a time that no calendar has.
    fn minute(&self, now: Wall) -> Option<u16> {
        let now = Timestamp::from_second(i64::try_from(now.as_secs()).ok()?).ok()?;
        let local = now.as_second().checked_add(i64::from(self.zone.to_offset(now).seconds()))?;
        u16::try_from(local.rem_euclid(86_400) / 60).ok()
    }
}

/// From one time of the day to the next other.
fn minutes(from: u16, to: u16) -> u16 {
    (to + QuietHours::DAY - from) % QuietHours::DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z.
    const NEW_YEAR: u64 = 1_767_225_600;

    fn quiet(from: u16, to: u16, zone: TimeZone) -> QuietHours {
        QuietHours { from: from * 60, to: to * 60, zone }
    }

    fn at(hour: u64, minute: u64) -> Wall {
        Wall::from_secs(NEW_YEAR + hour * 3600 + minute * 60)
    }

    #[test]
    fn the_night_goes_over_midnight_and_its_edges_belong_to_it_and_to_the_day() {
        let night = quiet(22, 7, TimeZone::UTC);
        assert_eq!(night.end(at(21, 59)), None);
        assert_eq!(night.end(at(22, 0)), Some(at(31, 0)));
        assert_eq!(night.end(at(23, 59)), Some(at(31, 0)));
        assert_eq!(night.end(at(0, 0)), Some(at(7, 0)));
        assert_eq!(night.end(Wall(at(6, 59).0 + 59_999)), Some(at(7, 0)));
        assert_eq!(night.end(at(7, 0)), None);
        let noon = quiet(12, 14, TimeZone::UTC);
        assert_eq!((noon.end(at(11, 59)), noon.end(at(13, 0)), noon.end(at(14, 0))), (None, Some(at(14, 0)), None));
    }

    /// Every minute of a day, held against the plain definition.
    #[test]
    fn it_is_quiet_from_the_first_minute_to_the_last() {
        for (from, to) in [(22, 7), (0, 1), (23, 0), (1, 0), (7, 22)] {
            let hours = quiet(from, to, TimeZone::UTC);
            for minute in 0..QuietHours::DAY {
                let (first, last) = (from * 60, to * 60);
                let inside =
                    if first < last { (first..last).contains(&minute) } else { minute >= first || minute < last };
                assert_eq!(hours.end(at(0, u64::from(minute))).is_some(), inside, "{from}-{to} {minute}");
            }
        }
    }

    #[test]
    fn the_clock_on_the_wall_counts() {
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(quiet(22, 7, east).end(at(20, 0)), Some(at(29, 0)));
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let night = quiet(22, 7, berlin);
        assert_eq!(night.end(at(20, 59)), None);
        assert_eq!(night.end(at(21, 0)), Some(at(30, 0)), "winter: one hour");
        let july = at(24 * 181, 0);
        assert!(night.end(Wall(july.0 + 20 * 3_600_000)).is_some(), "summer: two hours");
    }

    #[test]
    fn a_time_that_no_calendar_has_is_not_quiet() {
        assert_eq!(quiet(22, 7, TimeZone::UTC).end(Wall(u64::MAX)), None);
    }
}

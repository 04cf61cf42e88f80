use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// When a message was first sent, in GMT and nothing else (RFC 3261 sections 20.17 and 25.1, `SIP-date`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date {
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31; whether the month has so many is not looked at.
    pub day: u8,
    /// 0 is Monday. Not held against the date.
    pub weekday: u8,
    pub hour: u8,
    pub minute: u8,
    /// 60 in a leap second.
    pub second: u8,
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl TypedHeader for Date {
    const NAME: HeaderName = HeaderName::DATE;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let words: Vec<&str> = token::trim(value).split(' ').collect();
        let [weekday, day, month, year, time, "GMT"] = words[..] else { return Err(FieldProblem::Syntax) };
        let named = |names: &[&str], word: &str| {
            let at = names.iter().position(|name| name.eq_ignore_ascii_case(word));
            at.and_then(|at| u8::try_from(at).ok()).ok_or(FieldProblem::Syntax)
        };
        let weekday = named(&WEEKDAYS, weekday.strip_suffix(',').ok_or(FieldProblem::Syntax)?)?;
        let mut clock = time.split(':');
        let mut part = |most| digits(clock.next().unwrap_or(""), 2, most).map(|number| number as u8);
        let (hour, minute, second) = (part(23)?, part(59)?, part(60)?);
        let (year, month) = (digits(year, 4, 9999)?, named(&MONTHS, month)? + 1);
        let day = digits(day, 2, 31)? as u8;
        let whole = clock.next().is_none() && day > 0;
        whole.then_some(Self { year, month, day, weekday, hour, minute, second }).ok_or(FieldProblem::Syntax)
    }
}

fn digits(text: &str, len: usize, most: u16) -> Result<u16, FieldProblem> {
    let number: u16 = token::number(text)?;
    (text.len() == len && number <= most).then_some(number).ok_or(FieldProblem::Number)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, day, hour, minute, second, .. } = self;
        let weekday = WEEKDAYS.get(usize::from(self.weekday)).unwrap_or(&"Mon");
        let month = usize::from(self.month).checked_sub(1).and_then(|at| MONTHS.get(at)).unwrap_or(&"Jan");
        write!(f, "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greenwich_and_no_other_zone() {
        let text = "Sat, 13 Nov 2010 23:29:00 GMT";
        let date = Date::read(text).unwrap();
        assert_eq!((date.weekday, date.day, date.month, date.year, date.hour), (5, 13, 11, 2010, 23));
        assert_eq!(date.to_string(), text);
        for bad in [
            "",
            "Fri, 01 Jan 2010 16:00:00 EST",
            "Fri, 01 Jan 2010 16:00:00",
            "Fri, 1 Jan 2010 16:00:00 GMT",
            "Fri, 32 Jan 2010 16:00:00 GMT",
            "Fri, 00 Jan 2010 16:00:00 GMT",
            "Fri, 01 Jan 10 16:00:00 GMT",
            "Fri, 01 Jan 2010 24:00:00 GMT",
            "Fri, 01 Jan 2010 16:00 GMT",
            "Fri, 01 Jan 2010 16:00:00:00 GMT",
            "Friday, 01 Jan 2010 16:00:00 GMT",
            "Fri, 01 January 2010 16:00:00 GMT",
        ] {
            assert!(Date::read(bad).is_err(), "{bad}");
        }
    }
}

//! Reads the times of data points.

/// Reads RFC 3339 as microseconds since 1970.
pub(super) fn micros(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = fields(date, '-')?;
    let (clock, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let (clock, offset) = time.split_at_checked(time.rfind(['+', '-'])?)?;
            let [hours, minutes] = fields(offset.get(1..)?, ':')?;
            if hours >= 24 || minutes >= 60 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            (clock, if offset.starts_with('-') { -minutes } else { minutes })
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = fields(clock, ':')?;
    let in_range = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    let is_digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !in_range || !is_digits {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset;
    Some((minutes * 60 + second) * 1_000_000 + micros)
}

/// Counts the days since 1970-01-01 in the Gregorian calendar, in years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

fn fields<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let parts: Option<Vec<i64>> = text
        .split(separator)
        .map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten())
        .collect();
    parts?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_time_in_any_zone() {
        assert_eq!(micros("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(micros("2021-11-01T21:50:06Z"), Some(1_635_803_406_000_000));
        assert_eq!(micros("2021-11-01T23:50:06.25+02:00"), Some(1_635_803_406_250_000));
        assert_eq!(micros("2000-02-29T00:00:00-00:30"), Some(951_784_200_000_000));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "now",
            "2021-11-01",
            "2021-13-01T00:00:00Z",
            "2021-11-01T00:00:00",
            "2021-11-01T25:00:00Z",
            "2021-11-01T00:00:00+9223372036854775807:00",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}

//! Lengths of time as people write them: `30m`, `1h30m`, `90s`.

use chrono::TimeDelta;

/// Units, longest first: seconds of each.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest span that anybody needs to write: a year.
const MAX_SECONDS: i64 = 366 * 86_400;

/// Reads a span: numbers with the units d, h, m and s, the longer units first, each once.
pub fn parse(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("`{text}` is no span of time: write it as in 90s, 30m, 1h30m or 2d");
    let mut seconds = 0_i64;
    let mut rest = text;
    let mut units = UNITS.iter();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let mut tail = tail.chars();
        let letter = tail.next().ok_or_else(wrong)?;
        let (_, each) = units.find(|(unit, _)| *unit == letter).ok_or_else(wrong)?;
        seconds = number.checked_mul(*each).and_then(|more| seconds.checked_add(more)).ok_or_else(wrong)?;
        rest = tail.as_str();
    }
    if seconds > MAX_SECONDS {
        return Err(format!("`{text}` is longer than a year"));
    }
    Ok(TimeDelta::seconds(seconds))
}

/// Writes a span for people: `4m 12s`, `2h 5m`, `3d 4h`; the two largest units that say something.
pub fn format(span: TimeDelta) -> String {
    let mut left = span.num_seconds().max(0);
    let mut words = Vec::new();
    for (unit, each) in UNITS {
        let n = left / each;
        left %= each;
        if n > 0 {
            words.push(format!("{n}{unit}"));
        }
    }
    words.truncate(2);
    if words.is_empty() { "0s".into() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_written() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172_800), ("0s", 0)] {
            assert_eq!(parse(text), Ok(TimeDelta::seconds(seconds)), "{text}");
        }
        for bad in ["", "5", "m", "1.5h", "-3m", "30m1h", "1h 30m", "5m5m", "99999999999999999999s", "2y", "400d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_are_written_short() {
        for (seconds, text) in [(0, "0s"), (252, "4m 12s"), (7500, "2h 5m"), (90_061, "1d 1h"), (60, "1m")] {
            assert_eq!(format(TimeDelta::seconds(seconds)), text);
        }
    }
}

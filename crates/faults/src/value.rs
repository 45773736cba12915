//! From a text to a value, with what to write instead where it is none.

use simian_core::span;

/// A share, as `0.3` or `30%`: more than nothing and at most all of it. In thousandths of a percent.
pub(crate) fn share(text: &str) -> Result<u32, String> {
    let wrong = || "write a share as in 0.3 or 30%: more than 0 and at most all of it".to_owned();
    let (number, all) = match text.strip_suffix('%') {
        Some(percent) => (percent, 100.0),
        None => (text, 1.0),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(wrong());
    }
    let share = number.parse::<f64>().map_err(|_| wrong())? / all;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked to be between 0 and 1")]
    let thousandths = if (0.0..=1.0).contains(&share) { (share * 100_000.0).round() as u32 } else { 0 };
    if thousandths == 0 { Err(wrong()) } else { Ok(thousandths) }
}

/// A share in percent, as tools write it: `30.000`.
pub(crate) fn percent(thousandths: u32) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

/// A length of time in milliseconds: `200ms`, or as in `2s` and `1m30s`.
pub(crate) fn milliseconds(text: &str) -> Result<u64, String> {
    let wrong = || "write it as in 200ms or 2s".to_owned();
    if let Some(number) = text.strip_suffix("ms") {
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        return number.parse().map_err(|_| wrong());
    }
    let span = span::parse(text).map_err(|_| wrong())?;
    u64::try_from(span.num_milliseconds()).map_err(|_| wrong())
}

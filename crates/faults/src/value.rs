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

/// A number of mebibytes: `256MiB` or `2GiB`.
pub(crate) fn mebibytes(text: &str) -> Result<u64, String> {
    let wrong = || "write it as in 256MiB or 2GiB".to_owned();
    let (number, each) = match (text.strip_suffix("MiB"), text.strip_suffix("GiB")) {
        (Some(number), _) => (number, 1),
        (_, Some(number)) => (number, 1024),
        _ => return Err(wrong()),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(each)).filter(|mib| *mib > 0).ok_or_else(wrong)
}

/// A whole number of seconds, at least one: `5s`.
pub(crate) fn seconds(text: &str) -> Result<i64, String> {
    let span = span::parse(text)?;
    if span.num_seconds() > 0 { Ok(span.num_seconds()) } else { Err("write at least 1s".into()) }
}

/// A folder: a path from the root, without what a shell or a list would read something else into.
pub(crate) fn folder(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    if !text.starts_with('/') || !text.chars().all(plain) || text.split('/').any(|part| part == "..") {
        return Err("write a whole path, as in /var/lib/app: letters, digits and / . _ - + @ :".into());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_more_than_nothing_and_at_most_all() {
        for (text, thousandths) in
            [("0.3", 30_000), ("30%", 30_000), ("1", 100_000), ("100%", 100_000), ("0.00001", 1), (".5", 50_000)]
        {
            assert_eq!(share(text), Ok(thousandths), "{text}");
        }
        for bad in ["", "%", "0", "0%", "1.1", "101%", "-0.5", "half", "1e-3", "0.000001", "NaN", "inf", "0,3"] {
            assert!(share(bad).is_err(), "{bad}");
        }
        assert_eq!(
            (percent(30_000), percent(1), percent(100_000)),
            ("30.000".into(), "0.001".into(), "100.000".into())
        );
    }

    #[test]
    fn times_sizes_and_folders() {
        assert_eq!((milliseconds("200ms"), milliseconds("2s"), milliseconds("1m30s")), (Ok(200), Ok(2000), Ok(90_000)));
        assert_eq!((mebibytes("256MiB"), mebibytes("2GiB")), (Ok(256), Ok(2048)));
        assert_eq!((seconds("5s"), folder("/var/lib/app")), (Ok(5), Ok("/var/lib/app".into())));
        for bad in ["", "ms", "-1ms", "1.5ms", "200", "200 ms"] {
            assert!(milliseconds(bad).is_err(), "{bad}");
        }
        for bad in ["", "MiB", "0MiB", "256", "256MB", "99999999999999999999GiB"] {
            assert!(mebibytes(bad).is_err(), "{bad}");
        }
        for bad in ["", "tmp", "/tmp/../etc", "/a b", "/a'b", "/a\nb", "/$HOME"] {
            assert!(folder(bad).is_err(), "{bad}");
        }
        assert!(seconds("0s").is_err());
    }
}

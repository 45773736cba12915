//! How many instances one action hits: a number, or a share of those that serve.
//!
//! What may not happen here: no size is 0, and none is above its cap, however it is rounded or taken together.

use std::fmt;
use std::str::FromStr;

/// The most instances of one action: what fits into one call ([`crate::ports::MAX_BATCH`]). With more, one call could
/// be done and the next refused, which is an experiment that nobody asked for.
pub const MAX_COUNT: u32 = 50;

/// The largest share: more than half of a unit at once is an outage and no experiment.
const MAX_SHARE: u32 = 5_000;

/// The smallest share: one in a hundred. A smaller one is a single instance of anything that there is.
const MIN_SHARE: u32 = 100;

/// Shares are kept in parts of this, so that rounding down is exact: 0.29 of 100 is 29.
const WHOLE: u32 = 10_000;

/// A part of a whole, exact to four decimals. Read and shown as in `0.25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// So much of so many, rounded down.
    fn part_of(self, whole: u32) -> u32 {
        u32::try_from(u64::from(whole) * u64::from(self.0) / u64::from(WHOLE)).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / f64::from(WHOLE))
    }
}

impl FromStr for Share {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no share: write a number from 0.01 to 0.5, with four decimals at most");
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        if whole.trim_start_matches('0').len() > 1 || decimals.len() > 4 || !digits(whole) || !digits(decimals) {
            return Err(wrong());
        }
        let number: u32 = format!("{whole}{decimals:0<4}").parse().map_err(|_| wrong())?;
        (MIN_SHARE..=MAX_SHARE).contains(&number).then_some(Self(number)).ok_or_else(wrong)
    }
}

/// How many at once. The smallest of what is said counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    count: Option<u32>,
    share: Option<Share>,
    cap: u32,
}

/// Sizes that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeError {
    /// The key to mend: `count`, `share` or `cap`.
    pub key: &'static str,
    /// What is wrong and the remedy.
    pub why: String,
}

impl Default for Size {
    /// One. The cap is what the budget `concurrent` lets be under way, if nobody changed that.
    fn default() -> Self {
        Self { count: Some(1), share: None, cap: 3 }
    }
}

impl Size {
    /// A size as somebody wrote it; what they left out is as in the default.
    pub fn of(count: Option<u32>, share: Option<Share>, cap: Option<u32>, default: Size) -> Result<Size, SizeError> {
        let cap = cap.unwrap_or(default.cap);
        match (count, share) {
            (Some(_), Some(_)) => Err(SizeError { key: "share", why: "set count or share, not both".into() }),
            (Some(count), None) if count > cap => Err(SizeError {
                key: "count",
                why: format!("a count of {count} is above the cap, {cap}: raise cap too"),
            }),
            (None, None) => Ok(Size { cap, ..default }),
            (count, share) => Ok(Size { count, share, cap }),
        }
    }

    /// How many of so many that serve: at least 1, whatever is rounded, and at most the cap.
    pub fn among(self, serving: usize) -> usize {
        let serving = u32::try_from(serving).unwrap_or(u32::MAX);
        let sizes = [self.count, self.share.map(|share| share.part_of(serving)), Some(self.cap)];
        sizes.into_iter().flatten().min().unwrap_or(1).max(1) as usize
    }

    /// The smaller of the two, whatever they are taken of.
    #[must_use]
    pub fn smallest(self, other: Size) -> Size {
        fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
            a.into_iter().chain(b).min()
        }
        Size {
            count: least(self.count, other.count),
            share: least(self.share, other.share),
            cap: self.cap.min(other.cap),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(count) = self.count {
            write!(f, "{} at once", count.min(self.cap))?;
        }
        if let Some(share) = self.share {
            let or = if self.count.is_some() { " or " } else { "" };
            write!(f, "{or}{share} of those that serve, at most {}", self.cap)?;
        }
        Ok(())
    }
}

/// Reads a number of instances: at least 1.
pub fn parse_count(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|count| (1..=MAX_COUNT).contains(count));
    number.ok_or_else(|| format!("`{text}` is no number of instances: write a whole number from 1 to {MAX_COUNT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(count: Option<u32>, share: Option<&str>, cap: u32) -> Size {
        Size::of(count, share.map(|share| share.parse().unwrap()), Some(cap), Size::default()).unwrap()
    }

    #[test]
    fn a_share_rounds_down_but_never_to_nothing_and_never_above_its_cap() {
        for (share, serving, cap, hit) in [
            ("0.25", 8, 50, 2),
            ("0.25", 7, 50, 1),
            ("0.25", 3, 50, 1),
            ("0.25", 0, 50, 1),
            ("0.25", 100, 3, 3),
            ("0.29", 100, 50, 29),
            ("0.5", 9, 50, 4),
            (".01", 10_000, 50, 50),
            ("0.3333", 3, 50, 1),
        ] {
            assert_eq!(size(None, Some(share), cap).among(serving), hit, "{share} of {serving}");
        }
        assert_eq!(size(Some(2), None, 3).among(1), 2, "who chooses sees that there are fewer");
        assert_eq!(size(None, Some("0.5"), 50).among(usize::MAX), 50);
    }

    #[test]
    fn what_is_no_share_or_count_is_refused() {
        for bad in ["", "0", "0.001", "0.51", "1", "0.33333", "1e-1", "-0.2", "0,2", "10.2", "NaN", "25%"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
        for bad in ["0", "51", "1.5", "-1", "", "many"] {
            assert!(parse_count(bad).is_err(), "{bad}");
        }
        assert_eq!("0.2500".parse::<Share>().map(|share| share.to_string()), Ok("0.25".into()));
    }

    #[test]
    fn contradictions_name_the_key() {
        let share = "0.25".parse().ok();
        let key = |count, share, cap| Size::of(count, share, cap, Size::default()).map_err(|error| error.key);
        assert_eq!(key(Some(2), share, None), Err("share"));
        assert_eq!(key(Some(4), None, None), Err("count"));
        assert_eq!(key(Some(4), None, Some(4)).map(|size| size.among(9)), Ok(4));
        // A cap alone limits what the operator says.
        let operators = size(Some(5), None, 9);
        assert_eq!(Size::of(None, None, Some(2), operators).map(|size| size.among(9)), Ok(2));
    }

    #[test]
    fn of_two_the_smallest_result_counts() {
        let both = size(Some(3), None, 9).smallest(size(None, Some("0.25"), 5));
        assert_eq!([4, 8, 12, 100].map(|serving| both.among(serving)), [1, 2, 3, 3]);
        assert_eq!(both, size(None, Some("0.25"), 5).smallest(size(Some(3), None, 9)));
        assert_eq!(both.to_string(), "3 at once or 0.25 of those that serve, at most 5");
        assert_eq!(size(None, Some("0.5"), 9).smallest(size(None, Some("0.1"), 4)), size(None, Some("0.1"), 4));
    }
}

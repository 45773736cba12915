//! Figures: how long recoveries took, and how many working days lay between actions.

use chrono::NaiveDate;
use serde::Serialize;
use simian_core::Calendar;

use super::Recovery;

/// How long recoveries took, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// How many were measured, late ones too.
    pub measured: usize,
    /// Half of them took at most so long.
    pub median_seconds: Option<u64>,
    /// Nine of ten took at most so long.
    pub p90_seconds: Option<u64>,
    /// The longest.
    pub worst_seconds: Option<u64>,
    /// How many were not back at their deadline, whether or not they came back later.
    pub not_in_time: usize,
    /// How many are still being watched.
    pub watched: usize,
}

impl Times {
    /// The figures of these.
    pub(super) fn of(recoveries: impl IntoIterator<Item = Recovery>) -> Self {
        let mut out = Self::default();
        let mut took = Vec::new();
        for recovery in recoveries {
            match recovery {
                Recovery::Recovered { seconds, late } => {
                    took.push(seconds);
                    out.not_in_time += usize::from(late);
                }
                Recovery::NotInTime => out.not_in_time += 1,
                Recovery::Watched => out.watched += 1,
                Recovery::None | Recovery::NotMeasured => {}
            }
        }
        took.sort_unstable();
        out.measured = took.len();
        (out.median_seconds, out.p90_seconds) = (rank(&took, 50), rank(&took, 90));
        out.worst_seconds = took.last().copied();
        out
    }
}

/// The smallest value that so many percent do not exceed: the nearest rank, which is always a value that occurred.
fn rank(sorted: &[u64], percent: usize) -> Option<u64> {
    sorted.get((sorted.len() * percent).div_ceil(100).checked_sub(1)?).copied()
}

/// Working days from one action on a unit to its next.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Gaps {
    /// The mean that its settings draw, by its newest plan; `None` where no plan says it.
    pub drawn_mean_days: Option<f64>,
    /// How many gaps ended within the report.
    pub real: usize,
    /// Their mean, to a tenth of a day.
    pub real_mean_days: Option<f64>,
    /// The shortest.
    pub least_days: Option<u32>,
    /// The longest.
    pub most_days: Option<u32>,
}

impl Gaps {
    /// The gaps between these dates that ended from `since` to `until`, both included.
    pub(super) fn of(mut dates: Vec<NaiveDate>, since: NaiveDate, until: NaiveDate, calendar: &Calendar) -> Self {
        dates.sort_unstable();
        dates.dedup();
        let ended = dates.windows(2).filter(|pair| since <= pair[1] && pair[1] <= until);
        let gaps: Vec<u32> = ended.map(|pair| calendar.working_days_between(pair[0], pair[1])).collect();
        let sum: u32 = gaps.iter().sum();
        let count = u32::try_from(gaps.len()).unwrap_or(u32::MAX);
        let mean = (count > 0).then(|| (f64::from(sum) / f64::from(count) * 10.0).round() / 10.0);
        Self {
            drawn_mean_days: None,
            real: gaps.len(),
            real_mean_days: mean,
            least_days: gaps.iter().min().copied(),
            most_days: gaps.iter().max().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_values_that_occurred() {
        let times = |seconds: &[u64]| {
            Times::of(seconds.iter().map(|seconds| Recovery::Recovered { seconds: *seconds, late: false }))
        };
        let figures = |t: Times| (t.measured, t.median_seconds, t.p90_seconds, t.worst_seconds);
        assert_eq!(figures(times(&[])), (0, None, None, None));
        assert_eq!(figures(times(&[7])), (1, Some(7), Some(7), Some(7)));
        assert_eq!(figures(times(&[4, 3, 2, 1])), (4, Some(2), Some(4), Some(4)));
        let ten: Vec<u64> = (1..=10).collect();
        assert_eq!(figures(times(&ten)), (10, Some(5), Some(9), Some(10)));
    }

    #[test]
    fn late_ones_count_twice_over_and_watched_ones_have_no_time() {
        let times = Times::of([
            Recovery::Recovered { seconds: 2000, late: true },
            Recovery::NotInTime,
            Recovery::Watched,
            Recovery::NotMeasured,
            Recovery::None,
        ]);
        assert_eq!((times.measured, times.not_in_time, times.watched), (1, 2, 1));
    }
}

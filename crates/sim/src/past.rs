//! What was so, and since when: for reads that come late, and for assertions.

use chrono::{DateTime, Utc};

/// A value, and those that it had before.
#[derive(Clone, Debug)]
pub(crate) struct Past<T> {
    /// What it was at first, as far back as anybody looks.
    first: T,
    /// From when on it was what, in order of time.
    since: Vec<(DateTime<Utc>, T)>,
}

impl<T: PartialEq> Past<T> {
    /// It was always so.
    pub(crate) fn always(value: T) -> Self {
        Self { first: value, since: Vec::new() }
    }

    /// From `now` on it is so. Times never go back.
    pub(crate) fn set(&mut self, now: DateTime<Utc>, value: T) {
        if *self.now() == value {
            return;
        }
        match self.since.last_mut() {
            Some((at, last)) if *at == now => *last = value,
            _ => self.since.push((now, value)),
        }
    }

    /// What it is.
    pub(crate) fn now(&self) -> &T {
        self.since.last().map_or(&self.first, |(_, value)| value)
    }

    /// What it was then.
    pub(crate) fn at(&self, then: DateTime<Utc>) -> &T {
        let known = self.since.partition_point(|(at, _)| *at <= then);
        known.checked_sub(1).map_or(&self.first, |last| &self.since[last].1)
    }

    /// When it became what it was then; `None` when it always was.
    pub(crate) fn since(&self, then: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let known = self.since.partition_point(|(at, _)| *at <= then);
        known.checked_sub(1).map(|last| self.since[last].0)
    }

    /// Nobody looks further back than that.
    pub(crate) fn forget(&mut self, before: DateTime<Utc>) {
        let gone = self.since.partition_point(|(at, _)| *at <= before);
        if let Some((_, value)) = self.since.drain(..gone).next_back() {
            self.first = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn it_knows_what_was_so_until_it_may_forget() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let mut past = Past::always(1);
        for (second, value) in [(10, 2), (10, 3), (20, 3), (30, 4)] {
            past.set(at(second), value);
        }
        let told = |past: &Past<i32>| [0, 9, 10, 29, 30, 99].map(|second| *past.at(at(second)));
        assert_eq!((told(&past), *past.now()), ([1, 1, 3, 3, 4, 4], 4));
        assert_eq!([9, 10, 25, 30].map(|n| past.since(at(n))), [None, Some(at(10)), Some(at(10)), Some(at(30))]);
        past.forget(at(20));
        assert_eq!(told(&past), [3, 3, 3, 3, 4, 4]);
    }
}

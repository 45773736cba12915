//! Lists, from the first page to the last.

use std::collections::BTreeSet;
use std::future::Future;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use simian_core::ports::CallError;

use crate::convert::Flaw;
use crate::error::Call;
use crate::limits::Bucket;

/// Reads a list to its end, a turn a page. `read` takes a page's token and gives back what is on the page, in our own
/// types, and the token of the next.
pub(crate) async fn whole<T, F>(
    bucket: &Bucket,
    call: &Call<'_>,
    mut read: impl FnMut(Option<String>) -> F,
) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), CallError>>,
{
    let (mut all, mut pages, mut token) = (Vec::new(), Pages::default(), None);
    loop {
        bucket.turn().await;
        let (page, next) = read(token).await?;
        all.extend(page);
        token = pages.next(next).map_err(|flaw| call.malformed(&flaw))?;
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// What is on a page, each in our own type.
pub(crate) fn each<S, T>(
    call: &Call<'_>,
    theirs: Option<Vec<S>>,
    convert: impl Fn(S) -> Result<T, Flaw>,
) -> Result<Vec<T>, CallError> {
    let ours: Result<Vec<T>, Flaw> = theirs.unwrap_or_default().into_iter().map(convert).collect();
    ours.map_err(|flaw| call.malformed(&flaw))
}

/// How many calls of a kind are under way at a time: enough to hide the way to AWS and back, and few enough not to empty
/// their bucket at once.
pub(crate) const AT_ONCE: usize = 8;

/// The parts of a list, read side by side and put together in their order; the first error is the list's.
pub(crate) async fn side_by_side<T, F>(parts: Vec<F>) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<Vec<T>, CallError>>,
{
    stream::iter(parts).buffered(AT_ONCE).try_concat().await
}

/// Each once, sorted.
pub(crate) fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    texts.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
}

/// Follows a list from page to page and knows when it goes in circles.
#[derive(Debug, Default)]
struct Pages {
    seen: BTreeSet<String>,
}

/// Pages of one list: of 50 log groups each, the default quota of log groups in a region (1,000,000). No other list is as
/// long.
const MAX_PAGES: usize = 20_000;

impl Pages {
    /// The token of the next page, `None` at the end of the list.
    fn next(&mut self, token: Option<String>) -> Result<Option<String>, Flaw> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        if self.seen.len() >= MAX_PAGES {
            return Err(format!("the list did not end after {MAX_PAGES} pages"));
        }
        if !self.seen.insert(token.clone()) {
            return Err("the list goes in circles: NextToken came back".into());
        }
        Ok(Some(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_goes_in_circles_or_never_ends_is_no_list() {
        let mut pages = Pages::default();
        assert_eq!(pages.next(Some("a".into())), Ok(Some("a".into())));
        assert_eq!(pages.next(Some("b".into())), Ok(Some("b".into())));
        assert!(pages.next(Some("a".into())).is_err());
        assert_eq!(Pages::default().next(None), Ok(None));
        assert_eq!(Pages::default().next(Some(String::new())), Ok(None));
        let mut pages = Pages::default();
        assert!((0..MAX_PAGES).all(|n| pages.next(Some(n.to_string())).is_ok()));
        assert!(pages.next(Some("more".into())).is_err());
    }

    #[test]
    fn every_id_is_asked_once() {
        assert_eq!(distinct(["b", "a", "b"].into_iter()), ["a", "b"]);
    }
}

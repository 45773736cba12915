//! Tags that are a call of their own: of both versions of Elastic Load Balancing, whose calls take 20 names each.

use std::collections::BTreeMap;
use std::future::Future;

use simian_core::fleet::View;
use simian_core::ports::{CallError, Cause, ResourceQuery};
use simian_core::resource::{Resource, Tags};

use super::keep_wanted;
use crate::error::Call;
use crate::pages::side_by_side;

/// The most names of one call of `DescribeTags` (API reference of both versions).
const TAGGED_A_CALL: usize = 20;

/// Those of a list that were asked for, with their tags. What has gone since it was listed is left out. `ask` makes one
/// call.
pub(super) async fn with_tags<A, F>(
    call: &Call<'_>,
    query: &ResourceQuery,
    mut all: Vec<Resource>,
    ask: &A,
) -> Result<Vec<Resource>, CallError>
where
    A: Fn(Vec<String>) -> F,
    F: Future<Output = Result<Vec<(String, Tags)>, CallError>>,
{
    keep_wanted(&mut all, query);
    let ids: Vec<String> = all.iter().map(|one| one.id.id.clone()).collect();
    let parts = ids.chunks(TAGGED_A_CALL).map(|chunk| of_those_left(call, chunk, ask)).collect();
    let mut tags: BTreeMap<String, Tags> = side_by_side(parts).await?.into_iter().collect();
    all.retain_mut(|one| match tags.remove(&one.id.id) {
        Some(tags) => {
            one.tags = View::Known(tags);
            true
        }
        None => false,
    });
    Ok(all)
}

/// One that is gone fails the call for all, so then each is asked alone.
async fn of_those_left<A, F>(call: &Call<'_>, ids: &[String], ask: &A) -> Result<Vec<(String, Tags)>, CallError>
where
    A: Fn(Vec<String>) -> F,
    F: Future<Output = Result<Vec<(String, Tags)>, CallError>>,
{
    match ask(ids.to_vec()).await {
        Ok(all) => return whole(call, ids, all),
        Err(CallError { cause: Cause::Gone(_), .. }) => {}
        Err(error) => return Err(error),
    }
    let mut all = Vec::new();
    for id in ids {
        match ask(vec![id.clone()]).await {
            Ok(one) => all.extend(whole(call, std::slice::from_ref(id), one)?),
            Err(CallError { cause: Cause::Gone(_), .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Whose tags are not in the answer is not without tags.
fn whole(call: &Call<'_>, ids: &[String], all: Vec<(String, Tags)>) -> Result<Vec<(String, Tags)>, CallError> {
    match ids.iter().find(|id| !all.iter().any(|(found, _)| found == *id)) {
        Some(id) => Err(call.malformed(&format!("the tags of {id} are missing"))),
        None => Ok(all),
    }
}

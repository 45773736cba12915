//! Log groups of `CloudWatch` Logs.

use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsError;
use aws_sdk_cloudwatchlogs::operation::list_tags_for_resource::ListTagsForResourceError;
use aws_sdk_cloudwatchlogs::types as logs;
use chrono::DateTime;
use simian_core::fleet::View;
use simian_core::ports::{CallError, Cause, ResourceQuery};
use simian_core::resource::{About, LogGroup, Resource, ResourceId, ResourceKind, Tags};

use super::{pairs, untagged};
use crate::clients::Clients;
use crate::convert::{Flaw, count, required};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{distinct, each, side_by_side, whole};

/// The largest page of `DescribeLogGroups` (its API reference).
const LOG_GROUPS_A_PAGE: i32 = 50;

/// Of all, the tags are not asked: that is a call for each. Those that are asked for by name come with their tags.
pub(super) async fn list(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    match query {
        ResourceQuery::All | ResourceQuery::Loose => beginning(clients, call, None).await,
        ResourceQuery::Ids(names) => {
            let names = distinct(names.iter().map(String::as_str));
            side_by_side(names.iter().map(|name| one(clients, call, name)).collect()).await
        }
    }
}

/// The log groups whose names begin so.
async fn beginning(clients: &Clients, call: &Call<'_>, prefix: Option<&str>) -> Result<Vec<Resource>, CallError> {
    let bucket = &clients.limits.log_groups;
    let found = whole(bucket, call, |token| {
        let page = clients
            .logs
            .describe_log_groups()
            .set_log_group_name_prefix(prefix.map(str::to_owned))
            .limit(LOG_GROUPS_A_PAGE)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeLogGroupsError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.log_groups, log_group)?, page.next_token))
        }
    });
    found.await
}

/// The log group of that name, if there is one, with its tags. There is no filter for a name: what begins with it is read.
async fn one(clients: &Clients, call: &Call<'_>, name: &str) -> Result<Vec<Resource>, CallError> {
    let mut found = beginning(clients, call, Some(name)).await?;
    found.retain(|one| one.id.id == name);
    let Some(mut one) = found.pop() else { return Ok(Vec::new()) };
    match tags(clients, &call.named("logs:ListTagsForResource"), name).await {
        Ok(tags) => {
            one.tags = View::Known(tags);
            Ok(vec![one])
        }
        Err(CallError { cause: Cause::Gone(_), .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

async fn tags(clients: &Clients, call: &Call<'_>, name: &str) -> Result<Tags, CallError> {
    let bucket = &clients.limits.log_tags;
    bucket.turn().await;
    let answer = clients
        .logs
        .list_tags_for_resource()
        .resource_arn(clients.log_group_arn(name))
        .customize()
        .interceptor(Meter::<ListTagsForResourceError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    let theirs = answer.tags.unwrap_or_default().into_iter();
    pairs(theirs.map(|(key, value)| (Some(key), Some(value))), name).map_err(|flaw| call.malformed(&flaw))
}

/// `LogGroup` of the `CloudWatch` Logs API.
fn log_group(theirs: logs::LogGroup) -> Result<Resource, Flaw> {
    let name = required(theirs.log_group_name, "a log group's name")?;
    let of = |what: &str| format!("{what} of {name}");
    let retention = theirs.retention_in_days;
    let bytes = theirs.stored_bytes.unwrap_or_default();
    let about = LogGroup {
        retention_days: retention.map(|days| count(Some(days), &of("retentionInDays"))).transpose()?,
        bytes: u64::try_from(bytes).map_err(|_| format!("{} is {bytes}", of("storedBytes")))?,
    };
    let created = theirs.creation_time.and_then(DateTime::from_timestamp_millis);
    let ours = untagged(ResourceId::new(ResourceKind::LogGroup, name), created, About::LogGroup(about));
    Ok(Resource { tags: View::Unasked, ..ours })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_group_whole() {
        let theirs = logs::LogGroup::builder()
            .log_group_name("/aws/lambda/shop")
            .creation_time(1_795_456_800_123)
            .retention_in_days(30)
            .stored_bytes(1_000_000);
        let ours = log_group(theirs.clone().build()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("log-group//aws/lambda/shop", "/aws/lambda/shop"));
        assert_eq!(ours.created, DateTime::from_timestamp_millis(1_795_456_800_123));
        assert_eq!(ours.tags, View::Unasked);
        assert_eq!(ours.log_group(), Some(&LogGroup { retention_days: Some(30), bytes: 1_000_000 }));
        let forever = log_group(theirs.clone().set_retention_in_days(None).set_stored_bytes(None).build()).unwrap();
        assert_eq!(forever.log_group(), Some(&LogGroup { retention_days: None, bytes: 0 }));
        let flaw = |theirs: logs::LogGroup| log_group(theirs).unwrap_err();
        assert_eq!(flaw(theirs.clone().set_log_group_name(None).build()), "a log group's name is missing");
        assert_eq!(flaw(theirs.clone().retention_in_days(-1).build()), "retentionInDays of /aws/lambda/shop is -1");
        assert_eq!(flaw(theirs.stored_bytes(-1).build()), "storedBytes of /aws/lambda/shop is -1");
    }
}

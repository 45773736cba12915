//! What an account holds beside its groups, a family a file: each list to its last page, each thing in our own type.
//!
//! Only what the account owns is asked for. Where AWS can filter by id, ids are filters, because an unknown id among the
//! ids of a call is an error for all of them; elsewhere the whole list is read, and the rest is left out here.

mod balancers;
mod classic;
mod compute;
mod images;
mod launch;
mod logs;
mod network;
mod security;
mod storage;
mod systems;
mod tagged;

use std::collections::BTreeSet;

use aws_sdk_ec2::types as ec2;
use chrono::{DateTime, Utc};
use simian_core::fleet::View;
use simian_core::ports::{CallError, ResourceQuery};
use simian_core::resource::{About, Resource, ResourceId, ResourceKind, Tags};

use crate::clients::Clients;
use crate::convert::{Flaw, required};
use crate::error::Call;
use crate::instances::{FILTER_VALUES, filter};
use crate::pages::distinct;

/// The resources of that kind that match.
pub(crate) async fn list(
    clients: &Clients,
    call: &Call<'_>,
    kind: ResourceKind,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    use ResourceKind as K;
    if matches!(query, ResourceQuery::Ids(ids) if ids.is_empty()) {
        return Ok(Vec::new());
    }
    match kind {
        K::Instance => compute::instances(clients, call, query).await,
        K::Volume => storage::volumes(clients, call, query).await,
        K::Snapshot => storage::snapshots(clients, call, query).await,
        K::Image => images::list(clients, call, query).await,
        K::Group => Ok(Vec::new()),
        K::LaunchConfiguration => launch::configurations(clients, call, query).await,
        K::LaunchTemplate => launch::templates(clients, call, query).await,
        K::TemplateVersion => launch::versions(clients, call, query).await,
        K::Balancer => balancers::balancers(clients, call, query).await,
        K::ClassicBalancer => classic::list(clients, call, query).await,
        K::TargetGroup => balancers::target_groups(clients, call, query).await,
        K::Address => network::addresses(clients, call, query).await,
        K::Interface => network::interfaces(clients, call, query).await,
        K::SecurityGroup => security::groups(clients, call, query).await,
        K::KeyPair => security::key_pairs(clients, call, query).await,
        K::NatGateway => network::nat_gateways(clients, call, query).await,
        K::RouteTable => network::route_tables(clients, call, query).await,
        K::LogGroup => logs::list(clients, call, query).await,
        K::Subnet => network::subnets(clients, call, query).await,
        K::Parameter => systems::parameters(clients, call, query).await,
        K::ManagedNode => systems::nodes(clients, call, query).await,
    }
}

/// The permission's name of the call that lists a kind.
pub(crate) fn permission(kind: ResourceKind) -> &'static str {
    use ResourceKind as K;
    match kind {
        K::Instance => "ec2:DescribeInstances",
        K::Volume => "ec2:DescribeVolumes",
        K::Snapshot => "ec2:DescribeSnapshots",
        K::Image => "ec2:DescribeImages",
        K::Group => "autoscaling:DescribeAutoScalingGroups",
        K::LaunchConfiguration => "autoscaling:DescribeLaunchConfigurations",
        K::LaunchTemplate => "ec2:DescribeLaunchTemplates",
        K::TemplateVersion => "ec2:DescribeLaunchTemplateVersions",
        K::Balancer | K::ClassicBalancer => "elasticloadbalancing:DescribeLoadBalancers",
        K::TargetGroup => "elasticloadbalancing:DescribeTargetGroups",
        K::Address => "ec2:DescribeAddresses",
        K::Interface => "ec2:DescribeNetworkInterfaces",
        K::SecurityGroup => "ec2:DescribeSecurityGroups",
        K::KeyPair => "ec2:DescribeKeyPairs",
        K::NatGateway => "ec2:DescribeNatGateways",
        K::RouteTable => "ec2:DescribeRouteTables",
        K::LogGroup => "logs:DescribeLogGroups",
        K::Subnet => "ec2:DescribeSubnets",
        K::Parameter => "ssm:GetParameters",
        K::ManagedNode => "ssm:DescribeInstanceInformation",
    }
}

/// The largest page of EC2's lists, but for those that say otherwise. Source: EC2 API, `MaxResults` of `DescribeInstances`,
/// `DescribeVolumes`, `DescribeSnapshots`, `DescribeImages`, `DescribeNetworkInterfaces`, `DescribeSecurityGroups`,
/// `DescribeNatGateways` and `DescribeSubnets`.
const ITEMS_A_PAGE: i32 = 1000;

/// The filters of each call that a query takes: one call without ids, one for every 200 of them with, none for no ids.
fn asked(query: &ResourceQuery, id: &str) -> Vec<Vec<ec2::Filter>> {
    match query {
        ResourceQuery::All | ResourceQuery::Loose => vec![Vec::new()],
        ResourceQuery::Ids(ids) => {
            let ids = distinct(ids.iter().map(String::as_str));
            ids.chunks(FILTER_VALUES).map(|chunk| vec![filter(id, chunk)]).collect()
        }
    }
}

/// As [`asked`], of a kind whose status says that nothing has it.
fn asked_by_status(query: &ResourceQuery, id: &str) -> Vec<Vec<ec2::Filter>> {
    match query {
        ResourceQuery::Loose => vec![vec![filter("status", &["available".to_owned()])]],
        ResourceQuery::All | ResourceQuery::Ids(_) => asked(query, id),
    }
}

/// Leaves out what was not asked for, where AWS has no filter for ids.
fn keep_wanted(all: &mut Vec<Resource>, query: &ResourceQuery) {
    if let ResourceQuery::Ids(ids) = query {
        let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        all.retain(|one| ids.contains(one.id.id.as_str()));
    }
}

/// Reads EC2's lists, which differ in their types and in nothing else: a call for each set of filters, each to its last
/// page.
macro_rules! pages {
    ($call:ident, $bucket:expr, $asked:expr, $error:ty, $request:expr, $filters:ident, $items:expr, $convert:expr) => {
        // A block of its own, so that an error is its value and does not leave the function around it.
        async {
            let bucket = $bucket;
            let mut all = Vec::new();
            for filters in $asked {
                let found = $crate::pages::whole(bucket, $call, |token| {
                    let page = $request
                        .$filters(Some(filters.clone()))
                        .set_next_token(token)
                        .customize()
                        .interceptor($crate::limits::Meter::<$error>::new([bucket]))
                        .send();
                    async move {
                        let page = page.await.map_err(|error| $call.error(&error))?;
                        let next = page.next_token.clone();
                        Ok(($crate::pages::each($call, ($items)(page), $convert)?, next))
                    }
                });
                all.extend(found.await?);
            }
            Ok::<Vec<Resource>, CallError>(all)
        }
        .await
    };
}
use pages;

/// A resource of which people say the `Name` tag.
fn resource(id: ResourceId, tags: Tags, created: Option<DateTime<Utc>>, about: About) -> Resource {
    let name = tags.get("Name").filter(|name| !name.is_empty()).cloned();
    Resource { id, name, tags: View::Known(tags), created, about }
}

/// A resource that has a name of its own beside its id.
fn named(id: ResourceId, name: Option<String>, tags: Tags, created: Option<DateTime<Utc>>, about: About) -> Resource {
    Resource { name, ..resource(id, tags, created, about) }
}

/// A resource without tags that is called by its id.
fn untagged(id: ResourceId, created: Option<DateTime<Utc>>, about: About) -> Resource {
    resource(id, Tags::new(), created, about)
}

/// Tags as EC2 has them.
pub(crate) fn tags(theirs: Option<Vec<ec2::Tag>>, of: &str) -> Result<Tags, Flaw> {
    pairs(theirs.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)), of)
}

/// Tags as any service has them.
fn pairs(theirs: impl Iterator<Item = (Option<String>, Option<String>)>, of: &str) -> Result<Tags, Flaw> {
    theirs
        .map(|(key, value)| Ok((required(key, &format!("a tag's key of {of}"))?, value.unwrap_or_default())))
        .collect()
}

/// What must be there, and is not a text.
fn present<T>(value: Option<T>, what: &str, of: &str) -> Result<T, Flaw> {
    value.ok_or_else(|| format!("{what} of {of} is missing"))
}

/// A service of AWS made it, and looks after it.
fn is_managed(operator: Option<&ec2::OperatorResponse>) -> bool {
    operator.and_then(ec2::OperatorResponse::managed).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names and the numbers of values of the filters of each call.
    fn shape(calls: &[Vec<ec2::Filter>]) -> Vec<Vec<(String, usize)>> {
        let one = |filter: &ec2::Filter| (filter.name().unwrap().to_owned(), filter.values().len());
        calls.iter().map(|filters| filters.iter().map(one).collect()).collect()
    }

    #[test]
    fn ids_are_filters_and_no_ids_are_no_call() {
        let none: Vec<Vec<(String, usize)>> = Vec::new();
        assert_eq!(shape(&asked(&ResourceQuery::All, "volume-id")), [vec![]]);
        assert_eq!(shape(&asked(&ResourceQuery::Loose, "volume-id")), [vec![]]);
        assert_eq!(shape(&asked(&ResourceQuery::Ids(vec![]), "volume-id")), none);
        let many: Vec<String> = (0..401).chain(0..401).map(|n| format!("vol-{n}")).collect();
        let one = |values| vec![("volume-id".to_owned(), values)];
        let many = ResourceQuery::Ids(many);
        assert_eq!(shape(&asked(&many, "volume-id")), [one(200), one(200), one(1)], "each once, 200 a call");
        assert_eq!(shape(&asked_by_status(&many, "volume-id")), [one(200), one(200), one(1)]);
        let loose = asked_by_status(&ResourceQuery::Loose, "volume-id");
        assert_eq!((loose[0][0].name(), loose[0][0].values()), (Some("status"), &["available".to_owned()][..]));
        assert_eq!(shape(&asked_by_status(&ResourceQuery::All, "volume-id")), [vec![]]);
    }

    #[test]
    fn every_kind_has_a_permission() {
        for kind in ResourceKind::ALL {
            let (service, action) = permission(*kind).split_once(':').unwrap();
            assert!(!service.is_empty() && (action.starts_with("Describe") || action.starts_with("Get")), "{kind}");
        }
    }

    #[test]
    fn tags_name_what_has_them() {
        let tag = |key: Option<&str>, value: Option<&str>| {
            ec2::Tag::builder().set_key(key.map(Into::into)).set_value(value.map(Into::into)).build()
        };
        let ours = tags(Some(vec![tag(Some("Name"), Some("db")), tag(Some("empty"), None)]), "vol-1").unwrap();
        assert_eq!(ours, [("Name", "db"), ("empty", "")].map(|(key, value)| (key.into(), value.into())).into());
        assert_eq!(tags(None, "vol-1"), Ok(Tags::new()));
        assert_eq!(tags(Some(vec![tag(None, None)]), "vol-1").unwrap_err(), "a tag's key of vol-1 is missing");
    }
}

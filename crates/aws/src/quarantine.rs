//! The security group that lets nothing through: one in each network, found by its name.

use aws_sdk_ec2 as ec2;
use aws_sdk_ec2::operation::create_security_group::CreateSecurityGroupError;
use aws_sdk_ec2::operation::describe_security_groups::DescribeSecurityGroupsError;
use aws_sdk_ec2::operation::revoke_security_group_egress::RevokeSecurityGroupEgressError;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, ResourceType, SecurityGroup, Tag, TagSpecification};
use simian_core::ports::{CallError, Cause};

use crate::clients::{Clients, once};
use crate::convert::{Flaw, required};
use crate::error::Call;
use crate::instances::filter;
use crate::limits::Meter;
use crate::pages::each;

/// Its name. Names are unique in a network (EC2 API, `CreateSecurityGroup`).
const NAME: &str = "simian-quarantine";

/// What it says of itself.
const DESCRIPTION: &str = "Lets nothing through. simian puts instances into it for a while; it must have no rules.";

/// The tag that it gets as it is made; what narrows the permission to take its rule away.
const TAG: (&str, &str) = ("simian:quarantine", "yes");

/// The refusal of a name that somebody else took a moment before. Source: EC2 API, "Error codes".
const TAKEN: &str = "InvalidGroup.Duplicate";

/// The refusal of a rule that there is not (the same).
const NO_RULE: &str = "InvalidPermission.NotFound";

/// Finds it, or makes it.
pub(crate) async fn quarantine(clients: &Clients, call: &Call<'_>, vpc: &str) -> Result<String, CallError> {
    if let Some(found) = find(clients, call, vpc).await? {
        return tight(call, found);
    }
    match create(clients, &call.named("ec2:CreateSecurityGroup"), vpc).await {
        Ok(id) => {
            tighten(clients, &call.named("ec2:RevokeSecurityGroupEgress"), &id).await?;
            Ok(id)
        }
        Err(error) if error.cause == Cause::Refused(TAKEN.into()) => match find(clients, call, vpc).await? {
            Some(found) => tight(call, found),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// A group as far as it matters: its id, and how many rules it has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    id: String,
    rules: usize,
}

/// Its id, if nothing passes it.
fn tight(call: &Call<'_>, found: Found) -> Result<String, CallError> {
    let Found { id, rules } = found;
    if rules == 0 {
        return Ok(id);
    }
    let why = format!(
        "{NAME} must have no rules and {id} has {rules}, which would let something through: take them away, the one for \
         all that leaves too, or delete the group"
    );
    Err(call.failed(Cause::Refused("NotTight".into()), &why))
}

async fn find(clients: &Clients, call: &Call<'_>, vpc: &str) -> Result<Option<Found>, CallError> {
    let bucket = &clients.limits.security_groups;
    bucket.turn().await;
    let answer = clients
        .ec2
        .describe_security_groups()
        .filters(filter("group-name", &[NAME.to_owned()]))
        .filters(filter("vpc-id", &[vpc.to_owned()]))
        .customize()
        .interceptor(Meter::<DescribeSecurityGroupsError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    Ok(each(call, answer.security_groups, group)?.into_iter().next())
}

/// `SecurityGroup` of the EC2 API.
fn group(theirs: SecurityGroup) -> Result<Found, Flaw> {
    let id = required(theirs.group_id, "a security group's id")?;
    let count = |permissions: Option<Vec<IpPermission>>| permissions.unwrap_or_default().len();
    Ok(Found { id, rules: count(theirs.ip_permissions) + count(theirs.ip_permissions_egress) })
}

async fn create(clients: &Clients, call: &Call<'_>, vpc: &str) -> Result<String, CallError> {
    let (key, value) = TAG;
    let tag = Tag::builder().key(key).value(value).build();
    let tags = TagSpecification::builder().resource_type(ResourceType::SecurityGroup).tags(tag).build();
    let request = clients.ec2_once.create_security_group().group_name(NAME).description(DESCRIPTION).vpc_id(vpc);
    let request = request.tag_specifications(tags);
    let answer = once!(clients, call, create_security_group, ec2, CreateSecurityGroupError, request)?;
    required(answer.group_id, "the security group's id").map_err(|flaw| call.malformed(&flaw))
}

/// Takes away what EC2 gives to a new group: a rule that lets everything leave, and in a network that has IPv6 one more for
/// that. Source: Amazon VPC User Guide, "Default security groups" and "Security group rules".
async fn tighten(clients: &Clients, call: &Call<'_>, id: &str) -> Result<(), CallError> {
    let all = || IpPermission::builder().ip_protocol("-1");
    let rules = [
        all().ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build()).build(),
        all().ipv6_ranges(Ipv6Range::builder().cidr_ipv6("::/0").build()).build(),
    ];
    for rule in rules {
        let request = clients.ec2_once.revoke_security_group_egress().group_id(id).ip_permissions(rule);
        match once!(clients, call, revoke_egress, ec2, RevokeSecurityGroupEgressError, request) {
            Err(error) if error.cause != Cause::Refused(NO_RULE.into()) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_either_kind_is_a_rule() {
        let theirs = || SecurityGroup::builder().group_id("sg-1");
        let rule = || IpPermission::builder().ip_protocol("tcp").build();
        for (theirs, rules) in [
            (theirs(), 0),
            (theirs().ip_permissions(rule()), 1),
            (theirs().ip_permissions_egress(rule()), 1),
            (theirs().ip_permissions(rule()).ip_permissions_egress(rule()), 2),
        ] {
            assert_eq!(group(theirs.build()), Ok(Found { id: "sg-1".into(), rules }));
        }
        assert_eq!(group(SecurityGroup::builder().build()).unwrap_err(), "a security group's id is missing");
    }
}

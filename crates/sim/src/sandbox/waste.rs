//! What six teams left lying about.
//!
//! | resource | region | owner | part |
//! | --- | --- | --- | --- |
//! | `vol-0warehouse` | us | data | attached to nothing; marked, saved, deleted |
//! | `vol-0billing` | us | payments | attached to nothing; attached again on Wednesday at 12:00 |
//! | `vol-0audit` | us | payments | attached to nothing, and `simian:keep` = `forever` |
//! | `vol-0scratch` | eu | nobody | attached to nothing |
//! | `eipalloc-0demo` | us | media | associated with nothing |
//! | `sg-0legacy` | us | search | behind it is nothing, and no rule names it |
//! | `sg-0shared` | us | search | behind it is nothing, and `sg-0legacy` names it |

use chrono::{DateTime, TimeDelta, Utc, Weekday};
use simian_core::resource::{About, Address, Peer, Permission, SecurityGroup, Tags, Volume, VolumeState};
use simian_core::{InstanceId, Region, Resource, ResourceId, ResourceKind, View};

use super::next;
use crate::account::SimAccount;
use crate::operation::Operation;

fn resource(kind: ResourceKind, id: &str, owner: &str, made: DateTime<Utc>, about: About) -> Resource {
    let tags = Tags::from_iter((!owner.is_empty()).then(|| ("owner".to_owned(), owner.to_owned())));
    Resource { id: ResourceId::new(kind, id), name: None, tags: View::Known(tags), created: Some(made), about }
}

fn volume(id: &str, owner: &str, made: DateTime<Utc>, size: u32, attached: Option<&str>) -> Resource {
    let state = if attached.is_some() { VolumeState::InUse } else { VolumeState::Available };
    let about = Volume {
        state,
        size,
        kind: "gp3".into(),
        iops: None,
        throughput: None,
        encrypted: true,
        snapshot: None,
        attached: attached.map(InstanceId::new).into_iter().collect(),
        managed: false,
    };
    resource(ResourceKind::Volume, id, owner, made, About::Volume(about))
}

fn security_group(id: &str, made: DateTime<Utc>, names: Option<&str>) -> Resource {
    let peers = names.map(|id| Peer::Group(id.to_owned())).into_iter().collect();
    let ingress = vec![Permission { protocol: "tcp".into(), ports: Some((9200, 9200)), peers }];
    let about = SecurityGroup { name: id.into(), vpc: Some("vpc-0prod".into()), ingress, egress: Vec::new() };
    resource(ResourceKind::SecurityGroup, id, "search", made, About::SecurityGroup(about))
}

/// Puts it there, long before the clock's now.
pub(super) fn scatter(account: &SimAccount, us: &Region, eu: &Region, start: DateTime<Utc>) {
    let made = start - TimeDelta::days(200);
    let address =
        Address { ip: "203.0.113.7".into(), associated: false, interface: None, instance: None, managed: false };
    account.put(us, volume("vol-0warehouse", "data", made, 500, None));
    account.put(us, volume("vol-0billing", "payments", made, 200, None));
    let mut audit = volume("vol-0audit", "payments", made, 1000, None);
    if let View::Known(tags) = &mut audit.tags {
        tags.insert("simian:keep".into(), "forever".into());
    }
    account.put(us, audit);
    account.put(eu, volume("vol-0scratch", "", made, 50, None));
    account.put(us, resource(ResourceKind::Address, "eipalloc-0demo", "media", made, About::Address(address)));
    account.put(us, security_group("sg-0legacy", made, Some("sg-0shared")));
    account.put(us, security_group("sg-0shared", made, None));

    // Whoever attaches it keeps its tags, the mark among them.
    let attach = Operation::AttachVolume {
        region: us.clone(),
        volume: ResourceId::new(ResourceKind::Volume, "vol-0billing"),
        to: Some(InstanceId::new("i-0billing")),
    };
    account.schedule(next(start, Weekday::Wed, 12, 0), attach);
}

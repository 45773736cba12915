use super::*;
use crate::estate::{Extent, Kept};
use crate::fleet::{Group, InstanceId, LaunchSource};
use crate::resource::{
    About, Image, Interface, KeyPair, Launch, LaunchTemplate, Parameter, Peer, Permission, SecurityGroup,
    TemplateVersion, Volume, VolumeState,
};
use crate::scope::Scope;

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn resource(text: &str, about: About) -> Resource {
    Resource { id: id(text), name: None, tags: View::Known([].into()), created: None, about }
}

fn image(name: &str, snapshots: &[&str]) -> Resource {
    let about = Image {
        available: true,
        disabled: false,
        owner: "111122223333".into(),
        public: false,
        snapshots: snapshots.iter().map(ToString::to_string).collect(),
        deprecated: None,
        last_launched: None,
        protected: false,
    };
    resource(name, About::Image(about))
}

fn version(number: u64, launch: Launch) -> Resource {
    let about = TemplateVersion { template: "lt-1".into(), number, default: number == 1, latest: number == 9, launch };
    resource(&format!("launch-template-version/lt-1:{number}"), About::TemplateVersion(about))
}

fn template() -> Resource {
    let about = LaunchTemplate { default_version: 1, latest_version: 9, managed: false };
    resource("launch-template/lt-1", About::LaunchTemplate(about))
}

fn security_group(name: &str, peers: &[&str]) -> Resource {
    let peers = peers.iter().map(|id| Peer::Group((*id).to_owned())).collect();
    let ingress = vec![Permission { protocol: "tcp".into(), ports: Some((80, 80)), peers }];
    let id = format!("security-group/{name}");
    let about = SecurityGroup { name: format!("name-of-{name}"), vpc: None, ingress, egress: vec![] };
    resource(&id, About::SecurityGroup(about))
}

/// A region of which everything is known, and that holds this.
fn fleet(resources: &[Resource], groups: Vec<Group>) -> Fleet {
    let scope = Scope { account: "111122223333".parse().unwrap(), region: "us-east-1".parse().unwrap() };
    let mut fleet = Fleet::unasked(scope, chrono::DateTime::UNIX_EPOCH);
    fleet.all_groups = true;
    fleet.groups = View::Known(groups.into_iter().map(|group| (group.name.clone(), group)).collect());
    for kind in ResourceKind::ALL.iter().filter(|kind| **kind != ResourceKind::Group) {
        let all: Vec<Resource> = resources.iter().filter(|one| one.id.kind == *kind).cloned().collect();
        fleet.estate.kinds.insert(*kind, Kept::new::<String>(Extent::All, Ok(all)));
    }
    fleet
}

fn users(graph: &Graph, of: &str) -> Vec<String> {
    match graph.users(&id(of)) {
        Users::Used(users) => users.iter().map(|user| format!("{} {}", user.id, user.how)).collect(),
        Users::Unused => vec![],
        Users::Unknown(why) => panic!("{why}"),
    }
}

#[test]
fn an_image_that_only_an_old_version_of_a_template_names_is_used() {
    let launch = |image: &str| Launch { image: Some(image.into()), ..Launch::default() };
    let group = Group {
        name: "shop".into(),
        launches: vec![LaunchSource::Template { id: "lt-1".into(), version: "$Latest".into() }],
        ..Group::default()
    };
    let all = vec![
        image("image/ami-old", &["snap-1"]),
        image("image/ami-new", &[]),
        image("image/ami-none", &[]),
        template(),
        version(3, launch("ami-old")),
        version(9, launch("ami-new")),
    ];
    let graph = Graph::of(&fleet(&all, vec![group]));
    assert_eq!(users(&graph, "image/ami-old"), ["launch-template-version/lt-1:3 launches it"]);
    assert_eq!(users(&graph, "image/ami-none"), Vec::<String>::new());
    assert_eq!(users(&graph, "snapshot/snap-1"), ["image/ami-old is made of it"]);
    let chain = |of: &str| graph.chain(&id(of)).iter().map(|user| user.id.to_string()).collect::<Vec<_>>();
    let kept = ["auto-scaling-group/shop", "launch-template/lt-1", "launch-template-version/lt-1:9"];
    assert_eq!(chain("image/ami-new"), kept);
    assert_eq!(chain("snapshot/snap-1"), ["launch-template-version/lt-1:3", "image/ami-old"]);
    assert!(chain("image/ami-none").is_empty() && chain("volume/vol-nowhere").is_empty());
}

#[test]
fn an_image_behind_a_parameter_is_used() {
    let parameter = resource("parameter//golden", About::Parameter(Parameter { images: vec!["ami-1".into()] }));
    let launch = Launch { parameter: Some("/golden".into()), ..Launch::default() };
    let graph = Graph::of(&fleet(&[image("image/ami-1", &[]), parameter, version(1, launch)], vec![]));
    assert_eq!(users(&graph, "image/ami-1"), ["parameter//golden names it"]);
    assert_eq!(users(&graph, "parameter//golden"), ["launch-template-version/lt-1:1 launches what it names"]);
}

#[test]
fn who_is_pointed_at_by_name_is_found_by_name() {
    let key = resource("key-pair/key-1", About::KeyPair(KeyPair { name: "ops".into() }));
    let launch = Launch {
        key: Some("ops".into()),
        security_group_names: vec!["name-of-sg-1".into()],
        security_groups: vec!["sg-2".into()],
        ..Launch::default()
    };
    let all = vec![key, security_group("sg-1", &[]), security_group("sg-2", &[]), version(2, launch)];
    let graph = Graph::of(&fleet(&all, vec![]));
    for used in ["key-pair/key-1", "security-group/sg-1", "security-group/sg-2"] {
        assert_eq!(users(&graph, used).len(), 1, "{used}");
    }
}

#[test]
fn a_group_that_names_itself_is_not_used_by_that_and_one_that_another_names_is() {
    let all = vec![security_group("sg-1", &["sg-1"]), security_group("sg-2", &["sg-3"]), security_group("sg-3", &[])];
    let graph = Graph::of(&fleet(&all, vec![]));
    assert!(users(&graph, "security-group/sg-1").is_empty());
    assert_eq!(users(&graph, "security-group/sg-3"), ["security-group/sg-2 names it"]);
}

#[test]
fn a_circle_ends_where_it_closes() {
    let all = vec![security_group("sg-1", &["sg-2"]), security_group("sg-2", &["sg-1"])];
    let graph = Graph::of(&fleet(&all, vec![]));
    let chain: Vec<String> = graph.chain(&id("security-group/sg-1")).iter().map(|user| user.id.to_string()).collect();
    assert_eq!(chain, ["security-group/sg-2"]);
}

#[test]
fn what_only_the_one_pointed_at_knows() {
    let volume = Volume {
        state: VolumeState::InUse,
        size: 8,
        kind: "gp3".into(),
        iops: None,
        throughput: None,
        encrypted: true,
        snapshot: Some("snap-1".into()),
        attached: vec![InstanceId::new("i-1")],
        managed: false,
    };
    let interface = Interface {
        available: false,
        kind: "interface".into(),
        instance: Some("i-1".into()),
        security_groups: vec!["sg-1".into()],
        managed: false,
        subnet: None,
        description: String::new(),
    };
    let all = vec![
        resource("volume/vol-1", About::Volume(volume)),
        resource("network-interface/eni-1", About::Interface(interface)),
        security_group("sg-1", &[]),
    ];
    let graph = Graph::of(&fleet(&all, vec![]));
    assert_eq!(users(&graph, "volume/vol-1"), ["instance/i-1 has it attached"]);
    assert_eq!(users(&graph, "snapshot/snap-1"), ["volume/vol-1 was made from it"]);
    assert_eq!(users(&graph, "security-group/sg-1"), ["network-interface/eni-1 is behind it"]);
}

/// Whoever could point at something and is not known makes it unknown, never unused.
#[test]
fn one_list_that_failed_and_nothing_that_it_could_keep_is_unused() {
    for kind in ResourceKind::ALL {
        let mut fleet = fleet(&[], vec![]);
        if *kind == ResourceKind::Group {
            fleet.groups = View::Unknown("throttled".into());
        } else {
            fleet.estate.kinds.insert(*kind, Kept::new(Extent::All, Err("throttled")));
        }
        let graph = Graph::of(&fleet);
        for other in ResourceKind::ALL {
            let users = graph.users(&ResourceId::new(*other, "x"));
            let expected = referrers(*other).contains(kind);
            assert_eq!(matches!(users, Users::Unknown(why) if why.contains("throttled")), expected, "{kind} {other}");
        }
    }
}

#[test]
fn groups_that_opted_in_are_not_all_groups() {
    let mut fleet = fleet(&[], vec![]);
    fleet.all_groups = false;
    let graph = Graph::of(&fleet);
    assert!(matches!(graph.users(&id("target-group/arn:x")), Users::Unknown(why) if why.contains("opted in")));
    let mut loose = self::fleet(&[], vec![]);
    loose.estate.kinds.insert(ResourceKind::Interface, Kept::new::<String>(Extent::Loose, Ok(vec![])));
    assert!(matches!(Graph::of(&loose).users(&id("security-group/sg-1")), Users::Unknown(_)));
}

/// Every arrow that a description can have is in the table of who may point at whom, so that nothing is called unused
/// while the list that has its user is not known.
#[test]
fn the_table_of_referrers_knows_every_arrow() {
    let launch = Launch {
        image: Some("ami-1".into()),
        parameter: Some("/p".into()),
        kind: None,
        key: Some("ops".into()),
        security_groups: vec!["sg-1".into()],
        security_group_names: vec!["n".into()],
        snapshots: vec!["snap-1".into()],
        interfaces: vec!["eni-1".into()],
        ..Launch::default()
    };
    let group = Group {
        name: "shop".into(),
        launches: vec![
            LaunchSource::Template { id: "lt-1".into(), version: "3".into() },
            LaunchSource::Configuration("web".into()),
            LaunchSource::Image("ami-1".into()),
        ],
        target_groups: vec!["arn:t".into()],
        classic_balancers: vec!["b".into()],
        subnets: vec!["subnet-1".into()],
        ..Group::default()
    };
    // A configuration attaches no interface.
    let launch_of_one = Launch { interfaces: vec![], ..launch.clone() };
    let configuration = crate::resource::LaunchConfiguration { launch: launch_of_one };
    for user in [
        Resource::from(&group),
        version(3, launch),
        resource("launch-configuration/web", About::LaunchConfiguration(configuration)),
        image("image/ami-1", &["snap-1"]),
        security_group("sg-1", &["sg-2"]),
    ] {
        for one in user.uses() {
            let kind = match &one.what {
                Pointed::Id(id) => id.kind,
                Pointed::Name(kind, _) => *kind,
            };
            assert!(referrers(kind).contains(&user.id.kind), "{} {} {kind}", user.id.kind, one.how);
        }
    }
}

//! The account of the month: of each kind something that nobody uses, and beside it one that somebody does.

use serde_json::{Value, json};

use crate::moto::{Moto, elements, text};

/// What is to become of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Marked, announced, deleted.
    Ends,
    /// The same, once what used it has ended.
    EndsLater,
    /// The same, and between the two a last resort on a day of its own.
    EndsSaved,
    /// The same, and the last resort has days of grace.
    EndsDisabled,
    /// Marked, announced, and told to forget: it stays.
    Forgets,
    /// Marked and announced, and no more than that.
    Announced,
    /// Nothing at all: somebody uses it.
    Stays,
}

/// A thing, by what events call it.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub(super) target: String,
    pub(super) owner: Option<&'static str>,
    pub(super) fate: Fate,
}

/// The account, and who can make more of it.
pub(super) struct Estate<'m> {
    moto: &'m Moto,
    pub(super) things: Vec<Thing>,
    /// What goes with waste: disks of instances, the snapshot of an image, the only version of a template.
    pub(super) parts: Vec<String>,
    /// An instance that nobody will end.
    pub(super) host: String,
    subnets: Vec<String>,
    vpc: String,
}

/// What the things are named where they have names, so that two of a kind differ.
const WASTE: &str = "waste";
const USED: &str = "used";

impl<'m> Estate<'m> {
    /// Everything, made now.
    pub(super) fn new(moto: &'m Moto) -> Self {
        let seeded = moto.seed(&json!({ "loose": 4, "groups": [
            { "name": "waste-prod-v001", "count": 0, "tags": { "owner": "cid" } },
            { "name": "stuck-prod-v001", "count": 0, "max": 1, "desired": 1, "suspended": ["Launch"], "tags": { "owner": "cid" } },
            { "name": "used-prod-v001", "count": 2, "suspended": ["Launch"], "tags": { "owner": "cid" } },
        ] }));
        let loose: Vec<String> = seeded["loose"].as_array().unwrap().iter().map(text).collect();
        let [orphan, stopped, parked, host] = <[String; 4]>::try_from(loose).unwrap();
        let ids = |action, element| elements(&moto.query("ec2", EC2, action, &[]), element);
        let (subnets, vpc) = (ids("DescribeSubnets", "subnetId"), ids("DescribeVpcs", "vpcId").remove(0));
        let mut estate = Self { moto, things: Vec::new(), parts: Vec::new(), host, subnets, vpc };
        estate.thing("auto-scaling-group", "waste-prod-v001", Some("cid"), Fate::Ends);
        estate.thing("auto-scaling-group", "stuck-prod-v001", Some("cid"), Fate::Ends);
        estate.thing("auto-scaling-group", "used-prod-v001", Some("cid"), Fate::Stays);
        estate.instances(&orphan, &stopped, &parked);
        estate.storage();
        estate.launches();
        estate.balancers(&parked);
        estate.network();
        estate.log_groups();
        estate
    }

    /// An EC2 call; what the answer has in that element.
    fn ec2(&self, action: &str, parameters: &[(&str, &str)], element: &str) -> String {
        elements(&self.moto.query("ec2", EC2, action, parameters), element).remove(0)
    }

    /// A call whose answer is of no interest.
    fn order(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) {
        self.moto.query(service, version, action, parameters);
    }

    pub(super) fn tag(&self, id: &str, key: &str, value: &str) {
        let tag = [("ResourceId.1", id), ("Tag.1.Key", key), ("Tag.1.Value", value)];
        self.order("ec2", EC2, "CreateTags", &tag);
    }

    fn thing(&mut self, kind: &str, id: &str, owner: Option<&'static str>, fate: Fate) {
        self.things.push(Thing { target: format!("{kind}/{id}"), owner, fate });
    }

    /// Something of EC2, with its owner's tag.
    fn owned(&mut self, kind: &str, id: &str, owner: &'static str, fate: Fate) {
        self.tag(id, "owner", owner);
        self.thing(kind, id, Some(owner), fate);
    }

    fn instances(&mut self, orphan: &str, stopped: &str, parked: &str) {
        self.order("ec2", EC2, "StopInstances", &[("InstanceId.1", stopped), ("InstanceId.2", parked)]);
        for id in [orphan, stopped] {
            let disk = self.ec2("DescribeInstances", &[("InstanceId.1", id)], "volumeId");
            self.parts.push(format!("volume/{disk}"));
        }
        self.thing("instance", orphan, None, Fate::Ends);
        self.owned("instance", stopped, "ann", Fate::Ends);
        // A classic balancer sends to this one.
        self.owned("instance", parked, "ann", Fate::Stays);
        let host = self.host.clone();
        self.owned("instance", &host, "ann", Fate::Stays);
    }

    /// A volume that nobody has.
    pub(super) fn volume(&self) -> String {
        let volume = self.ec2("CreateVolume", &[("Size", "8"), ("AvailabilityZone", "us-east-1a")], "volumeId");
        self.tag(&volume, "owner", "ann");
        volume
    }

    /// It gets it, as the device of that letter.
    pub(super) fn attach(&self, volume: &str, letter: char) {
        let device = format!("/dev/sd{letter}");
        let order = [("VolumeId", volume), ("InstanceId", &self.host), ("Device", &device)];
        self.order("ec2", EC2, "AttachVolume", &order);
    }

    fn storage(&mut self) {
        let waste = self.volume();
        self.thing("volume", &waste, Some("ann"), Fate::EndsSaved);
        let used = self.volume();
        self.attach(&used, 'f');
        self.thing("volume", &used, Some("ann"), Fate::Stays);

        let snapshot = |estate: &Self| estate.ec2("CreateSnapshot", &[("VolumeId", &used)], "snapshotId");
        let waste = snapshot(self);
        self.owned("snapshot", &waste, "ann", Fate::Ends);
        let origin = snapshot(self);
        self.owned("snapshot", &origin, "ann", Fate::Stays);
        let copy = [("SnapshotId", origin.as_str()), ("AvailabilityZone", "us-east-1a")];
        let copy = self.ec2("CreateVolume", &copy, "volumeId");
        self.attach(&copy, 'g');

        let image = |estate: &Self, name: &str| {
            let order = [("InstanceId", estate.host.as_str()), ("Name", name)];
            estate.ec2("CreateImage", &order, "imageId")
        };
        let waste = image(self, WASTE);
        self.owned("image", &waste, "ann", Fate::EndsDisabled);
        let part = self.ec2("DescribeImages", &[("ImageId.1", &waste)], "snapshotId");
        self.parts.push(format!("snapshot/{part}"));
        let used = image(self, USED);
        self.owned("image", &used, "ann", Fate::Stays);

        let key = |estate: &Self, name: &str| estate.ec2("CreateKeyPair", &[("KeyName", name)], "keyPairId");
        let waste = key(self, WASTE);
        self.owned("key-pair", &waste, "ann", Fate::Ends);
        let with = key(self, USED);
        self.owned("key-pair", &with, "ann", Fate::Stays);
        let order = [
            ("ImageId", used.as_str()),
            ("KeyName", USED),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("InstanceType", "t3.micro"),
        ];
        let started = self.ec2("RunInstances", &order, "instanceId");
        self.owned("instance", &started, "ann", Fate::Stays);
    }

    fn launches(&mut self) {
        let seeded = self.ec2("DescribeLaunchTemplates", &[], "launchTemplateId");
        let image = self.ec2("DescribeLaunchTemplateVersions", &[("LaunchTemplateId", &seeded)], "imageId");
        self.thing("launch-template", &seeded, None, Fate::Stays);
        for name in [WASTE, USED] {
            let order = [("LaunchConfigurationName", name), ("ImageId", image.as_str()), ("InstanceType", "t3.micro")];
            self.order("autoscaling", SCALING, "CreateLaunchConfiguration", &order);
        }
        // What cannot be tagged belongs to nobody.
        self.thing("launch-configuration", WASTE, None, Fate::Ends);
        self.thing("launch-configuration", USED, None, Fate::Stays);
        self.group("old-prod-v001", &[("LaunchConfigurationName", USED)]);

        let data = [("LaunchTemplateData.ImageId", image.as_str()), ("LaunchTemplateData.InstanceType", "t3.micro")];
        let template = |estate: &Self, name: &str| {
            estate.ec2(
                "CreateLaunchTemplate",
                &[&[("LaunchTemplateName", name)], &data[..]].concat(),
                "launchTemplateId",
            )
        };
        let waste = template(self, WASTE);
        self.owned("launch-template", &waste, "cid", Fate::Ends);
        self.parts.push(format!("launch-template-version/{waste}:1"));
        let used = template(self, USED);
        self.owned("launch-template", &used, "cid", Fate::Stays);
        // The first is its default, the fourth its latest, and of the others a group launches the third.
        for _ in 2..=4 {
            self.order(
                "ec2",
                EC2,
                "CreateLaunchTemplateVersion",
                &[&[("LaunchTemplateId", used.as_str())], &data[..]].concat(),
            );
        }
        self.thing("launch-template-version", &format!("{used}:2"), Some("cid"), Fate::Ends);
        self.thing("launch-template-version", &format!("{used}:3"), Some("cid"), Fate::Stays);
        self.group(
            "third-prod-v001",
            &[("LaunchTemplate.LaunchTemplateId", used.as_str()), ("LaunchTemplate.Version", "3")],
        );
    }

    /// A group of one that launches from something.
    fn group(&mut self, name: &'static str, source: &[(&str, &str)]) {
        let order = [
            ("AutoScalingGroupName", name),
            ("MinSize", "1"),
            ("MaxSize", "1"),
            ("AvailabilityZones.member.1", "us-east-1a"),
        ];
        self.order("autoscaling", SCALING, "CreateAutoScalingGroup", &[&order[..], source].concat());
        self.thing("auto-scaling-group", name, None, Fate::Stays);
    }

    /// A security group, of that name.
    fn security_group(&mut self, name: &str, fate: Fate) -> String {
        let order = [("GroupName", name), ("GroupDescription", name), ("VpcId", &self.vpc)];
        let group = self.ec2("CreateSecurityGroup", &order, "groupId");
        self.owned("security-group", &group, "bob", fate);
        group
    }

    fn balancers(&mut self, parked: &str) {
        let make = |estate: &Self, action: &str, parameters: &[(&str, &str)], element: &str| {
            let arn = elements(&estate.moto.query(BALANCING, V2, action, parameters), element).remove(0);
            let tag = [
                ("ResourceArns.member.1", arn.as_str()),
                ("Tags.member.1.Key", "owner"),
                ("Tags.member.1.Value", "bob"),
            ];
            estate.order(BALANCING, V2, "AddTags", &tag);
            arn
        };
        let (mut balancers, mut targets) = (Vec::new(), Vec::new());
        for (name, fate) in [(WASTE, Fate::Ends), (USED, Fate::Stays)] {
            let group = if fate == Fate::Ends { Fate::EndsLater } else { fate };
            let group = self.security_group(&format!("{name}-balancers"), group);
            let order =
                [("Name", name), ("Subnets.member.1", &self.subnets[0]), ("Subnets.member.2", &self.subnets[1])];
            let arn = make(self, "CreateLoadBalancer", &order, "LoadBalancerArn");
            self.thing("load-balancer", &arn, Some("bob"), fate);
            balancers.push(arn);
            let order = [
                ("Name", name),
                ("Protocol", "HTTP"),
                ("Port", "80"),
                ("VpcId", &self.vpc),
                ("TargetType", "instance"),
            ];
            let arn = make(self, "CreateTargetGroup", &order, "TargetGroupArn");
            self.thing("target-group", &arn, Some("bob"), fate);
            targets.push(arn);

            let order = [
                ("LoadBalancerName", name),
                ("SecurityGroups.member.1", &group),
                ("AvailabilityZones.member.1", "us-east-1a"),
                ("Listeners.member.1.Protocol", "http"),
                ("Listeners.member.1.LoadBalancerPort", "80"),
                ("Listeners.member.1.InstancePort", "80"),
                ("Tags.member.1.Key", "owner"),
                ("Tags.member.1.Value", "bob"),
            ];
            self.order(BALANCING, V1, "CreateLoadBalancer", &order);
            self.thing("classic-load-balancer", name, Some("bob"), fate);
        }
        let listener = [
            ("LoadBalancerArn", balancers[1].as_str()),
            ("Protocol", "HTTP"),
            ("Port", "80"),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", targets[1].as_str()),
        ];
        self.order(BALANCING, V2, "CreateListener", &listener);
        let target = [("TargetGroupArn", targets[1].as_str()), ("Targets.member.1.Id", &self.host)];
        self.order(BALANCING, V2, "RegisterTargets", &target);
        let instance = [("LoadBalancerName", USED), ("Instances.member.1.InstanceId", parked)];
        self.order(BALANCING, V1, "RegisterInstancesWithLoadBalancer", &instance);
    }

    fn network(&mut self) {
        let address = |estate: &Self| estate.ec2("AllocateAddress", &[("Domain", "vpc")], "allocationId");
        let waste = address(self);
        self.tag(&waste, "team", "net");
        self.owned("elastic-ip", &waste, "bob", Fate::Ends);
        // Used, one of them without the tag that addresses must have.
        for (letter, fate) in [("1", Fate::Stays), ("2", Fate::Announced)] {
            let interface = self.interface(&[]);
            let attach =
                [("NetworkInterfaceId", interface.as_str()), ("InstanceId", &self.host), ("DeviceIndex", letter)];
            self.order("ec2", EC2, "AttachNetworkInterface", &attach);
            self.thing("network-interface", &interface, None, Fate::Stays);
            let used = address(self);
            let associate = [("AllocationId", used.as_str()), ("NetworkInterfaceId", &interface)];
            self.order("ec2", EC2, "AssociateAddress", &associate);
            if fate == Fate::Stays {
                self.tag(&used, "team", "net");
            }
            self.owned("elastic-ip", &used, "bob", fate);
        }
        let waste = self.interface(&[]);
        self.owned("network-interface", &waste, "bob", Fate::Ends);

        for (name, fate) in [(WASTE, Fate::Ends), (USED, Fate::Stays)] {
            let group = self.security_group(name, fate);
            let order = [("SubnetId", self.subnets[0].as_str()), ("ConnectivityType", "private")];
            let gateway = self.ec2("CreateNatGateway", &order, "natGatewayId");
            self.owned("nat-gateway", &gateway, "bob", fate);
            if fate == Fate::Stays {
                let behind = self.interface(&[("SecurityGroupId.1", &group)]);
                let attach =
                    [("NetworkInterfaceId", behind.as_str()), ("InstanceId", &self.host), ("DeviceIndex", "3")];
                self.order("ec2", EC2, "AttachNetworkInterface", &attach);
                let table = self.ec2("CreateRouteTable", &[("VpcId", &self.vpc)], "routeTableId");
                let route = [
                    ("RouteTableId", table.as_str()),
                    ("NatGatewayId", &gateway),
                    ("DestinationCidrBlock", "0.0.0.0/0"),
                ];
                self.order("ec2", EC2, "CreateRoute", &route);
            }
        }
    }

    fn interface(&self, more: &[(&str, &str)]) -> String {
        let order = [&[("SubnetId", self.subnets[0].as_str())], more].concat();
        self.ec2("CreateNetworkInterface", &order, "networkInterfaceId")
    }

    fn log_groups(&mut self) {
        for name in [WASTE, USED] {
            let order = json!({ "logGroupName": name, "tags": { "owner": "ann" } });
            self.moto.json("logs", "Logs_20140328.CreateLogGroup", &order);
        }
        let order = json!({ "logGroupName": USED, "retentionInDays": 30 });
        self.moto.json("logs", "Logs_20140328.PutRetentionPolicy", &order);
        self.thing("log-group", WASTE, Some("ann"), Fate::Forgets);
        self.thing("log-group", USED, Some("ann"), Fate::Stays);
    }

    /// For how many days that log group keeps its events, if it forgets them at all.
    pub(super) fn retention(&self, name: &str) -> Option<u64> {
        let found: Value =
            self.moto.json("logs", "Logs_20140328.DescribeLogGroups", &json!({ "logGroupNamePrefix": name }));
        found["logGroups"][0]["retentionInDays"].as_u64()
    }
}

const EC2: &str = "2016-11-15";
const SCALING: &str = "2011-01-01";
const BALANCING: &str = "elasticloadbalancing";
const V1: &str = "2012-06-01";
const V2: &str = "2015-12-01";

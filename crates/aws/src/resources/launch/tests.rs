use aws_smithy_types::DateTime as Moment;
use chrono::DateTime;

use super::*;

fn whole_template() -> ec2::LaunchTemplate {
    ec2::LaunchTemplate::builder()
        .launch_template_id("lt-1")
        .launch_template_name("shop")
        .default_version_number(2)
        .latest_version_number(5)
        .create_time(Moment::from_secs(1_795_456_800))
        .operator(ec2::OperatorResponse::builder().managed(true).build())
        .tags(ec2::Tag::builder().key("owner").value("ann").build())
        .build()
}

#[test]
fn a_template_whole() {
    let ours = template(whole_template()).unwrap();
    assert_eq!((ours.id.to_string().as_str(), ours.title()), ("launch-template/lt-1", "shop"));
    assert_eq!((ours.tag("owner"), ours.created), (Some("ann"), DateTime::from_timestamp(1_795_456_800, 0)));
    let expected = LaunchTemplate { default_version: 2, latest_version: 5, managed: true };
    assert_eq!(ours.launch_template(), Some(&expected));
}

#[test]
fn a_template_without_its_numbers_is_none() {
    type Spoil = fn(&mut ec2::LaunchTemplate);
    let cases: [(&str, Spoil); 3] = [
        ("a launch template's id is missing", |t| t.launch_template_id = None),
        ("DefaultVersionNumber of lt-1 is missing", |t| t.default_version_number = None),
        ("LatestVersionNumber of lt-1 is -1", |t| t.latest_version_number = Some(-1)),
    ];
    for (flaw, spoil) in cases {
        let mut spoiled = whole_template();
        spoil(&mut spoiled);
        assert_eq!(template(spoiled).unwrap_err(), flaw);
    }
}

fn data() -> ec2::ResponseLaunchTemplateData {
    let interface = |public: bool, groups: &str| {
        ec2::LaunchTemplateInstanceNetworkInterfaceSpecification::builder()
            .associate_public_ip_address(public)
            .groups(groups)
    };
    let ebs = ec2::LaunchTemplateEbsBlockDevice::builder().snapshot_id("snap-1").build();
    let options = ec2::LaunchTemplateInstanceMetadataOptions::builder()
        .http_endpoint(ec2::LaunchTemplateInstanceMetadataEndpointState::Disabled)
        .http_tokens(ec2::LaunchTemplateHttpTokensState::Required)
        .http_put_response_hop_limit(1);
    ec2::ResponseLaunchTemplateData::builder()
        .image_id("ami-1")
        .instance_type(ec2::InstanceType::M7gLarge)
        .key_name("ops")
        .security_group_ids("sg-1")
        .security_groups("old-style")
        .network_interfaces(interface(false, "sg-2").network_interface_id("eni-1").build())
        .network_interfaces(interface(true, "sg-1").build())
        .block_device_mappings(ec2::LaunchTemplateBlockDeviceMapping::builder().ebs(ebs).build())
        .block_device_mappings(ec2::LaunchTemplateBlockDeviceMapping::builder().virtual_name("ephemeral0").build())
        .metadata_options(options.build())
        .build()
}

fn whole_version(number: i64) -> ec2::LaunchTemplateVersion {
    ec2::LaunchTemplateVersion::builder()
        .launch_template_id("lt-1")
        .launch_template_name("shop")
        .version_number(number)
        .default_version(number == 2)
        .create_time(Moment::from_secs(1_795_456_800))
        .launch_template_data(data())
        .build()
}

#[test]
fn a_version_whole() {
    let ours = version(whole_version(3)).unwrap();
    assert_eq!((ours.id.to_string().as_str(), ours.title()), ("launch-template-version/lt-1:3", "shop:3"));
    assert_eq!(ours.tags.known(), Some(&Tags::new()));
    let expected = Launch {
        image: Some("ami-1".into()),
        parameter: None,
        kind: Some("m7g.large".into()),
        key: Some("ops".into()),
        security_groups: vec!["sg-1".into(), "sg-2".into()],
        security_group_names: vec!["old-style".into()],
        snapshots: vec!["snap-1".into()],
        interfaces: vec!["eni-1".into()],
        metadata: Metadata { enabled: Some(false), tokens_required: Some(true), hop_limit: Some(1) },
        public_address: Some(true),
    };
    let about = ours.template_version().unwrap();
    assert_eq!((about.template.as_str(), about.number, about.default), ("lt-1", 3, false));
    assert_eq!(about.launch, expected);
    let mut empty = whole_version(2);
    empty.launch_template_data = Some(ec2::ResponseLaunchTemplateData::builder().build());
    let ours = version(empty).unwrap();
    let about = ours.template_version().unwrap();
    assert!(about.default);
    assert_eq!(about.launch, Launch::default());
}

#[test]
fn the_highest_number_is_the_latest() {
    let mut all: Vec<Resource> = [2, 7, 3].iter().map(|number| version(whole_version(*number)).unwrap()).collect();
    mark_latest(&mut all);
    let latest: Vec<bool> = all.iter().map(|one| one.template_version().unwrap().latest).collect();
    assert_eq!(latest, [false, true, false]);
    mark_latest(&mut []);
}

#[test]
fn a_version_without_a_number_or_data_is_none() {
    type Spoil = fn(&mut ec2::LaunchTemplateVersion);
    let cases: [(&str, Spoil); 4] = [
        ("the launch template's id of a version is missing", |v| v.launch_template_id = None),
        ("VersionNumber of lt-1 is missing", |v| v.version_number = None),
        ("the data of lt-1:3 is missing", |v| v.launch_template_data = None),
        ("HttpPutResponseHopLimit of lt-1:3 is -1", |v| {
            let data = v.launch_template_data.as_mut().unwrap();
            data.metadata_options.as_mut().unwrap().http_put_response_hop_limit = Some(-1);
        }),
    ];
    for (flaw, spoil) in cases {
        let mut spoiled = whole_version(3);
        spoil(&mut spoiled);
        assert_eq!(version(spoiled).unwrap_err(), flaw);
    }
}

#[test]
fn a_parameter_in_the_place_of_an_image() {
    let shared = "arn:aws:ssm:us-east-1:111122223333:parameter/golden";
    for (text, image, parameter) in [
        ("ami-1", Some("ami-1"), None),
        ("resolve:ssm:/golden/arm", None, Some("/golden/arm")),
        ("resolve:ssm:golden:7", None, Some("golden")),
        ("resolve:ssm:golden:stable", None, Some("golden")),
        (&format!("resolve:ssm:{shared}"), None, Some(shared)),
        ("", None, None),
    ] {
        let (theirs_image, theirs_parameter) = named_image(Some(text.into()));
        assert_eq!((theirs_image.as_deref(), theirs_parameter.as_deref()), (image, parameter), "{text}");
    }
    assert_eq!(named_image(None), (None, None));
}

#[test]
fn a_configuration_whole() {
    let ebs = scaling::Ebs::builder().snapshot_id("snap-1").build();
    let options = scaling::InstanceMetadataOptions::builder()
        .http_endpoint(scaling::InstanceMetadataEndpointState::Enabled)
        .http_tokens(scaling::InstanceMetadataHttpTokensState::Required)
        .http_put_response_hop_limit(2);
    let theirs = scaling::LaunchConfiguration::builder()
        .launch_configuration_name("old")
        .image_id("ami-1")
        .instance_type("t3.micro")
        .key_name("ops")
        .security_groups("sg-1")
        .security_groups("old-style")
        .block_device_mappings(scaling::BlockDeviceMapping::builder().ebs(ebs).build())
        .associate_public_ip_address(false)
        .metadata_options(options.build())
        .created_time(Moment::from_secs(1_795_456_800))
        .build();
    let ours = configuration(theirs.clone()).unwrap();
    assert_eq!((ours.id.to_string().as_str(), ours.name.as_ref()), ("launch-configuration/old", None));
    assert_eq!(ours.created, DateTime::from_timestamp(1_795_456_800, 0));
    let expected = Launch {
        image: Some("ami-1".into()),
        kind: Some("t3.micro".into()),
        key: Some("ops".into()),
        security_groups: vec!["sg-1".into()],
        security_group_names: vec!["old-style".into()],
        snapshots: vec!["snap-1".into()],
        metadata: Metadata { enabled: Some(true), tokens_required: Some(true), hop_limit: Some(2) },
        public_address: Some(false),
        ..Launch::default()
    };
    assert_eq!(ours.launch_configuration().unwrap().launch, expected);
    let nameless = scaling::LaunchConfiguration::builder().launch_configuration_name("").build();
    assert_eq!(configuration(nameless).unwrap_err(), "a launch configuration's name is missing");
}

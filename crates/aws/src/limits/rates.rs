//! The buckets: which there are, and how large AWS's own are.

use std::sync::Arc;

use simian_core::ports::Clock;

use super::Bucket;

/// A bucket as AWS has it: how many tokens it holds, and how many come back a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) holds: u32,
    pub(super) per_second: u32,
}

macro_rules! rates {
    ($($(#[doc = $doc:literal])+ $name:ident = $holds:literal, $per_second:literal;)+) => {
        $($(#[doc = $doc])+ pub(super) const $name: Rate = Rate { holds: $holds, per_second: $per_second };)+

        #[cfg(test)]
        pub(super) const ALL: &[Rate] = &[$($name),+];
    };
}

// Source of EC2's: EC2 Developer Guide, "Request throttling for the Amazon EC2 API", request and resource token
// buckets. Each is an account's in a region. Source of Elastic Load Balancing's reads: its user guide, "Request
// throttling for the Elastic Load Balancing API"; each version of that API has buckets of its own.
//
// The others throttle too, and their API references do not say where. Theirs are guesses on the careful side: a survey of
// 5,000 groups waits for about eight seconds, a second look at 100 groups for twenty.
rates! {
    /// A describe call of EC2 with a filter or a page size: a non-mutating action. Each such action has a bucket of its
    /// own.
    FILTERED = 100, 20;
    /// A describe call of EC2 with neither.
    UNFILTERED = 50, 10;
    /// Calls of `TerminateInstances`.
    TERMINATE = 100, 5;
    /// Instances in calls of `TerminateInstances`: a bucket of their own.
    TERMINATED = 1000, 20;
    /// A mutating action of EC2. Some have larger buckets of their own, which nothing here needs.
    WRITES = 50, 5;
    /// `StopInstances` and `StartInstances`, an instance a call: a guess on the careful side.
    START_STOP = 5, 2;
    /// All describe calls of a version of Elastic Load Balancing together.
    BALANCERS = 40, 10;
    /// What changes something in a version of Elastic Load Balancing.
    BALANCER_WRITES = 10, 2;
    /// A describe call of Auto Scaling; of groups, a page a call.
    SCALING = 25, 5;
    /// What changes something in Auto Scaling: EC2's pace for writes.
    SCALING_WRITES = 25, 5;
    /// `GetCalendarState`, a calendar a call.
    CALENDARS = 10, 2;
    /// `DescribeAlarms`, a hundred alarms a call, and `GetSafetyLever`: once when something is due, and every ten seconds
    /// while it is done.
    STOPS = 10, 2;
    /// What makes, starts, stops or deletes an experiment of AWS FIS, or its template.
    EXPERIMENTS = 10, 2;
    /// `GetExperiment`, every two seconds while one begins.
    EXPERIMENT_STATES = 10, 5;
    /// A call of CloudWatch Logs.
    LOGS = 10, 5;
    /// A call of Systems Manager that lists something.
    SYSTEMS = 10, 5;
    /// `SendCommand` and `GetCommandInvocation`, an instance a call.
    COMMANDS = 10, 5;
    /// `GetParameters`: applications read theirs from the same bucket when they start.
    PARAMETERS = 20, 10;
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $rate:ident,)+) => {
        /// One region's buckets.
        #[derive(Debug)]
        pub(crate) struct Limits {
            $($(#[doc = $doc])+ pub(crate) $name: Arc<Bucket>,)+
        }

        impl Limits {
            pub(crate) fn new(clock: &Arc<dyn Clock>) -> Self {
                Self { $($name: Bucket::new($rate, clock),)+ }
            }
        }
    };
}

limits! {
    // EC2, what is read.
    /// `DescribeInstances`
    instances = FILTERED,
    /// `DescribeVolumes`
    volumes = FILTERED,
    /// `DescribeSnapshots`
    snapshots = FILTERED,
    /// `DescribeSnapshotAttribute`
    snapshot_attributes = UNFILTERED,
    /// `DescribeImages`
    images = FILTERED,
    /// `DescribeImageAttribute`
    image_attributes = UNFILTERED,
    /// `DescribeLaunchTemplates`
    launch_templates = FILTERED,
    /// `DescribeLaunchTemplateVersions`
    template_versions = UNFILTERED,
    /// `DescribeAddresses`
    addresses = UNFILTERED,
    /// `DescribeNetworkInterfaces`
    interfaces = FILTERED,
    /// `DescribeSecurityGroups`
    security_groups = FILTERED,
    /// `DescribeKeyPairs`
    key_pairs = UNFILTERED,
    /// `DescribeNatGateways`
    nat_gateways = FILTERED,
    /// `DescribeRouteTables`
    route_tables = FILTERED,
    /// `DescribeSubnets`
    subnets = FILTERED,
    /// `DescribeInstanceTypes`
    instance_types = UNFILTERED,

    // EC2, what is changed.
    /// Calls of `TerminateInstances`
    terminate = TERMINATE,
    /// Instances in them
    terminated = TERMINATED,
    /// `RebootInstances`
    reboot = WRITES,
    /// `CreateTags`
    tag = WRITES,
    /// `DeleteTags`
    untag = WRITES,
    /// `CreateSnapshot`
    create_snapshot = WRITES,
    /// `DisableImage`
    disable_image = WRITES,
    /// `DeleteVolume`
    delete_volume = WRITES,
    /// `DeleteSnapshot`
    delete_snapshot = WRITES,
    /// `DeregisterImage`
    deregister_image = WRITES,
    /// `DeleteLaunchTemplate`
    delete_launch_template = WRITES,
    /// `DeleteLaunchTemplateVersions`
    delete_template_versions = WRITES,
    /// `ReleaseAddress`
    release_address = WRITES,
    /// `DeleteNetworkInterface`
    delete_interface = WRITES,
    /// `DeleteSecurityGroup`
    delete_security_group = WRITES,
    /// `DeleteKeyPair`
    delete_key_pair = WRITES,
    /// `DeleteNatGateway`
    delete_nat_gateway = WRITES,
    /// `StopInstances`
    stop = START_STOP,
    /// `StartInstances`
    start = START_STOP,
    /// `ModifyNetworkInterfaceAttribute`
    modify_interface = WRITES,
    /// `DetachVolume`
    detach_volume = WRITES,
    /// `AttachVolume`
    attach_volume = WRITES,
    /// `CreateSecurityGroup`
    create_security_group = WRITES,
    /// `RevokeSecurityGroupEgress`
    revoke_egress = WRITES,

    // Auto Scaling.
    /// `DescribeAutoScalingGroups`
    groups = SCALING,
    /// `DescribeInstanceRefreshes`
    refreshes = SCALING,
    /// `DescribeScalingActivities`
    activities = SCALING,
    /// `DescribeLaunchConfigurations`
    launch_configurations = SCALING,
    /// `TerminateInstanceInAutoScalingGroup`
    terminate_in_group = SCALING_WRITES,
    /// `CreateOrUpdateTags`
    tag_groups = SCALING_WRITES,
    /// `DeleteTags`
    untag_groups = SCALING_WRITES,
    /// `DeleteAutoScalingGroup`
    delete_group = SCALING_WRITES,
    /// `DeleteLaunchConfiguration`
    delete_launch_configuration = SCALING_WRITES,
    /// `SuspendProcesses`
    suspend = SCALING_WRITES,
    /// `ResumeProcesses`
    resume = SCALING_WRITES,
    /// `EnterStandby`
    enter_standby = SCALING_WRITES,
    /// `ExitStandby`
    exit_standby = SCALING_WRITES,
    /// `DetachInstances`
    detach = SCALING_WRITES,
    /// `AttachInstances`
    attach = SCALING_WRITES,

    // Elastic Load Balancing, both versions.
    /// Whatever version 2 describes
    balancers = BALANCERS,
    /// Whatever is changed in version 2
    change_balancers = BALANCER_WRITES,
    /// Whatever version 1 describes
    classic_balancers = BALANCERS,
    /// Whatever is changed in version 1
    change_classic_balancers = BALANCER_WRITES,

    // CloudWatch and its logs, FIS, Systems Manager.
    /// `DescribeAlarms`
    alarms = STOPS,
    /// `GetSafetyLever`
    levers = STOPS,
    /// `GetExperiment`
    experiments = EXPERIMENT_STATES,
    /// `CreateExperimentTemplate`, `StartExperiment`, `StopExperiment` and `DeleteExperimentTemplate`
    experiment = EXPERIMENTS,
    /// `DescribeLogGroups`
    log_groups = LOGS,
    /// `ListTagsForResource`
    log_tags = LOGS,
    /// `TagResource`
    tag_logs = LOGS,
    /// `UntagResource`
    untag_logs = LOGS,
    /// `PutRetentionPolicy`
    retain_logs = LOGS,
    /// `DescribeParameters`
    list_parameters = SYSTEMS,
    /// `GetParameters`
    parameters = PARAMETERS,
    /// `DescribeInstanceInformation`
    managed_nodes = SYSTEMS,
    /// `ListCommands`
    commands = SYSTEMS,
    /// `GetCommandInvocation`
    invocations = COMMANDS,
    /// `SendCommand`
    send_command = COMMANDS,
}

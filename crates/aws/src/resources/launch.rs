//! What instances are launched from: templates, each of their versions, and configurations.

use aws_sdk_autoscaling::operation::describe_launch_configurations::DescribeLaunchConfigurationsError;
use aws_sdk_autoscaling::types as scaling;
use aws_sdk_ec2::operation::describe_launch_template_versions::{
    DescribeLaunchTemplateVersionsError, DescribeLaunchTemplateVersionsOutput,
};
use aws_sdk_ec2::operation::describe_launch_templates::{DescribeLaunchTemplatesError, DescribeLaunchTemplatesOutput};
use aws_sdk_ec2::types as ec2;
use simian_core::ports::{CallError, Cause, ResourceQuery};
use simian_core::resource::{
    About, Launch, LaunchConfiguration, LaunchTemplate, Metadata, Resource, ResourceId, ResourceKind, Tags,
    TemplateVersion,
};

use super::{asked, is_managed, keep_wanted, named, pages, present, tags, untagged};
use crate::clients::Clients;
use crate::convert::{Flaw, count, given, required, time};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{distinct, each, side_by_side, whole};

/// The largest page of `DescribeLaunchTemplates` and of `DescribeLaunchTemplateVersions` (their API references).
const TEMPLATES_A_PAGE: i32 = 200;

/// The largest page of `DescribeLaunchConfigurations` (its API reference).
const CONFIGURATIONS_A_PAGE: i32 = 100;

/// The most names in one call of it (the same).
const NAMES_A_CALL: usize = 50;

/// Before the name of a parameter in the place of an image. Source: EC2 User Guide, "Use a Systems Manager parameter
/// instead of an AMI ID".
const RESOLVE: &str = "resolve:ssm:";

/// The API filters by name and not by id, so the rest is left out here.
pub(super) async fn templates(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let all = pages!(
        call,
        &clients.limits.launch_templates,
        asked(&ResourceQuery::All, ""),
        DescribeLaunchTemplatesError,
        clients.ec2.describe_launch_templates().max_results(TEMPLATES_A_PAGE).include_managed_resources(true),
        set_filters,
        |page: DescribeLaunchTemplatesOutput| page.launch_templates,
        template
    );
    let mut all = all?;
    keep_wanted(&mut all, query);
    Ok(all)
}

/// All versions of all templates: a call a template, eight at a time.
pub(super) async fn versions(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let templates = match query {
        ResourceQuery::Ids(ids) => distinct(ids.iter().filter_map(|id| Some(id.rsplit_once(':')?.0))),
        ResourceQuery::All | ResourceQuery::Loose => {
            let all = templates(clients, &call.named("ec2:DescribeLaunchTemplates"), query).await?;
            all.into_iter().map(|template| template.id.id).collect()
        }
    };
    let parts = templates.iter().map(|id| versions_of(clients, call, id)).collect();
    let mut all = side_by_side(parts).await?;
    keep_wanted(&mut all, query);
    Ok(all)
}

/// All versions of a template; none of one that is gone. A parameter in the place of an image is left as it is.
async fn versions_of(clients: &Clients, call: &Call<'_>, template: &str) -> Result<Vec<Resource>, CallError> {
    let read = pages!(
        call,
        &clients.limits.template_versions,
        asked(&ResourceQuery::All, ""),
        DescribeLaunchTemplateVersionsError,
        clients
            .ec2
            .describe_launch_template_versions()
            .launch_template_id(template)
            .max_results(TEMPLATES_A_PAGE)
            .include_managed_resources(true),
        set_filters,
        |page: DescribeLaunchTemplateVersionsOutput| page.launch_template_versions,
        version
    );
    match read {
        Ok(mut all) => {
            mark_latest(&mut all);
            Ok(all)
        }
        Err(CallError { cause: Cause::Gone(_), .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A version does not say of itself that it is the latest. Of all of a template, the one of the highest number is.
fn mark_latest(all: &mut [Resource]) {
    let number = |one: &Resource| one.template_version().map(|version| version.number);
    let highest = all.iter().filter_map(number).max();
    for one in all {
        if let About::TemplateVersion(version) = &mut one.about {
            version.latest = Some(version.number) == highest;
        }
    }
}

pub(super) async fn configurations(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    // A name that there is not is left out of the answer.
    let asked: Vec<Option<Vec<String>>> = match query {
        ResourceQuery::All | ResourceQuery::Loose => vec![None],
        ResourceQuery::Ids(names) => {
            let names = distinct(names.iter().map(String::as_str));
            names.chunks(NAMES_A_CALL).map(|chunk| Some(chunk.to_vec())).collect()
        }
    };
    let bucket = &clients.limits.launch_configurations;
    let mut all = Vec::new();
    for names in asked {
        let found = whole(bucket, call, |token| {
            let page = clients
                .scaling
                .describe_launch_configurations()
                .set_launch_configuration_names(names.clone())
                .max_records(CONFIGURATIONS_A_PAGE)
                .set_next_token(token)
                .customize()
                .interceptor(Meter::<DescribeLaunchConfigurationsError>::new([bucket]))
                .send();
            async move {
                let page = page.await.map_err(|error| call.error(&error))?;
                Ok((each(call, page.launch_configurations, configuration)?, page.next_token))
            }
        });
        all.extend(found.await?);
    }
    Ok(all)
}

/// `LaunchTemplate` of the EC2 API.
fn template(theirs: ec2::LaunchTemplate) -> Result<Resource, Flaw> {
    let id = required(theirs.launch_template_id, "a launch template's id")?;
    let tags = tags(theirs.tags, &id)?;
    let about = LaunchTemplate {
        default_version: number(theirs.default_version_number, "DefaultVersionNumber", &id)?,
        latest_version: number(theirs.latest_version_number, "LatestVersionNumber", &id)?,
        managed: is_managed(theirs.operator.as_ref()),
    };
    let (name, created) = (given(theirs.launch_template_name), time(theirs.create_time));
    Ok(named(ResourceId::new(ResourceKind::LaunchTemplate, id), name, tags, created, About::LaunchTemplate(about)))
}

fn number(theirs: Option<i64>, what: &str, of: &str) -> Result<u64, Flaw> {
    let number = present(theirs, what, of)?;
    u64::try_from(number).map_err(|_| format!("{what} of {of} is {number}"))
}

/// `LaunchTemplateVersion` of the EC2 API. Which one is the latest is for [`mark_latest`] to say.
fn version(theirs: ec2::LaunchTemplateVersion) -> Result<Resource, Flaw> {
    let template = required(theirs.launch_template_id, "the launch template's id of a version")?;
    let number = number(theirs.version_number, "VersionNumber", &template)?;
    let id = ResourceId::version(&template, number);
    let data = present(theirs.launch_template_data, "the data", &id.id)?;
    let launch = launch(data, &id.id)?;
    let default = theirs.default_version.unwrap_or_default();
    let name = given(theirs.launch_template_name).map(|name| format!("{name}:{number}"));
    let about = TemplateVersion { template, number, default, latest: false, launch };
    Ok(named(id, name, Tags::new(), time(theirs.create_time), About::TemplateVersion(about)))
}

/// `ResponseLaunchTemplateData` of the EC2 API.
fn launch(theirs: ec2::ResponseLaunchTemplateData, of: &str) -> Result<Launch, Flaw> {
    let (image, parameter) = named_image(theirs.image_id);
    let interfaces = theirs.network_interfaces.unwrap_or_default();
    let public = interfaces.iter().filter_map(|one| one.associate_public_ip_address).max();
    let mut security_groups = theirs.security_group_ids.unwrap_or_default();
    let mut attached = Vec::new();
    for one in interfaces {
        security_groups.extend(one.groups.unwrap_or_default());
        attached.extend(given(one.network_interface_id));
    }
    let devices = theirs.block_device_mappings.unwrap_or_default().into_iter();
    Ok(Launch {
        image,
        parameter,
        kind: given(theirs.instance_type.map(|kind| kind.as_str().to_owned())),
        key: given(theirs.key_name),
        security_groups: distinct(security_groups.iter().map(String::as_str)),
        security_group_names: theirs.security_groups.unwrap_or_default(),
        snapshots: devices.filter_map(|device| given(device.ebs?.snapshot_id)).collect(),
        interfaces: attached,
        metadata: theirs.metadata_options.map_or(Ok(Metadata::default()), |options| template_metadata(options, of))?,
        public_address: public,
    })
}

/// An image, or the parameter that names one.
fn named_image(text: Option<String>) -> (Option<String>, Option<String>) {
    let Some(text) = given(text) else { return (None, None) };
    let Some(name) = text.strip_prefix(RESOLVE) else { return (Some(text), None) };
    // After a colon is a version or a label. The ARN of another account's parameter is full of colons, and nothing of ours.
    let name = if name.starts_with("arn:") { name } else { name.split(':').next().unwrap_or(name) };
    (None, Some(name.to_owned()))
}

/// `LaunchTemplateInstanceMetadataOptions` of the EC2 API.
fn template_metadata(theirs: ec2::LaunchTemplateInstanceMetadataOptions, of: &str) -> Result<Metadata, Flaw> {
    use ec2::{LaunchTemplateHttpTokensState as Tokens, LaunchTemplateInstanceMetadataEndpointState as Endpoint};
    Ok(Metadata {
        enabled: theirs.http_endpoint.map(|endpoint| endpoint == Endpoint::Enabled),
        tokens_required: theirs.http_tokens.map(|tokens| tokens == Tokens::Required),
        hop_limit: hop_limit(theirs.http_put_response_hop_limit, of)?,
    })
}

/// `InstanceMetadataOptions` of the Auto Scaling API.
fn metadata(theirs: scaling::InstanceMetadataOptions, of: &str) -> Result<Metadata, Flaw> {
    use scaling::{InstanceMetadataEndpointState as Endpoint, InstanceMetadataHttpTokensState as Tokens};
    Ok(Metadata {
        enabled: theirs.http_endpoint.map(|endpoint| endpoint == Endpoint::Enabled),
        tokens_required: theirs.http_tokens.map(|tokens| tokens == Tokens::Required),
        hop_limit: hop_limit(theirs.http_put_response_hop_limit, of)?,
    })
}

fn hop_limit(theirs: Option<i32>, of: &str) -> Result<Option<u32>, Flaw> {
    theirs.map(|limit| count(Some(limit), &format!("HttpPutResponseHopLimit of {of}"))).transpose()
}

/// `LaunchConfiguration` of the Auto Scaling API.
fn configuration(theirs: scaling::LaunchConfiguration) -> Result<Resource, Flaw> {
    let name = required(theirs.launch_configuration_name, "a launch configuration's name")?;
    let devices = theirs.block_device_mappings.unwrap_or_default().into_iter();
    // Ids, or names in a default VPC.
    let groups = theirs.security_groups.unwrap_or_default().into_iter();
    let (security_groups, security_group_names) = groups.partition(|group| group.starts_with("sg-"));
    let launch = Launch {
        image: given(theirs.image_id),
        parameter: None,
        kind: given(theirs.instance_type),
        key: given(theirs.key_name),
        security_groups,
        security_group_names,
        snapshots: devices.filter_map(|device| given(device.ebs?.snapshot_id)).collect(),
        interfaces: Vec::new(),
        metadata: theirs.metadata_options.map_or(Ok(Metadata::default()), |options| metadata(options, &name))?,
        public_address: theirs.associate_public_ip_address,
    };
    let about = About::LaunchConfiguration(LaunchConfiguration { launch });
    Ok(untagged(ResourceId::new(ResourceKind::LaunchConfiguration, name), time(theirs.created_time), about))
}

#[cfg(test)]
mod tests;

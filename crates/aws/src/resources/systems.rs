//! What Systems Manager knows: parameters that name images, and the instances that it reaches.

use aws_sdk_ssm::operation::describe_instance_information::DescribeInstanceInformationError;
use aws_sdk_ssm::operation::describe_parameters::DescribeParametersError;
use aws_sdk_ssm::operation::get_parameters::GetParametersError;
use aws_sdk_ssm::types as ssm;
use simian_core::ports::{CallError, ResourceQuery};
use simian_core::resource::{About, ManagedNode, Parameter, Resource, ResourceId, ResourceKind};

use super::{keep_wanted, untagged};
use crate::clients::Clients;
use crate::convert::{Flaw, required, time};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{distinct, each, side_by_side, whole};

/// The largest page of `DescribeParameters` and of `DescribeInstanceInformation` (their API references).
const ITEMS_A_PAGE: i32 = 50;

/// The most names of one call of `GetParameters` (its API reference).
const NAMES_A_CALL: usize = 10;

/// The types of parameters that are read: no secrets.
const PLAIN: [ssm::ParameterType; 2] = [ssm::ParameterType::String, ssm::ParameterType::StringList];

/// The parameters whose values are images' ids; all others are dropped as soon as they are read.
///
/// AWS can filter by the data type `aws:ec2:image`, and people write images into plain text all the same, so every value
/// that is no secret is looked at: a call lists 50 names, another one reads 10 values, which is 1,200 calls for 10,000
/// parameters. `GetParametersByPath` would read them in 1,000 calls, and its reference promises nothing about names that do
/// not begin with a slash. A parameter that was overlooked would make an image look unused.
pub(super) async fn parameters(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let names = match query {
        ResourceQuery::All | ResourceQuery::Loose => names(clients, &call.named("ssm:DescribeParameters")).await?,
        ResourceQuery::Ids(names) => names.clone(),
    };
    let names = distinct(names.iter().map(String::as_str));
    side_by_side(names.chunks(NAMES_A_CALL).map(|chunk| values(clients, call, chunk)).collect()).await
}

/// The names of all parameters of the account that are no secrets.
async fn names(clients: &Clients, call: &Call<'_>) -> Result<Vec<String>, CallError> {
    let types = PLAIN.iter().map(|kind| kind.as_str().to_owned()).collect();
    let plain = ssm::ParameterStringFilter::builder().key("Type").option("Equals").set_values(Some(types)).build();
    let plain = plain.map_err(|error| call.malformed(&error.to_string()))?;
    let bucket = &clients.limits.list_parameters;
    let found = whole(bucket, call, |token| {
        let page = clients
            .systems
            .describe_parameters()
            .parameter_filters(plain.clone())
            .max_results(ITEMS_A_PAGE)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeParametersError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            let name = |theirs: ssm::ParameterMetadata| required(theirs.name, "a parameter's name");
            Ok((each(call, page.parameters, name)?, page.next_token))
        }
    });
    found.await
}

/// Those of these parameters that name images. One that is gone is left out of the answer.
async fn values(clients: &Clients, call: &Call<'_>, names: &[String]) -> Result<Vec<Resource>, CallError> {
    let bucket = &clients.limits.parameters;
    bucket.turn().await;
    let answer = clients
        .systems
        .get_parameters()
        .set_names(Some(names.to_vec()))
        .with_decryption(false)
        .customize()
        .interceptor(Meter::<GetParametersError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    Ok(each(call, answer.parameters, parameter)?.into_iter().flatten().collect())
}

/// `Parameter` of the Systems Manager API, if its value is an image's id, or a list of some.
fn parameter(theirs: ssm::Parameter) -> Result<Option<Resource>, Flaw> {
    let name = required(theirs.name, "a parameter's name")?;
    if !theirs.r#type.is_some_and(|kind| PLAIN.contains(&kind)) {
        return Ok(None);
    }
    let value = theirs.value.unwrap_or_default();
    let images: Vec<String> =
        value.split(',').map(str::trim).filter(|word| is_image(word)).map(str::to_owned).collect();
    let id = ResourceId::new(ResourceKind::Parameter, name);
    Ok((!images.is_empty()).then(|| untagged(id, None, About::Parameter(Parameter { images }))))
}

/// `ami-` and 8 or 17 hexadecimal digits. Source: EC2 User Guide, "Resource IDs".
fn is_image(word: &str) -> bool {
    let digits = word.strip_prefix("ami-").unwrap_or_default();
    matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// All that answer or once did. By id an unknown one is an error for all, so the rest is left out here.
pub(super) async fn nodes(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let bucket = &clients.limits.managed_nodes;
    let found = whole(bucket, call, |token| {
        let page = clients
            .systems
            .describe_instance_information()
            .max_results(ITEMS_A_PAGE)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeInstanceInformationError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.instance_information_list, node)?, page.next_token))
        }
    });
    let mut all = found.await?;
    keep_wanted(&mut all, query);
    Ok(all)
}

/// `InstanceInformation` of the Systems Manager API.
fn node(theirs: ssm::InstanceInformation) -> Result<Resource, Flaw> {
    let id = required(theirs.instance_id, "a managed node's id")?;
    let about = ManagedNode { online: theirs.ping_status == Some(ssm::PingStatus::Online) };
    let created = time(theirs.registration_date);
    Ok(untagged(ResourceId::new(ResourceKind::ManagedNode, id), created, About::ManagedNode(about)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "ami-0123456789abcdef0";

    #[test]
    fn only_parameters_that_name_images_are_kept() {
        let images = |kind: &str, value: &str| {
            let theirs = ssm::Parameter::builder().name("/golden").r#type(kind.into()).value(value).build();
            let ours = parameter(theirs).unwrap();
            ours.map(|one| one.parameter().unwrap().images.clone()).unwrap_or_default()
        };
        assert_eq!(images("String", IMAGE), [IMAGE]);
        assert_eq!(images("String", " ami-01234567\n"), ["ami-01234567"]);
        assert_eq!(images("StringList", &format!("{IMAGE},none,ami-01234567")), [IMAGE, "ami-01234567"]);
        for nothing in ["", "ami-", "ami-012345678", "ami-0123456789abcdeg0", "i-0123456789abcdef0"] {
            assert!(images("String", nothing).is_empty(), "{nothing}");
        }
        assert!(images("String", &format!("{{\"image\":\"{IMAGE}\"}}")).is_empty(), "not the value alone");
        assert!(images("SecureString", IMAGE).is_empty(), "no secret is looked at");
        let nameless = ssm::Parameter::builder().value(IMAGE).build();
        assert_eq!(parameter(nameless).unwrap_err(), "a parameter's name is missing");
    }

    #[test]
    fn a_node_that_answers() {
        let theirs = |status: Option<&str>| {
            let status = status.map(Into::into);
            ssm::InstanceInformation::builder().instance_id("i-1").set_ping_status(status).build()
        };
        for (status, online) in [
            (Some("Online"), true),
            (Some("ConnectionLost"), false),
            (Some("Inactive"), false),
            (Some("odd"), false),
            (None, false),
        ] {
            let ours = node(theirs(status)).unwrap();
            assert_eq!(ours.id.to_string(), "managed-node/i-1");
            assert_eq!(ours.managed_node(), Some(&ManagedNode { online }), "{status:?}");
        }
        assert_eq!(node(ssm::InstanceInformation::builder().build()).unwrap_err(), "a managed node's id is missing");
    }
}

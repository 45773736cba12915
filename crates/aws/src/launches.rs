//! What a launch would start now, and whether it could.

use aws_sdk_autoscaling::operation::describe_launch_configurations::DescribeLaunchConfigurationsError;
use aws_sdk_ec2::operation::describe_images::DescribeImagesError;
use aws_sdk_ec2::operation::describe_launch_template_versions::DescribeLaunchTemplateVersionsError;
use aws_sdk_ec2::types as ec2;
use simian_core::detail::Launches;
use simian_core::fleet::LaunchSource;
use simian_core::ports::{CallError, Cause};

use crate::clients::Clients;
use crate::convert::{Flaw, required};
use crate::error::Call;
use crate::instances::filter;
use crate::limits::Meter;
use crate::pages::{each, whole};

/// The largest page of `DescribeImages` (its API reference).
const IMAGES_A_PAGE: i32 = 1000;

/// Follows a source to its image. `call` is the last one, for the image; whatever leads there has a name of its own.
pub(crate) async fn launches(clients: &Clients, call: &Call<'_>, source: &LaunchSource) -> Result<Launches, CallError> {
    let named = match source {
        LaunchSource::Image(id) => Named::Image(id.clone()),
        LaunchSource::Configuration(name) => {
            configuration(clients, &call.named("autoscaling:DescribeLaunchConfigurations"), name).await?
        }
        LaunchSource::Template { id, version } => {
            template(clients, &call.named("ec2:DescribeLaunchTemplateVersions"), id, version).await?
        }
    };
    match named {
        Named::Gone => Ok(Launches::Gone),
        Named::Nothing => Ok(Launches::NoImage),
        Named::Image(id) if is_available(clients, call, &id).await? => Ok(Launches::Image(id)),
        Named::Image(id) => Ok(Launches::MissingImage(id)),
    }
}

/// The image that a source names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    /// There is no such source.
    Gone,
    /// It names none.
    Nothing,
    /// That one.
    Image(String),
}

/// The one thing that was asked for by name, if there is one.
fn one<T>(mut found: Vec<T>, what: &str) -> Result<Option<T>, Flaw> {
    match found.len() {
        0 | 1 => Ok(found.pop()),
        several => Err(format!("{several} answers for {what}")),
    }
}

async fn template(clients: &Clients, call: &Call<'_>, id: &str, version: &str) -> Result<Named, CallError> {
    let bucket = &clients.limits.template_versions;
    let found = whole(bucket, call, |token| {
        let page = clients
            .ec2
            .describe_launch_template_versions()
            .launch_template_id(id)
            .versions(version)
            // What a parameter of Systems Manager stands for today.
            .resolve_alias(true)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeLaunchTemplateVersionsError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.launch_template_versions, template_image)?, page.next_token))
        }
    });
    match found.await {
        Ok(found) => {
            let one = one(found, id).map_err(|flaw| call.malformed(&flaw))?;
            Ok(one.unwrap_or(Named::Gone))
        }
        // The template, or its version.
        Err(CallError { cause: Cause::Gone(_), .. }) => Ok(Named::Gone),
        Err(error) => Err(error),
    }
}

/// `LaunchTemplateVersion` of the EC2 API.
fn template_image(theirs: ec2::LaunchTemplateVersion) -> Result<Named, Flaw> {
    let data = theirs.launch_template_data.ok_or("the data of a launch template's version is missing")?;
    match data.image_id.filter(|id| !id.is_empty()) {
        None => Ok(Named::Nothing),
        Some(id) if is_image(&id) => Ok(Named::Image(id)),
        Some(other) => Err(format!("`{other}` was not resolved to an image")),
    }
}

fn is_image(id: &str) -> bool {
    id.starts_with("ami-")
}

async fn configuration(clients: &Clients, call: &Call<'_>, name: &str) -> Result<Named, CallError> {
    let bucket = &clients.limits.launch_configurations;
    let found = whole(bucket, call, |token| {
        let page = clients
            .scaling
            .describe_launch_configurations()
            .launch_configuration_names(name)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeLaunchConfigurationsError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            let images = each(call, page.launch_configurations, |theirs| {
                Ok(theirs.image_id.filter(|id| !id.is_empty()).map_or(Named::Nothing, Named::Image))
            })?;
            Ok((images, page.next_token))
        }
    });
    let one = one(found.await?, name).map_err(|flaw| call.malformed(&flaw))?;
    Ok(one.unwrap_or(Named::Gone))
}

/// Whether instances can be started from an image. A deprecated one still starts; one that is disabled, or no longer
/// shared with the account, is left out of the answer.
async fn is_available(clients: &Clients, call: &Call<'_>, id: &str) -> Result<bool, CallError> {
    let bucket = &clients.limits.images;
    let wanted = [id.to_owned()];
    let found = whole(bucket, call, |token| {
        let page = clients
            .ec2
            .describe_images()
            .filters(filter("image-id", &wanted))
            .include_deprecated(true)
            .max_results(IMAGES_A_PAGE)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeImagesError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.images, image)?, page.next_token))
        }
    });
    Ok(found.await?.iter().any(|(found, available)| found == id && *available))
}

/// `Image` of the EC2 API: its id, and whether it can be started. A state that we do not know is none to start from.
fn image(theirs: ec2::Image) -> Result<(String, bool), Flaw> {
    let id = required(theirs.image_id, "an image's id")?;
    let state = theirs.state.ok_or_else(|| format!("the state of {id} is missing"))?;
    Ok((id, state == ec2::ImageState::Available))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(image: Option<&str>) -> ec2::LaunchTemplateVersion {
        let data = ec2::ResponseLaunchTemplateData::builder().set_image_id(image.map(str::to_owned)).build();
        ec2::LaunchTemplateVersion::builder().launch_template_data(data).build()
    }

    #[test]
    fn what_a_template_names() {
        assert_eq!(template_image(version(Some("ami-1"))), Ok(Named::Image("ami-1".into())));
        for nothing in [None, Some("")] {
            assert_eq!(template_image(version(nothing)), Ok(Named::Nothing));
        }
        let flaw = template_image(version(Some("resolve:ssm:/golden"))).unwrap_err();
        assert_eq!(flaw, "`resolve:ssm:/golden` was not resolved to an image");
        assert!(template_image(ec2::LaunchTemplateVersion::builder().build()).is_err());
    }

    #[test]
    fn only_an_image_that_is_available_can_be_started() {
        let theirs = |state: &str| ec2::Image::builder().image_id("ami-1").state(state.into()).build();
        for (state, expected) in [("available", true), ("disabled", false), ("pending", false), ("hovering", false)] {
            assert_eq!(image(theirs(state)), Ok(("ami-1".to_owned(), expected)), "{state}");
        }
        assert_eq!(
            image(ec2::Image::builder().image_id("ami-1").build()).unwrap_err(),
            "the state of ami-1 is missing"
        );
        assert_eq!(image(ec2::Image::builder().build()).unwrap_err(), "an image's id is missing");
    }

    #[test]
    fn two_answers_to_one_question_are_none() {
        assert_eq!(one(Vec::<u8>::new(), "lt-1"), Ok(None));
        assert_eq!(one(vec![1], "lt-1"), Ok(Some(1)));
        assert_eq!(one(vec![1, 2], "lt-1").unwrap_err(), "2 answers for lt-1");
    }
}

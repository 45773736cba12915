//! Machine images of the account.

use aws_sdk_ec2::operation::describe_images::{DescribeImagesError, DescribeImagesOutput};
use aws_sdk_ec2::types as ec2;
use simian_core::ports::{CallError, ResourceQuery};
use simian_core::resource::{About, Image, Resource, ResourceId, ResourceKind};

use super::{ITEMS_A_PAGE, asked, named, pages, present, tags};
use crate::clients::Clients;
use crate::convert::{Flaw, given, required, written_time};
use crate::error::Call;

/// The account's own, deprecated and disabled ones too.
pub(super) async fn list(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    pages!(
        call,
        &clients.limits.images,
        asked(query, "image-id"),
        DescribeImagesError,
        clients
            .ec2
            .describe_images()
            .owners("self")
            .include_deprecated(true)
            .include_disabled(true)
            .max_results(ITEMS_A_PAGE),
        set_filters,
        |page: DescribeImagesOutput| page.images,
        image
    )
}

/// `Image` of the EC2 API.
fn image(theirs: ec2::Image) -> Result<Resource, Flaw> {
    let id = required(theirs.image_id, "an image's id")?;
    let of = |what: &str| format!("{what} of {id}");
    let tags = tags(theirs.tags, &id)?;
    let state = present(theirs.state, "the state", &id)?;
    let devices = theirs.block_device_mappings.unwrap_or_default().into_iter();
    let about = Image {
        available: state == ec2::ImageState::Available,
        disabled: state == ec2::ImageState::Disabled,
        owner: required(theirs.owner_id, &of("OwnerId"))?,
        public: theirs.public.unwrap_or_default(),
        snapshots: devices.filter_map(|device| given(device.ebs?.snapshot_id)).collect(),
        deprecated: when(theirs.deprecation_time, &of("DeprecationTime"))?,
        last_launched: when(theirs.last_launched_time, &of("LastLaunchedTime"))?,
        protected: is_protected(theirs.deregistration_protection.as_deref()),
    };
    let created = when(theirs.creation_date, &of("CreationDate"))?;
    let name = given(theirs.name);
    Ok(named(ResourceId::new(ResourceKind::Image, id), name, tags, created, About::Image(about)))
}

/// A time that the API writes as text. One that cannot be read is not taken for none: an image would look unused.
fn when(text: Option<String>, what: &str) -> Result<Option<chrono::DateTime<chrono::Utc>>, Flaw> {
    let read = |text: String| written_time(&text).ok_or_else(|| format!("{what} is `{text}`"));
    given(text).map(read).transpose()
}

/// Whether its deregistration is refused: `disabled` is the only word for no, and a word that we do not know may be one
/// for yes.
fn is_protected(word: Option<&str>) -> bool {
    word.is_some_and(|word| !word.is_empty() && word != "disabled")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theirs() -> ec2::Image {
        let device = |snapshot: Option<&str>| {
            let ebs = snapshot.map(|id| ec2::EbsBlockDevice::builder().snapshot_id(id).build());
            ec2::BlockDeviceMapping::builder().set_ebs(ebs).build()
        };
        ec2::Image::builder()
            .image_id("ami-1")
            .name("shop-2026-11")
            .state(ec2::ImageState::Available)
            .owner_id("123456789012")
            .public(true)
            .block_device_mappings(device(Some("snap-1")))
            .block_device_mappings(device(None))
            .block_device_mappings(device(Some("snap-2")))
            .creation_date("2026-01-02T03:04:05.000Z")
            .deprecation_time("2028-01-02T03:04:00.000Z")
            .last_launched_time("2026-11-01T00:00:00Z")
            .deregistration_protection("enabled-with-cooldown")
            .tags(ec2::Tag::builder().key("Name").value("another").build())
            .build()
    }

    #[test]
    fn an_image_whole() {
        let ours = image(theirs()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("image/ami-1", "shop-2026-11"));
        assert_eq!(ours.created, written_time("2026-01-02T03:04:05Z"));
        let expected = Image {
            available: true,
            disabled: false,
            owner: "123456789012".into(),
            public: true,
            snapshots: vec!["snap-1".into(), "snap-2".into()],
            deprecated: written_time("2028-01-02T03:04:00Z"),
            last_launched: written_time("2026-11-01T00:00:00Z"),
            protected: true,
        };
        assert_eq!(ours.image(), Some(&expected));
    }

    #[test]
    fn states_and_protection() {
        for (state, available, disabled) in [
            ("available", true, false),
            ("disabled", false, true),
            ("pending", false, false),
            ("failed", false, false),
            ("hovering", false, false),
        ] {
            let mut one = theirs();
            one.state = Some(state.into());
            let ours = image(one).unwrap();
            let about = ours.image().unwrap();
            assert_eq!((about.available, about.disabled), (available, disabled), "{state}");
        }
        for (word, protected) in [(None, false), (Some(""), false), (Some("disabled"), false), (Some("odd"), true)] {
            assert_eq!(is_protected(word), protected, "{word:?}");
        }
    }

    #[test]
    fn whatever_is_missing_or_odd_makes_an_image_unreadable() {
        type Spoil = fn(&mut ec2::Image);
        let cases: [(&str, Spoil); 5] = [
            ("an image's id is missing", |i| i.image_id = None),
            ("the state of ami-1 is missing", |i| i.state = None),
            ("OwnerId of ami-1 is missing", |i| i.owner_id = None),
            ("CreationDate of ami-1 is `yesterday`", |i| i.creation_date = Some("yesterday".into())),
            ("LastLaunchedTime of ami-1 is `never`", |i| i.last_launched_time = Some("never".into())),
        ];
        for (flaw, spoil) in cases {
            let mut spoiled = theirs();
            spoil(&mut spoiled);
            assert_eq!(image(spoiled).unwrap_err(), flaw);
        }
        let mut never = theirs();
        (never.last_launched_time, never.deprecation_time, never.creation_date) = (None, Some(String::new()), None);
        let ours = image(never).unwrap();
        assert_eq!((ours.created, ours.image().unwrap().last_launched), (None, None));
    }
}

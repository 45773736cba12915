//! What a launch needs: a template or configuration, an image, a zone with capacity, and an address.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simian_core::detail::Launches;
use simian_core::{GroupId, LaunchSource, Region};

use crate::group::HISTORY;
use crate::past::Past;
use crate::state::State;

/// Free addresses of an empty subnet: a /18, so that four of them fill the largest network there is. AWS keeps five.
/// Source: VPC user guide, "Subnet CIDR blocks".
const ADDRESSES: u32 = (1 << 14) - 5;

/// What there is and what is gone. Templates, configurations and images are there until somebody removes them.
#[derive(Debug, Default)]
pub(crate) struct Supplies {
    gone: BTreeMap<(Region, LaunchSource), Past<bool>>,
    /// Free addresses of the subnet of each zone that a group ever named.
    free: BTreeMap<String, Past<u32>>,
}

impl Supplies {
    fn is_gone(&self, region: &Region, what: &LaunchSource, then: DateTime<Utc>) -> bool {
        self.gone.get(&(region.clone(), what.clone())).is_some_and(|gone| *gone.at(then))
    }

    /// There is a subnet in these zones.
    pub(crate) fn open(&mut self, zones: &[String]) {
        for zone in zones {
            self.free.entry(zone.clone()).or_insert_with(|| Past::always(ADDRESSES));
        }
    }

    /// Free addresses of a subnet, by its id, as of then.
    pub(crate) fn addresses(&self, region: &Region, subnet: &str, then: DateTime<Utc>) -> Option<u32> {
        let zone = subnet.strip_prefix("subnet-").filter(|zone| zone.starts_with(region.as_str()))?;
        self.free.get(zone).map(|free| *free.at(then))
    }
}

/// The id of a zone's only subnet.
pub(crate) fn subnet(zone: &str) -> String {
    format!("subnet-{zone}")
}

impl State {
    /// The image that this starts, whether or not it is there.
    pub(crate) fn image(&self, region: &Region, source: &LaunchSource) -> String {
        match source {
            LaunchSource::Image(id) => id.clone(),
            LaunchSource::Template { .. } | LaunchSource::Configuration(_) => {
                let mut chance = self.chance(&["image", region.as_str(), &source.to_string()]);
                format!("ami-{:x}{:016x}", chance.next() >> 60, chance.next())
            }
        }
    }

    /// What a launch from there would have started at that time.
    pub(crate) fn would_launch(&self, region: &Region, source: &LaunchSource, then: DateTime<Utc>) -> Launches {
        let image = self.image(region, source);
        if !matches!(source, LaunchSource::Image(_)) && self.supplies.is_gone(region, source, then) {
            Launches::Gone
        } else if self.supplies.is_gone(region, &LaunchSource::Image(image.clone()), then) {
            Launches::MissingImage(image)
        } else {
            Launches::Image(image)
        }
    }

    /// Somebody deletes the images that a group launches, or puts them back.
    pub(crate) fn set_images(&mut self, id: &GroupId, there: bool) -> bool {
        let Some(sources) = self.sources(id) else { return false };
        let images = sources.iter().map(|source| LaunchSource::Image(self.image(&id.region, source))).collect();
        self.set_gone(id, images, !there)
    }

    /// Somebody deletes the templates and configurations that a group launches from, or puts them back.
    pub(crate) fn set_templates(&mut self, id: &GroupId, there: bool) -> bool {
        let Some(mut sources) = self.sources(id) else { return false };
        sources.retain(|source| !matches!(source, LaunchSource::Image(_)));
        self.set_gone(id, sources, !there)
    }

    fn set_gone(&mut self, id: &GroupId, what: Vec<LaunchSource>, gone: bool) -> bool {
        let now = self.now;
        let found = !what.is_empty();
        for one in what {
            let known = self.supplies.gone.entry((id.region.clone(), one)).or_insert_with(|| Past::always(false));
            known.set(now, gone);
        }
        found
    }

    fn sources(&self, id: &GroupId) -> Option<Vec<LaunchSource>> {
        self.groups.get(id).filter(|group| group.alive).map(|group| group.spec.sources())
    }

    /// Somebody else takes addresses of a zone's subnet, or gives them back, until so many are free.
    pub(crate) fn set_addresses(&mut self, zone: &str, free: u32) -> bool {
        self.set_free(zone, |_| free)
    }

    pub(crate) fn take_address(&mut self, zone: &str) {
        self.set_free(zone, |free| free.saturating_sub(1));
    }

    pub(crate) fn give_address(&mut self, zone: &str) {
        self.set_free(zone, |free| free.saturating_add(1));
    }

    fn set_free(&mut self, zone: &str, change: impl FnOnce(u32) -> u32) -> bool {
        let Some(free) = self.supplies.free.get_mut(zone) else { return false };
        let count = change(*free.now());
        free.set(self.now, count);
        if self.journal.is_none() {
            free.forget(self.now - HISTORY);
        }
        true
    }

    /// Where a group launches next: the emptiest zone that has room. If there is nowhere or nothing to launch, why not,
    /// in AWS's words. Sources: EC2 API, "Error codes"; Auto Scaling user guide, "Troubleshoot issues".
    pub(crate) fn place(&self, id: &GroupId) -> Result<String, String> {
        let Some(group) = self.groups.get(id) else { return Err("there is no such group".into()) };
        let nothing = group.spec.sources().into_iter().find_map(|source| self.nothing_to_launch(id, &source));
        if let Some(why) = nothing {
            return Err(format!("{why} Launching EC2 instance failed."));
        }
        let crowd = |zone: &String| group.members.iter().filter(|id| self.instances[*id].life.zone == *zone).count();
        let mut zones: Vec<&String> = group.spec.zones.iter().collect();
        zones.sort_by_key(|zone| crowd(zone));
        let mut first = None;
        for zone in zones {
            let Some(why) = self.no_room(zone) else { return Ok(zone.clone()) };
            first.get_or_insert(why);
        }
        let why = first.unwrap_or_else(|| "No zone is named.".into());
        Err(format!("{why} Launching EC2 instance failed."))
    }

    fn nothing_to_launch(&self, id: &GroupId, source: &LaunchSource) -> Option<String> {
        match (self.would_launch(&id.region, source, self.now), source) {
            (Launches::Gone, LaunchSource::Template { id, .. }) => {
                Some(format!("The specified launch template, with template ID {id}, does not exist."))
            }
            (Launches::Gone, _) => Some(format!("The {source} does not exist.")),
            (Launches::MissingImage(image), _) => Some(format!("The image id '[{image}]' does not exist.")),
            (Launches::Image(_) | Launches::NoImage, _) => None,
        }
    }

    fn no_room(&self, zone: &str) -> Option<String> {
        if self.zones_out.contains_key(zone) {
            return Some(format!(
                "We currently do not have sufficient m5.large capacity in the Availability Zone you requested ({zone}). \
                 Our system will be working on provisioning additional capacity."
            ));
        }
        let full = self.supplies.free.get(zone).is_some_and(|free| *free.now() == 0);
        full.then(|| {
            let subnet = subnet(zone);
            format!(
                "There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
            )
        })
    }
}

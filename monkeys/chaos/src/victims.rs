//! Who falls: as many as the unit's size says, in the order of the dice, without those whose end would break a floor. All
//! of one region, because one region's call ends them.
//!
//! A choice is no verdict: the rails look again. So when everybody would break a floor, the first is proposed all the
//! same, and the rail says why it holds.

use std::collections::BTreeMap;

use simian_core::dice::Draws;
use simian_core::rails::Floors;
use simian_core::{GroupId, Member, Region, Target, Unit, World};

/// How many would still serve, by group, and by group and zone.
#[derive(Default)]
struct Left<'w> {
    groups: BTreeMap<&'w GroupId, u32>,
    zones: BTreeMap<(&'w GroupId, &'w str), u32>,
}

impl<'w> Left<'w> {
    /// Takes one away, if the floors let it.
    fn take(&mut self, group: &'w GroupId, zone: &'w str, floors: &Floors) -> bool {
        let in_group = self.groups.entry(group).or_default();
        let in_zone = self.zones.entry((group, zone)).or_default();
        let fits = *in_group > floors.healthy && *in_zone > floors.zone;
        if fits {
            *in_group -= 1;
            *in_zone -= 1;
        }
        fits
    }
}

/// The victims of a unit on the date of the lots, and their region, in the order of the choice; none when nobody can be chosen.
pub(crate) fn choose<'w>(world: &'w World, lots: &Draws, unit: &'w Unit, floors: &Floors) -> Vec<(&'w Region, Target)> {
    let going: Vec<_> = world.history.in_flight().collect();
    let groups = unit.groups.iter().filter_map(|id| Some((id, world.find(id)?)));
    let serving: Vec<(&GroupId, &Member)> = groups
        .flat_map(|(id, group)| group.members.iter().map(move |member| (id, member)))
        .filter(|(_, member)| member.serves() && !going.contains(&&member.id))
        .collect();
    let mut left = Left::default();
    for (group, member) in &serving {
        *left.groups.entry(group).or_default() += 1;
        *left.zones.entry((group, &member.zone)).or_default() += 1;
    }
    // Whom an owner protects still serves, but is never hit.
    let by_id: BTreeMap<&str, (&GroupId, &Member)> =
        serving.iter().filter(|(_, m)| !m.protected).map(|(group, m)| (m.id.as_str(), (*group, *m))).collect();
    let ranked = lots.rank(&unit.id.pieces(), by_id.keys().copied());
    let target = |id: &&str| {
        let (group, member) = by_id[*id];
        let (instance, zone) = (member.id.clone(), member.zone.clone());
        (&group.region, Target { instance, group: group.name.clone(), zone })
    };
    let size = unit.settings.size.among(serving.len());
    let mut victims: Vec<(&Region, Target)> = Vec::new();
    for id in &ranked {
        let (group, member) = by_id[id];
        let elsewhere = victims.first().is_some_and(|(region, _)| **region != group.region);
        if victims.len() < size && !elsewhere && left.take(group, &member.zone, floors) {
            victims.push(target(id));
        }
    }
    if victims.is_empty() { ranked.first().map(target).into_iter().collect() } else { victims }
}

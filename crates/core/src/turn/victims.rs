//! Who is hit: as many as the unit's size says, in the order of the dice, without those whose loss would break a floor and
//! not more than the caps. All of one region, because one region's call hits them.
//!
//! A choice is no verdict: the rails look again. So when everybody would break a floor, the first is proposed all the
//! same, and the rail says why it holds. No rail knows the caps, so nobody is proposed beyond them.

use std::collections::BTreeMap;

use crate::dice::Draws;
use crate::fleet::{Group, Member};
use crate::proposal::Target;
use crate::rails::Floors;
use crate::scope::Region;
use crate::unit::{GroupId, Unit};
use crate::world::World;

/// How many may be hit, whatever owners say, and how many must be left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Rather fewer are hit than so many are not left.
    pub floors: Floors,
    /// Members of a unit at once, those that are under way counted in; `None` for no cap but the unit's own.
    pub cap: Option<u32>,
    /// The same of a unit's members in one zone.
    pub zone_cap: Option<u32>,
}

/// How many would still serve, by group, and by group and zone; and how many of the unit are hit, by zone.
#[derive(Default)]
struct Left<'w> {
    groups: BTreeMap<&'w GroupId, u32>,
    zones: BTreeMap<(&'w GroupId, &'w str), u32>,
    hit: BTreeMap<&'w str, u32>,
}

impl<'w> Left<'w> {
    /// Whether a cap leaves room for one more of the unit, in that zone.
    fn has_room(&self, zone: &str, bounds: &Bounds) -> bool {
        let there = self.hit.get(zone).copied().unwrap_or_default();
        self.room(bounds) > 0 && bounds.zone_cap.is_none_or(|cap| there < cap)
    }

    /// How many more of the unit may be hit.
    fn room(&self, bounds: &Bounds) -> u32 {
        bounds.cap.map_or(u32::MAX, |cap| cap.saturating_sub(self.hit.values().sum()))
    }

    /// Takes one away, if the floors and the caps let it.
    fn take(&mut self, group: &'w GroupId, zone: &'w str, bounds: &Bounds) -> bool {
        let is_open = self.has_room(zone, bounds);
        let in_group = self.groups.entry(group).or_default();
        let in_zone = self.zones.entry((group, zone)).or_default();
        let fits = is_open && *in_group > bounds.floors.healthy && *in_zone > bounds.floors.zone;
        if fits {
            *in_group -= 1;
            *in_zone -= 1;
            *self.hit.entry(zone).or_default() += 1;
        }
        fits
    }
}

/// The victims of a unit on the date of the lots, and their region, in the order of the choice; none when nobody can be
/// chosen, and a reason where the caps leave no room.
pub(super) fn choose<'w>(
    world: &'w World,
    lots: &Draws,
    unit: &'w Unit,
    bounds: &Bounds,
) -> Result<Vec<(&'w Region, Target)>, String> {
    let going: Vec<_> = world.history.in_flight().collect();
    let groups = unit.groups.iter().filter_map(|id| Some((id, world.find(id)?)));
    let serving: Vec<(&GroupId, &Member)> = groups
        .flat_map(|(id, group): (_, &Group)| group.members.iter().map(move |member| (id, member)))
        .filter(|(_, member)| member.serves() && !going.contains(&&member.id))
        .collect();
    let mut left = Left::default();
    for (group, member) in &serving {
        *left.groups.entry(group).or_default() += 1;
        *left.zones.entry((group, &member.zone)).or_default() += 1;
    }
    for open in &world.history.open {
        let theirs = |target: &&Target| unit.has_group(&open.scope.region, &target.group);
        for target in open.targets.iter().filter(theirs) {
            *left.hit.entry(&target.zone).or_default() += 1;
        }
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
    let first = ranked.iter().find(|id| left.has_room(&by_id[**id].1.zone, bounds));
    if first.is_none() && !ranked.is_empty() {
        let hit: u32 = left.hit.values().sum();
        return Err(format!("{hit} of its members are hit already, and the caps allow no more at once"));
    }
    let size = unit.settings.size.among(serving.len()).min(left.room(bounds) as usize);
    let mut victims: Vec<(&Region, Target)> = Vec::new();
    for id in &ranked {
        let (group, member) = by_id[id];
        let elsewhere = victims.first().is_some_and(|(region, _)| **region != group.region);
        if victims.len() < size && !elsewhere && left.take(group, &member.zone, bounds) {
            victims.push(target(id));
        }
    }
    Ok(if victims.is_empty() { first.map(target).into_iter().collect() } else { victims })
}

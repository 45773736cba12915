//! Who falls: as many as the unit's size says, in the order of the dice, without those whose end would break a floor.
//!
//! A choice is no verdict: the rails look again. So when everybody would break a floor, the first is proposed all the
//! same, and the rail says why it holds.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use simian_core::rails::Floors;
use simian_core::{Dice, Member, Target, Unit, World};

/// How many would still serve, by group, and by group and zone.
#[derive(Default)]
struct Left<'w> {
    groups: BTreeMap<&'w str, u32>,
    zones: BTreeMap<(&'w str, &'w str), u32>,
}

impl<'w> Left<'w> {
    /// Takes one away, if the floors let it.
    fn take(&mut self, group: &'w str, zone: &'w str, floors: &Floors) -> bool {
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

/// The victims of a unit on a date, in the order of the choice; none when nobody can be chosen.
pub(crate) fn choose(world: &World, dice: &Dice, unit: &Unit, date: NaiveDate, floors: &Floors) -> Vec<Target> {
    let going: Vec<_> = world.history.in_flight().collect();
    let groups = unit.groups.iter().filter_map(|name| world.group(&unit.id.scope, name));
    let serving: Vec<(&str, &Member)> = groups
        .flat_map(|group| group.members.iter().map(|member| (group.name.as_str(), member)))
        .filter(|(_, member)| member.serves() && !going.contains(&&member.id))
        .collect();
    let mut left = Left::default();
    for (group, member) in &serving {
        *left.groups.entry(group).or_default() += 1;
        *left.zones.entry((group, &member.zone)).or_default() += 1;
    }
    // Whom an owner protects still serves, but is never hit.
    let by_id: BTreeMap<&str, (&str, &Member)> =
        serving.iter().filter(|(_, m)| !m.protected).map(|(group, m)| (m.id.as_str(), (*group, *m))).collect();
    let ranked = dice.rank("chaos.victim", date, &unit.id.full(), by_id.keys().copied());
    let target = |id: &&str| {
        let (group, member) = by_id[*id];
        Target { instance: member.id.clone(), group: group.to_owned(), zone: member.zone.clone() }
    };
    let size = unit.settings.size.among(serving.len());
    let mut victims: Vec<Target> = Vec::new();
    for id in &ranked {
        let (group, member) = by_id[id];
        if victims.len() < size && left.take(group, &member.zone, floors) {
            victims.push(target(id));
        }
    }
    if victims.is_empty() { ranked.first().map(target).into_iter().collect() } else { victims }
}

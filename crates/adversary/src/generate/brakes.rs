//! What says that this is a bad moment, and what makes a group hard to replace: alarms, the safety lever, the outage hook,
//! balancers, images, addresses, refreshes; and what operators say of units.

use simian_sim::Chance;

use super::{in_hours, number, pick, setup as fleet, some_group};
use crate::model::names;
use crate::scenario::{ALARMS, AlarmSays, HookSays, Port, Setup, Side, Step, What, When};

/// Adds them to a week.
pub(super) fn add(setup: &mut Setup, steps: &mut Vec<Step>, chance: &mut Chance) {
    for group in &mut setup.groups {
        if chance.hit(0.2) {
            let names = pick(chance, &["shop-5xx", "cart-latency", "shop-5xx cart-latency"]);
            group.tags.insert("simian:alarms".into(), (*names).to_owned());
        }
        if chance.hit(0.3) {
            group.target_group = Some(format!("{}-web", names::cluster(&group.name)).replace(' ', "-"));
        }
    }
    if chance.hit(0.25) {
        setup.policy.alarms.push("all-5xx".into());
    }
    setup.policy.outage = chance.hit(0.2);
    if !chance.hit(0.6) {
        return;
    }
    for _ in 0..number(chance, 2, 10) {
        let from = in_hours(setup, chance);
        let what = trouble(setup, chance);
        let over = over(&what);
        let when = if chance.hit(0.5) {
            let ports = [
                Port::Detail,
                Port::Stops,
                Port::Stops,
                Port::Named,
                Port::Survey,
                Port::Claim,
                Port::Intent,
                Port::Act,
            ];
            let (port, side) = (*pick(chance, &ports), *pick(chance, &[Side::Before, Side::After]));
            if chance.hit(0.5) {
                let id = 2000 + u32::try_from(steps.len()).unwrap_or(0);
                steps.push(Step { when: When::At(from), what: What::GameDay { id } });
            }
            let nth = number(chance, 1, 2);
            if chance.hit(0.3) {
                let seconds = *pick(chance, &[8, 12, 25, 45, 4000]);
                let what = What::Sleep { replica: 0, seconds };
                steps.push(Step { when: When::Call { from, port, nth, side }, what });
            }
            When::Call { from, port, nth, side }
        } else {
            When::At(from)
        };
        steps.push(Step { when, what });
        if let Some(what) = over {
            let later = from + u64::from(number(chance, 1, 600)) * 60_000;
            steps.push(Step { when: When::At(later), what });
        }
    }
}

fn trouble(setup: &Setup, chance: &mut Chance) -> What {
    let (region, group) = some_group(setup, chance);
    let name = (*pick(chance, &ALARMS)).to_owned();
    let nth = chance.index(4);
    let target_group = format!("{}-web", names::cluster(&group)).replace(' ', "-");
    match chance.below(16) {
        0..=2 => {
            let says = *pick(chance, &[Some(AlarmSays::Loud), Some(AlarmSays::Loud), Some(AlarmSays::Nothing), None]);
            What::Alarm { region, name, says }
        }
        3 => What::BindAlarm { region, group, name, fewer_than: number(chance, 1, 5) },
        4 | 5 => What::Lever { region, engaged: true },
        6 | 7 => What::Outage(*pick(chance, &[HookSays::No, HookSays::Silence])),
        8 => What::Images { region, group, there: false },
        9 => What::Templates { region, group, there: false },
        10 => What::Addresses { zone: fleet::zone(setup.regions, chance), free: number(chance, 0, 2) },
        11 => What::Checks { region, but: nth, healthy: false },
        12 => What::Used { region, target_group, used: false },
        13 => What::Refresh { region, group, every: number(chance, 1, 15) },
        14 => {
            let unit = format!("{}:{}", setup.policy.unit, names::unit(&setup.policy.unit, &group));
            What::Pause { region: None, monkey: None, minutes: Some(number(chance, 1, 600)), unit: Some(unit) }
        }
        _ => (*pick(chance, &[What::SayRecovered, What::SayFleetChanged])).clone(),
    }
}

/// What ends it again, if something does.
fn over(what: &What) -> Option<What> {
    Some(match what.clone() {
        What::Alarm { region, name, .. } => What::Alarm { region, name, says: Some(AlarmSays::Quiet) },
        What::Lever { region, .. } => What::Lever { region, engaged: false },
        What::Outage(_) => What::Outage(HookSays::Yes),
        What::Images { region, group, .. } => What::Images { region, group, there: true },
        What::Templates { region, group, .. } => What::Templates { region, group, there: true },
        What::Addresses { zone, .. } => What::Addresses { zone, free: 1000 },
        What::Checks { region, but, .. } => What::Checks { region, but, healthy: true },
        What::Used { region, target_group, .. } => What::Used { region, target_group, used: true },
        What::Refresh { region, group, every } => What::RefreshEnds { region, group, cancelled: every % 2 == 0 },
        _ => return None,
    })
}

//! Which fault it is: what cannot be done drops out, says why, and changes nobody else's draw.

mod fleet;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use fleet::{calendar, chaos, date, fleet, group, world};
use simian_core::rails::FaultRules;
use simian_core::{Action, Dice, Monkey, Outlook, Proposal, Request, Terms, Wish};

const DAILY: (&str, &str) = ("simian:chaos:mean-days", "1");

/// What becomes of forty units that want these faults.
fn look(faults: &str, rules: &FaultRules) -> Outlook {
    let groups = (0..40).map(|n| group(&format!("s{n:02}-prod-v001"), &[DAILY, ("simian:chaos:faults", faults)]));
    let day = calendar(chrono_tz::UTC, "09:00", "15:00").day(date(2026, 11, 23));
    chaos().with(rules.clone()).propose(&world([fleet("us-east-1", groups)]), &day, &Dice::new("catalogue"))
}

fn with(action: Action, parameters: &[(&str, &str)]) -> FaultRules {
    let parameters = parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    FaultRules { parameters: BTreeMap::from([(action, parameters)]), ..FaultRules::default() }
}

fn actions(outlook: &Outlook) -> Vec<Action> {
    outlook.proposals.iter().map(|proposal| proposal.action).collect()
}

#[test]
fn what_lasts_comes_with_the_operators_terms_and_what_does_not_with_none() {
    let mut rules = with(Action::BurnCpu, &[("share", "0.5")]);
    rules.lasts = TimeDelta::minutes(7);
    let outlook = look("burn-cpu reboot isolate", &rules);
    for Proposal { action, terms, why, .. } in &outlook.proposals {
        let parameters = if *action == Action::BurnCpu { rules.parameters[action].clone() } else { BTreeMap::new() };
        let lasting = Some(Terms { lasts: rules.lasts, parameters });
        assert_eq!(*terms, if *action == Action::Reboot { None } else { lasting });
        assert!(!why.contains("drops out"), "{why}");
    }
    let mut seen = actions(&outlook);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [Action::Reboot, Action::Isolate, Action::BurnCpu]);
}

#[test]
fn a_fault_that_cannot_be_done_is_drawn_again_by_those_who_drew_it_and_nobody_else() {
    let faults = "terminate=2 reboot=2 latency=1 clock-skew=1";
    let mut all = with(Action::Latency, &[("delay", "200ms")]);
    all.parameters.insert(Action::ClockSkew, [("by".into(), "+10m".into())].into());
    all.allow.insert(Action::ClockSkew);
    let (whole, part) = (look(faults, &all), look(faults, &FaultRules::default()));
    assert_eq!(whole.proposals.len(), 40);
    assert_eq!(part.proposals.len(), 40);
    let mut again = 0;
    for (before, after) in whole.proposals.iter().zip(&part.proposals) {
        assert_eq!((&before.key, before.due, &before.targets), (&after.key, after.due, &after.targets));
        if matches!(before.action, Action::Terminate | Action::Reboot) {
            assert_eq!(before, after);
            continue;
        }
        again += 1;
        assert!(matches!(after.action, Action::Terminate | Action::Reboot), "{after:?}");
        let reason = match before.action {
            Action::Latency => {
                "latency drops out: `delay` is missing: write it as in delay=200ms, under [faults.latency] of the config"
            }
            _ => "clock-skew drops out: the operator does not name it in faults.allow",
        };
        assert!(after.why.contains(reason), "{}", after.why);
    }
    assert!(again > 5, "{again}");
}

#[test]
fn where_nothing_is_left_the_unit_is_accounted_for() {
    let outlook = look("kernel-panic fill-disk", &FaultRules::default());
    assert_eq!((outlook.proposals.len(), outlook.considered.len()), (0, 40));
    for considered in &outlook.considered {
        for part in ["its turn", "kernel-panic drops out: the operator", "fill-disk drops out: `path` is missing"] {
            assert!(considered.why.contains(part), "{}", considered.why);
        }
    }
}

#[test]
fn what_is_asked_for_by_name_is_not_drawn() {
    let group = group("s00-prod-v001", &[("simian:chaos:faults", "kernel-panic fill-disk")]);
    let (member, day) =
        (group.members[1].id.clone(), calendar(chrono_tz::UTC, "09:00", "15:00").day(date(2026, 11, 23)));
    let mut world = world([fleet("us-east-1", [group])]);
    let terms = Terms { lasts: TimeDelta::minutes(1), parameters: [("path".into(), "/var/tmp".into())].into() };
    let wish = Wish { action: Action::FillDisk, terms: Some(terms.clone()), target: member.clone() };
    let (id, monkey, actor, at) = ("g".into(), "chaos".into(), "ann".into(), day.open().unwrap());
    let asked = Request { id, monkey, actor, at, units: None, wish: Some(wish) };
    world.requests = vec![asked.clone()];
    let outlook = chaos().propose(&world, &day, &Dice::new("catalogue"));
    let [proposal] = &asked.narrow(outlook.proposals, &world)[..] else { panic!("{:?}", outlook.considered) };
    assert_eq!((proposal.action, &proposal.terms), (Action::FillDisk, &Some(terms)));
    assert_eq!(proposal.targets[0].instance, member);
}

//! The name of a cluster's next group: `-v000` to `-v999`, and then from the beginning.
//!
//! The sequence is the one that Netflix published with Asgard and that Spinnaker kept: the newest group's number and one
//! more, three digits, and 999 is followed by 000.

use simian_core::{Group, Name};

/// Numbers begin again after this one.
const LAST: u32 = 999;

/// The longest name of a group. Source: Auto Scaling API, `AutoScalingGroupName`.
const LONGEST: usize = 255;

/// The name of the group that follows these, the newest of which is the last that was made; an error says why there is
/// none.
///
/// A group of the cluster without a number counts as the one before `-v000`. What stands in the way is passed over, so
/// that a name that is taken is never answered.
pub fn next<'g>(cluster: &str, groups: impl IntoIterator<Item = &'g Group>) -> Result<String, String> {
    let groups: Vec<&Group> = groups.into_iter().collect();
    let push = |group: &Group| Name::parse(&group.name).push;
    // Of those made in the same moment, and of those of which nobody knows when, the highest number is the newest.
    let newest = groups.iter().max_by_key(|group| (group.created, push(group)));
    let mut number = match newest.map(|group| push(group)) {
        Some(Some(push)) => following(push),
        Some(None) | None => 0,
    };
    for _ in 0..=LAST {
        let name = format!("{cluster}-v{number:03}");
        if name.len() > LONGEST {
            return Err(format!("{name} has {} characters, and a group's name {LONGEST} at most", name.len()));
        }
        if !groups.iter().any(|group| push(group) == Some(number)) {
            return Ok(name);
        }
        number = following(number);
    }
    Err(format!("{cluster} has a group for each number from 000 to {LAST}"))
}

fn following(push: u32) -> u32 {
    if push >= LAST { 0 } else { push + 1 }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;

    fn group(name: &str, minute: i64) -> Group {
        let created = Some(DateTime::UNIX_EPOCH + TimeDelta::minutes(minute));
        Group { name: name.into(), created, ..Group::default() }
    }

    fn after(names: &[&str]) -> String {
        let groups: Vec<Group> = (0..).zip(names).map(|(minute, name)| group(name, minute)).collect();
        next("shop-prod", &groups).unwrap()
    }

    #[test]
    fn the_newest_number_and_one_more() {
        assert_eq!(after(&[]), "shop-prod-v000");
        assert_eq!(after(&["shop-prod"]), "shop-prod-v000");
        assert_eq!(after(&["shop-prod-v000"]), "shop-prod-v001");
        assert_eq!(after(&["shop-prod-v041", "shop-prod-v042"]), "shop-prod-v043");
        assert_eq!(after(&["shop-prod-v998", "shop-prod-v999"]), "shop-prod-v000");
        assert_eq!(after(&["shop-prod-v999", "shop-prod-v000"]), "shop-prod-v001", "begun again");
        assert_eq!(after(&["shop-prod-v007", "shop-prod-v006"]), "shop-prod-v008", "what is taken is passed over");
        assert_eq!(after(&["shop-prod-v1234"]), "shop-prod-v000", "four digits are read, and not written");
    }

    #[test]
    fn of_whom_nobody_knows_when_the_number_says_it() {
        let unknown = |name: &str| Group { created: None, ..group(name, 0) };
        let groups = [unknown("a-v003"), unknown("a-v001")];
        assert_eq!(next("a", &groups).unwrap(), "a-v004");
    }

    #[test]
    fn there_is_an_end_to_names() {
        let long = "a".repeat(251);
        assert!(next(&long, &[]).unwrap_err().contains("256 characters"));
        assert!(next(&"a".repeat(250), &[]).is_ok());
        let all: Vec<Group> = (0..1000).map(|n| group(&format!("a-v{n:03}"), n)).collect();
        assert!(next("a", &all).unwrap_err().contains("each number"));
    }

    proptest! {
        #[test]
        fn no_name_that_is_taken_and_always_one_of_the_cluster(
            pushes in prop::collection::vec((0_u32..=1200, 0_i64..50), 0..40)
        ) {
            let groups: Vec<Group> =
                pushes.iter().map(|(push, minute)| group(&format!("shop-prod-v{push:03}"), *minute)).collect();
            let name = next("shop-prod", &groups).unwrap();
            let parsed = Name::parse(&name);
            prop_assert_eq!(parsed.cluster(), "shop-prod");
            prop_assert!(parsed.push.is_some_and(|push| push <= LAST));
            prop_assert!(groups.iter().all(|group| group.name != name));
        }
    }
}

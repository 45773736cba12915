//! The naming grammar: what published examples say, and what must hold of any name.

use proptest::prelude::*;
use simian_core::name::Name;

/// App, stack, detail, push and cluster of a name, with `-` for what is absent.
fn apart(group: &str) -> [String; 5] {
    let name = Name::parse(group);
    let or_dash = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
    let push = name.push.map(|push| push.to_string());
    [name.app.clone(), or_dash(&name.stack), or_dash(&name.detail), or_dash(&push), name.cluster()]
}

#[test]
fn names_within_the_grammar_are_taken_apart() {
    for (group, expected) in [
        ("shop", ["shop", "-", "-", "-", "shop"]),
        ("shop-v003", ["shop", "-", "-", "3", "shop"]),
        ("shop-prod", ["shop", "prod", "-", "-", "shop-prod"]),
        ("shop-prod-v012", ["shop", "prod", "-", "12", "shop-prod"]),
        ("shop-prod-canary-v100", ["shop", "prod", "canary", "100", "shop-prod-canary"]),
        ("shop--canary-v100", ["shop", "-", "canary", "100", "shop--canary"]),
        ("cache-us-east-1d-0-v223", ["cache", "us", "east-1d-0", "223", "cache-us-east-1d-0"]),
        ("log.shipper_1-v889", ["log.shipper_1", "-", "-", "889", "log.shipper_1"]),
        ("shop-prod-~a^b", ["shop", "prod", "~a^b", "-", "shop-prod-~a^b"]),
        ("cass-prod-c0emea-d0test", ["cass", "prod", "c0emea-d0test", "-", "cass-prod-c0emea-d0test"]),
        // A push has three to six digits; other numbers are a stack or a detail.
        ("shop-v1", ["shop", "v1", "-", "-", "shop-v1"]),
        ("shop-v01", ["shop", "v01", "-", "-", "shop-v01"]),
        ("shop-v0001", ["shop", "-", "-", "1", "shop"]),
        ("shop-v999999", ["shop", "-", "-", "999999", "shop"]),
        ("shop-v0000001", ["shop", "v0000001", "-", "-", "shop-v0000001"]),
        ("shop-prod-v12x", ["shop", "prod", "v12x", "-", "shop-prod-v12x"]),
        ("shop-v001-v002", ["shop", "v001", "-", "2", "shop-v001"]),
        ("shop-V001", ["shop", "V001", "-", "-", "shop-V001"]),
        ("v001", ["v001", "-", "-", "-", "v001"]),
        // Hyphens at the end are part of the cluster: it is not the cluster `shop`.
        ("shop-", ["shop", "-", "-", "-", "shop-"]),
        ("shop--v003", ["shop", "-", "-", "3", "shop-"]),
        ("shop---v003", ["shop", "-", "-", "3", "shop--"]),
    ] {
        assert_eq!(apart(group), expected, "{group}");
        assert!(Name::try_parse(group).is_some(), "{group}");
    }
}

#[test]
fn names_outside_the_grammar_are_their_own_app() {
    for group in
        ["", " ", "-", "-prod", "-v001", "shop%27", "shop-^prod-a-v004", "shop prod", "größe", "~shop", "a-b-c d-v001"]
    {
        assert_eq!(apart(group), [group, "-", "-", "-", group], "{group:?}");
        assert_eq!(Name::try_parse(group), None, "{group:?}");
    }
}

proptest! {
    #[test]
    fn what_is_put_together_is_taken_apart(
        app in "[A-Za-z0-9._]{1,8}",
        stack in "[A-Za-z0-9._]{0,8}",
        detail in "[-A-Za-z0-9._~^]{0,12}",
        push in proptest::option::of(0_u32..1_000_000),
    ) {
        let cluster = match (stack.as_str(), detail.as_str()) {
            ("", "") => app.clone(),
            (_, "") => format!("{app}-{stack}"),
            _ => format!("{app}-{stack}-{detail}"),
        };
        // A cluster that ends like a push can only be told from one when a push follows.
        prop_assume!(push.is_some() || Name::parse(&cluster).push.is_none());
        let group = push.map_or(cluster.clone(), |push| format!("{cluster}-v{push:03}"));
        let name = Name::parse(&group);
        prop_assert_eq!(name.cluster(), cluster);
        prop_assert_eq!(name.app, app);
        prop_assert_eq!(name.stack.unwrap_or_default(), stack);
        prop_assert_eq!(name.detail.unwrap_or_default(), detail);
        prop_assert_eq!(name.push, push);
    }

    #[test]
    fn any_text_has_a_name_and_nothing_of_it_is_lost(group in "([a-z~%-]|-v|[0-9]{2,4}|\\PC){0,12}") {
        let name = Name::parse(&group);
        let rest = group.strip_prefix(&name.cluster());
        prop_assert!(rest.is_some(), "the cluster begins the name");
        prop_assert_eq!(rest.is_some_and(str::is_empty), name.push.is_none());
        prop_assert!(name.cluster().starts_with(&name.app));
        prop_assert_eq!(Name::try_parse(&group).unwrap_or_else(|| name.clone()), name);
    }
}
